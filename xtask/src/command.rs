//! Running programs, and telling what runs and how long it took.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::interrupt;

const POLL: Duration = Duration::from_millis(50);
/// How often a quiet command says that it is still running.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Runs `work`, saying what it is and how long it took.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    interrupt::check()?;
    println!("==> {what}");
    let start = Instant::now();
    let result = work();
    let outcome = if result.is_ok() { "done" } else { "FAILED" };
    println!("    {what}: {outcome} in {}", seconds(start.elapsed()));
    result
}

/// Such as `3.4 s`, or `2 min 5 s`.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        whole @ 120.. => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// A command in the workspace's root with our tools first on its PATH.
pub(crate) fn tool(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(local_stack::workspace()).env("PATH", path_with_tools());
    // trunk refuses NO_COLOR=1, and cargo's jobserver of an outer run is not ours.
    command.env_remove("NO_COLOR").env_remove("CARGO_MAKEFLAGS").env_remove("MAKEFLAGS");
    command
}

/// Cargo, the one that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = tool(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What `cargo run` sets for us would make cargo rebuild crates that read it, such as ring.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            command.env_remove(name);
        }
    }
    command
}

fn path_with_tools() -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(local_stack::tools().join("bin")).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).unwrap_or(path)
}

/// Runs it with our own output.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = wait(start(command)?)?;
    succeeded(command, status)
}

/// Runs it with its output in a log; a line now and then says how far it is. On failure, the log's end is shown.
pub(crate) fn run_quietly(command: &mut Command, what: &str) -> Result<()> {
    let log = log_path(what)?;
    let file = File::create(&log)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let mut child = start(command)?;
    let (start, mut beat) = (Instant::now(), HEARTBEAT);
    let status = wait_with(&mut child, || {
        if start.elapsed() >= beat {
            beat += HEARTBEAT;
            println!("    {what}, {}: {}", seconds(start.elapsed()), local_stack::last_lines(&log, 1).trim());
        }
    })?;
    succeeded(command, status)
        .with_context(|| format!("{what} failed; {} ends:\n{}", log.display(), local_stack::last_lines(&log, 30)))
}

/// Its stdout. stderr goes to ours.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = start(command)?;
    // Read while it runs: a child that fills the pipe waits for a reader, and we for the child.
    let reader = child.stdout.take().map(|out| thread::spawn(|| read_all(out)));
    let status = wait(child)?;
    succeeded(command, status)?;
    Ok(reader.and_then(|reader| reader.join().ok()).unwrap_or_default())
}

/// Shows stdout and stderr as they come, and gives them back with how it ended.
pub(crate) fn show_and_keep(command: &mut Command) -> Result<(ExitStatus, String)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = start(command)?;
    let out = child.stdout.take().map(|out| thread::spawn(|| echo(out)));
    let err = child.stderr.take().map(|err| thread::spawn(|| echo(err)));
    let status = wait(child)?;
    let join = |reader: Option<thread::JoinHandle<String>>| reader.and_then(|r| r.join().ok()).unwrap_or_default();
    Ok((status, join(out) + &join(err)))
}

/// Whether it succeeds within the limit. Nothing of its output is shown.
pub(crate) fn passes(command: &mut Command, limit: Duration) -> Result<bool> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = start(command)?;
    let (group, start, mut is_over) = (child.id(), Instant::now(), false);
    let status = wait_with(&mut child, || {
        if start.elapsed() > limit && !is_over {
            is_over = true;
            end_group(group);
        }
    })?;
    Ok(status.success() && !is_over)
}

/// In a group of its own, so that what it starts ends with it.
fn start(command: &mut Command) -> Result<Child> {
    command.process_group(0).spawn().with_context(|| format!("cannot start {}", name(command)))
}

fn read_all(mut from: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = from.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn echo(from: impl Read) -> String {
    let mut all = String::new();
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        let _ = std::io::stdout().write_all(&line);
        all.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    all
}

fn wait(mut child: Child) -> Result<ExitStatus> {
    wait_with(&mut child, || {})
}

/// Waits for the end, or ends the child when we are asked to end.
fn wait_with(child: &mut Child, mut meanwhile: impl FnMut()) -> Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            interrupt::check()?;
            return Ok(status);
        }
        if interrupt::asked() {
            end_group(child.id());
            child.wait()?;
            bail!("interrupted");
        }
        meanwhile();
        thread::sleep(POLL);
    }
}

fn end_group(leader: u32) {
    // The dashes, or `kill` takes the negative number for an option.
    let _ = Command::new("kill").args(["-TERM", "--", &format!("-{leader}")]).status();
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() { Ok(()) } else { bail!("{} ended with {status}", name(command)) }
}

fn name(command: &Command) -> String {
    let arguments = command.get_args().take(4).map(|argument| argument.to_string_lossy().into_owned());
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// `target/tools/logs/WHAT.log`
fn log_path(what: &str) -> Result<PathBuf> {
    let folder = local_stack::tools().join("logs");
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join(what.replace(|c: char| !c.is_ascii_alphanumeric(), "-") + ".log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_kept() {
        let (status, text) = show_and_keep(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"])).unwrap();
        assert_eq!(status.code(), Some(3));
        assert!(text.contains("out\n") && text.contains("err\n"));
    }

    #[test]
    fn a_quiet_failure_shows_the_end_of_its_log() {
        let error = run_quietly(Command::new("sh").args(["-c", "echo the reason; exit 1"]), "a test of the log");
        assert!(format!("{:#}", error.unwrap_err()).contains("the reason"));
    }

    #[test]
    fn what_takes_too_long_is_ended_and_has_not_passed() {
        let limit = Duration::from_millis(200);
        assert!(passes(&mut Command::new("true"), limit * 50).unwrap());
        assert!(!passes(&mut Command::new("false"), limit * 50).unwrap());
        let start = Instant::now();
        assert!(!passes(Command::new("sleep").arg("600"), limit).unwrap());
        assert!(start.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(3_440)), "3.4 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 5 s");
    }
}
