//! Prints each proof as it succeeds, and the verdict.
// It is a command-line program: stdout is how it speaks.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

/// What the emulator accepts but does not enforce, and where it is checked instead.
const NOT_SHOWN: [(&str, &str); 7] = [
    ("the bucket's lifecycle rule", "text of the template, `cargo xtask tidy`"),
    ("expiry of items (TTL)", "text of the template, `cargo xtask tidy`; the functions treat expired items as gone"),
    ("point-in-time recovery", "text of the template, `cargo xtask tidy`"),
    ("encryption of tables", "text of the template, `cargo xtask tidy`"),
    ("reserved concurrency", "text of the template, `cargo xtask tidy`"),
    ("throttling of the stage", "text of the template, `cargo xtask tidy`"),
    ("AWS::Lambda::Permission", "text of the template, `cargo xtask tidy`"),
];

/// Proofs and failures so far.
#[derive(Debug)]
pub(crate) struct Report {
    start: Instant,
    last: Instant,
    proved: usize,
    failed: usize,
    lines: Vec<String>,
}

impl Report {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self { start: now, last: now, proved: 0, failed: 0, lines: Vec::new() }
    }

    /// Starts a group.
    pub(crate) fn begin(&mut self, what: &str) {
        println!("==> {what}");
        self.last = Instant::now();
    }

    /// What helps to understand a failure.
    pub(crate) fn show(&mut self, what: &str, lines: &[String]) {
        println!("    {what}:");
        for line in lines {
            println!("      | {line}");
        }
    }

    /// Text that is made to be copied.
    pub(crate) fn table(&mut self, text: &str) {
        println!("\n{text}");
    }

    /// A step that proves nothing by itself.
    pub(crate) fn note(&mut self, what: &str) {
        println!("    - {what} ({})", self.lap());
    }

    /// A proof.
    pub(crate) fn proved(&mut self, what: &str) {
        self.proved += 1;
        println!("    ok {what} ({})", self.lap());
    }

    /// How a group ended.
    pub(crate) fn end(&mut self, group: &str, time: Duration, before: usize, result: &anyhow::Result<()>) {
        let proved = self.proved - before;
        let line = match result {
            Ok(()) => format!("{group:<12} {proved:>3} proved   {}", seconds(time)),
            Err(error) => {
                self.failed += 1;
                println!("    FAILED {error:#}");
                format!("{group:<12} {proved:>3} proved   {}   FAILED", seconds(time))
            }
        };
        self.lines.push(line);
    }

    /// A group that was not tried.
    pub(crate) fn skipped(&mut self, group: &str, why: &str) {
        self.lines.push(format!("{group:<12} not tried: {why}"));
    }

    pub(crate) fn count(&self) -> usize {
        self.proved
    }

    /// Prints a line per group, the limits of the emulator and the verdict. True if something was proved and nothing failed.
    pub(crate) fn close(&self) -> bool {
        println!("\n{}", self.lines.join("\n"));
        println!("\nNot shown by the emulator, and where it is checked instead:");
        for (what, instead) in NOT_SHOWN {
            println!("    {what}: {instead}");
        }
        println!("\n{} proved, {} failed, in {}", self.proved, self.failed, seconds(self.start.elapsed()));
        self.failed == 0 && self.proved > 0
    }

    fn lap(&mut self) -> String {
        let time = self.last.elapsed();
        self.last = Instant::now();
        seconds(time)
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
