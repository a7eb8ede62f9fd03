//! What must not be published: credentials, and the names of this machine's package registries.

use super::{Finding, Source};

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let hosts = registry_hosts(std::env::vars());
    sources.iter().flat_map(|source| check_one(source, &hosts)).collect()
}

fn check_one(source: &Source, hosts: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in source.text.lines().enumerate() {
        let at = format!("{}:{}", source.path, number + 1);
        if has_credential(line) {
            findings.push(format!("{at}: this looks like a credential"));
        }
        // Not with its name: the finding may end in a log that is published.
        if hosts.iter().any(|host| line.contains(host.as_str())) {
            findings.push(format!("{at}: the host of a package registry of this machine"));
        }
    }
    findings
}

fn has_credential(line: &str) -> bool {
    // In pieces, so that this file does not find itself.
    const MARKS: &[&str] = &[concat!("PRIVATE ", "KEY-----"), concat!("gh", "p_"), concat!("github_", "pat_")];
    MARKS.iter().any(|mark| line.contains(mark)) || has_access_key(line)
}

/// An AWS access key id. Those of the documentation end in EXAMPLE.
fn has_access_key(line: &str) -> bool {
    let ids = ["AKIA", "ASIA"].into_iter().flat_map(|start| line.match_indices(start));
    ids.filter_map(|(at, _)| line.get(at..at + 20))
        .any(|id| id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) && !id.ends_with("EXAMPLE"))
}

/// From the variables that tell package managers where to ask.
fn registry_hosts(variables: impl Iterator<Item = (String, String)>) -> Vec<String> {
    const NAMES: &[&str] = &["INDEX_URL", "REGISTRY", "GOPROXY", "CARGO_REGISTRIES_", "CARGO_SOURCE_"];
    let wanted = variables.filter(|(name, _)| NAMES.iter().any(|part| name.to_uppercase().contains(part)));
    let values: Vec<String> = wanted.map(|(_, value)| value).collect();
    values.iter().flat_map(|value| value.split("://").skip(1)).filter_map(host).collect()
}

/// Without user and port. The public index of cargo is in every lock file.
fn host(after_scheme: &str) -> Option<String> {
    let authority = after_scheme.split(['/', ',', '|', ' ']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    let is_public = host == "github.com" || host == "localhost" || host.starts_with("127.");
    (host.contains('.') && !is_public).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(line: &str) -> usize {
        let source = Source { path: "a".into(), text: line.into() };
        check_one(&source, &["packages.intern.test".into()]).len()
    }

    #[test]
    fn an_access_key_is_found_but_not_the_documentations_example() {
        assert_eq!(findings(&format!("key = {}{}", "AKIA", "ABCDEFGHIJKLMNOP")), 1);
        assert_eq!(findings(&format!("key = {}{}", "AKIA", "IOSFODNN7EXAMPLE")), 0);
    }

    #[test]
    fn a_private_key_and_a_registry_are_found() {
        assert_eq!(findings(&format!("-----BEGIN RSA PRIVATE {}", "KEY-----")), 1);
        assert_eq!(findings("index = \"https://packages.intern.test/simple\""), 1);
    }

    #[test]
    fn hosts_come_without_user_and_port() {
        let variables =
            [("PIP_INDEX_URL", "https://user:pass@packages.intern.test:443/simple"), ("HOME", "https://x.y")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(registry_hosts(variables.into_iter()), ["packages.intern.test"]);
    }
}
