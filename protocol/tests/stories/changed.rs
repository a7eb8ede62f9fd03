//! Where the browser does not notice that a file changed, the machine does.

use slipway_protocol::machine::*;
use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::plan::Plan;

use crate::page::*;

const MANY: u64 = 1000 * MIB;

/// A file of a browser that reads whatever is on disk now.
fn unnoticed(size: u64) -> Page {
    let mut page = Page::new();
    page.give(Input::Add { room: ROOM, files: vec![(A, Source { notices_changes: false, ..source(size) })] });
    page
}

fn times_read(page: &Page, number: u16) -> usize {
    page.read_parts.iter().filter(|read| **read == number).count()
}

/// Hashes and sends one part after another, without what is read only to be compared, until all are stored.
fn store_all(page: &mut Page) {
    while page.view(A).parts.stored < page.view(A).parts.count {
        page.prepare_one();
        page.initiate();
        page.sign_all();
        page.store(None);
        page.pass(300);
    }
}

#[test]
fn what_was_sent_before_the_last_part_was_hashed_is_read_again() {
    let mut page = unnoticed(MANY);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
    let again: Vec<u16> = (1..=63).filter(|number| times_read(&page, *number) > 1).collect();
    let sent_after = 63 - again.len();
    assert_eq!(again, (1..=again.len() as u16).collect::<Vec<_>>());
    assert!((1..20).contains(&sent_after), "{sent_after} parts were sent after the last was hashed");
    assert!((1..=63).all(|number| times_read(&page, number) <= 2));
}

#[test]
fn where_reads_fail_after_a_change_nothing_is_read_twice() {
    let mut page = Page::adding(MANY);
    page.run();
    assert_eq!((page.stage(A).0, page.read_parts.len()), (Stage::Completed, 63));
}

#[test]
fn a_file_of_one_part_is_read_once() {
    let mut page = unnoticed(16 * MIB);
    page.run();
    assert_eq!((page.stage(A).0, page.read_parts.len()), (Stage::Completed, 1));
}

#[test]
fn another_digest_at_the_second_reading_is_a_changed_file() {
    let mut page = unnoticed(MANY);
    store_all(&mut page);
    assert_eq!(page.stage(A), (Stage::Hashing, None));
    let attempt = page.take(|effect| match effect {
        Effect::Prepare { part, attempt, .. } if part.get() <= 40 => Some((*part, *attempt)),
        _ => None,
    });
    let (part, attempt) = attempt.expect("an early part is read again");
    page.prepared(A, part.get(), attempt, digest(999));
    assert_eq!(page.stage(A), (Stage::Failed, Some(Reason::FileChanged)));
    page.pass(600_000);
    assert_eq!(page.count(|effect| matches!(effect, Effect::Complete { .. })), 0);
}

#[test]
fn the_check_shows_how_far_it_is_and_goes_on_after_a_pause() {
    let mut page = unnoticed(MANY);
    store_all(&mut page);
    page.prepare_one();
    page.pass(300);
    let before = page.view(A);
    assert!(before.parts.checked < before.parts.stored && before.parts.stored == before.parts.count);
    page.give(Input::Pause(Which::All));
    assert!(page.prepares().is_empty());
    page.give(Input::Resume(Which::All));
    page.pass(300);
    assert!(page.view(A).parts.checked >= before.parts.checked, "what was checked stays checked");
    page.run();
    assert_eq!((page.stage(A).0, page.view(A).parts.checked), (Stage::Completed, 63));
}

#[test]
fn what_was_being_sent_when_the_file_was_picked_again_is_read_from_it() {
    let mut page = Page::sending(MANY);
    let (number, _) = page.puts()[0];
    page.reopen(A, MANY);
    let mut stored: Vec<u16> = page.store(Some(number)).into_iter().collect();
    stored.extend(std::iter::from_fn(|| page.store(None)));
    page.status(UploadState::Uploading, Plan::new(MANY, None).unwrap(), &stored);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
    assert_eq!(times_read(&page, number), 2);
}

/// Answers the reading of one part with its right digest.
fn read(page: &mut Page, number: u16) {
    let attempt = page.take(|effect| match effect {
        Effect::Prepare { part, attempt, .. } if part.get() == number => Some(*attempt),
        _ => None,
    });
    let attempt = attempt.unwrap_or_else(|| panic!("part {number} is not read, but {:?}", page.prepares()));
    page.prepared(A, number, attempt, digest(number));
}

#[test]
fn what_was_being_compared_when_the_last_part_was_hashed_is_compared_again() {
    // Of 7 parts, 6 and 7 were not yet hashed when the page was closed.
    let mut page = unnoticed(100 * MIB);
    page.prepare_one();
    page.initiate();
    let mut page = page.reload();
    page.status(UploadState::Uploading, Plan::new(100 * MIB, None).unwrap(), &[1, 2, 3, 4, 5]);
    page.give(Input::Reopened { id: A, source: Source { notices_changes: false, ..source(100 * MIB) } });
    read(&mut page, 6);
    assert_eq!(page.prepares(), [7, 1]);
    read(&mut page, 7);
    read(&mut page, 1);
    page.run();
    assert_eq!(page.stage(A).0, Stage::Completed);
    assert_eq!(times_read(&page, 1), 1, "part 1 was not compared after the last part was hashed");
}
