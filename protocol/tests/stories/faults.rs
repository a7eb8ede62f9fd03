use slipway_protocol::machine::*;
use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::plan::Plan;

use crate::page::*;

#[test]
fn a_cut_connection_is_tried_again_after_a_wait() {
    let mut page = Page::sending(100 * MIB);
    let part = page.fail_put(PutFault::Network).unwrap();
    let waits: Vec<u16> = page.puts().into_iter().map(|(number, _)| number).collect();
    assert!(!waits.contains(&part), "sent again at once");
    page.pass(1_000);
    assert!(page.run().contains(&part));
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn a_server_that_asks_for_less_gets_fewer_lanes() {
    let mut page = Page::adding(1000 * MIB);
    page.grow();
    assert_eq!(page.puts().len(), 4);
    page.fail_put(http(503, "SlowDown"));
    page.pass(1_000);
    page.sign_all();
    while page.puts().len() > 2 {
        page.store(None);
        page.sign_all();
    }
    page.store(None);
    page.sign_all();
    page.prepare_all();
    page.sign_all();
    assert!(page.puts().len() <= 2, "{} PUTs after a 503", page.puts().len());
}

#[test]
fn an_expired_url_is_signed_again_and_costs_no_attempt() {
    for fault in [http(403, "AccessDenied"), PutFault::Network, http(400, "ExpiredToken")] {
        let mut page = Page::sending(MIB);
        page.sent_all_the_way();
        page.now += 901_000;
        let now = page.now;
        page.fail_put(fault);
        assert_ne!(page.stage(A).0, Stage::Waiting);
        assert_eq!(page.sign_one(900), [1]);
        assert_eq!((page.puts().len(), page.now), (1, now), "no wait");
    }
}

#[test]
fn urls_that_are_always_expired_do_not_loop_without_a_wait() {
    let mut page = Page::sending(MIB);
    let mut tries = 0;
    for _ in 0..100 {
        if page.fail_put(http(403, "ExpiredToken")).is_none() {
            break;
        }
        tries += 1;
        page.sign_all();
    }
    assert!(tries <= 4, "{tries} tries in no time");
}

#[test]
fn a_url_about_to_run_out_is_not_used() {
    let mut page = Page::adding(100 * MIB);
    page.prepare_all();
    page.initiate();
    page.give(Input::Cap(Some(1_000_000)));
    page.store(None);
    page.sign_one(900);
    assert_eq!(page.puts().len(), 1);
    page.now += 880_000;
    page.store(None);
    assert!(page.puts().is_empty(), "20 s are too short");
    assert!(!page.sign_one(900).is_empty());
    assert_eq!(page.puts().len(), 1);
}

#[test]
fn a_url_with_a_short_life_is_used_and_not_signed_over_and_over() {
    let mut page = Page::sending(MIB);
    page.now += 901_000;
    page.fail_put(http(403, "AccessDenied"));
    assert_eq!(page.sign_one(3), [1]);
    assert_eq!(page.puts().len(), 1);
}

#[test]
fn a_client_clock_wrong_by_hours_changes_nothing() {
    let mut page = Page::adding(MIB);
    page.wall = 4_000_000_000_000;
    page.prepare_all();
    page.wall = 0;
    page.initiate();
    page.wall = u64::MAX;
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn bytes_changed_on_the_wire_are_hashed_and_sent_again() {
    let mut page = Page::sending(MIB);
    page.fail_put(http(400, "BadDigest"));
    assert_eq!(page.prepares(), [1]);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn an_etag_other_than_our_md5_is_not_stored() {
    let mut page = Page::sending(MIB);
    let (part, attempt) = page.puts()[0];
    let etag = Some("\"d41d8cd98f00b204e9800998ecf8427e\"".into());
    page.give(Input::Stored { id: A, part: self::part(part), attempt, etag });
    assert_eq!(page.prepares(), [1]);
    assert_eq!(page.view(A).parts.stored, 0);
}

#[test]
fn an_etag_hidden_by_cors_counts() {
    let mut page = Page::sending(MIB);
    let (part, attempt) = page.puts()[0];
    page.give(Input::Stored { id: A, part: self::part(part), attempt, etag: None });
    assert_eq!(page.view(A).parts.stored, 1);
}

#[test]
fn another_md5_than_promised_stops_and_says_that_the_file_changed() {
    let mut page = Page::sending(100 * MIB);
    page.fail_put(http(400, "BadDigest"));
    let attempt = page.take(|effect| match effect {
        Effect::Prepare { part, attempt, .. } if part.get() == 1 => Some(*attempt),
        _ => None,
    });
    page.prepared(A, 1, attempt.unwrap(), digest(99));
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::FileChanged)));
    assert!(page.puts().is_empty() && page.view(A).actions.pick && page.view(A).actions.cancel);
}

#[test]
fn the_functions_may_say_it_too() {
    let mut page = Page::adding(100 * MIB);
    page.prepare_all();
    page.initiate();
    page.fail_sign(api(ErrorCode::FileChanged));
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::FileChanged)));
}

#[test]
fn a_slice_that_cannot_be_read_asks_the_user() {
    let table = [(ReadFault::Gone, Reason::FileGone), (ReadFault::Permission, Reason::PermissionNeeded)];
    for (fault, reason) in table {
        let mut page = Page::sending(100 * MIB);
        page.fail_put(PutFault::Read(fault));
        assert_eq!(page.stage(A), (Stage::NeedsFile, Some(reason)));
        assert!(page.puts().is_empty() && page.view(A).actions.pick);
    }
}

