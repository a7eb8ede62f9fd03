//! What is hashed and signed ahead, and how much of it.

use slipway_protocol::machine::*;
use slipway_protocol::wire::id::PartNumber;

use crate::page::*;

#[test]
fn hashing_stays_a_bounded_number_of_parts_ahead() {
    let mut page = Page::adding(4000 * MIB);
    page.prepare_all();
    // 1, 2, 4, and 4 more before half of the window of 4 + 12 is full.
    assert_eq!(page.read_parts.len(), 11, "hashed, and none sent");
}

/// Each try gets farther than the one before, so storage counts as healthy, and the parts wait longer and longer.
#[test]
fn hashing_stays_bounded_while_every_put_is_cut() {
    let mut page = Page::sending(4000 * MIB);
    for cut in 1..60 {
        page.prepare_all();
        page.sign_all();
        let (number, attempt) = page.puts()[0];
        page.give(Input::Sent { id: A, part: part(number), attempt, bytes: cut << 16 });
        page.fail_put(PutFault::Network);
        let hashed = page.held.len();
        assert!(hashed <= 6 + 6 + 12, "{hashed} parts hashed, and none stored");
        if page.puts().is_empty() {
            page.pass(1000);
        }
    }
}

#[test]
fn hashing_stays_a_gibibyte_ahead_with_large_parts() {
    let mut page = Page::adding(1 << 40);
    let mut hashed = 0;
    while page.prepare_one().is_some() {
        hashed += 1;
    }
    assert_eq!(hashed, 5, "parts of 128 MiB, of which half a gibibyte lets no more begin");
}

#[test]
fn the_largest_parts_are_still_hashed_one_ahead() {
    let mut page = Page::adding(5 << 40);
    let mut hashed = 0;
    while page.prepare_one().is_some() {
        hashed += 1;
    }
    assert_eq!(hashed, 2, "parts of 528 MiB");
}

#[test]
fn at_most_eight_parts_are_hashed_at_once() {
    let mut page = Page::new();
    let files = (1..=30).map(|id| (LocalId(id), source(MIB))).collect();
    page.give(Input::Add { room: ROOM, files });
    assert_eq!(page.prepares().len(), 8);
}

#[test]
fn no_more_is_signed_than_is_about_to_be_sent() {
    let mut page = Page::adding(4000 * MIB);
    page.prepare_all();
    page.initiate();
    page.prepare_all();
    let mut signed = 1;
    loop {
        let batch = page.sign_one(900);
        if batch.is_empty() {
            break;
        }
        signed += batch.len();
    }
    assert_eq!(page.puts().len(), 4);
    assert!((5..=10).contains(&signed), "{signed} parts signed for 4 lanes");
}

#[test]
fn no_lane_waits_for_a_url() {
    let mut page = Page::adding(1000 * MIB);
    page.grow();
    for _ in 0..40 {
        page.store(None);
        let in_flight = page.puts().len();
        assert!(in_flight >= 4, "{in_flight} lanes busy before any new URL came");
        page.prepare_all();
        page.sign_all();
    }
}

#[test]
fn only_what_is_on_disk_is_promised() {
    let mut page = Page::new();
    page.keep_saves = true;
    page.add(A, 100 * MIB);
    page.prepare_one();
    assert_eq!(page.initiate(), 0, "begun before it was written down");
    page.save_all();
    assert_eq!(page.initiate(), 1);
    page.prepare_one();
    assert!(page.puts().is_empty() && page.sign_one(900).is_empty(), "sent before it was written down");
    page.save_all();
    assert_eq!(page.puts().len(), 1);
    assert!(!page.sign_one(900).is_empty());
}

/// A file that is stored and forgotten before another's record names its upload would leave that one without its batch.
#[test]
fn nothing_is_sent_before_the_records_of_all_that_were_begun_together() {
    let mut page = Page::new();
    page.keep_saves = true;
    page.give(Input::Add { room: ROOM, files: vec![(A, source(MIB)), (B, source(2 * MIB))] });
    page.prepare_all();
    page.save_all();
    page.pass(200);
    assert_eq!(page.initiate(), 2, "both in one call");
    let of_a = |effect: &Effect| saving(effect).filter(|(id, _)| *id == A);
    while let Some((id, save)) = page.take(of_a) {
        page.give(Input::Saved { id, save });
    }
    page.pass(200);
    assert!(page.puts().is_empty(), "A was sent before B's record was on disk");
    page.save_all();
    assert_eq!(page.puts().len(), 2);
}

#[test]
fn a_disk_that_refuses_costs_the_resume_and_nothing_else() {
    let mut page = Page::new();
    page.keep_saves = true;
    page.add(A, 100 * MIB);
    page.refuse_saves();
    assert!(!page.view(A).resumable);
    page.keep_saves = false;
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
}

#[test]
fn a_disk_that_is_silent_holds_nothing_up_for_long() {
    let mut page = Page::new();
    page.keep_saves = true;
    page.add(A, MIB);
    page.prepare_all();
    page.pass(15_100);
    assert_eq!(page.initiate(), 1);
    assert!(!page.view(A).resumable);
}

