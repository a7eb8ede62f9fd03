//! A picked file that an unfinished upload fits, on this device or in the room.

use slipway_protocol::machine::*;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{MemberId, RoomId, UploadId};
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{Adoption, FileMeta, Meta, Proof, UploadInfo, UploadState};

use crate::page::*;

pub(crate) const LARGE: u64 = 100 * MIB;

/// Another member's upload of that name and size.
pub(crate) fn open(upload: UploadId, name: &str, path: &str, size: u64) -> UploadInfo {
    UploadInfo {
        upload_id: upload,
        file_id: file_id(A),
        meta: Meta::Plain(FileMeta {
            v: 1,
            name: name.into(),
            path: path.into(),
            media_type: String::new(),
            last_modified: None,
        }),
        size,
        state: UploadState::Uploading,
        member_id: MemberId::from_bytes([2; 16]),
        display_name: "Ada".into(),
        mine: false,
        bytes_uploaded: 7,
        started_at: 0,
    }
}

pub(crate) fn listing(uploads: Vec<UploadInfo>) -> Page {
    let mut page = Page::new();
    page.give(Input::OpenUploads { room: ROOM, uploads });
    page
}

fn named(name: &str, path: &str, size: u64) -> Source {
    Source { name: name.into(), path: path.into(), ..source(size) }
}

/// The file is picked, and it is to continue what Ada began.
pub(crate) fn adopting() -> Page {
    let mut page = listing(vec![open(upload_id(A), "film.mov", "", LARGE)]);
    page.add(A, LARGE);
    page.give(Input::AnswerOffer { which: Which::All, answer: OfferAnswer::Continue });
    page
}

pub(crate) fn plan() -> Plan {
    Plan::new(LARGE, None).unwrap()
}

impl Page {
    pub(crate) fn take_adopt(&mut self) -> Option<(Attempt, Vec<Proof>)> {
        self.take(|effect| match effect {
            Effect::Adopt { attempt, upload, proofs, .. } if *upload == upload_id(A) => {
                Some((*attempt, proofs.clone()))
            }
            _ => None,
        })
    }

    pub(crate) fn answer_adopt(&mut self, attempt: Attempt, answer: Result<Adoption, CallFault>) {
        self.give(Input::Adopted { id: A, attempt, answer });
    }

    pub(crate) fn challenge(&mut self, numbers: &[u16]) {
        let (attempt, proofs) = self.take_adopt().expect("a challenge is requested");
        assert_eq!(proofs, []);
        let parts = numbers.iter().map(|number| part(*number)).collect();
        self.answer_adopt(attempt, Ok(Adoption::Challenge { plan: plan(), parts }));
    }

    /// Proofs of these parts are sent, and taken.
    pub(crate) fn prove(&mut self, numbers: &[u16]) {
        self.prepare_all();
        let (attempt, proofs) = self.take_adopt().expect("the proofs are sent");
        let proved: Vec<_> = proofs.iter().map(|proof| (proof.part_number.get(), proof.digest.0)).collect();
        assert_eq!(proved, numbers.iter().map(|number| (*number, digest(*number))).collect::<Vec<_>>());
        self.answer_adopt(attempt, Ok(Adoption::Adopted { upload_id: upload_id(A) }));
    }

    pub(crate) fn reports(&self) -> Vec<NotAdopted> {
        let report = |effect: &Effect| match effect {
            Effect::ReportNotAdopted { why, .. } => Some(*why),
            _ => None,
        };
        self.effects.iter().filter_map(report).collect()
    }

    /// Begun as a new upload, which goes its way.
    pub(crate) fn goes_up_by_itself(&mut self, why: NotAdopted) {
        assert_eq!(self.reports(), [why]);
        self.take(|effect| matches!(effect, Effect::ReportNotAdopted { .. }).then_some(()));
        assert_eq!(self.run().len(), 7);
        assert_eq!(self.stage(A).0, Stage::Completed);
    }
}

#[test]
fn a_file_that_fits_waits_for_the_answer_and_nothing_is_done_before() {
    let mut page = listing(vec![open(upload_id(A), "film.mov", "", LARGE)]);
    page.add(A, LARGE);
    assert!(page.engine.take_offers_changed() && !page.engine.take_offers_changed());
    let offer = Offer { id: A, room: ROOM, name: "film.mov".into(), size: LARGE, bytes: 7, who: Some("Ada".into()) };
    assert_eq!(page.engine.offers(), [offer]);
    page.pass(600_000);
    assert_eq!((page.effects.len(), page.records.len(), page.engine.views().len()), (0, 0, 0));
}

