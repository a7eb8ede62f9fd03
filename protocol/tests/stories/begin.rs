use slipway_protocol::machine::*;
use slipway_protocol::wire::MAX_UPLOADS_PER_CALL;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::plan::MAX_FILE_BYTES;

use crate::page::*;

fn is_sign(effect: &Effect) -> bool {
    matches!(effect, Effect::Sign { .. })
}

#[test]
fn a_small_file_needs_one_call_before_its_put() {
    let mut page = Page::adding(5 * MIB);
    assert_eq!(page.prepare_one(), Some(1));
    assert_eq!(page.initiate(), 1);
    assert_eq!(page.count(is_sign), 0);
    assert_eq!(page.store(None), Some(1));
    assert_eq!(page.complete(|id| CompleteOutcome::Done { file: file_id(id) }), 1);
    assert_eq!(page.stage(A), (Stage::Completed, None));
    assert_eq!((page.view(A).percent, page.view(A).bytes), (100, 5 * MIB));
    assert_eq!(page.forgotten, [A]);
}

#[test]
fn a_large_file_goes_from_picked_to_completed() {
    let mut page = Page::adding(100 * MIB);
    let mut stored = page.run();
    stored.sort_unstable();
    assert_eq!(stored, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(page.stage(A), (Stage::Completed, None));
    assert_eq!(page.view(A).parts.strip, vec![Cell::Stored; 7]);
}

#[test]
fn an_empty_file_is_one_empty_put() {
    let mut page = Page::adding(0);
    let len = page.take(|effect| match effect {
        Effect::Prepare { range, .. } => Some(range.len),
        _ => None,
    });
    assert_eq!(len, Some(0));
    let mut page = Page::adding(0);
    assert_eq!(page.run(), [1]);
    assert_eq!(page.stage(A), (Stage::Completed, None));
}

#[test]
fn the_first_part_of_a_large_file_is_hashed_alone_and_begun_at_once() {
    let mut page = Page::adding(1000 * MIB);
    assert_eq!(page.prepares(), [1]);
    page.prepare_one();
    assert_eq!(page.count(|effect| matches!(effect, Effect::Initiate { .. })), 1);
    assert_eq!(page.prepares(), [2, 3], "hashing goes on meanwhile, on one lane more");
    page.initiate();
    assert_eq!(page.puts().len(), 1, "the first byte goes before the second part is hashed");
}

#[test]
fn forty_small_files_are_begun_in_two_calls_and_completed_in_batches() {
    let mut page = Page::new();
    let files = (1..=40).map(|id| (LocalId(id), source(MIB))).collect();
    page.give(Input::Add { room: ROOM, files });
    page.prepare_all();
    assert_eq!([page.initiate(), page.initiate(), page.initiate()], [MAX_UPLOADS_PER_CALL, MAX_UPLOADS_PER_CALL, 0]);
    while page.store(None).is_some() {}
    let mut calls = 0;
    while page.complete(|id| CompleteOutcome::Done { file: file_id(id) }) > 0 {
        calls += 1;
    }
    page.pass(200);
    while page.complete(|id| CompleteOutcome::Done { file: file_id(id) }) > 0 {
        calls += 1;
    }
    assert!(calls <= 4, "{calls} calls to complete");
    assert_eq!(page.engine.totals().completed, 40);
}

#[test]
fn digests_known_early_go_with_the_initiate() {
    let mut page = Page::new();
    page.keep_saves = true;
    page.add(A, 1000 * MIB);
    page.prepare_one();
    let first = page.engine.view(A).map(|view| view.parts.count);
    assert_eq!(first, Some(63));
    page.save_all();
    let parts = page.take(|effect| match effect {
        Effect::Initiate { uploads, .. } => Some(uploads[0].first_parts.len()),
        _ => None,
    });
    assert_eq!(parts, Some(1));
}

#[test]
fn one_refused_file_does_not_hold_up_those_begun_with_it() {
    let mut page = Page::new();
    let files = vec![(A, source(MIB)), (B, source(2 * MIB))];
    page.give(Input::Add { room: ROOM, files });
    page.prepare_all();
    page.fail_initiate(api(ErrorCode::FileTooLarge));
    let first = page.fail_initiate_of(A, api(ErrorCode::FileTooLarge));
    assert!(first, "each is tried alone");
    page.run();
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::TooLarge)));
    assert_eq!(page.stage(B), (Stage::Completed, None));
}

#[test]
fn a_file_over_five_tib_is_refused_before_anything_is_asked() {
    let page = Page::adding(MAX_FILE_BYTES + 1);
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::TooLarge)));
    assert!(page.effects.is_empty());
}

#[test]
fn a_plan_other_than_our_own_is_not_followed() {
    let mut page = Page::adding(100 * MIB);
    page.prepare_one();
    let (batch, attempt, mut answer) = page.take_initiate().unwrap();
    answer[0].plan.part_size = 32 * MIB;
    answer[0].plan.part_count = 4;
    page.give(Input::Initiated { batch, attempt, answer: Ok(answer) });
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::ServerError)));
    assert!(page.puts().is_empty());
}

#[test]
fn quota_and_lost_access_stop_without_a_storm_and_can_be_retried() {
    let table = [
        (ErrorCode::QuotaExceeded, Reason::QuotaExceeded),
        (ErrorCode::TooManyUploads, Reason::TooManyUploads),
        (ErrorCode::TokenExpired, Reason::AccessLost),
        (ErrorCode::RoleTooLow, Reason::AccessLost),
        (ErrorCode::NotFound, Reason::AccessLost),
        (ErrorCode::RoomClosed, Reason::RoomClosed),
    ];
    for (code, reason) in table {
        let mut page = Page::adding(MIB);
        page.prepare_all();
        page.fail_initiate(api(code));
        assert_eq!(page.stage(A), (Stage::Failed, Some(reason)));
        page.pass(600_000);
        assert!(page.effects.is_empty(), "{code:?}: tried again by itself");
        assert!(page.view(A).actions.retry);
        page.give(Input::Retry(Which::One(A)));
        page.run();
        assert_eq!(page.stage(A).0, Stage::Completed);
    }
}

#[test]
fn joining_again_retries_what_lost_its_access_in_that_room_and_nothing_else() {
    for (code, goes_on) in [(ErrorCode::TokenExpired, true), (ErrorCode::QuotaExceeded, false)] {
        let mut page = Page::adding(MIB);
        page.prepare_all();
        page.fail_initiate(api(code));
        let room = page.view(A).room;
        page.give(Input::AccessRestored(RoomId::from_bytes([99; 16])));
        assert_eq!(page.stage(A).0, Stage::Failed, "another room");
        page.give(Input::AccessRestored(room));
        page.run();
        assert_eq!(page.stage(A).0 == Stage::Completed, goes_on, "{code:?}");
    }
}

#[test]
fn a_key_used_for_another_body_is_replaced() {
    let mut page = Page::adding(MIB);
    page.prepare_all();
    let before = page.initiate_key();
    page.fail_initiate(api(ErrorCode::IdempotencyMismatch));
    assert_ne!(page.initiate_key(), before);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn a_lost_initiate_is_repeated_with_the_same_key_and_its_old_urls_are_not_used() {
    let mut page = Page::adding(MIB);
    page.prepare_all();
    let key = page.initiate_key();
    page.fail_initiate(CallFault::Network);
    assert_eq!(page.stage(A), (Stage::Waiting, Some(Reason::Retrying)));
    page.pass(1000);
    assert_eq!(page.initiate_key(), key);
    page.initiate();
    assert_eq!((page.puts().len(), page.count(is_sign)), (0, 1));
}