#[test]
fn a_timer_that_rings_early_is_set_again() {
    let mut page = Page::sending(MIB);
    let at = page.wake_at.take().unwrap();
    page.now = at - 1;
    page.give(Input::Tick);
    assert!(page.wake_at.is_some(), "no wake-up is scheduled");
}

#[test]
fn stored_parts_are_compared_while_the_missing_ones_are_sent() {
    let page = Page::sending(1000 * MIB);
    let mut page = page.reload();
    let plan = slipway_protocol::wire::plan::Plan::new(1000 * MIB, None).unwrap();
    let stored: Vec<u16> = (1..=20).collect();
    page.status(slipway_protocol::wire::UploadState::Uploading, plan, &stored);
    page.reopen(A, 1000 * MIB);
    page.grow();
    assert_eq!(page.puts().len(), 4);
    let compared = page.read_parts.iter().filter(|number| **number <= 20).count();
    assert!(compared > 0, "hashing waits for lanes that are busy sending");
}

/// Eight streams in step cost hardly more than one: parts are not begun one by one as PUTs end.
#[test]
fn parts_of_a_large_file_begin_to_be_hashed_together() {
    let mut page = Page::sending(4000 * MIB);
    page.prepare_all();
    let (mut begun, mut sent) = (Vec::new(), 0);
    while sent < 100 {
        page.sign_all();
        assert!(page.store(None).is_some(), "a lane waits for the hash after {sent} parts");
        sent += 1;
        let waiting = page.prepares().len();
        if waiting > 0 {
            begun.push(waiting);
            page.prepare_all();
        }
    }
    // The first PUTs let the lanes grow, and the window with them.
    let few = begun.iter().filter(|together| **together < 6).count();
    assert!(few <= 2, "begun at once: {begun:?}");
}

#[test]
fn another_large_file_begins_beside_one_that_is_being_hashed() {
    let mut page = Page::reading_many();
    // Some are ready to be sent, others still being hashed, and there is room for more.
    page.prepare_one();
    page.prepare_one();
    page.sign_all();
    page.store(None);
    page.store(None);
    let before = page.prepares().len();
    assert!(before >= 4, "{before} parts are being hashed");
    page.add(B, 4000 * MIB);
    assert_eq!(page.prepares().len(), before + 1, "its first part waits for the other file's");
}

#[test]
fn another_large_file_begins_at_once() {
    let mut page = Page::sending(4000 * MIB);
    page.prepare_all();
    assert_eq!(page.prepares().len(), 0, "the window is full");
    page.add(B, 4000 * MIB);
    assert_eq!(page.prepares().len(), 1, "its first part waits for the other file's");
}

/// The files whose first part is read, in the order in which they were asked for.
fn read_first(page: &Page) -> Vec<u64> {
    let read = |effect: &Effect| match effect {
        Effect::Prepare { id, part: PartNumber::FIRST, .. } => Some(id.0),
        _ => None,
    };
    page.effects.iter().filter_map(read).collect()
}

#[test]
fn files_have_places_and_are_read_in_the_order_of_adding() {
    for size in [MIB, 100 * MIB] {
        let mut page = Page::with(Config { small_at_once: 2, large_at_once: 2, ..Config::default() });
        page.give(Input::Add { room: ROOM, files: [5, 9, 2, 7].map(|id| (LocalId(id), source(size))).into() });
        assert_eq!(read_first(&page), [5, 9], "{size}");
        page.give(Input::Cancel(Which::One(LocalId(9))));
        page.give(Input::Cancel(Which::One(LocalId(5))));
        assert_eq!(read_first(&page), [2, 7], "{size}");
    }
}

#[test]
fn files_that_are_opened_again_in_any_order_have_places_in_the_order_of_adding() {
    let ids = [5, 9, 2, 7].map(LocalId);
    let mut page = Page::new();
    page.give(Input::Add { room: ROOM, files: ids.map(|id| (id, source(100 * MIB))).into() });
    let mut page = page.reload_by_id();
    page.add(LocalId(1), 100 * MIB);
    for _ in 0..3 {
        // All places but one are taken.
        page.add(LocalId(100 + page.now), 100 * MIB);
        page.now += 1;
    }
    page.give(Input::Resume(Which::All));
    for id in [2, 7, 9, 5] {
        page.reopen(LocalId(id), 100 * MIB);
    }
    page.effects.clear();
    page.give(Input::Cancel(Which::One(LocalId(1))));
    assert_eq!(read_first(&page), [5], "the one that was added first");
}

#[test]
fn a_batch_of_small_files_is_in_the_order_of_adding() {
    let mut page = Page::new();
    page.give(Input::Add { room: ROOM, files: (1..=30).rev().map(|id| (LocalId(id), source(MIB))).collect() });
    page.prepare_all();
    let begun = page.take(|effect| match effect {
        Effect::Initiate { uploads, .. } => Some(uploads.iter().map(|upload| upload.id.0).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(begun, Some((11..=30).rev().collect()));
}
