use slipway_protocol::machine::*;
use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::plan::Plan;

use crate::page::*;

/// All parts stored, complete asked for.
fn completing(size: u64) -> (Page, Plan) {
    let mut page = Page::adding(size);
    while page.count(|effect| matches!(effect, Effect::Complete { .. })) == 0 {
        page.prepare_all();
        page.initiate();
        page.sign_all();
        page.store(None);
    }
    (page, Plan::new(size, None).unwrap())
}

#[test]
fn complete_waits_for_the_last_part() {
    let mut page = Page::adding(33 * MIB);
    page.grow();
    page.store(Some(1));
    page.store(Some(3));
    assert_eq!(page.count(|effect| matches!(effect, Effect::Complete { .. })), 0);
    page.store(Some(2));
    assert_eq!(page.count(|effect| matches!(effect, Effect::Complete { .. })), 1);
    assert_eq!(page.stage(A).0, Stage::Completing);
    assert!(page.view(A).percent < 100, "100 % is for what is verified");
}

#[test]
fn parts_that_complete_misses_are_sent_again_and_no_others() {
    let (mut page, _) = completing(100 * MIB);
    let fault = CallFault::Api {
        status: 409,
        code: ErrorCode::PartsIncomplete,
        retry_after: None,
        parts: vec![part(3), part(7)],
    };
    page.complete(|_| CompleteOutcome::Refused(fault.clone()));
    page.pass(1_000);
    let mut again = page.run();
    again.sort_unstable();
    assert_eq!(again, [3, 7]);
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn parts_that_are_always_missing_are_an_error_in_the_end() {
    let (mut page, _) = completing(33 * MIB);
    let fault =
        CallFault::Api { status: 409, code: ErrorCode::PartsIncomplete, retry_after: None, parts: vec![part(1)] };
    for _ in 0..100 {
        page.complete(|_| CompleteOutcome::Refused(fault.clone()));
        page.pass(2_000);
        page.prepare_all();
        page.sign_all();
        page.store(None);
    }
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::ServerError)));
}

#[test]
fn a_lost_complete_answer_is_asked_for_again() {
    let (mut page, _) = completing(100 * MIB);
    page.effects.clear();
    page.pass(62_000);
    assert_eq!(page.complete(|id| CompleteOutcome::Done { file: file_id(id) }), 1);
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn a_slow_complete_is_polled_until_it_is_known() {
    let (mut page, plan) = completing(100 * MIB);
    page.complete(|_| CompleteOutcome::Working { retry_after_seconds: 3 });
    page.pass(2_900);
    assert!(!page.status(UploadState::Completing, plan, &[]), "asked too early");
    page.pass(200);
    assert!(page.status(UploadState::Completing, plan, &[]));
    assert_eq!(page.stage(A), (Stage::Completing, None));
    page.pass(15_000);
    assert!(page.status(UploadState::Completed, plan, &[]));
    assert_eq!(page.stage(A), (Stage::Completed, None));
}

#[test]
fn what_is_refused_for_good_is_named() {
    let table = [
        (ErrorCode::ObjectMismatch, (Stage::Failed, Some(Reason::Corrupted))),
        (ErrorCode::UploadFailed, (Stage::Failed, Some(Reason::Corrupted))),
        (ErrorCode::UploadAborted, (Stage::Cancelled, Some(Reason::AbortedElsewhere))),
        (ErrorCode::UploadExpired, (Stage::Expired, Some(Reason::Expired))),
        (ErrorCode::RoomClosed, (Stage::Failed, Some(Reason::RoomClosed))),
    ];
    for (code, stage) in table {
        let (mut page, _) = completing(MIB);
        page.complete(|_| CompleteOutcome::Refused(api(code)));
        assert_eq!(page.stage(A), stage);
    }
}

#[test]
fn an_expired_upload_can_be_begun_again() {
    let (mut page, _) = completing(MIB);
    page.complete(|_| CompleteOutcome::Refused(api(ErrorCode::UploadExpired)));
    assert!(page.view(A).actions.retry && page.forgotten.is_empty());
    page.give(Input::Retry(Which::One(A)));
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}
