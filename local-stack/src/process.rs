//! A child process that writes to a log file and does not outlive its owner.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

/// Time that a process has to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(20);

/// A running child. Killed on drop.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program` with stderr, and stdout unless `read_stdout`, appended to `log`.
    pub(crate) fn start(
        name: &'static str,
        program: &Path,
        log: &Path,
        read_stdout: bool,
        fill: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(log);
        let file = file.with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = dying_with_parent(program);
        fill(&mut command);
        command.stdin(Stdio::null()).stderr(file.try_clone()?);
        command.stdout(if read_stdout { Stdio::piped() } else { Stdio::from(file) });
        // A process group of its own, so that Ctrl-C reaches the owner only, which then stops the child gracefully.
        command.process_group(0);
        let child = spawn(command).with_context(|| format!("cannot start {name} ({})", program.display()))?;
        Ok(Self { name, child, log: log.to_path_buf() })
    }

    pub(crate) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Its exit status, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// An error with the log's end, when the process is no longer there.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.ended() {
            None => Ok(()),
            Some(status) => {
                bail!("{} ended ({status}). Its log, {}:\n{}", self.name, self.log.display(), last_lines(&self.log, 15))
            }
        }
    }

    /// Polls `ready` until it holds, the process ends or the time is over.
    pub(crate) fn wait_until(&mut self, limit: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        let start = Instant::now();
        while !ready() {
            self.check()?;
            if start.elapsed() > limit {
                let (name, log) = (self.name, self.log.display());
                bail!(
                    "{name} was not ready after {} s. Its log: {log}\n{}",
                    limit.as_secs(),
                    last_lines(&self.log, 15)
                );
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// SIGKILL, at once.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("cannot kill {}", self.name))?;
        self.child.wait().with_context(|| format!("cannot wait for {}", self.name))?;
        Ok(())
    }

    /// SIGTERM, then SIGKILL after the grace period.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status();
        let start = Instant::now();
        while asked.is_ok() && start.elapsed() < GRACE {
            if self.ended().is_some() {
                return Ok(());
            }
            thread::sleep(POLL);
        }
        self.kill()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            let _ = self.kill();
        }
    }
}

/// Lets the kernel kill the child when its owner dies in whatever way, where util-linux is there to ask for it.
fn dying_with_parent(program: &Path) -> Command {
    match crate::on_path("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// Starts a child from a thread that lives as long as this process.
///
/// The parent-death signal comes when the *thread* that started the child ends, and a
/// runtime's worker or a test's thread ends early.
fn spawn(command: Command) -> Result<Child> {
    static STARTER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (orders, todo) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in todo {
                let _ = answer.send(command.spawn());
            }
        });
        orders
    });
    let (answer, started) = mpsc::channel();
    starter.send((command, answer)).map_err(|_| anyhow!("the thread that starts processes ended"))?;
    Ok(started.recv()??)
}

/// The last `count` lines of a file, whole ones of its last 16 KiB, indented by two spaces.
pub fn last_lines(path: &Path, count: usize) -> String {
    const MOST_BYTES: u64 = 16 * 1024;
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let skipped = file.metadata()?.len().saturating_sub(MOST_BYTES);
        file.seek(SeekFrom::Start(skipped))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        if skipped > 0 {
            // Half a URL would no longer be recognized by the code that redacts secrets in URLs.
            let line_end = end.iter().position(|byte| *byte == b'\n').map_or(end.len(), |at| at + 1);
            end.drain(..line_end);
        }
        Ok(end)
    };
    let text = String::from_utf8_lossy(&read().unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].iter().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_log_begins_with_a_whole_line() {
        let log = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(log.path(), format!("{}\nlast\n", "x".repeat(20_000))).unwrap();
        assert_eq!(last_lines(log.path(), 30), "  last\n");
        std::fs::write(log.path(), "one\ntwo\nthree\n").unwrap();
        assert_eq!(last_lines(log.path(), 2), "  two\n  three\n");
    }

    fn sleeper(log: &Path) -> Process {
        Process::start("sleep", Path::new("sleep"), log, false, |c| {
            c.arg("600");
        })
        .unwrap()
    }

    fn is_alive(pid: u32) -> bool {
        Path::new(&format!("/proc/{pid}")).exists()
    }

    #[test]
    fn a_dropped_process_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let process = sleeper(&folder.path().join("log"));
        let pid = process.child.id();
        assert!(is_alive(pid));
        drop(process);
        assert!(!is_alive(pid));
    }

    #[test]
    fn a_child_outlives_the_thread_that_asked_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut process = thread::spawn(move || sleeper(&log)).join().unwrap();
        thread::sleep(Duration::from_millis(50));
        assert!(process.ended().is_none());
    }

    #[test]
    fn stop_ends_it_by_sigterm() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = sleeper(&folder.path().join("log"));
        let start = Instant::now();
        process.stop().unwrap();
        assert!(start.elapsed() < GRACE);
    }

    #[test]
    fn an_ended_process_shows_the_end_of_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut process = Process::start("sh", Path::new("sh"), &log, false, |c| {
            c.args(["-c", "echo no disk left >&2; exit 3"]);
        })
        .unwrap();
        let error = process.wait_until(Duration::from_secs(10), || false).unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("no disk left"), "{error}");
    }
}
