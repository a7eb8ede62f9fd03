//! Draws a long list a few rows a frame, so that no frame is missed.

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;

use leptos::leptos_dom::helpers::debounce;
use leptos::prelude::*;

use crate::browser;
use crate::model::effect::effect;

/// New rows of one frame: some 4 ms.
const ROWS_A_FRAME: usize = 12;

/// More new rows at once than this are a burst. During one, only rows among the first of this many are drawn, more than a
/// window shows.
const BURST_ROWS: usize = 40;
/// Time without a burst after which all rows are drawn.
const CALM: Duration = Duration::from_millis(1_500);

/// The rows of the next frame: at most `limit`, of the rows drawn already and of the first `most` new ones among the first
/// `near` of all. A row that is no longer in `all` is removed at once. A row that was only pushed behind `limit` stays
/// until new rows take its place, so that the list keeps its length.
pub fn step<T: Copy + Eq + Hash>(drawn: &[T], all: &[T], limit: usize, (most, near): (usize, usize)) -> Vec<T> {
    // A set, since this runs in every frame and a list can have thousands of rows.
    let present: HashSet<&T> = drawn.iter().collect();
    let mut new = 0;
    let fits = |(at, row): &(usize, &T)| {
        present.contains(row)
            || *at < near && {
                new += 1;
                new <= most
            }
    };
    all.iter().enumerate().filter(fits).map(|(_, row)| *row).take(limit).collect()
}

/// Number of rows among the first `limit` that are not drawn.
fn missing<T: Eq + Hash>(drawn: &[T], all: &[T], limit: usize) -> usize {
    let present: HashSet<&T> = drawn.iter().collect();
    all.iter().take(limit).filter(|row| !present.contains(row)).count()
}

/// The rows to draw now, on the way to the first `limit` of all. During a burst, rows far down are left out unless the user
/// `asked` for them: they would be pushed out of the list before anyone scrolls to them.
pub(crate) fn draw<T>(all: Memo<Vec<T>>, limit: RwSignal<usize>, asked: Memo<bool>) -> ReadSignal<Vec<T>>
where
    T: Copy + Eq + Hash + Send + Sync + 'static,
{
    let (drawn, set_drawn) = signal(Vec::new());
    let is_burst = RwSignal::new(false);
    let mut calm = debounce(CALM, move |()| _ = is_burst.try_set(false));
    effect(move || {
        // Untracked: rows that this list draws itself are no burst.
        let new = all.with(|all| drawn.with_untracked(|drawn| missing(drawn, all, limit.get_untracked())));
        // The first rows of a list are no burst.
        if new <= BURST_ROWS || drawn.with_untracked(Vec::is_empty) {
            return;
        }
        is_burst.set(true);
        calm(());
    });
    let (frame, planned) = (ArcTrigger::new(), StoredValue::new(false));
    effect(move || {
        frame.track();
        let limit = limit.get();
        // A hidden page gets no animation frames.
        let most = if browser::is_hidden() { usize::MAX } else { ROWS_A_FRAME };
        let near = if is_burst.get() && !asked.get() { BURST_ROWS } else { usize::MAX };
        let next = all.with(|all| drawn.with_untracked(|drawn| step(drawn, all, limit, (most, near))));
        if drawn.with_untracked(|drawn| *drawn == next) {
            return;
        }
        set_drawn.set(next);
        // One frame at a time, however often the list changes before it.
        if planned.get_value() {
            return;
        }
        planned.set_value(true);
        let frame = frame.clone();
        request_animation_frame(move || {
            // The view may have been disposed of in the meantime.
            if planned.try_set_value(false).is_none() {
                frame.notify();
            }
        });
    });
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of each frame, until they no longer change.
    fn steps(drawn: Vec<u32>, all: &[u32], limit: usize) -> Vec<Vec<u32>> {
        steps_near(drawn, all, limit, usize::MAX)
    }

    fn steps_near(mut drawn: Vec<u32>, all: &[u32], limit: usize, near: usize) -> Vec<Vec<u32>> {
        let mut seen = Vec::new();
        loop {
            let next = step(&drawn, all, limit, (4, near));
            if next == drawn {
                return seen;
            }
            seen.push(next.clone());
            drawn = next;
        }
    }

    #[test]
    fn a_few_at_a_time_from_the_top_until_all_are_there() {
        let all: Vec<u32> = (0..10).collect();
        assert_eq!(
            steps(vec![20, 8, 21], &all, 100),
            [vec![0, 1, 2, 3, 8], vec![0, 1, 2, 3, 4, 5, 6, 7, 8], all.clone()]
        );
    }

    #[test]
    fn a_full_list_keeps_its_length_while_new_rows_come_on_top() {
        let all: Vec<u32> = (0..30).collect();
        let steps = steps((20..30).collect(), &all, 10);
        assert_eq!(steps.iter().map(Vec::len).collect::<Vec<_>>(), [10; 3]);
        assert_eq!(steps[0], [0, 1, 2, 3, 20, 21, 22, 23, 24, 25]);
        assert_eq!(steps[2], all[..10]);
    }

    #[test]
    fn removed_rows_disappear_at_once() {
        assert_eq!(step(&[1, 2, 3], &[3, 1], 9, (0, 9)), [3, 1]);
        assert!(step(&[1, 2, 3], &[], 9, (5, 9)).is_empty());
        assert_eq!(step(&[1, 2, 3], &[1, 2, 3], 2, (5, 9)), [1, 2]);
    }

    #[test]
    fn during_a_burst_only_rows_near_the_top_are_new() {
        let all: Vec<u32> = (0..30).collect();
        assert_eq!(step(&[20, 21], &all, 10, (4, 3)), [0, 1, 2, 20, 21]);
        assert_eq!(step(&[0, 1, 2, 20, 21], &all, 10, (4, 3)), [0, 1, 2, 20, 21]);
        let many = steps_near((20..30).collect(), &all, 10, 6);
        assert_eq!(many.last().unwrap(), &[0, 1, 2, 3, 4, 5, 20, 21, 22, 23]);
        assert_eq!(missing(many.last().unwrap(), &all, 10), 4);
        assert_eq!(steps(many.last().unwrap().clone(), &all, 10).last().unwrap(), &all[..10], "all of them then");
    }
}
