//! The page's Content-Security-Policy has one source, which dev-server reads: the template has to say the same.

use yaml_rust2::Yaml;

use super::yaml::strings;
use super::{Finding, Source};

const SOURCE: &str = "infra/page-policy.txt";
/// What stands in the template where dev-server has the hashes of its page.
const SCRIPTS: &str = "${PageScriptHashes}";

pub(crate) fn check(template: &Yaml, sources: &[Source]) -> Vec<Finding> {
    let headers = &template["Resources"]["PageHeaders"]["Properties"]["ResponseHeadersPolicyConfig"];
    let policy =
        headers["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"][0].as_str();
    let ours: Vec<String> = policy.unwrap_or_default().split(';').map(tight).collect();
    let Some(source) = sources.iter().find(|source| source.path == SOURCE) else {
        return vec![format!("{SOURCE} is missing")];
    };
    let storage = storage_of(template);
    let filled = source
        .text
        .replace("{scripts}", SCRIPTS)
        .replace("{uploads}", &storage.join(" "))
        .replace("{downloads}", storage.first().map_or("", String::as_str));
    let wanted: Vec<String> = filled.lines().map(tight).collect();
    let missing = wanted.iter().filter(|directive| !ours.contains(directive));
    let unknown = ours.iter().filter(|directive| !wanted.contains(directive));
    missing
        .map(|directive| format!("infra/template.yaml: the page's policy lacks `{directive}`, which {SOURCE} has"))
        .chain(
            unknown.map(|directive| {
                format!("infra/template.yaml: the page's policy has `{directive}`, and {SOURCE} has not")
            }),
        )
        .collect()
}

/// How URLs of storage begin, as the functions sign them: `Config::public_endpoints` says how they are written.
fn storage_of(template: &Yaml) -> Vec<String> {
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    let endpoints = strings(&variables["SLIPWAY_S3_PUBLIC_ENDPOINTS"][1]).into_iter();
    let base = |endpoint: &str| match endpoint.strip_suffix("/${FileBucket}") {
        Some(url) => format!("{url}/${{Bucket}}/"),
        None => endpoint.replacen("https://", "https://${Bucket}.", 1),
    };
    endpoints.map(base).collect()
}

fn tight(directive: &str) -> String {
    directive.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    fn found(change: impl Fn(&str) -> String) -> Vec<Finding> {
        let read = |path: &str| std::fs::read_to_string(local_stack::workspace().join(path)).unwrap();
        let source = Source { path: SOURCE.into(), text: change(&read(SOURCE)) };
        check(&parse(&read("infra/template.yaml")).unwrap(), &[source])
    }

    #[test]
    fn our_template_has_the_policy_that_dev_server_has() {
        assert_eq!(found(str::to_owned), Vec::<Finding>::new());
    }

    #[test]
    fn the_functions_sign_for_three_hosts_of_the_bucket() {
        let text = std::fs::read_to_string(local_stack::workspace().join("infra/template.yaml")).unwrap();
        let host = |name: &str| format!("https://{name}.${{AWS::Region}}.${{AWS::URLSuffix}}");
        let wanted = [host("${Bucket}.s3"), host("${Bucket}.s3.dualstack"), host("s3") + "/${Bucket}/"];
        assert_eq!(storage_of(&parse(&text).unwrap()), wanted);
    }

    #[test]
    fn another_policy_is_found() {
        let findings = found(|text| text.replace("base-uri 'none'", "base-uri 'self'"));
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].contains("base-uri 'self'") && findings[1].contains("base-uri 'none'"));
        assert_eq!(found(|text| text.replace("font-src 'self'\n", "")).len(), 1);
    }
}
