//! Storage under several names: a host that fails while another one works is left alone for a while.

use std::collections::BTreeMap;

use slipway_protocol::machine::network::lanes::PER_HOST;
use slipway_protocol::machine::*;

use crate::page::*;

/// What a host does with a PUT.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Store,
    /// The connection is refused at once.
    Refuse,
    /// Nothing ever comes back.
    Swallow,
    /// A proxy on the way answers by a page of its own.
    Block(u16),
}

/// A page with uploads over several hosts.
struct Wire {
    page: Page,
    /// The host of each part that has a URL.
    hosts: BTreeMap<u16, u8>,
    /// PUTs to each host so far.
    tries: Vec<usize>,
    /// Parts that each host stored.
    stored: Vec<usize>,
    /// PUTs that a host swallowed.
    swallowed: Vec<Attempt>,
    began: u64,
}

impl Wire {
    fn sending(size: u64, hosts: u8) -> Self {
        let mut page = Page::new();
        page.give(Input::Hosts { count: hosts, lanes_each: PER_HOST });
        page.add(A, size);
        let none = vec![0; hosts.into()];
        let began = page.now;
        Self { page, hosts: BTreeMap::new(), tries: none.clone(), stored: none, swallowed: vec![], began }
    }

    /// A second: what fails does so at its beginning, what is stored is so at its end.
    fn second(&mut self, does: impl Fn(u8) -> Does) {
        let mut under_way = vec![];
        loop {
            self.fill();
            let put = self.page.take(|effect| match effect {
                Effect::Put { part, attempt, .. } if !self.swallowed.contains(attempt) => Some((*part, *attempt)),
                _ => None,
            });
            let Some((part, attempt)) = put else { break };
            let host = self.hosts[&part.get()];
            self.tries[usize::from(host)] += 1;
            match does(host) {
                Does::Store => under_way.push((host, part, attempt)),
                Does::Refuse => self.page.give(Input::PutFailed { id: A, part, attempt, fault: PutFault::Network }),
                Does::Swallow => self.swallowed.push(attempt),
                Does::Block(status) => {
                    let fault = PutFault::Http { status, code: None };
                    self.page.give(Input::PutFailed { id: A, part, attempt, fault });
                }
            }
        }
        self.page.pass(1000);
        for (host, part, attempt) in under_way {
            self.stored[usize::from(host)] += 1;
            self.page.give(Input::Stored { id: A, part, attempt, etag: None });
        }
        self.page.complete(|id| CompleteOutcome::Done { file: file_id(id) });
    }

    /// Hashes and signs what can be, and notes the host of each part.
    fn fill(&mut self) {
        loop {
            let before = self.page.effects.len();
            self.page.prepare_all();
            self.note_hosts();
            self.page.initiate();
            self.note_hosts();
            while !self.page.sign_one(900).is_empty() {
                self.note_hosts();
            }
            if before == self.page.effects.len() {
                return;
            }
        }
    }

    fn note_hosts(&mut self) {
        let asked = self.page.effects.iter().flat_map(|effect| match effect {
            Effect::Sign { parts, .. } => parts.clone(),
            Effect::Initiate { uploads, .. } => uploads.iter().flat_map(|entry| entry.first_parts.clone()).collect(),
            _ => vec![],
        });
        self.hosts.extend(asked.map(|sign| (sign.part.get(), sign.host)));
    }

    /// Seconds until the upload is complete.
    fn run(&mut self, does: impl Fn(u64, u8) -> Does) -> u64 {
        while self.page.stage(A).0 != Stage::Completed {
            let second = (self.page.now - self.began) / 1000;
            assert!(second < 3600, "{:?} after {second} s: {:?}", self.page.stage(A), self.tries);
            self.second(|host| does(second, host));
        }
        (self.page.now - self.began) / 1000
    }
}

const SIZE: u64 = 3000 * MIB;

fn alone() -> u64 {
    Wire::sending(SIZE, 1).run(|_, _| Does::Store)
}

#[test]
fn a_host_that_refuses_costs_a_few_tries_and_no_part() {
    for dead in [0, 1] {
        let mut wire = Wire::sending(SIZE, 2);
        let took = wire.run(|_, host| if host == dead { Does::Refuse } else { Does::Store });
        let tries = wire.tries[usize::from(dead)];
        assert!((1..=12).contains(&tries), "host {dead} was tried {tries} times");
        assert!(took <= alone() + 5, "{took} s, and {} s with the other host alone", alone());
    }
}

#[test]
fn a_host_that_a_proxy_blocks_costs_a_few_tries_and_no_part() {
    for (dead, status) in [(0, 403), (1, 403), (1, 502), (0, 504)] {
        let mut wire = Wire::sending(SIZE, 2);
        let took = wire.run(|_, host| if host == dead { Does::Block(status) } else { Does::Store });
        let tries = wire.tries[usize::from(dead)];
        assert!((1..=12).contains(&tries), "host {dead} was tried {tries} times");
        assert!(took <= alone() + 5, "{status}: {took} s, and {} s with the other host alone", alone());
    }
}

#[test]
fn what_blocks_every_host_stops_the_upload_and_says_so() {
    for hosts in [1, 3] {
        let mut wire = Wire::sending(SIZE, hosts);
        for _ in 0..2 {
            wire.second(|_| Does::Block(403));
        }
        assert_eq!(wire.page.stage(A), (Stage::Failed, Some(Reason::StorageRefused)), "{hosts}");
    }
}

#[test]
fn a_host_that_swallows_costs_no_more_than_its_first_silence() {
    let mut wire = Wire::sending(SIZE, 2);
    let took = wire.run(|_, host| if host == 1 { Does::Swallow } else { Does::Store });
    assert!((1..=8).contains(&wire.tries[1]), "tried {} times", wire.tries[1]);
    assert!(took <= alone() + 35, "{took} s, and {} s with the other host alone", alone());
}

#[test]
fn two_of_three_can_fail() {
    let mut wire = Wire::sending(SIZE, 3);
    let took = wire.run(|_, host| if host == 2 { Does::Store } else { Does::Refuse });
    assert!(wire.tries[..2].iter().all(|tries| *tries <= 12), "{:?}", wire.tries);
    assert!(took <= alone() + 10, "{took} s");
}

#[test]
fn a_host_that_was_left_is_tried_again_and_used_when_it_answers() {
    let mut wire = Wire::sending(20 * SIZE, 2);
    wire.run(|second, host| if host == 1 && second < 60 { Does::Refuse } else { Does::Store });
    assert!(wire.stored[1] > 100, "{:?}", wire.stored);
}

#[test]
fn a_host_that_fails_in_the_middle_is_left_and_none_of_its_parts_is_lost() {
    let mut wire = Wire::sending(SIZE, 2);
    wire.run(|second, host| if host == 1 && second >= 5 { Does::Refuse } else { Does::Store });
    assert!(wire.stored[1] > 5 && wire.tries[1] <= wire.stored[1] + 24, "{:?} of {:?}", wire.stored, wire.tries);
}

#[test]
fn no_host_is_left_when_all_of_them_fail() {
    let mut wire = Wire::sending(20 * SIZE, 2);
    for _ in 0..20 {
        wire.second(|_| Does::Store);
    }
    let before = wire.stored.clone();
    for _ in 0..10 {
        wire.second(|_| Does::Refuse);
    }
    for _ in 0..60 {
        wire.second(|_| Does::Store);
    }
    let after: Vec<_> = wire.stored.iter().zip(before).map(|(after, before)| after - before).collect();
    assert!(after.iter().all(|parts| *parts > 20), "{after:?}");
}
