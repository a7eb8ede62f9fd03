use slipway_protocol::machine::*;
use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::plan::Plan;

use crate::page::*;

fn is_abort(effect: &Effect) -> bool {
    matches!(effect, Effect::AbortUpload { .. })
}

#[test]
fn pause_drops_what_is_in_flight_and_nothing_overrules_it() {
    let mut page = Page::sending(100 * MIB);
    page.give(Input::Pause(Which::All));
    assert_eq!(page.stage(A), (Stage::Paused, None));
    assert!(page.puts().is_empty() && page.prepares().is_empty());
    for input in [Input::Online, Input::Slept, Input::Tick, Input::Retry(Which::All), Input::Owned(A)] {
        page.give(input);
        page.pass(60_000);
    }
    assert!(page.puts().is_empty() && page.prepares().is_empty());
    page.give(Input::Resume(Which::All));
    page.status(UploadState::Uploading, Plan::new(100 * MIB, None).unwrap(), &[]);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn what_arrived_in_spite_of_the_pause_is_not_sent_again() {
    let mut page = Page::sending(100 * MIB);
    let sent = page.puts()[0].0;
    page.give(Input::Pause(Which::All));
    page.give(Input::Resume(Which::All));
    assert!(page.puts().is_empty(), "nothing is sent before it is known what has arrived");
    page.status(UploadState::Uploading, Plan::new(100 * MIB, None).unwrap(), &[sent]);
    assert!(page.puts().iter().all(|(number, _)| *number != sent));
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn cancel_shows_at_once_and_is_repeated_until_it_is_confirmed() {
    let mut page = Page::sending(100 * MIB);
    page.give(Input::Cancel(Which::One(A)));
    assert_eq!(page.stage(A), (Stage::Cancelled, None));
    assert!(page.puts().is_empty());
    for _ in 0..3 {
        assert!(page.abort(Err(CallFault::Network)));
        assert!(page.forgotten.is_empty());
        page.pass(5_000);
    }
    assert!(page.abort(Ok(())));
    assert_eq!(page.forgotten, [A]);
}

/// A page opened after the abort would take it for another member's.
#[test]
fn a_cancel_is_on_disk_before_the_abort_goes_out() {
    let mut page = Page::sending(100 * MIB);
    page.keep_saves = true;
    page.give(Input::Cancel(Which::One(A)));
    assert_eq!((page.stage(A), page.count(is_abort)), ((Stage::Cancelled, None), 0));
    let (id, save) = page.take(saving).expect("the cancel is written");
    assert_eq!(page.count(is_abort), 0);
    page.give(Input::Saved { id, save });
    assert_eq!(page.count(is_abort), 1);
}

#[test]
fn what_is_gone_already_is_aborted_well_enough() {
    for code in [ErrorCode::NotFound, ErrorCode::UploadAborted, ErrorCode::UploadExpired] {
        let mut page = Page::sending(100 * MIB);
        page.give(Input::Cancel(Which::One(A)));
        page.abort(Err(api(code)));
        assert_eq!(page.forgotten, [A], "{code:?}");
    }
}

#[test]
fn cancelled_too_late_it_shows_as_completed() {
    let mut page = Page::sending(MIB);
    page.give(Input::Cancel(Which::One(A)));
    page.abort(Err(api(ErrorCode::UploadCompleted)));
    assert_eq!(page.stage(A), (Stage::Completed, None));
}

#[test]
fn cancelled_while_it_is_begun_it_is_removed_once_it_has_a_name() {
    let mut page = Page::adding(MIB);
    page.prepare_all();
    page.give(Input::Cancel(Which::One(A)));
    assert_eq!((page.count(is_abort), page.stage(A).0), (0, Stage::Cancelled));
    page.initiate();
    assert_eq!((page.count(is_abort), page.puts().len()), (1, 0));
    page.abort(Ok(()));
    assert_eq!(page.forgotten, [A]);
}

#[test]
fn cancelled_before_it_is_begun_it_leaves_nothing() {
    let mut page = Page::adding(MIB);
    page.give(Input::Cancel(Which::One(A)));
    assert_eq!((page.stage(A).0, page.count(is_abort)), (Stage::Cancelled, 0));
    assert_eq!(page.forgotten, [A]);
}

#[test]
fn a_dismissed_row_is_gone_and_its_abort_goes_on() {
    let mut page = Page::sending(MIB);
    page.give(Input::Cancel(Which::One(A)));
    page.give(Input::Dismiss(A));
    assert_eq!(page.engine.view(A), None);
    assert!(page.engine.views().is_empty());
    assert!(page.abort(Ok(())));
    assert_eq!((page.forgotten.as_slice(), page.engine.load().uploads), ([A].as_slice(), 0));
}

#[test]
fn a_running_row_cannot_be_dismissed() {
    let mut page = Page::sending(MIB);
    page.give(Input::Dismiss(A));
    assert_eq!(page.stage(A).0, Stage::Uploading);
}

#[test]
fn a_cap_spreads_the_parts_over_time() {
    let mut page = Page::adding(160 * MIB);
    page.give(Input::Cap(Some(16 * MIB)));
    let from = page.now;
    page.run_with_time();
    let seconds = (page.now - from) / 1000;
    assert!((8..=12).contains(&seconds), "160 MiB at 16 MiB/s took {seconds} s");
}

#[test]
fn offline_waits_and_costs_no_attempt() {
    let mut page = Page::sending(100 * MIB);
    page.give(Input::Offline);
    while page.fail_put(PutFault::Network).is_some() {}
    assert_eq!(page.stage(A), (Stage::Waiting, Some(Reason::Offline)));
    for _ in 0..120 {
        page.pass(30_000);
        page.sign_quietly();
        while page.fail_put(PutFault::Network).is_some() {}
    }
    assert_eq!(page.stage(A), (Stage::Waiting, Some(Reason::Offline)), "an hour offline is no failure");
    page.give(Input::Online);
    page.sign_all();
    assert!(!page.puts().is_empty(), "it goes on at once");
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn a_browser_that_is_wrong_about_being_offline_is_found_out() {
    let mut page = Page::adding(MIB);
    page.give(Input::Offline);
    page.prepare_all();
    assert_eq!(page.initiate(), 0);
    page.pass(31_000);
    assert_eq!(page.initiate(), 1, "one try in half a minute");
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn a_browser_that_says_it_is_offline_again_and_again_is_found_out_as_early() {
    let mut page = Page::adding(MIB);
    page.give(Input::Offline);
    page.prepare_all();
    page.pass(20_000);
    page.give(Input::Offline);
    page.pass(11_000);
    assert_eq!(page.initiate(), 1, "half a minute after it said so first");
}

#[test]
fn after_sleep_every_lane_starts_again_with_new_urls() {
    let mut page = Page::adding(1000 * MIB);
    page.grow();
    let before = page.puts();
    page.give(Input::Slept);
    assert_eq!(page.count(|effect| matches!(effect, Effect::DropPut { .. })), before.len());
    assert!(page.puts().is_empty(), "no URL of before is used");
    // One of those in flight had arrived before the sleep; its answer was lost.
    let arrived = before.iter().map(|(part, _)| *part).min().unwrap();
    let plan = Plan::new(1000 * MIB, None).unwrap();
    let stored: Vec<u16> = (1..=arrived).collect();
    assert!(page.status(UploadState::Uploading, plan, &stored), "storage is not asked what has arrived");
    let mut signed = vec![];
    while let batch = page.sign_one(900)
        && !batch.is_empty()
    {
        signed.extend(batch);
    }
    let sent = page.puts();
    assert!(sent.iter().all(|put| !before.contains(put)) && !sent.is_empty());
    assert!(sent.iter().all(|(part, _)| signed.contains(part)), "a URL of before is used: {sent:?}, {signed:?}");
    assert!(page.puts().iter().all(|(part, _)| *part > arrived), "{arrived} is sent again: {:?}", page.puts());
    assert_eq!(page.stage(A), (Stage::Uploading, None));
}

#[test]
fn what_was_cancelled_and_another_tab_has_can_only_be_put_away() {
    let mut page = Page::sending(100 * MIB);
    page.give(Input::Cancel(Which::All));
    page.give(Input::OwnedElsewhere(A));
    assert_eq!(page.stage(A).0, Stage::Cancelled);
    assert_eq!(page.view(A).actions, Actions { dismiss: true, ..Actions::default() });
}

#[test]
fn another_tab_sends_and_this_one_only_shows() {
    let mut page = Page::sending(100 * MIB);
    page.give(Input::OwnedElsewhere(A));
    assert_eq!(page.stage(A), (Stage::Waiting, Some(Reason::OtherTab)));
    let actions = page.view(A).actions;
    assert_eq!(actions, Actions { take_over: true, ..Actions::default() });
    page.effects.clear();
    page.pass(600_000);
    page.give(Input::Resume(Which::All));
    page.give(Input::Cancel(Which::All));
    assert!(page.effects.is_empty());
}

/// A row of an earlier page that waits for its file, and that another tab sends.
fn closed_and_elsewhere() -> Page {
    let mut page = Page::sending(100 * MIB).reload();
    assert_eq!(page.stage(A).0, Stage::NeedsFile);
    page.give(Input::OwnedElsewhere(A));
    page.effects.clear();
    page.records.clear();
    page
}

#[test]
fn a_file_opened_for_another_tabs_upload_writes_nothing_of_it() {
    let mut page = closed_and_elsewhere();
    page.give(Input::Reopened { id: A, source: Source { reopens: false, ..source(100 * MIB) } });
    page.pass(600_000);
    assert!(page.effects.is_empty() && page.records.is_empty(), "{:?} {:?}", page.effects, page.records);
    assert_eq!(page.stage(A), (Stage::Waiting, Some(Reason::OtherTab)));
    page.give(Input::Owned(A));
    assert!(page.status(UploadState::Uploading, Plan::new(100 * MIB, None).unwrap(), &[1]));
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed, "the file is open here");
}

#[test]
fn another_file_opened_for_another_tabs_upload_is_not_sent_when_this_tab_has_it() {
    let mut page = closed_and_elsewhere();
    page.give(Input::Reopened { id: A, source: source(100 * MIB) });
    page.give(Input::Reopened { id: A, source: source(99 * MIB) });
    assert!(page.records.is_empty());
    page.give(Input::Owned(A));
    assert_eq!(page.stage(A), (Stage::NeedsFile, Some(Reason::DifferentFile)));
}

#[test]
fn queued_twice_since_another_tab_had_it_it_has_one_place() {
    let mut page = Page::new();
    (0..6).for_each(|at| page.add(LocalId(at + 1), 100 * MIB));
    let (twice, next) = (LocalId(5), LocalId(6));
    page.give(Input::OwnedElsewhere(twice));
    let head = page.records.iter().rev().find_map(|(id, record)| match record {
        Record::Upload(head) if *id == twice => Some(head.clone()),
        _ => None,
    });
    let plan = Plan::new(100 * MIB, None).unwrap();
    let server = ServerSide { upload: upload_id(twice), file: file_id(twice), plan };
    let head = UploadRecord { server: Some(server), ..head.unwrap() };
    page.give(Input::Restore { uploads: vec![Checkpoint { head, parts: vec![] }] });
    page.give(Input::Reopened { id: twice, source: source(100 * MIB) });
    // The answers of the disk would have the places counted again.
    page.keep_saves = true;
    page.give(Input::Cancel(Which::One(A)));
    assert_ne!(page.stage(twice).0, Stage::Queued);
    page.give(Input::Cancel(Which::One(B)));
    assert_ne!(page.stage(next).0, Stage::Queued, "the second place is the next file's");
}

#[test]
fn taken_over_it_looks_up_and_proves_what_the_other_tab_sent() {
    let mut page = Page::sending(100 * MIB);
    page.give(Input::OwnedElsewhere(A));
    page.effects.clear();
    page.give(Input::Owned(A));
    assert!(page.status(UploadState::Uploading, Plan::new(100 * MIB, None).unwrap(), &[1, 2, 3]));
    let mut sent = page.run();
    sent.sort_unstable();
    assert_eq!(sent, [4, 5, 6, 7]);
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn cancelled_during_complete_it_stays_cancelled_unless_it_was_too_late() {
    for is_done in [false, true] {
        let mut page = Page::sending(MIB);
        page.store(None);
        page.give(Input::Cancel(Which::One(A)));
        let expired = CompleteOutcome::Refused(api(ErrorCode::UploadExpired));
        page.complete(|id| if is_done { CompleteOutcome::Done { file: file_id(id) } } else { expired.clone() });
        assert_eq!(page.stage(A).0, if is_done { Stage::Completed } else { Stage::Cancelled });
    }
}
