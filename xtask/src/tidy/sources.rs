//! The bounds of the sources: short files, and a protocol that stays pure.

use super::{Finding, Source};

const MOST_LINES: usize = 400;

/// What would let the world into protocol/: clocks, randomness, I/O, threads, async, the web, AWS.
const IMPURE: &[&str] = &[
    "std::time::Instant",
    "std::time::SystemTime",
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "async fn",
    "async move",
    ".await",
    "tokio",
    "getrandom",
    "rand::",
    "web_sys",
    "js_sys",
    "wasm_bindgen",
    "aws_",
    "target_arch",
    "println!",
];

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let rust = || sources.iter().filter(|source| source.path.ends_with(".rs"));
    let long = rust().filter_map(too_long);
    let impure = rust().filter(|source| source.path.starts_with("protocol/src/")).flat_map(impurities);
    long.chain(impure).collect()
}

fn too_long(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    (lines > MOST_LINES).then(|| format!("{}: {lines} lines, more than {MOST_LINES}: split it", source.path))
}

fn impurities(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in source.text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let words = IMPURE.iter().filter(|word| code.contains(*word));
        let at = |word| format!("{}:{}: protocol must stay pure, without `{word}`", source.path, number + 1);
        findings.extend(words.map(at));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: String) -> [Source; 1] {
        [Source { path: path.into(), text }]
    }

    #[test]
    fn a_clock_in_protocol_is_found_and_a_comment_on_one_is_not() {
        let text = "// no tokio here\nlet now = std::time::Instant::now();\n".to_owned();
        let findings = check(&source("protocol/src/wire/plan.rs", text.clone()));
        assert_eq!(findings, ["protocol/src/wire/plan.rs:2: protocol must stay pure, without `std::time::Instant`"]);
        assert!(check(&source("functions/src/lib.rs", text)).is_empty());
    }

    #[test]
    fn a_file_of_401_lines_is_too_long() {
        assert!(check(&source("a.rs", "x\n".repeat(400))).is_empty());
        assert_eq!(check(&source("a.rs", "x\n".repeat(401))).len(), 1);
    }
}
