//! A picked file that an unfinished upload fits, on this device or in the room.

use slipway_protocol::machine::*;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{MemberId, RoomId, UploadId};
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{Adoption, FileMeta, Meta, Proof, UploadInfo, UploadState};

use crate::page::*;

const LARGE: u64 = 100 * MIB;

/// Another member's upload of that name and size.
fn open(upload: UploadId, name: &str, path: &str, size: u64) -> UploadInfo {
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

fn listing(uploads: Vec<UploadInfo>) -> Page {
    let mut page = Page::new();
    page.give(Input::OpenUploads { room: ROOM, uploads });
    page
}

fn named(name: &str, path: &str, size: u64) -> Source {
    Source { name: name.into(), path: path.into(), ..source(size) }
}

/// The file is picked, and it is to continue what Ada began.
fn adopting() -> Page {
    let mut page = listing(vec![open(upload_id(A), "film.mov", "", LARGE)]);
    page.add(A, LARGE);
    page.give(Input::AnswerOffer { which: Which::All, answer: OfferAnswer::Continue });
    page
}

fn plan() -> Plan {
    Plan::new(LARGE, None).unwrap()
}

impl Page {
    fn take_adopt(&mut self) -> Option<(Attempt, Vec<Proof>)> {
        self.take(|effect| match effect {
            Effect::Adopt { attempt, upload, proofs, .. } if *upload == upload_id(A) => {
                Some((*attempt, proofs.clone()))
            }
            _ => None,
        })
    }

    fn answer_adopt(&mut self, attempt: Attempt, answer: Result<Adoption, CallFault>) {
        self.give(Input::Adopted { id: A, attempt, answer });
    }

    fn challenge(&mut self, numbers: &[u16]) {
        let (attempt, proofs) = self.take_adopt().expect("a challenge is asked for");
        assert_eq!(proofs, []);
        let parts = numbers.iter().map(|number| part(*number)).collect();
        self.answer_adopt(attempt, Ok(Adoption::Challenge { plan: plan(), parts }));
    }

    /// Proofs of these parts are sent, and taken.
    fn prove(&mut self, numbers: &[u16]) {
        self.prepare_all();
        let (attempt, proofs) = self.take_adopt().expect("the proofs are sent");
        let proved: Vec<_> = proofs.iter().map(|proof| (proof.part_number.get(), proof.digest.0)).collect();
        assert_eq!(proved, numbers.iter().map(|number| (*number, digest(*number))).collect::<Vec<_>>());
        self.answer_adopt(attempt, Ok(Adoption::Adopted { upload_id: upload_id(A) }));
    }

    fn reports(&self) -> Vec<NotAdopted> {
        let report = |effect: &Effect| match effect {
            Effect::ReportNotAdopted { why, .. } => Some(*why),
            _ => None,
        };
        self.effects.iter().filter_map(report).collect()
    }

    /// Begun as a new upload, which goes its way.
    fn goes_up_by_itself(&mut self, why: NotAdopted) {
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

#[test]
fn after_sleep_the_call_is_made_again() {
    let mut page = adopting();
    let (old, _) = page.take_adopt().unwrap();
    page.give(Input::Slept);
    let (new, _) = page.take_adopt().expect("made again");
    assert_ne!(old, new);
}

#[test]
fn it_is_written_down_before_the_functions_are_asked() {
    let mut page = listing(vec![open(upload_id(A), "film.mov", "", LARGE)]);
    page.keep_saves = true;
    page.add(A, LARGE);
    page.give(Input::AnswerOffer { which: Which::All, answer: OfferAnswer::Continue });
    assert!(page.take_adopt().is_none());
    page.save_all();
    page.challenge(&[1]);
    page.prove(&[1]);
    page.status(UploadState::Uploading, plan(), &[1]);
    page.prepare_all();
    assert_eq!(page.count(|effect| matches!(effect, Effect::Sign { .. })), 0, "signed before the plan was on disk");
    page.save_all();
    assert!(page.count(|effect| matches!(effect, Effect::Sign { .. })) > 0);
}

#[test]
fn a_page_closed_while_proving_goes_on_with_the_adoption() {
    let mut page = adopting();
    page.challenge(&[1, 3]);
    page.prepare_one();
    let mut page = page.reload();
    assert_eq!(page.stage(A), (Stage::NeedsFile, Some(Reason::Reloaded)));
    assert_eq!(page.view(A).upload, Some(upload_id(A)));
    assert!(page.effects.is_empty(), "there is nothing to prove by: {:?}", page.effects);
    page.reopen(A, LARGE);
    page.challenge(&[1, 3]);
    page.prove(&[1, 3]);
    page.status(UploadState::Uploading, plan(), &[1, 3]);
    assert_eq!(page.run().len(), 5);
}

#[test]
fn a_page_closed_after_the_proof_goes_on_without_another() {
    let mut page = adopting();
    page.challenge(&[1]);
    page.prove(&[1]);
    let mut page = page.reload();
    page.reopen(A, LARGE);
    let (attempt, proofs) = page.take_adopt().unwrap();
    assert_eq!(proofs, []);
    page.answer_adopt(attempt, Ok(Adoption::Adopted { upload_id: upload_id(A) }));
    page.status(UploadState::Uploading, plan(), &[1]);
    assert_eq!(page.run().len(), 6);
}

#[test]
fn adopted_in_two_tabs_both_end_and_no_part_is_sent_that_storage_has() {
    let (mut first, mut second) = (adopting(), adopting());
    first.challenge(&[1]);
    first.prove(&[1]);
    // By now it is this member's: the other tab's proof is not asked for.
    let (attempt, _) = second.take_adopt().unwrap();
    second.answer_adopt(attempt, Ok(Adoption::Adopted { upload_id: upload_id(A) }));
    first.status(UploadState::Uploading, plan(), &[1, 2, 3]);
    assert_eq!(first.run().len(), 4);
    second.status(UploadState::Uploading, plan(), &[1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(second.run(), Vec::<u16>::new());
    assert_eq!(second.stage(A).0, Stage::Completed);
}

#[test]
fn what_another_tab_works_on_is_not_adopted_twice() {
    let mut page = adopting();
    page.challenge(&[1]);
    page.give(Input::Adopt { id: B, room: ROOM, source: source(LARGE), upload: upload_id(A) });
    assert!(page.take(|effect| (*effect == Effect::Attach { id: A, picked: B }).then_some(())).is_some());
    assert_eq!(page.engine.views().len(), 1);
}

#[test]
fn cancelled_before_it_is_handed_over_it_leaves_the_upload_to_its_owner() {
    let mut page = adopting();
    page.challenge(&[1]);
    page.give(Input::Cancel(Which::One(A)));
    page.pass(60_000);
    assert_eq!((page.stage(A).0, page.forgotten.clone()), (Stage::Cancelled, vec![A]));
    assert_eq!(page.count(|effect| matches!(effect, Effect::AbortUpload { .. } | Effect::Prepare { .. })), 0);
}

/// The proofs may have been taken although the answer is not here: then its bytes and its place are ours to give back.
#[test]
fn cancelled_once_proofs_were_sent_it_is_asked_whose_it_is() {
    for is_ours in [true, false] {
        for is_answered in [true, false] {
            let mut page = adopting();
            page.challenge(&[1]);
            page.prepare_all();
            let (attempt, _) = page.take_adopt().expect("the proofs are sent");
            match is_answered {
                true => page.answer_adopt(attempt, Err(CallFault::Network)),
                false => page.pass(10),
            }
            page.give(Input::Cancel(Which::One(A)));
            page.pass(2_000);
            let (attempt, proofs) = page.take_adopt().expect("asked");
            assert_eq!((proofs, page.forgotten.len()), (vec![], 0));
            let challenge = Adoption::Challenge { plan: plan(), parts: vec![part(1)] };
            page.answer_adopt(
                attempt,
                Ok(if is_ours { Adoption::Adopted { upload_id: upload_id(A) } } else { challenge }),
            );
            let abort = page.take(|effect| match effect {
                Effect::AbortUpload { attempt, upload, .. } if *upload == upload_id(A) => Some(*attempt),
                _ => None,
            });
            assert_eq!(abort.is_some(), is_ours, "another member's is left alone");
            if let Some(attempt) = abort {
                page.give(Input::Aborted { id: A, attempt, answer: Ok(()) });
            }
            assert_eq!((page.stage(A).0, page.forgotten.clone()), (Stage::Cancelled, vec![A]));
        }
    }
}

#[test]
fn cancelled_after_it_was_handed_over_it_is_removed_also_by_a_later_page() {
    let mut page = adopting();
    page.challenge(&[1]);
    page.prove(&[1]);
    page.give(Input::Cancel(Which::One(A)));
    let mut page = page.reload();
    let (attempt, _) = page.take_adopt().expect("asked without the file");
    page.answer_adopt(attempt, Ok(Adoption::Adopted { upload_id: upload_id(A) }));
    assert_eq!(page.count(|effect| matches!(effect, Effect::AbortUpload { .. })), 1);
}

#[test]
fn a_challenge_that_grew_is_answered_whole_and_one_that_did_not_is_no_second_try() {
    let mut page = adopting();
    page.challenge(&[2]);
    page.prepare_all();
    let (attempt, _) = page.take_adopt().unwrap();
    let challenge = |numbers: &[u16]| {
        let parts = numbers.iter().map(|number| part(*number)).collect();
        Ok(Adoption::Challenge { plan: plan(), parts })
    };
    page.answer_adopt(attempt, challenge(&[2, 5, 6]));
    assert_eq!(page.prepares(), [5, 6], "what was read stays");
    page.prepare_all();
    let (attempt, proofs) = page.take_adopt().unwrap();
    assert_eq!(proofs.len(), 3);
    page.answer_adopt(attempt, challenge(&[2, 5, 7]));
    page.goes_up_by_itself(NotAdopted::NotTheFile);
}

/// Two files of one name and size: what was read of the first must not count for the second.
#[test]
fn a_reading_of_the_file_that_was_open_before_proves_nothing_of_the_new_one() {
    let mut page = Page::adding(LARGE);
    let reading = |effect: &Effect| match effect {
        Effect::Prepare { part, attempt, .. } => Some((part.get(), *attempt)),
        _ => None,
    };
    let (number, old) = page.take(reading).expect("a part is being read");
    page.reopen(A, LARGE);
    page.prepared(A, number, old, digest(99));
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed, "the digest of the other file was promised");
}

#[test]
fn a_pause_holds_while_proving() {
    let mut page = adopting();
    page.challenge(&[1]);
    page.give(Input::Pause(Which::All));
    page.pass(60_000);
    assert_eq!((page.stage(A).0, page.effects.len()), (Stage::Paused, 0));
    page.give(Input::Resume(Which::All));
    page.prove(&[1]);
}

#[test]
fn a_file_that_cannot_be_read_for_the_proof_is_asked_for_again() {
    let mut page = adopting();
    page.challenge(&[1, 2]);
    page.prepare_one();
    page.fail_prepare(ReadFault::Gone);
    assert_eq!(page.stage(A), (Stage::NeedsFile, Some(Reason::FileGone)));
    page.reopen(A, LARGE);
    // What was read of the file before proves nothing of this one.
    page.prove(&[1, 2]);
    assert_eq!(page.read_parts, [1, 1, 2]);
}
