//! Browsers and their drivers, Java, Python's venv, and what makes namespaces: from the system's packages.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::command::{output, passes, run_quietly, step, tool};

use super::Needs;
use super::forecast::Missing;

/// Programs, any of which will do, and the Debian package that has them.
type Wanted = (&'static [&'static str], &'static str);

const CHROMIUM: &[Wanted] =
    &[(&["chromium", "google-chrome", "chromium-browser"], "chromium"), (&["chromedriver"], "chromium-driver")];
const OTHER_BROWSERS: &[Wanted] = &[
    (&["firefox-esr", "firefox"], "firefox-esr"),
    (&["WebKitWebDriver"], "webkit2gtk-driver"),
    (&["Xvfb"], "xvfb"),
    (&["xauth"], "xauth"),
];
const JAVA: &[Wanted] = &[(&["java"], "default-jre-headless"), (&["mvn"], "maven")];
/// Debian packages `venv` apart from Python. It brings no program of its own that could be looked for.
const PYTHON: &str = "python3-venv";
/// How long Python may take to import them, on a machine that is busy.
const IMPORTS: Duration = Duration::from_secs(30);
/// For the emulator: a network and processes of its own, and what it runs the CDN's functions in.
const EMULATOR: &[Wanted] =
    &[(&["ip"], "iproute2"), (&["unshare"], "util-linux"), (&["mount"], "mount"), (&["node"], "nodejs")];

/// All of them at once, so that apt runs once.
pub(super) fn ensure(needs: Needs) -> Result<()> {
    let missing = missing_packages(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    if local_stack::on_path("apt-get").is_none() || !is_root()? {
        bail!("the tests need programs that are missing here. As root: apt-get install {packages}");
    }
    step(&format!("Installing {packages}"), || install(&missing))
}

/// None where they are there.
pub(super) fn missing(needs: Needs) -> Option<Missing> {
    let packages = missing_packages(needs);
    (!packages.is_empty()).then(|| Missing::new(packages.join(" "), 1))
}

fn missing_packages(needs: Needs) -> Vec<&'static str> {
    let mut missing = Vec::new();
    if needs.browsers || needs.emulator {
        missing.extend(missing_from(CHROMIUM));
    }
    if needs.browsers {
        missing.extend(missing_from(OTHER_BROWSERS));
    }
    // Without the browsers, DynamoDB Local says itself what it lacks.
    if needs.browsers && needs.dynamodb {
        missing.extend(missing_from(JAVA));
    }
    if needs.emulator {
        missing.extend(missing_from(EMULATOR));
    }
    if (needs.emulator || needs.linters) && !imports("python3", &["venv", "ensurepip"]) {
        missing.push(PYTHON);
    }
    missing
}

/// Whether this Python is there, and has these modules.
fn imports(python: &str, modules: &[&str]) -> bool {
    let import = format!("import {}", modules.join(", "));
    let tried = local_stack::on_path(python).map(|python| passes(tool(python).args(["-c", &import]), IMPORTS));
    tried.is_some_and(|tried| tried.unwrap_or(false))
}

fn missing_from(wanted: &[Wanted]) -> Vec<&'static str> {
    let is_missing = |programs: &[&str]| programs.iter().all(|program| local_stack::on_path(program).is_none());
    wanted.iter().filter(|(programs, _)| is_missing(programs)).map(|(_, package)| *package).collect()
}

fn is_root() -> Result<bool> {
    Ok(output(tool("id").arg("-u"))?.trim() == "0")
}

fn install(packages: &[&str]) -> Result<()> {
    // A machine without lists has never been updated.
    let has_lists = std::fs::read_dir(Path::new("/var/lib/apt/lists")).is_ok_and(|entries| entries.count() > 3);
    if !has_lists {
        run_quietly(tool("apt-get").args(["update", "-q"]), "apt-get update")?;
    }
    let attempt = || run_quietly(&mut apt_install(packages), "apt-get install");
    // Old lists name versions that are gone.
    attempt().or_else(|_| {
        run_quietly(tool("apt-get").args(["update", "-q"]), "apt-get update")?;
        attempt()
    })
}

fn apt_install(packages: &[&str]) -> std::process::Command {
    let mut apt = tool("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(packages);
    apt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_names_is_enough() {
        assert!(missing_from(&[(&["no-such-program", "sh"], "dash")]).is_empty());
        assert_eq!(missing_from(&[(&["no-such-program"], "nothing")]), ["nothing"]);
    }

    #[test]
    fn a_python_without_a_module_is_none() {
        assert!(!imports("no-such-python", &["sys"]));
        assert!(imports("python3", &["sys"]) && !imports("python3", &["sys", "no_such_module"]));
    }
}
