//! What nextest and libtest say at their end.

use std::collections::BTreeSet;
use std::ops::Add;

/// How many tests did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Counts {
    /// With one failed test that was run again, and passed.
    pub(crate) fn with_passed_again(self) -> Self {
        Self { passed: self.passed + 1, failed: self.failed.saturating_sub(1) }
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// From nextest's summary: `Summary [ 1.4s] 9/10 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 0 skipped`.
/// None: it never came to a summary.
pub(crate) fn of_nextest(text: &str) -> Option<Counts> {
    let line = text.lines().map(without_colours).rfind(|line| line.trim_start().starts_with("Summary ["))?;
    let (run, results) = line.split_once(" run: ")?;
    let mut counts = Counts::default();
    for (number, what) in results.split(", ").filter_map(number_and_words) {
        match what.split(" (").next().unwrap_or_default() {
            "passed" => counts.passed += number,
            "failed" | "timed out" | "exec failed" | "failed to exec" => counts.failed += number,
            _ => {}
        }
    }
    counts.failed += never_run(run);
    Some(counts)
}

/// Of `9/10 tests`, one was never run: a run that was cut off has failed.
fn never_run(run: &str) -> u64 {
    let word = run.split_whitespace().rev().nth(1).unwrap_or_default();
    match word.split_once('/').map(|(done, all)| (done.parse::<u64>(), all.parse::<u64>())) {
        Some((Ok(done), Ok(all))) => all.saturating_sub(done),
        _ => 0,
    }
}

/// The failed stories whose browser crashed by itself: each says so, and nextest shows what failed tests print.
pub(crate) fn crashed(text: &str) -> BTreeSet<String> {
    let said = text.lines().map(without_colours);
    let said: BTreeSet<String> = said
        .filter_map(|line| Some(line.trim_start().strip_prefix(local_stack::BROWSER_CRASHED)?.trim().to_owned()))
        .collect();
    let failed = text.lines().map(without_colours).filter(|line| line.trim_start().starts_with("FAIL ["));
    let failed: BTreeSet<String> =
        failed.filter_map(|line| line.split_whitespace().last().map(str::to_owned)).collect();
    said.intersection(&failed).cloned().collect()
}

/// From libtest's and wasm-bindgen-test's summaries, one a program: `test result: ok. 3 passed; 0 failed; …`.
/// None: there is none.
pub(crate) fn of_libtest(text: &str) -> Option<Counts> {
    let lines = text.lines().map(without_colours).filter(|line| line.trim_start().starts_with("test result: "));
    lines.map(|line| of_libtest_line(&line)).reduce(Counts::add)
}

/// From prove-infra's last line: `38 proved, 0 failed, in 120.0 s`. None: it never came there.
pub(crate) fn of_prover(text: &str) -> Option<Counts> {
    let (proved, rest) = text.lines().rev().find_map(|line| line.split_once(" proved, "))?;
    let (failed, _) = rest.split_once(" failed, in ")?;
    Some(Counts { passed: proved.trim().parse().ok()?, failed: failed.parse().ok()? })
}

fn of_libtest_line(line: &str) -> Counts {
    let mut counts = Counts::default();
    for (number, what) in line.split(['.', ';']).filter_map(|part| number_and_words(part.trim())) {
        match what {
            "passed" => counts.passed = number,
            "failed" => counts.failed = number,
            _ => {}
        }
    }
    counts
}

fn number_and_words(text: &str) -> Option<(u64, &str)> {
    let (number, words) = text.trim().split_once(' ')?;
    Some((number.parse().ok()?, words))
}

/// Escape sequences of terminals, `ESC [ … m`, taken out.
fn without_colours(line: &str) -> String {
    let mut pieces = line.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |plain, piece| plain + piece.split_once('m').map_or(piece, |(_, after)| after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64) -> Option<Counts> {
        Some(Counts { passed, failed })
    }

    #[test]
    fn nextest_all_passed() {
        let text = "PASS x\n     Summary [   1.363s] 12 tests run: 12 passed, 0 skipped\n";
        assert_eq!(of_nextest(text), counts(12, 0));
    }

    #[test]
    fn nextest_with_all_kinds_of_failure() {
        let text =
            "Summary [ 9.1s] 10 tests run: 6 passed (1 slow, 1 leaky), 2 failed, 1 timed out, 1 exec failed, 3 skipped";
        assert_eq!(of_nextest(text), counts(6, 4));
    }

    #[test]
    fn nextest_cut_off_counts_what_never_ran() {
        assert_eq!(of_nextest("Summary [ 9.1s] 4/10 tests run: 4 passed, 0 skipped"), counts(4, 6));
    }

    #[test]
    fn nextest_in_colours() {
        let text = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped";
        assert_eq!(of_nextest(text), counts(2, 0));
    }

    #[test]
    fn nextest_that_did_not_compile_has_no_summary() {
        assert_eq!(of_nextest("error: could not compile `functions`"), None);
    }

    #[test]
    fn a_crash_counts_once_though_nextest_shows_it_twice() {
        let story = "\u{1b}[31;1m FAIL\u{1b}[0m [ 3.5s] (1/9) e2e::stories \u{1b}[36mtrouble::\u{1b}[0m\u{1b}[34;1ma\u{1b}[0m\n    \
                     BROWSER CRASHED: trouble::a\n    process `browser`\n";
        assert_eq!(crashed(&story.repeat(2)), BTreeSet::from(["trouble::a".to_owned()]));
    }

    #[test]
    fn a_crash_in_a_story_that_passed_or_a_failure_without_a_crash_is_none() {
        let text =
            "PASS [ 1.0s] e2e::stories a\nBROWSER CRASHED: a\nFAIL [ 1.0s] e2e::stories b\nTRY 1 FAIL [ 1.0s] x a";
        assert_eq!(crashed(text), BTreeSet::new());
    }

    #[test]
    fn the_prover_counts_what_it_has_shown() {
        let text = "deploy         3 proved   9.0 s\n\n38 proved, 1 failed, in 120.0 s\n";
        assert_eq!(of_prover(text), counts(38, 1));
        assert_eq!(of_prover("error: no namespaces\n"), None);
    }

    #[test]
    fn libtest_adds_up_its_programs() {
        let text = "test result: ok. 3 passed; 0 failed; 0 ignored; finished in 0.01s\n\
                    test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 filtered out; finished in 0.01s";
        assert_eq!(of_libtest(text), counts(4, 2));
        assert_eq!(of_libtest("no tests to run!"), None);
    }
}
