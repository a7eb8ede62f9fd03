//! An upload that the functions do not know as this member's any more.

use slipway_protocol::machine::*;
use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::plan::Plan;

use crate::page::*;

const SIZE: u64 = 1000 * MIB;
const LOST: (Stage, Option<Reason>) = (Stage::Failed, Some(Reason::UploadLost));

fn plan() -> Plan {
    Plan::new(SIZE, None).unwrap()
}

/// The next parts are not signed: there is no such upload.
fn refused() -> Page {
    let mut page = Page::sending(SIZE);
    page.prepare_all();
    while page.count(|effect| matches!(effect, Effect::Sign { .. })) == 0 {
        page.store(None).expect("a part in flight");
        page.prepare_all();
    }
    page.fail_sign(api(ErrorCode::NotFound));
    while page.store(None).is_some() {}
    page
}

fn refuse_status(page: &mut Page) {
    let (id, attempt) = page
        .take(|effect| match effect {
            Effect::FetchStatus { id, attempt, .. } => Some((*id, *attempt)),
            _ => None,
        })
        .expect("the status is fetched");
    page.give(Input::Status { id, attempt, answer: Err(api(ErrorCode::NotFound)) });
}

/// The status is fetched once the wait is over.
fn wait_for_status(page: &mut Page) {
    for _ in 0..100 {
        if page.count(|effect| matches!(effect, Effect::FetchStatus { .. })) > 0 {
            return;
        }
        page.pass(500);
    }
    panic!("the status is never asked for");
}

#[test]
fn one_that_another_member_adopted_is_named_and_begins_again() {
    let mut page = refused();
    wait_for_status(&mut page);
    assert!(page.status(UploadState::Uploading, plan(), &[]));
    assert_eq!(page.stage(A), LOST);
    page.pass(600_000);
    assert_eq!(page.count(|effect| matches!(effect, Effect::Sign { .. } | Effect::FetchStatus { .. })), 0, "by itself");
    page.give(Input::Retry(Which::One(A)));
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn one_that_another_member_finished_is_in_the_room() {
    let mut page = refused();
    wait_for_status(&mut page);
    page.status(UploadState::Completed, plan(), &[]);
    assert_eq!(page.stage(A), (Stage::Completed, Some(Reason::CompletedElsewhere)));
}

#[test]
fn one_whose_record_is_gone_is_named() {
    let mut page = refused();
    wait_for_status(&mut page);
    refuse_status(&mut page);
    assert_eq!(page.stage(A), LOST);
}

#[test]
fn complete_asks_too() {
    let mut page = Page::sending(MIB);
    page.store(None);
    page.pass(200);
    page.complete(|_| CompleteOutcome::Refused(api(ErrorCode::NotFound)));
    wait_for_status(&mut page);
    refuse_status(&mut page);
    assert_eq!(page.stage(A), LOST);
}

#[test]
fn found_lost_after_a_reload_the_file_is_picked_to_begin_again() {
    let mut page = Page::sending(SIZE).reload();
    refuse_status(&mut page);
    assert_eq!(page.stage(A), LOST);
    assert!(page.view(A).actions.pick && !page.view(A).actions.retry);
    page.reopen(A, SIZE);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn cancelled_it_is_left_to_whoever_has_it() {
    let mut page = refused();
    wait_for_status(&mut page);
    page.status(UploadState::Uploading, plan(), &[]);
    page.give(Input::Cancel(Which::One(A)));
    page.pass(60_000);
    assert_eq!(page.count(|effect| matches!(effect, Effect::AbortUpload { .. })), 0);
    assert_eq!((page.stage(A).0, page.forgotten.clone()), (Stage::Cancelled, vec![A]));
}
