//! The plan's transport is obeyed: order, digest, lanes and sizes on the wire.

use slipway_protocol::machine::digest::PartDigest;
use slipway_protocol::machine::*;
use slipway_protocol::wire::plan::{DigestAlgorithm, PartOrder, Plan, Planner, Segment};
use slipway_protocol::wire::{SignedRequest, StartedUpload, UploadState};

use crate::page::*;

const LARGE: u64 = 100 * MIB;

const SEGMENTS: Planner = Planner {
    order: PartOrder::Ascending,
    most_lanes: None,
    digest: DigestAlgorithm::None,
    segment: Some(Segment { plain: 4064, wire: 4096 }),
};

fn adding(planner: Planner) -> Page {
    let mut page = Page::with(Config { planner, ..Config::default() });
    page.add(A, LARGE);
    page
}

/// What the effects of one upload ask for, answered with digests of the right kind and lengths of the plan.
struct Answers {
    plan: Plan,
    sent: Vec<u16>,
    /// The most PUTs at once.
    lanes: usize,
}

impl Answers {
    fn to(planner: Planner) -> Self {
        Self { plan: planner.plan(LARGE, None).unwrap(), sent: vec![], lanes: 0 }
    }

    fn digest(&self, number: u16) -> PartDigest {
        match self.plan.transport.digest {
            DigestAlgorithm::Md5 => digest(number).into(),
            DigestAlgorithm::Sha256 => PartDigest::Sha256([number as u8; 32]),
            DigestAlgorithm::None => PartDigest::None,
        }
    }

    fn prepare(&self, page: &mut Page) -> bool {
        let found = page.take(|effect| match effect {
            Effect::Prepare { part, attempt, digest, .. } => Some((*part, *attempt, *digest)),
            _ => None,
        });
        let Some((part, attempt, kind)) = found else { return false };
        assert_eq!(kind, self.plan.transport.digest);
        let (digest, len) = (self.digest(part.get()), self.plan.wire_len(part).unwrap());
        page.give(Input::Prepared { id: A, part, attempt, digest, len });
        true
    }

    fn initiate(&self, page: &mut Page) {
        let found = page.take(|effect| match effect {
            Effect::Initiate { batch, attempt, .. } => Some((*batch, *attempt)),
            _ => None,
        });
        if let Some((batch, attempt)) = found {
            let started = StartedUpload {
                upload_id: upload_id(A),
                file_id: file_id(A),
                plan: self.plan,
                expires_in_seconds: 1_000_000,
                requests: vec![],
            };
            page.give(Input::Initiated { batch, attempt, answer: Ok(vec![started]) });
        }
    }

    fn sign(&self, page: &mut Page) {
        let found = page.take(|effect| match effect {
            Effect::Sign { attempt, parts, .. } => Some((*attempt, parts.clone())),
            _ => None,
        });
        if let Some((attempt, parts)) = found {
            assert!(parts.iter().all(|sign| sign.digest == self.digest(sign.part.get())));
            let answer: Vec<SignedRequest> = parts.iter().map(|sign| signed(sign.part, 900)).collect();
            page.give(Input::Signed { id: A, attempt, answer: Ok(answer) });
        }
    }

    fn store(&mut self, page: &mut Page) {
        self.lanes = self.lanes.max(page.puts().len());
        let found = page.take(|effect| match effect {
            Effect::Put { part, attempt, len, .. } => Some((*part, *attempt, *len)),
            _ => None,
        });
        if let Some((part, attempt, len)) = found {
            assert_eq!(Some(len), self.plan.wire_len(part));
            self.sent.push(part.get());
            page.give(Input::Sent { id: A, part, attempt, bytes: len / 2 });
            // An ETag of storage's own: no MD5 of the part.
            page.give(Input::Stored { id: A, part, attempt, etag: Some(format!("\"{:032x}\"", part.get())) });
        }
    }

    fn run(&mut self, page: &mut Page) {
        for _ in 0..1000 {
            while self.prepare(page) {}
            self.initiate(page);
            self.sign(page);
            self.store(page);
            page.complete(|id| CompleteOutcome::Done { file: file_id(id) });
            page.pass(10);
        }
    }
}

#[test]
fn segments_go_up_in_ascending_order_one_at_a_time_without_and_with_another_digest() {
    for digest in [DigestAlgorithm::None, DigestAlgorithm::Sha256] {
        let planner = Planner { digest, ..SEGMENTS };
        let (mut page, mut answers) = (adding(planner), Answers::to(planner));
        answers.run(&mut page);
        assert_eq!((answers.sent.as_slice(), answers.lanes), ([1, 2, 3, 4, 5, 6, 7].as_slice(), 1), "{digest:?}");
        let view = page.view(A);
        assert_eq!((view.stage, view.bytes, view.size), (Stage::Completed, LARGE, LARGE));
        assert_eq!((view.wire_bytes, view.wire_size), (answers.plan.wire_size(), answers.plan.wire_size()));
        assert!(view.wire_size > view.size);
    }
}

