//! Why storage can't be reached.
//!
//! A browser hides from the page why a request failed: no network, an unknown host and a missing CORS rule are
//! indistinguishable. When a host fails the shell runs a self-test; this module says when, and what its findings mean.

use core::mem;

use crate::prelude::*;
use alloc::collections::BTreeMap;

/// Least time between two self-tests of a failing host, in milliseconds.
const AGAIN_MS: u64 = 30_000;

/// What is known of the hosts that parts are sent to, by origin.
#[derive(Debug, Default)]
pub struct SelfTest {
    hosts: BTreeMap<String, Host>,
    /// A host failed since a part was stored, so people may have been warned.
    is_troubled: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Host {
    /// It took a part: its CORS rules are right.
    took: bool,
    /// It failed since the last part that it took.
    is_failing: bool,
    examined_at: Option<u64>,
}

/// What the shell found out about a host that did not answer a PUT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Findings {
    /// It is the page's own origin.
    pub is_own: bool,
    /// The device has a network, and the functions answer.
    pub functions_answer: bool,
    /// It answers a request without CORS.
    pub storage_answers: bool,
}

/// What is wrong with a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It answers, but its CORS rules do not allow this page.
    Cors,
    /// It does not answer.
    Unreachable,
}

impl SelfTest {
    /// A PUT begins.
    pub fn began(&mut self, origin: &str) {
        self.hosts.entry(origin.to_owned()).or_default();
    }

    /// A part was stored. Returns whether that ends a trouble, of this host or of another one.
    pub fn stored(&mut self, origin: &str) -> bool {
        // Forgets the last examination, since a failure after this is a new trouble and examined at once.
        self.hosts.insert(origin.to_owned(), Host { took: true, ..Host::default() });
        mem::take(&mut self.is_troubled)
    }

    /// A PUT got no answer. Returns whether the host is to be examined now, `now` in milliseconds on the monotonic clock.
    pub fn failed(&mut self, origin: &str, now: u64) -> bool {
        let host = self.hosts.entry(origin.to_owned()).or_default();
        host.is_failing = true;
        self.is_troubled = true;
        let is_due = host.examined_at.is_none_or(|at| now >= at + AGAIN_MS);
        if is_due {
            host.examined_at = Some(now);
        }
        is_due
    }

    /// What follows from the findings; none where nothing can be said. The page's own origin needs no rules, and what
    /// is behind it answers with a status: there the connection just broke, as it did to a host that took parts before
    /// and still answers. Where another host is used that does not fail, uploads go on without this one.
    pub fn verdict(&self, origin: &str, found: Findings) -> Option<Verdict> {
        let took = self.hosts.get(origin).is_some_and(|host| host.took);
        let is_alone = self.hosts.iter().all(|(other, host)| other == origin || host.is_failing);
        match found {
            _ if !is_alone => None,
            Findings { is_own: true, .. } | Findings { functions_answer: false, .. } => None,
            Findings { storage_answers: false, .. } => Some(Verdict::Unreachable),
            Findings { storage_answers: true, .. } => (!took).then_some(Verdict::Cors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "https://bucket.example:9000";
    const FOUND: Findings = Findings { is_own: false, functions_answer: true, storage_answers: true };

    #[test]
    fn a_failing_host_is_examined_once_in_a_while() {
        let mut test = SelfTest::default();
        assert!(test.failed(HOST, 1_000));
        assert!(!test.failed(HOST, 30_999));
        assert!(test.failed("https://other.example", 1_000));
        assert!(test.failed(HOST, 31_000));
        assert!(test.stored(HOST) && !test.stored(HOST));
        assert!(test.failed(HOST, 31_001), "a new trouble");
    }

    #[test]
    fn what_answers_but_never_took_a_part_lacks_its_rules() {
        let mut test = SelfTest::default();
        assert_eq!(test.verdict(HOST, FOUND), Some(Verdict::Cors));
        test.stored(HOST);
        assert_eq!(test.verdict(HOST, FOUND), None, "the connection broke");
        let silent = Findings { storage_answers: false, ..FOUND };
        assert_eq!(test.verdict(HOST, silent), Some(Verdict::Unreachable));
    }

    #[test]
    fn nothing_is_said_of_a_host_while_another_one_does_not_fail() {
        let mut test = SelfTest::default();
        let silent = Findings { storage_answers: false, ..FOUND };
        let other = "https://other.example";
        test.began(HOST);
        assert!(test.failed(HOST, 0));
        assert_eq!(test.verdict(HOST, silent), Some(Verdict::Unreachable), "there is no other one");
        test.began(other);
        assert_eq!(
            (test.verdict(HOST, silent), test.verdict(HOST, FOUND)),
            (None, None),
            "its first part is on its way"
        );
        assert!(test.stored(other), "what was said is taken back");
        assert!(!test.stored(other), "once");
        assert!(test.failed(HOST, 30_000));
        assert_eq!(test.verdict(HOST, silent), None, "a try of the one that was left");
        assert!(test.failed(other, 40_000));
        test.began(other);
        assert_eq!(test.verdict(other, silent), Some(Verdict::Unreachable), "both fail");
    }

    #[test]
    fn nothing_is_said_of_the_own_origin_or_without_a_network() {
        let test = SelfTest::default();
        for storage_answers in [false, true] {
            assert_eq!(test.verdict(HOST, Findings { is_own: true, storage_answers, ..FOUND }), None);
            assert_eq!(test.verdict(HOST, Findings { functions_answer: false, storage_answers, ..FOUND }), None);
        }
    }
}
