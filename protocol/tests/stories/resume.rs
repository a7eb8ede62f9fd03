use slipway_protocol::machine::*;
use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::plan::Plan;

use crate::page::*;

/// 100 MiB with three parts stored, then the page is closed and opened again.
fn reloaded() -> (Page, Plan) {
    let mut page = Page::sending(100 * MIB);
    for number in [1, 2, 3] {
        page.prepare_all();
        page.sign_all();
        page.store(Some(number));
    }
    (page.reload(), Plan::new(100 * MIB, None).unwrap())
}

#[test]
fn a_reload_asks_for_one_click_and_sends_only_what_is_missing() {
    let (mut page, plan) = reloaded();
    assert_eq!(page.stage(A), (Stage::NeedsFile, Some(Reason::Reloaded)));
    assert!(page.status(UploadState::Uploading, plan, &[1, 2, 3]), "the status is fetched before any click");
    page.pass(250);
    assert_eq!(page.view(A).bytes, 48 * MIB);
    page.give(Input::Resume(Which::One(A)));
    assert_eq!(page.count(|effect| matches!(effect, Effect::Reopen { .. })), 1);
    page.reopen(A, 100 * MIB);
    let mut sent = page.run();
    sent.sort_unstable();
    assert_eq!(sent, [4, 5, 6, 7]);
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn without_a_handle_the_file_is_picked_again() {
    let mut page = Page::new();
    let file = Source { reopens: false, ..source(100 * MIB) };
    page.give(Input::Add { room: ROOM, files: vec![(A, file)] });
    page.prepare_all();
    let page = page.reload();
    assert_eq!(page.stage(A), (Stage::NeedsFile, Some(Reason::PickAgain)));
    assert!(page.view(A).actions.pick && !page.view(A).actions.resume);
}

#[test]
fn sparse_parts_are_filled_in() {
    let (mut page, plan) = reloaded();
    page.status(UploadState::Uploading, plan, &[1, 3, 7]);
    page.reopen(A, 100 * MIB);
    let mut sent = page.run();
    sent.sort_unstable();
    assert_eq!(sent, [2, 4, 5, 6]);
}

#[test]
fn stored_parts_are_proved_after_the_missing_ones_and_before_complete() {
    let page = Page::sending(33 * MIB);
    let mut page = page.reload();
    let plan = Plan::new(33 * MIB, None).unwrap();
    page.status(UploadState::Uploading, plan, &[1, 2]);
    page.reopen(A, 33 * MIB);
    assert_eq!(page.prepare_one(), Some(3), "promised, and not prepared by this page");
    page.sign_all();
    page.store(Some(3));
    assert_eq!(page.count(|effect| matches!(effect, Effect::Complete { .. })), 0, "completed without proof");
    assert_eq!(page.stage(A), (Stage::Hashing, None));
    page.prepare_all();
    assert_eq!(page.count(|effect| matches!(effect, Effect::Complete { .. })), 1);
}

#[test]
fn what_is_missing_is_hashed_before_what_is_compared() {
    let page = Page::sending(1000 * MIB);
    let mut page = page.reload();
    let stored: Vec<u16> = (1..=62).collect();
    page.status(UploadState::Uploading, Plan::new(1000 * MIB, None).unwrap(), &stored);
    page.reopen(A, 1000 * MIB);
    assert_eq!(page.prepares(), [63]);
}

#[test]
fn another_content_is_refused_and_nothing_is_mixed() {
    let (mut page, plan) = reloaded();
    page.status(UploadState::Uploading, plan, &[1, 2, 3, 4, 5, 6, 7]);
    page.reopen(A, 100 * MIB);
    let attempt = page.take(|effect| match effect {
        Effect::Prepare { part, attempt, .. } if part.get() == 1 => Some(*attempt),
        _ => None,
    });
    page.prepared(A, 1, attempt.unwrap(), digest(77));
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::FileChanged)));
    page.pass(600_000);
    assert_eq!(page.count(|effect| matches!(effect, Effect::Complete { .. } | Effect::Put { .. })), 0);
    page.reopen(A, 100 * MIB);
    page.status(UploadState::Uploading, plan, &[1, 2, 3, 4, 5, 6, 7]);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed, "the right file, picked again, goes on");
}

