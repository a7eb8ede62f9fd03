//! `cargo xtask dev` runs all of it, and one Ctrl-C ends all of it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lab::process;
use local_stack::free_port;
use tempfile::TempDir;

/// What is built is built already; the page is put together again.
const START: Duration = Duration::from_secs(240);
const END: Duration = Duration::from_secs(20);

/// As typed into a terminal: a process group of its own, to which Ctrl-C goes.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(data: &Path, page: u16, storage: u16) -> Result<Self> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["xtask", "dev", "--port", &page.to_string(), "--storage-port", &storage.to_string(), "--data"]);
        command.arg(data).current_dir(local_stack::workspace()).process_group(0);
        // What the test runner sets about this crate would make cargo build crates again that read it, such as ring.
        for (name, _) in std::env::vars_os() {
            if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|about| name.to_string_lossy().starts_with(about)) {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start `cargo xtask dev`")?;
        let stdout = child.stdout.take().context("no stdout")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                eprintln!("{line}");
                let _ = sender.send(line);
            }
        });
        Ok(Self { child, lines })
    }

    /// Waits for a line that begins like this.
    fn until_line(&self, start: &str) -> Result<String> {
        let begun = Instant::now();
        loop {
            let line = self.lines.recv_timeout(START.saturating_sub(begun.elapsed()));
            let line = line.with_context(|| format!("`cargo xtask dev` does not say `{start}`"))?;
            if line.starts_with(start) {
                return Ok(line);
            }
        }
    }

    /// Everything that it has started and that runs now, with the names of the programs.
    fn started(&self) -> Vec<(u32, String)> {
        process::living_descendants(self.child.id()).into_iter().map(|pid| (pid, process::name(pid))).collect()
    }

    /// Ctrl-C, and the end.
    fn interrupt(&mut self) -> Result<()> {
        process::signal_group("INT", self.child.id())?;
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            ensure!(begun.elapsed() < END, "it runs on after Ctrl-C");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// A story that failed leaves nothing running, either.
impl Drop for Running {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let mut pids = process::descendants(self.child.id());
            pids.push(self.child.id());
            process::kill(&pids);
            let _ = self.child.wait();
        }
    }
}

fn assert_gone(started: &[(u32, String)], ports: &[u16]) -> Result<()> {
    // A killed process takes a moment to be reaped by init.
    process::until_gone(&started.iter().map(|(pid, _)| *pid).collect::<Vec<_>>());
    let left: Vec<_> = started.iter().filter(|(pid, _)| process::is_alive(*pid)).collect();
    ensure!(left.is_empty(), "still running: {left:?}");
    for port in ports {
        TcpListener::bind(("127.0.0.1", *port)).with_context(|| format!("port {port} is still taken"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_ctrl_c_ends_all_that_dev_started() -> Result<()> {
    let data = TempDir::with_prefix("slipway-dev-")?;
    let ports = [free_port()?, free_port()?];
    let mut dev = Running::start(data.path(), ports[0], ports[1])?;
    let ready = dev.until_line("Slipway is ready: ")?;
    let url = ready.trim_start_matches("Slipway is ready: ");
    ensure!(url == format!("http://127.0.0.1:{}", ports[0]), "{ready}");
    let page = reqwest::get(url).await?.error_for_status()?.text().await?;
    ensure!(page.contains("<title>") && page.contains(".wasm"), "{page}");
    reqwest::get(format!("{url}/api/health")).await?.error_for_status()?;
    ensure!(reqwest::get(format!("http://127.0.0.1:{}/minio/health/live", ports[1])).await?.status().is_success());

    let started = dev.started();
    for program in ["minio", "dev-server"] {
        ensure!(started.iter().any(|(_, name)| name == program), "no {program} among {started:?}");
    }
    dev.interrupt()?;
    assert_gone(&started, &ports)
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_while_it_builds_ends_the_build() -> Result<()> {
    let data = TempDir::with_prefix("slipway-dev-")?;
    let ports = [free_port()?, free_port()?];
    let mut dev = Running::start(data.path(), ports[0], ports[1])?;
    dev.until_line("==> Building the page")?;
    let begun = Instant::now();
    while !dev.started().iter().any(|(_, name)| name == "trunk") {
        ensure!(begun.elapsed() < END, "no trunk runs");
        std::thread::sleep(Duration::from_millis(5));
    }
    let started = dev.started();
    dev.interrupt()?;
    assert_gone(&started, &ports)
}
