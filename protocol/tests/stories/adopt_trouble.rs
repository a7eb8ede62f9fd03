//! Adoptions that are interrupted: sleep, a closed page, other tabs, a cancel, another file.

use slipway_protocol::machine::*;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::{Adoption, UploadState};

use crate::adopt::*;
use crate::page::*;

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

/// Completed before its plan is on disk, a page closed then would take the end for another member's.
#[test]
fn all_stored_it_is_completed_only_once_its_plan_is_on_disk() {
    let mut page = adopting();
    page.challenge(&[1]);
    page.prove(&[1]);
    page.keep_saves = true;
    page.status(UploadState::Uploading, plan(), &[1, 2, 3, 4, 5, 6, 7]);
    page.prepare_all();
    let completes = |page: &Page| page.count(|effect| matches!(effect, Effect::Complete { .. }));
    assert_eq!(completes(&page), 0);
    page.save_all();
    assert_eq!(completes(&page), 1);
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
        let (mut page, attempt) = proving();
        page.answer_adopt(attempt, Err(CallFault::Network));
        page.give(Input::Cancel(Which::One(A)));
        page.pass(2_000);
        page.expect_asked_without_proofs(is_ours);
    }
}

/// Asked at once, the functions could answer before the proofs arrive, and hand the upload over to nobody's knowledge.
#[test]
fn cancelled_while_proofs_are_on_their_way_their_answer_is_waited_for() {
    for is_ours in [true, false] {
        let (mut page, attempt) = proving();
        page.give(Input::Cancel(Which::One(A)));
        page.pass(2_000);
        assert!(page.take_adopt().is_none() && page.forgotten.is_empty());
        page.expect_end(attempt, is_ours);

        let (mut page, attempt) = proving();
        page.give(Input::Cancel(Which::One(A)));
        page.answer_adopt(attempt, Err(CallFault::Network));
        page.pass(2_000);
        page.expect_asked_without_proofs(is_ours);

        let (mut page, _) = proving();
        page.give(Input::Cancel(Which::One(A)));
        page.pass(60_000);
        page.expect_asked_without_proofs(is_ours);
    }
}

/// The row shows it as complete then, and has to know which file it means.
#[test]
fn cancelled_too_late_it_names_the_upload_that_another_tab_completed() {
    let (mut page, attempt) = proving();
    page.give(Input::Cancel(Which::One(A)));
    page.answer_adopt(attempt, Ok(Adoption::Adopted { upload_id: upload_id(A) }));
    let abort = page.take(|effect| match effect {
        Effect::AbortUpload { attempt, .. } => Some(*attempt),
        _ => None,
    });
    let fault = CallFault::Api { status: 409, code: ErrorCode::UploadCompleted, retry_after: None, parts: vec![] };
    page.give(Input::Aborted { id: A, attempt: abort.expect("it is ours"), answer: Err(fault) });
    let view = page.view(A);
    assert_eq!((view.stage, view.upload), (Stage::Completed, Some(upload_id(A))));
}

/// The proofs are under way.
fn proving() -> (Page, Attempt) {
    let mut page = adopting();
    page.challenge(&[1]);
    page.prepare_all();
    let (attempt, proofs) = page.take_adopt().expect("the proofs are sent");
    assert_eq!(proofs.len(), 1);
    (page, attempt)
}

impl Page {
    fn expect_asked_without_proofs(&mut self, is_ours: bool) {
        let (attempt, proofs) = self.take_adopt().expect("asked");
        assert_eq!((proofs, self.forgotten.len()), (vec![], 0));
        self.expect_end(attempt, is_ours);
    }

    /// What is ours by now is removed, anything else is left alone.
    fn expect_end(&mut self, attempt: Attempt, is_ours: bool) {
        let adopted = Adoption::Adopted { upload_id: upload_id(A) };
        let challenge = Adoption::Challenge { plan: plan(), parts: vec![part(1)] };
        self.answer_adopt(attempt, Ok(if is_ours { adopted } else { challenge }));
        let abort = self.take(|effect| match effect {
            Effect::AbortUpload { attempt, upload, .. } if *upload == upload_id(A) => Some(*attempt),
            _ => None,
        });
        assert_eq!(abort.is_some(), is_ours, "another member's is left alone");
        if let Some(attempt) = abort {
            self.give(Input::Aborted { id: A, attempt, answer: Ok(()) });
        }
        assert_eq!((self.stage(A).0, self.forgotten.clone()), (Stage::Cancelled, vec![A]));
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