#[test]
fn bytes_shown_are_of_the_file_and_those_sent_of_the_wire() {
    let (mut page, mut answers) = (adding(SEGMENTS), Answers::to(SEGMENTS));
    while page.puts().is_empty() {
        answers.prepare(&mut page);
        answers.initiate(&mut page);
        answers.sign(&mut page);
    }
    answers.store(&mut page);
    page.pass(300);
    let view = page.view(A);
    assert_eq!(view.wire_bytes, 16 * MIB);
    assert!((4096 * 4064 - 4..=4096 * 4064).contains(&view.bytes), "{} bytes of the file", view.bytes);
}

#[test]
fn a_part_that_is_sent_again_keeps_the_order() {
    let (mut page, mut answers) = (adding(SEGMENTS), Answers::to(SEGMENTS));
    for _ in 0..50 {
        while answers.prepare(&mut page) {}
        answers.initiate(&mut page);
        answers.sign(&mut page);
        page.pass(10);
    }
    assert_eq!(page.puts().iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1]);
    page.fail_put(PutFault::Network);
    page.pass(400);
    assert!(page.puts().iter().all(|(number, _)| *number == 1), "{:?} before part 1", page.puts());
    answers.run(&mut page);
    assert_eq!(answers.sent, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_provider_that_takes_two_lanes_gets_two_and_one_that_names_none_gets_all() {
    for (most_lanes, lanes) in [(Some(2), 2), (None, 4)] {
        let planner = Planner { most_lanes, ..Planner::S3 };
        let mut page = Page::with(Config { planner, ..Config::default() });
        page.add(A, LARGE);
        let answers = Answers::to(planner);
        for _ in 0..50 {
            while answers.prepare(&mut page) {}
            answers.initiate(&mut page);
            answers.sign(&mut page);
            page.pass(10);
        }
        assert_eq!(page.puts().len(), lanes);
    }
}

#[test]
fn another_length_or_kind_of_digest_than_planned_is_not_sent() {
    let wrong = [(PartDigest::None, 16 * MIB - 1), (digest(1).into(), 16 * MIB)];
    for (digest, len) in wrong {
        let mut page = adding(SEGMENTS);
        let attempt = page.take(|effect| match effect {
            Effect::Prepare { attempt, .. } => Some(*attempt),
            _ => None,
        });
        page.give(Input::Prepared { id: A, part: part(1), attempt: attempt.unwrap(), digest, len });
        assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::ServerError)));
    }
}

/// What the shell holds at the end of these events.
fn held(page: &Page) -> Vec<u16> {
    page.held.iter().map(|(part, _)| part.get()).collect()
}

#[test]
fn what_is_prepared_is_let_go_of_when_it_is_stored() {
    let mut page = Page::sending(LARGE);
    assert_eq!(held(&page), [1, 2, 3, 4, 5, 6, 7]);
    page.store(Some(1));
    assert_eq!(held(&page), [2, 3, 4, 5, 6, 7]);
    page.run();
    assert!(held(&page).is_empty());
}

#[test]
fn what_is_prepared_is_let_go_of_when_it_stops_and_prepared_again_when_it_goes_on() {
    let stops: [fn(&mut Page); 5] = [
        |page| page.give(Input::Cancel(Which::One(A))),
        |page| page.give(Input::OwnedElsewhere(A)),
        |page| {
            page.fail_put(PutFault::Read(ReadFault::Gone));
        },
        |page| {
            page.fail_put(http(403, "AccessDenied"));
        },
        |page| page.reopen(A, LARGE),
    ];
    for (index, stop) in stops.into_iter().enumerate() {
        let mut page = Page::sending(LARGE);
        stop(&mut page);
        assert!(held(&page).is_empty(), "stop {index}: {:?} is held", page.held);
    }
    let mut page = Page::sending(LARGE);
    page.give(Input::Pause(Which::All));
    assert_eq!(held(&page), [1, 2, 3, 4, 5, 6, 7], "a pause may be a short one");
    page.give(Input::Resume(Which::All));
    page.status(UploadState::Uploading, Plan::new(LARGE, None).unwrap(), &[]);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
    assert!(held(&page).is_empty());
}

#[test]
fn a_failed_put_is_sent_again_without_another_reading() {
    let mut page = Page::sending(LARGE);
    let failed = page.fail_put(PutFault::Network);
    page.run_with_time();
    assert_eq!((failed, page.stage(A).0), (Some(1), Stage::Completed));
    assert_eq!(page.read_parts, [1, 2, 3, 4, 5, 6, 7]);
}