#[test]
fn only_a_file_of_that_room_name_size_and_place_is_held_back_and_only_once() {
    let ids: Vec<UploadId> = (1..=2).map(|number| UploadId::from_bytes([number; 16])).collect();
    let all = vec![open(ids[0], "a.bin", "", LARGE), open(ids[1], "a.bin", "album", LARGE)];
    let mut page = listing(all);
    let mut next = 10;
    let mut offered = |page: &mut Page, room: RoomId, source: Source| {
        next += 1;
        page.give(Input::Add { room, files: vec![(LocalId(next), source)] });
        page.engine.offers().iter().any(|offer| offer.id == LocalId(next))
    };
    for (name, path, size) in [("b.bin", "", LARGE), ("a.bin", "", 5), ("a.bin", "other", LARGE)] {
        assert!(!offered(&mut page, ROOM, named(name, path, size)), "{name} {path} {size}");
    }
    assert!(!offered(&mut page, RoomId::from_bytes([8; 16]), named("a.bin", "", LARGE)));
    assert!(offered(&mut page, ROOM, named("a.bin", "album", LARGE)));
    // A file picked alone has no folders: it goes with the other upload, and the next with none.
    assert!(offered(&mut page, ROOM, named("a.bin", "", LARGE)));
    assert!(!offered(&mut page, ROOM, named("a.bin", "", LARGE)));
}

#[test]
fn what_is_over_or_listed_no_more_is_not_offered() {
    let over = UploadInfo { state: UploadState::Completing, ..open(upload_id(B), "film.mov", "", LARGE) };
    let mut page = listing(vec![over]);
    page.add(A, LARGE);
    page.give(Input::OpenUploads { room: ROOM, uploads: vec![open(upload_id(B), "film.mov", "", MIB)] });
    page.give(Input::OpenUploads { room: ROOM, uploads: vec![] });
    page.add(B, MIB);
    assert_eq!(page.engine.offers(), []);
}

#[test]
fn what_this_device_sends_itself_is_not_offered() {
    let mut page = Page::sending(LARGE);
    page.give(Input::OpenUploads { room: ROOM, uploads: vec![open(upload_id(A), "film.mov", "", LARGE)] });
    page.add(B, LARGE);
    assert_eq!(page.engine.offers(), []);
}

#[test]
fn begun_again_it_is_an_upload_of_its_own_and_dropped_it_is_none() {
    for (answer, uploads) in [(OfferAnswer::BeginAgain, 1), (OfferAnswer::Drop, 0)] {
        let mut page = listing(vec![open(upload_id(B), "film.mov", "", LARGE)]);
        page.add(A, LARGE);
        page.give(Input::AnswerOffer { which: Which::One(A), answer });
        page.run();
        assert_eq!((page.engine.offers().len(), page.engine.views().len()), (0, uploads));
        assert_eq!(page.count(|effect| matches!(effect, Effect::Adopt { .. })), 0);
        assert_eq!(page.forgotten, [A], "completed, or not added");
    }
}

#[test]
fn the_file_of_a_row_that_waits_for_it_goes_to_that_row() {
    let mut page = Page::sending(LARGE);
    page.store(Some(1));
    let mut page = page.reload();
    page.status(UploadState::Uploading, plan(), &[1]);
    page.add(B, LARGE);
    assert_eq!(page.engine.offers()[0].who, None);
    page.give(Input::AnswerOffer { which: Which::All, answer: OfferAnswer::Continue });
    assert!(page.take(|effect| (*effect == Effect::Attach { id: A, picked: B }).then_some(())).is_some());
    assert_eq!(page.run().len(), 6, "only what was missing");
    assert_eq!((page.stage(A).0, page.engine.views().len()), (Stage::Completed, 1));
}

#[test]
fn a_right_proof_takes_the_upload_over_and_what_is_stored_is_compared_not_sent() {
    let mut page = adopting();
    page.challenge(&[2, 5]);
    page.prove(&[2, 5]);
    assert!(page.status(UploadState::Uploading, plan(), &[1, 2, 3, 5]));
    let mut sent = page.run();
    sent.sort_unstable();
    assert_eq!((sent, page.stage(A).0), (vec![4, 6, 7], Stage::Completed));
    assert!((1..=7).all(|number| page.read_parts.contains(&number)), "{:?}", page.read_parts);
    let twice = |number: u16| page.read_parts.iter().filter(|read| **read == number).count();
    assert_eq!((twice(1), twice(2)), (1, 2), "a proof is no comparison");
}

#[test]
fn adopted_parts_that_differ_from_the_file_stop_it() {
    let mut page = adopting();
    page.challenge(&[2]);
    page.prove(&[2]);
    page.status(UploadState::Uploading, plan(), &[1, 2, 3, 4, 5, 6, 7]);
    let attempt = page.take(|effect| match effect {
        Effect::Prepare { part, attempt, .. } if part.get() == 1 => Some(*attempt),
        _ => None,
    });
    page.prepared(A, 1, attempt.unwrap(), digest(99));
    page.pass(600_000);
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::FileChanged)));
    assert_eq!(page.count(|effect| matches!(effect, Effect::Complete { .. })), 0);
}

#[test]
fn ones_own_upload_needs_no_proof() {
    let mut page = adopting();
    let (attempt, _) = page.take_adopt().unwrap();
    page.answer_adopt(attempt, Ok(Adoption::Adopted { upload_id: upload_id(A) }));
    page.status(UploadState::Uploading, plan(), &[1]);
    assert_eq!(page.run().len(), 6);
}

