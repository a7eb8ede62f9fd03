use slipway_protocol::machine::*;

use crate::page::*;

fn send(page: &mut Page, bytes: u64) {
    let (number, attempt) = page.puts()[0];
    page.give(Input::Sent { id: A, part: part(number), attempt, bytes });
}

#[test]
fn a_part_sent_again_does_not_turn_the_figure_back() {
    let mut page = Page::sending(100 * MIB);
    send(&mut page, 10 * MIB);
    page.pass(300);
    let before = page.view(A).bytes;
    assert!(before >= 10 * MIB);
    page.fail_put(PutFault::Network);
    page.pass(2_000);
    assert_eq!(page.view(A).bytes, before);
}

#[test]
fn more_bytes_than_the_part_has_do_not_count() {
    let mut page = Page::sending(MIB);
    send(&mut page, 99 * MIB);
    page.pass(300);
    assert_eq!((page.view(A).bytes, page.view(A).percent), (MIB, 99));
}

#[test]
fn views_change_four_times_a_second_and_at_once_with_the_stage() {
    let mut page = Page::sending(100 * MIB);
    let mut changes = 0;
    page.engine.take_changed();
    for step in 1..=100 {
        page.pass(10);
        send(&mut page, step * 10_000);
        changes += page.engine.take_changed().len();
    }
    assert!((3..=5).contains(&changes), "{changes} changes in a second");
    page.give(Input::Pause(Which::All));
    assert_eq!(page.engine.take_changed(), [A]);
}

#[test]
fn speed_and_time_left_follow_the_last_five_seconds() {
    let mut page = Page::sending(1000 * MIB);
    for tenth in 1..=100 {
        page.pass(100);
        send(&mut page, tenth * 100_000);
    }
    page.pass(250);
    let view = page.view(A);
    let speed = view.speed.unwrap();
    assert!((900_000..=1_100_000).contains(&speed), "{speed} bytes per second");
    assert_eq!(view.eta, Some((view.size - view.bytes).div_ceil(speed)));
}

#[test]
fn totals_are_the_sum_of_the_rows() {
    let mut page = Page::new();
    let files = (1..=30).map(|id| (LocalId(id), source(id * MIB))).collect();
    page.give(Input::Add { room: ROOM, files });
    for _ in 0..20 {
        page.prepare_one();
        page.initiate();
        page.store(None);
        page.complete(|id| CompleteOutcome::Done { file: file_id(id) });
        page.pass(50);
    }
    page.give(Input::Cancel(Which::One(LocalId(30))));
    page.give(Input::Dismiss(LocalId(1)));
    let (views, totals) = (page.engine.views(), page.engine.totals());
    let counted: Vec<&View> =
        views.iter().filter(|view| !matches!(view.stage, Stage::Cancelled | Stage::Failed)).collect();
    assert_eq!(totals.size, counted.iter().map(|view| view.size).sum::<u64>());
    assert_eq!(totals.bytes, counted.iter().map(|view| view.bytes).sum::<u64>());
    assert_eq!(totals.completed as usize, views.iter().filter(|view| view.stage == Stage::Completed).count());
    assert!(totals.completed > 0 && totals.open > 0);
}