#[test]
fn a_disk_that_fails_to_read_is_tried_a_few_times() {
    let mut page = Page::adding(MIB);
    let mut tries = 0;
    while page.fail_prepare(ReadFault::Io) {
        tries += 1;
        page.pass(20_000);
    }
    assert_eq!((tries, page.stage(A)), (5, (Stage::NeedsFile, Some(Reason::Unreadable))));
}

#[test]
fn parts_that_cannot_be_read_at_the_same_time_count_once() {
    let mut page = Page::reading_many();
    while page.fail_prepare(ReadFault::Io) {}
    assert_eq!(page.stage(A).1, None, "one hiccup of the disk");
    page.pass(20_000);
    assert!(!page.prepares().is_empty(), "read again");
}

#[test]
fn what_was_being_read_when_the_disk_failed_counts_with_it() {
    let mut page = Page::reading_many();
    let mut old = page.effects.iter().filter_map(reading).collect::<Vec<_>>().into_iter();
    let mut fail = |page: &mut Page| {
        let (part, attempt) = old.next().unwrap();
        page.give(Input::PrepareFailed { id: A, part, attempt, fault: ReadFault::Io });
    };
    // One after the other: each wait is over before the next one fails.
    for _ in 0..6 {
        fail(&mut page);
        page.pass(5_000);
    }
    assert_ne!(page.stage(A).1, Some(Reason::Unreadable), "one hiccup of the disk");
}

fn reading(effect: &Effect) -> Option<(PartNumber, Attempt)> {
    match effect {
        Effect::Prepare { part, attempt, .. } => Some((*part, *attempt)),
        _ => None,
    }
}

#[test]
fn a_disk_that_hangs_is_named_after_some_minutes() {
    let mut page = Page::adding(100 * MIB);
    page.pass(4 * 60_000);
    assert_eq!(page.stage(A).1, None, "tried again");
    page.pass(4 * 60_000);
    assert_eq!(page.stage(A), (Stage::NeedsFile, Some(Reason::Unreadable)));
}

#[test]
fn parts_that_stall_at_the_same_time_count_once() {
    let mut page = Page::reading_many();
    let before = page.prepares().len();
    page.pass(61_000);
    assert_ne!(page.stage(A).1, Some(Reason::Unreadable), "{before} parts stalled, once each");
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn a_reading_that_was_dropped_tells_nothing() {
    let mut page = Page::adding(100 * MIB);
    let old = page.take(|effect| match effect {
        Effect::Prepare { attempt, .. } => Some(*attempt),
        _ => None,
    });
    page.give(Input::Pause(Which::All));
    page.give(Input::Resume(Which::All));
    let before = page.prepares();
    page.prepared(A, 1, old.unwrap(), digest(99));
    page.give(Input::PrepareFailed { id: A, part: part(1), attempt: old.unwrap(), fault: ReadFault::Gone });
    assert_eq!((page.prepares(), page.stage(A)), (before, (Stage::Hashing, None)));
}

#[test]
fn a_call_that_was_given_up_tells_nothing() {
    let mut page = Page::adding(MIB);
    page.prepare_all();
    let (batch, attempt, _) = page.take_initiate().unwrap();
    page.pass(61_000);
    page.give(Input::Initiated { batch, attempt, answer: Err(api(ErrorCode::QuotaExceeded)) });
    assert_ne!(page.stage(A).0, Stage::Failed);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn an_upload_that_storage_does_not_know_is_looked_up() {
    let plan = Plan::new(100 * MIB, None).unwrap();
    let table = [
        (UploadState::Completed, (Stage::Completed, Some(Reason::CompletedElsewhere))),
        (UploadState::Aborted, (Stage::Cancelled, Some(Reason::AbortedElsewhere))),
        (UploadState::Expired, (Stage::Expired, Some(Reason::Expired))),
        (UploadState::Failed, (Stage::Failed, Some(Reason::Corrupted))),
    ];
    for (state, stage) in table {
        let mut page = Page::sending(100 * MIB);
        while page.fail_put(http(404, "NoSuchUpload")).is_some() {}
        assert!(page.status(state, plan, &[]), "no status was fetched");
        assert_eq!(page.stage(A), stage);
    }
}

#[test]
fn a_single_put_that_was_there_before_is_looked_up() {
    let mut page = Page::sending(MIB);
    page.fail_put(http(412, "PreconditionFailed"));
    assert!(page.status(UploadState::Uploading, Plan::new(MIB, None).unwrap(), &[1]));
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn storage_that_refuses_for_good_is_named() {
    let mut page = Page::sending(100 * MIB);
    page.fail_put(http(403, "SignatureDoesNotMatch"));
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::StorageRefused)));
    page.pass(600_000);
    assert!(page.puts().is_empty());
}

#[test]
fn what_storage_lost_is_sent_again() {
    let mut page = Page::adding(33 * MIB);
    page.grow();
    page.store(Some(1));
    page.store(Some(2));
    page.fail_put(http(404, "NoSuchUpload"));
    assert!(page.status(UploadState::Uploading, Plan::new(33 * MIB, None).unwrap(), &[2]));
    page.pass(1_000);
    let mut sent = page.run();
    sent.sort_unstable();
    assert_eq!((sent, page.stage(A).0), (vec![1, 3], Stage::Completed));
}