#[test]
fn a_row_of_the_room_can_be_adopted_without_an_offer() {
    let mut page = Page::new();
    page.give(Input::Adopt { id: A, room: ROOM, source: source(LARGE), upload: upload_id(A) });
    page.challenge(&[1]);
    page.prove(&[1]);
    page.status(UploadState::Uploading, plan(), &[1]);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn a_wrong_proof_makes_it_an_upload_of_its_own() {
    let mut page = adopting();
    page.challenge(&[1]);
    page.prepare_all();
    let (attempt, _) = page.take_adopt().unwrap();
    page.answer_adopt(attempt, Err(api(ErrorCode::ProofMismatch)));
    page.goes_up_by_itself(NotAdopted::NotTheFile);
}

#[test]
fn an_upload_that_ended_or_went_to_another_owner_meanwhile_leaves_the_file_to_go_up_by_itself() {
    for code in [ErrorCode::NotFound, ErrorCode::UploadCompleted, ErrorCode::UploadAborted, ErrorCode::UploadExpired] {
        let mut page = adopting();
        page.challenge(&[1]);
        page.prepare_all();
        let (attempt, _) = page.take_adopt().unwrap();
        page.answer_adopt(attempt, Err(api(code)));
        page.goes_up_by_itself(NotAdopted::Ended);
    }
}

#[test]
fn an_upload_that_ends_between_proof_and_status_is_none() {
    let mut page = adopting();
    page.challenge(&[1]);
    page.prove(&[1]);
    page.status(UploadState::Aborted, plan(), &[]);
    page.goes_up_by_itself(NotAdopted::Ended);
}

#[test]
fn completed_in_another_tab_between_proof_and_status_it_is_completed() {
    let mut page = adopting();
    page.challenge(&[1]);
    page.prove(&[1]);
    page.status(UploadState::Completed, plan(), &[]);
    assert_eq!(page.stage(A), (Stage::Completed, Some(Reason::CompletedElsewhere)));
    assert_eq!(page.view(A).upload, Some(upload_id(A)));
}

#[test]
fn a_plan_of_another_size_is_another_file() {
    let mut page = adopting();
    let (attempt, _) = page.take_adopt().unwrap();
    let plan = Plan::new(LARGE + 1, None).unwrap();
    page.answer_adopt(attempt, Ok(Adoption::Challenge { plan, parts: vec![part(1)] }));
    page.goes_up_by_itself(NotAdopted::NotTheFile);
}

#[test]
fn a_challenge_without_parts_is_not_asked_for_again_and_again() {
    let mut page = adopting();
    let (attempt, _) = page.take_adopt().unwrap();
    page.answer_adopt(attempt, Ok(Adoption::Challenge { plan: plan(), parts: vec![] }));
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::ServerError)));
}

#[test]
fn an_answer_to_an_older_adopt_changes_nothing() {
    let mut page = adopting();
    let (old, _) = page.take_adopt().unwrap();
    page.pass(45_000);
    assert_eq!(page.stage(A), (Stage::Waiting, Some(Reason::Retrying)));
    page.answer_adopt(old, Err(api(ErrorCode::ProofMismatch)));
    page.pass(1_000);
    let (new, _) = page.take_adopt().expect("asked for again");
    page.answer_adopt(old, Ok(Adoption::Challenge { plan: plan(), parts: vec![part(1)] }));
    assert!(page.prepares().is_empty());
    page.answer_adopt(new, Ok(Adoption::Challenge { plan: plan(), parts: vec![part(2)] }));
    assert_eq!(page.prepares(), [2]);
}

#[test]
fn an_older_reading_proves_nothing() {
    let mut page = adopting();
    page.challenge(&[1]);
    let read = |effect: &Effect| match effect {
        Effect::Prepare { attempt, purpose: Purpose::Compare, .. } => Some(*attempt),
        _ => None,
    };
    let old = page.take(read).unwrap();
    page.give(Input::Pause(Which::All));
    page.give(Input::Resume(Which::All));
    page.prepared(A, 1, old, digest(99));
    page.prove(&[1]);
}

#[test]
fn failures_of_the_call_wait_offline_costs_nothing_and_lost_access_says_so() {
    let mut page = adopting();
    let (attempt, _) = page.take_adopt().unwrap();
    page.answer_adopt(attempt, Err(api(ErrorCode::Unavailable)));
    assert!(page.take_adopt().is_none(), "again without a wait");
    page.pass(1_000);
    let (attempt, _) = page.take_adopt().expect("tried again");
    page.give(Input::Offline);
    page.answer_adopt(attempt, Err(CallFault::Network));
    assert_eq!(page.stage(A), (Stage::Waiting, Some(Reason::Offline)));
    page.give(Input::Online);
    let (attempt, _) = page.take_adopt().expect("at once when the network is back");
    page.answer_adopt(attempt, Err(api(ErrorCode::MemberRemoved)));
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::AccessLost)));
    page.give(Input::Retry(Which::One(A)));
    page.challenge(&[1]);
}
