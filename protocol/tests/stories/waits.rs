//! Watchdogs, waits, and what counts as progress.

use slipway_protocol::machine::*;
use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::plan::Plan;

use crate::page::*;

#[test]
fn a_stall_is_aborted_and_sent_again_with_twice_the_patience() {
    let mut page = Page::sending(MIB);
    page.pass(29_000);
    assert_eq!(page.puts().len(), 1);
    page.pass(1_500);
    page.pass(2_000);
    page.sign_all();
    let second = page.puts()[0].1;
    page.pass(55_000);
    assert_eq!(page.puts(), [(1, second)], "30 s would have been over long ago");
    page.pass(6_000);
    assert_ne!(page.puts(), [(1, second)]);
}

#[test]
fn moving_bytes_keep_the_watchdog_quiet() {
    let mut page = Page::sending(MIB);
    let before = page.puts();
    for step in 1..=20 {
        page.pass(25_000);
        page.give(Input::Sent { id: A, part: part(1), attempt: before[0].1, bytes: step * 1000 });
    }
    assert_eq!(page.puts(), before);
}

#[test]
fn minutes_without_progress_open_the_circuit_and_retry_closes_it() {
    let mut page = Page::sending(MIB);
    let mut tries = 0;
    while page.stage(A).0 != Stage::Failed {
        tries += u32::from(page.fail_put(PutFault::Network).is_some());
        page.pass(500);
        page.sign_all();
    }
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::NoProgress)));
    assert!((300_000..400_000).contains(&page.now), "opened after {} ms", page.now);
    assert!(tries < 60, "{tries} tries in five minutes");
    page.give(Input::Retry(Which::One(A)));
    page.status(UploadState::Uploading, Plan::new(MIB, None).unwrap(), &[]);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn bytes_sent_again_are_no_progress_and_a_new_highest_offset_is() {
    for (is_new, stopped) in [(false, true), (true, false)] {
        let mut page = Page::sending(MIB);
        for round in 0..60_u64 {
            if let Some((number, attempt)) = page.puts().first().copied() {
                let bytes = if is_new { round * 1000 } else { 500 };
                page.give(Input::Sent { id: A, part: part(number), attempt, bytes });
                page.fail_put(PutFault::Network);
            }
            page.pass(10_000);
            page.sign_all();
        }
        assert_eq!(page.stage(A).0 == Stage::Failed, stopped, "new offsets: {is_new}");
    }
}

#[test]
fn an_answer_to_an_older_attempt_changes_nothing() {
    let mut page = Page::sending(MIB);
    let (_, old) = page.puts()[0];
    page.fail_put(PutFault::Network);
    let before = page.view(A);
    page.give(Input::Stored { id: A, part: part(1), attempt: old, etag: None });
    page.give(Input::PutFailed { id: A, part: part(1), attempt: old, fault: http(403, "AccessDenied") });
    page.give(Input::Sent { id: A, part: part(1), attempt: old, bytes: MIB });
    assert_eq!(page.view(A), before);
}

#[test]
fn every_call_has_a_watchdog() {
    let mut page = Page::adding(100 * MIB);
    let kinds: [fn(&Effect) -> bool; 4] = [
        |effect| matches!(effect, Effect::Prepare { .. }),
        |effect| matches!(effect, Effect::Initiate { .. }),
        |effect| matches!(effect, Effect::Sign { .. }),
        |effect| matches!(effect, Effect::Complete { .. }),
    ];
    for is_kind in kinds {
        while page.count(is_kind) == 0 {
            let moved = page.prepare_one().is_some() || page.initiate() > 0 || page.store(None).is_some();
            assert!(moved || !page.sign_one(900).is_empty(), "nothing leads to the next call");
        }
        page.effects.retain(|effect| !is_kind(effect));
        page.pass(100_000);
        assert!(page.count(is_kind) > 0, "it is not asked again");
    }
}

#[test]
fn a_refused_call_waits_as_long_as_it_is_told() {
    let mut page = Page::adding(100 * MIB);
    page.prepare_all();
    page.initiate();
    let fault = CallFault::Api { status: 429, code: ErrorCode::RateLimited, retry_after: Some(20), parts: vec![] };
    page.fail_sign(fault);
    page.pass(19_900);
    assert_eq!(page.count(|effect| matches!(effect, Effect::Sign { .. })), 0);
    page.pass(700);
    assert_eq!(page.count(|effect| matches!(effect, Effect::Sign { .. })), 1);
}

/// Everything fails for ten minutes; how many tries there were.
fn tries_in_ten_minutes(page: &mut Page, is_put: bool) -> usize {
    let mut tries = 0;
    let end = page.now + 600_000;
    while page.now < end {
        page.prepare_all();
        if is_put {
            page.initiate();
            page.sign_all();
            while page.fail_put(PutFault::Network).is_some() {
                tries += 1;
            }
        } else if page.count(|effect| matches!(effect, Effect::Initiate { .. })) > 0 {
            page.fail_initiate(CallFault::Network);
            tries += 1;
        }
        page.pass(100);
    }
    tries
}

#[test]
fn an_outage_of_storage_or_functions_is_no_storm_however_many_files_wait() {
    for is_put in [true, false] {
        let mut page = Page::new();
        let mut files: Vec<_> = (10..210).map(|id| (LocalId(id), source(MIB))).collect();
        files.push((A, source(1000 * MIB)));
        page.give(Input::Add { room: ROOM, files });
        let tries = tries_in_ten_minutes(&mut page, is_put);
        assert!((10..150).contains(&tries), "{tries} tries in ten minutes, PUTs: {is_put}");
    }
}

#[test]
fn a_part_that_always_fails_does_not_hold_up_the_others_nor_hammer_storage() {
    let mut page = Page::adding(1000 * MIB);
    let (mut tries, mut stored) = (0, 0);
    for _ in 0..600 {
        page.grow();
        let Some((number, attempt)) = page.puts().first().copied() else {
            page.pass(100);
            continue;
        };
        if number == 5 {
            page.effects.retain(|effect| !matches!(effect, Effect::Put { attempt: other, .. } if *other == attempt));
            page.give(Input::PutFailed { id: A, part: part(5), attempt, fault: http(500, "InternalError") });
            tries += 1;
        } else {
            stored += usize::from(page.store(Some(number)).is_some());
        }
        page.pass(100);
    }
    assert_eq!(stored, 62, "all but one");
    assert!(tries < 20, "{tries} tries of one part in a minute");
}
