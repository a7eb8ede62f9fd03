//! The WebDriver server of each browser, as a child process.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Kind;
use super::crash::Crash;
use super::redact::without_secrets;
use crate::process;

const READY_LIMIT: Duration = Duration::from_secs(30);
const DUMP_LIMIT: Duration = Duration::from_secs(3);

/// A running driver, and for WebKitGTK the display that its browser needs.
#[derive(Debug)]
pub(super) struct Driver {
    child: Child,
    port: u16,
    log: PathBuf,
    dumps: PathBuf,
    display: Option<Display>,
    /// Whether a browser is to be there.
    pub(super) has_browser: bool,
    /// A story brings it down itself.
    pub(super) is_sacrificed: bool,
}

impl Driver {
    pub(super) async fn start(kind: Kind, folder: &Path) -> Result<Self> {
        let display = if kind == Kind::WebKit { Some(Display::start()?) } else { None };
        let port = local_stack::free_port()?;
        let log = folder.join("driver.log");
        let out = File::options().create(true).append(true).open(&log)?;
        // A folder for each start: a profile has one browser after the other.
        let dumps = folder.join(format!("dumps-{port}"));
        let mut command = command(kind, port)?;
        if kind == Kind::Chromium {
            // Chromium leaves its minidumps there (decision 12).
            command.env("BREAKPAD_DUMP_LOCATION", &dumps);
        }
        if let Some(display) = &display {
            command.env("DISPLAY", &display.name);
        }
        let child = command.stdin(Stdio::null()).stderr(out.try_clone()?).stdout(out).spawn();
        let child = child.with_context(|| format!("cannot start the driver of {kind:?}"))?;
        let mut driver = Self { child, port, log, dumps, display, has_browser: false, is_sacrificed: false };
        driver.until_ready().await?;
        Ok(driver)
    }

    async fn until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        let address = ([127, 0, 0, 1], self.port).into();
        while local_stack::http_status(address, "/status").unwrap_or(0) != 200 {
            if let Some(status) = self.child.try_wait()? {
                bail!("the driver ended ({status}):\n{}", self.log_end());
            }
            if start.elapsed() > READY_LIMIT {
                bail!("the driver was not ready after {READY_LIMIT:?}:\n{}", self.log_end());
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        Ok(())
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The driver's last lines, and what its browser wrote, without secrets.
    pub(super) fn log_end(&self) -> String {
        let log = without_secrets(&local_stack::last_lines(&self.log, 200));
        // Machines for tests have no D-Bus, and Chromium says so again and again.
        let of_dbus = |line: &str| [":dbus/bus.cc", ":dbus/object_proxy.cc"].iter().any(|file| line.contains(file));
        let lines: Vec<&str> = log.lines().filter(|line| !of_dbus(line)).collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// What is left of a browser that came down by itself. The driver has to be alive.
    pub(super) fn crash(&self) -> Option<Crash> {
        let mut crash = Crash::from_dumps(&self.dumps);
        let pids = process::living_descendants(self.child.id());
        if self.has_browser && pids.is_empty() {
            crash.remains.push("no process of the browser is left".to_owned());
        } else if self.has_browser && !pids.iter().any(|pid| process::runs_pages(*pid)) {
            crash.remains.push("no process that runs pages is left".to_owned());
        }
        (!crash.remains.is_empty()).then_some(crash)
    }

    /// A dump is written when its process has gone. One that the system killed leaves none.
    fn until_dumped(&self) {
        let start = Instant::now();
        while Crash::from_dumps(&self.dumps).remains.is_empty() && start.elapsed() < DUMP_LIMIT {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What a story that fails has to say of that.
    fn report(&self) {
        if self.is_sacrificed || self.crash().is_none() {
            return;
        }
        self.until_dumped();
        let crash = self.crash().unwrap_or_default();
        let mark = if crash.of_browser { local_stack::BROWSER_CRASHED } else { "A process of the browser crashed: " };
        eprintln!("{mark}{}\n{crash}\nthe driver's log ends:\n{}", crate::stack::test_name(), self.log_end());
    }
}

/// Ends the driver, the browser and all its processes, at once. After a driver that ended by itself they are nobody's
/// children, and stay.
impl Drop for Driver {
    fn drop(&mut self) {
        match self.child.try_wait() {
            Ok(None) => {}
            // Its process id may be another's by now.
            Ok(Some(status)) => return eprintln!("the driver ended by itself ({status}):\n{}", self.log_end()),
            Err(error) => return eprintln!("the driver is lost: {error}"),
        }
        self.report();
        // Before the kill: once their parent has gone, they could not be found any more.
        let mut pids = process::descendants(self.child.id());
        pids.push(self.child.id());
        process::kill(&pids);
        let _ = self.child.wait();
        process::until_gone(&pids);
        // Last: nothing draws on it any more.
        self.display = None;
    }
}

fn command(kind: Kind, port: u16) -> Result<Command> {
    let (variable, name, package) = match kind {
        Kind::Chromium => ("SLIPWAY_CHROMEDRIVER", "chromedriver", "chromium-driver"),
        Kind::Firefox => ("SLIPWAY_GECKODRIVER", "geckodriver", "the crate geckodriver (`cargo xtask setup`)"),
        Kind::WebKit => ("SLIPWAY_WEBKITDRIVER", "WebKitWebDriver", "webkit2gtk-driver"),
    };
    let ours = local_stack::tools().join("bin").join(name);
    let named = std::env::var_os(variable).map(PathBuf::from);
    let program = named.or_else(|| local_stack::on_path(name)).or_else(|| ours.is_file().then_some(ours));
    let program = program.with_context(|| format!("no {name}: install {package}"))?;
    let mut command = Command::new(program);
    match kind {
        // What Chromium itself writes goes to its driver's log: a crash says why.
        Kind::Chromium => command.args([&format!("--port={port}"), "--enable-chrome-logs"]),
        Kind::WebKit => command.arg(format!("--port={port}")),
        // Two ports: its own, and the one it speaks to Firefox by.
        Kind::Firefox => command.args(["--port", &port.to_string(), "--marionette-port", "0"]),
    };
    Ok(command)
}

/// A screen in memory.
#[derive(Debug)]
struct Display {
    child: Child,
    name: String,
}

impl Display {
    fn start() -> Result<Self> {
        let xvfb = local_stack::on_path("Xvfb").context("no Xvfb: WebKitGTK needs it, install `xvfb`")?;
        let mut child = Command::new(xvfb)
            // Xvfb picks a free number and prints it: stories that run side by side cannot choose the same.
            .args(["-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut number = String::new();
        BufReader::new(child.stdout.take().context("Xvfb has no stdout")?).read_line(&mut number)?;
        Ok(Self { child, name: format!(":{}", number.trim()) })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