#[test]
fn another_size_is_refused_at_once() {
    let (mut page, plan) = reloaded();
    page.status(UploadState::Uploading, plan, &[1, 2, 3]);
    page.reopen(A, 100 * MIB - 1);
    assert_eq!(page.stage(A), (Stage::NeedsFile, Some(Reason::DifferentFile)));
    assert!(page.effects.is_empty() && page.view(A).actions.pick);
    page.reopen(A, 100 * MIB);
    page.status(UploadState::Uploading, plan, &[1, 2, 3]);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn a_handle_that_does_not_open_says_why() {
    let table = [
        (ReadFault::Gone, Reason::FileGone),
        (ReadFault::Permission, Reason::PermissionNeeded),
        (ReadFault::Changed, Reason::DifferentFile),
        (ReadFault::Io, Reason::Unreadable),
    ];
    for (fault, reason) in table {
        let (mut page, _) = reloaded();
        page.give(Input::ReopenFailed { id: A, fault });
        assert_eq!(page.stage(A), (Stage::NeedsFile, Some(reason)));
        assert!(page.view(A).actions.pick && page.view(A).actions.resume);
    }
}

#[test]
fn a_page_closed_during_initiate_repeats_key_and_body() {
    let mut page = Page::new();
    let files = vec![(A, source(MIB)), (B, source(2 * MIB))];
    page.give(Input::Add { room: ROOM, files });
    page.prepare_all();
    let before = page.initiate_effect();
    let mut page = page.reload();
    page.reopen(A, MIB);
    assert_eq!(page.initiate_effect(), before);
    page.initiate();
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
    assert_eq!(page.stage(B), (Stage::NeedsFile, Some(Reason::Reloaded)));
}

#[test]
fn a_page_closed_before_initiate_begins_from_nothing() {
    let page = Page::adding(MIB);
    let mut page = page.reload();
    page.reopen(A, MIB);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn a_cancel_is_taken_up_again() {
    let mut page = Page::sending(100 * MIB);
    page.give(Input::Cancel(Which::One(A)));
    let mut page = page.reload();
    assert_eq!(page.stage(A).0, Stage::Cancelled);
    assert!(page.abort(Ok(())));
    assert_eq!(page.forgotten, [A]);
}

#[test]
fn a_pause_outlives_the_page() {
    let mut page = Page::sending(100 * MIB);
    page.give(Input::Pause(Which::All));
    let mut page = page.reload();
    page.reopen(A, 100 * MIB);
    page.status(UploadState::Uploading, Plan::new(100 * MIB, None).unwrap(), &[]);
    assert_eq!(page.stage(A), (Stage::Paused, None));
    assert!(page.effects.is_empty());
}

#[test]
fn closed_while_completing_it_asks_first() {
    let (mut page, plan) = reloaded();
    assert_eq!(page.count(|effect| matches!(effect, Effect::Complete { .. } | Effect::Sign { .. })), 0);
    page.status(UploadState::Completing, plan, &[]);
    assert_eq!(page.stage(A).0, Stage::Completing);
    page.pass(2_100);
    page.status(UploadState::Completed, plan, &[]);
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn a_file_that_was_lost_and_found_is_proved() {
    let mut page = Page::sending(1000 * MIB);
    page.store(Some(1));
    page.fail_prepare(ReadFault::Gone);
    assert_eq!(page.stage(A), (Stage::NeedsFile, Some(Reason::FileGone)));
    page.reopen(A, 1000 * MIB);
    page.status(UploadState::Uploading, Plan::new(1000 * MIB, None).unwrap(), &[1]);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
    assert!(page.read_parts.iter().filter(|number| **number == 1).count() >= 2, "part 1 was not compared");
}

#[test]
fn after_a_reload_the_list_is_in_the_order_of_adding() {
    let ids = [5, 9, 2, 7].map(LocalId);
    let mut page = Page::new();
    page.wall = 1_000_000;
    page.give(Input::Add { room: ROOM, files: ids.map(|id| (id, source(MIB))).into() });
    let mut page = page.reload_by_id();
    assert_eq!(page.engine.views().iter().map(|view| view.id).collect::<Vec<_>>(), ids);
    let numbers: Vec<_> = ids.iter().map(|id| page.view(*id).number).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");

    // What a page adds comes behind what earlier ones did, also where nothing of them is left.
    assert!(numbers[0] > 1_000_000, "{numbers:?}");
    // And whatever the clock says now.
    page.wall = 0;
    page.add(LocalId(1), MIB);
    assert!(page.view(LocalId(1)).number > numbers[3]);
}

/// Earlier pages wrote no places.
#[test]
fn uploads_without_a_place_are_listed_first() {
    let mut page = Page::new();
    page.add(A, MIB);
    page.add(B, MIB);
    for (id, record) in &mut page.records {
        if let (Record::Upload(head), B) = (record, *id) {
            head.number = 0;
        }
    }
    let page = page.reload();
    assert_eq!(page.engine.views().iter().map(|view| view.id).collect::<Vec<_>>(), [B, A]);
    assert_eq!((page.view(B).number, page.view(A).number), (0, 1));
}

#[test]
fn a_cancelled_row_that_was_put_away_does_not_come_back_and_its_abort_does() {
    let mut page = Page::sending(100 * MIB);
    page.give(Input::Cancel(Which::One(A)));
    page.give(Input::Dismiss(A));
    let mut page = page.reload();
    assert!(page.engine.views().is_empty());
    assert!(page.abort(Ok(())));
    assert_eq!(page.forgotten, [A]);
}
