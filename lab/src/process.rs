//! Processes and what they take, read from /proc.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// Children, their children and so on.
pub fn descendants(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for pid in all() {
        if let Some(parent) = parent(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = children.remove(&root).unwrap_or_default();
    let mut next = 0;
    while next < found.len() {
        let more = children.remove(&found[next]).unwrap_or_default();
        found.extend(more);
        next += 1;
    }
    found
}

/// The same without those that ended and wait to be noticed.
pub fn living_descendants(root: u32) -> Vec<u32> {
    descendants(root).into_iter().filter(|pid| is_alive(*pid)).collect()
}

/// SIGKILL, for exactly these.
pub fn kill(pids: &[u32]) {
    // One that is gone already is no error.
    let _ = signal("KILL", pids);
}

/// Sends a signal, by its name without SIG.
pub fn signal(name: &str, pids: &[u32]) -> Result<()> {
    let mut command = Command::new("kill");
    command.arg(format!("-{name}")).args(pids.iter().map(u32::to_string)).stderr(Stdio::null());
    ensure!(command.status()?.success(), "SIG{name} did not reach every process");
    Ok(())
}

/// Waits a little until they are gone, so that a profile is free for the next start.
pub fn until_gone(pids: &[u32]) {
    let start = Instant::now();
    while pids.iter().any(|pid| is_alive(*pid)) && start.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Renderers of Chromium, content processes of Firefox, web processes of WebKitGTK.
pub(crate) fn runs_pages(pid: u32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line);
    let of_firefox = line.contains("-contentproc") && line.trim_end_matches('\0').ends_with("tab");
    line.contains("--type=renderer") || of_firefox || line.contains("WebKitWebProcess")
}

/// Proportional set size in bytes.
pub fn memory(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    // Proportional: memory that processes share counts once in their sum.
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// User and system time, in seconds. Linux counts both in hundredths.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let user: f64 = field(pid, 11)?.parse().ok()?;
    let system: f64 = field(pid, 12)?.parse().ok()?;
    Some((user + system) / 100.0)
}

/// Sends a signal to a process group, as a terminal does for Ctrl-C.
pub fn signal_group(name: &str, group: u32) -> Result<()> {
    let status = Command::new("kill").args([&format!("-{name}"), "--", &format!("-{group}")]).status()?;
    ensure!(status.success(), "SIG{name} did not reach process group {group}");
    Ok(())
}

/// The name of the program that a process runs, as the kernel keeps it (at most 15 bytes).
pub fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

fn all() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Whether it runs. A zombie does not: it holds neither file nor port.
pub fn is_alive(pid: u32) -> bool {
    PathBuf::from(format!("/proc/{pid}")).exists() && field(pid, 0).is_some_and(|state| state != "Z")
}

fn parent(pid: u32) -> Option<u32> {
    field(pid, 1)?.parse().ok()
}

/// A field of /proc/PID/stat behind the name, which may hold spaces and brackets.
fn field(pid: u32, index: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(index).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_found_and_killed() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        assert!(descendants(std::process::id()).contains(&child.id()));
        assert!(memory(child.id()).is_some());
        kill(&[child.id()]);
        assert!(!child.wait().unwrap().success());
    }
}
