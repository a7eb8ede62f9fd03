//! The machine and the versions.

use std::fs;
use std::process::Command;

use serde_json::Value;

/// The peers' packages, as locked.
const LOCKS: [(&str, &[&str]); 3] =
    [("bare", &["hash-wasm"]), ("uppy5", &["@uppy/core", "@uppy/aws-s3"]), ("uppy6", &["@uppy/core", "@uppy/aws-s3"])];

/// Two lines.
pub(super) fn describe() -> String {
    format!("Machine: {}.\nVersions: {}.", machine(), versions().join(", "))
}

fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name\t: ")).unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kilobytes =
        memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
    let gib = kilobytes.map_or(0, |kilobytes: u64| kilobytes.div_ceil(1 << 20));
    format!("{model}, {cores} cores, {gib} GiB, Linux {}", read("/proc/sys/kernel/osrelease").trim())
}

fn versions() -> Vec<String> {
    let mut all: Vec<String> = ["chromium", "firefox-esr", "WebKitWebDriver", "curl"]
        .into_iter()
        .filter_map(|program| version(program, "--version"))
        .collect();
    all.extend(stamp().map(|version| format!("MinIO {version}")));
    for (peer, names) in LOCKS {
        all.extend(names.iter().filter_map(|name| Some(format!("{name} {}", locked(peer, name)?))));
    }
    all
}

/// The first two or three words of what a program says of itself.
fn version(program: &str, flag: &str) -> Option<String> {
    let output = Command::new(program).arg(flag).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let words: Vec<&str> = text.lines().next()?.split_whitespace().take(3).collect();
    let end = words.iter().position(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    Some(words[..=end].join(" "))
}

/// MinIO built from source does not know its own version; xtask noted it.
fn stamp() -> Option<String> {
    fs::read_to_string(local_stack::tools().join("minio.version")).ok().map(|text| text.trim().to_owned())
}

fn locked(peer: &str, name: &str) -> Option<String> {
    let path = local_stack::workspace().join("bench/web").join(peer).join("package-lock.json");
    let lock: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    lock["packages"][format!("node_modules/{name}")]["version"].as_str().map(str::to_owned)
}
