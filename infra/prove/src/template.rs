//! The template, and the three things that are replaced in it before it is deployed here.

use anyhow::{Context, Result, ensure};

/// Where the template says that functions are.
const PACKAGED: &str = "CodeUri: ../target/package/functions/";
/// The shortest interval of EventBridge: five minutes would be longer than the whole run.
const OFTEN: (&str, &str) = ("rate(5 minutes)", "rate(1 minute)");

/// Replaces the location of the code, the architecture and the sweep's interval.
pub(crate) fn localized(text: &str, code_bucket: &str) -> Result<String> {
    ensure!(text.contains(PACKAGED), "no function of the template is in {PACKAGED}");
    let text = text.replace(PACKAGED, &format!("CodeUri: s3://{code_bucket}/"));
    ensure!(text.matches(OFTEN.0).count() == 1, "not one schedule of the template is {}", OFTEN.0);
    let text = text.replace(OFTEN.0, OFTEN.1);
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "[x86_64]",
        "aarch64" => "[arm64]",
        other => anyhow::bail!("Lambda runs on x86_64 and aarch64, not on {other}"),
    };
    ensure!(text.contains("Architectures: [arm64]"), "the template does not say what its functions run on");
    Ok(text.replace("Architectures: [arm64]", &format!("Architectures: {architecture}")))
}

/// The sweep runs only when it is invoked: once a day is longer than any run.
pub(crate) fn without_schedule(localized: &str) -> Result<String> {
    ensure!(localized.matches(OFTEN.1).count() == 1, "not one schedule is {}", OFTEN.1);
    Ok(localized.replace(OFTEN.1, "rate(1 day)"))
}

/// Parts are signed for the first of the bucket's names only.
pub(crate) fn with_one_host(text: &str) -> Result<String> {
    let is_other = |line: &&str| {
        let line = line.trim_start_matches(['-', ' ']);
        line.starts_with("!Sub \"https://s3.dualstack.") || line.ends_with("/${FileBucket}\"")
    };
    let others = text.lines().filter(is_other).count();
    ensure!(others == 2, "the template has {others} hosts beside the first, and not 2");
    Ok(text.lines().filter(|line| !is_other(line)).fold(String::new(), |all, line| all + line + "\n"))
}

/// The functions that it names, sorted.
pub(crate) fn functions(text: &str) -> Result<Vec<String>> {
    let names = text.split(PACKAGED).skip(1).map(|after| {
        let name = after.split(".zip").next().filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase()));
        name.map(str::to_owned).context("a function of the template is no zip")
    });
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = include_str!("../../template.yaml");

    #[test]
    fn our_own_template_can_be_deployed_here() {
        let text = localized(OURS, "code").unwrap();
        assert!(text.contains("CodeUri: s3://code/rooms.zip") && !text.contains("../target"));
        assert!(text.contains(OFTEN.1));
        assert!(functions(OURS).unwrap().contains(&"sweep".to_owned()));
        assert!(without_schedule(&text).unwrap().contains("rate(1 day)"));
    }

    #[test]
    fn hosts_are_taken_away_from_the_functions_environment() {
        let one = with_one_host(OURS).unwrap();
        let hosts = |text: &str| {
            let (_, after) = text.split_once("SLIPWAY_S3_PUBLIC_ENDPOINTS").unwrap();
            after.split_once("SLIPWAY_S3_UPLOAD_PATH").unwrap().0.matches("https://").count()
        };
        assert_eq!((hosts(OURS), hosts(&one)), (3, 1));
        assert_eq!(OURS.lines().count() - one.lines().count(), 2, "something else is gone");
        assert!(with_one_host(&one).is_err());
    }
}
