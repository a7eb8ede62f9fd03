//! A long list is brought from what is drawn to what is wanted a few rows a frame, so that no frame is missed.

use std::collections::HashSet;
use std::hash::Hash;

use leptos::prelude::*;

use crate::browser;

/// Rows that one frame draws anew: some 4 ms.
const ROWS_A_FRAME: usize = 12;

/// What to draw next: the first `limit` of those that are drawn already and the first `most` of the others. What is not
/// in `all` goes at once; what only has no place among the first any more stays until others have taken it, so that
/// the list keeps its length.
pub fn step<T: Copy + Eq + Hash>(drawn: &[T], all: &[T], limit: usize, most: usize) -> Vec<T> {
    let there: HashSet<&T> = drawn.iter().collect();
    let mut new = 0;
    let fits = |one: &&T| {
        there.contains(one) || {
            new += 1;
            new <= most
        }
    };
    all.iter().filter(fits).take(limit).copied().collect()
}

/// The rows to draw now, on their way to the first `limit` of all.
pub(crate) fn by_frames<T>(all: Memo<Vec<T>>, limit: RwSignal<usize>) -> ReadSignal<Vec<T>>
where
    T: Copy + Eq + Hash + Send + Sync + 'static,
{
    let (drawn, set_drawn) = signal(Vec::new());
    let (frame, planned) = (ArcTrigger::new(), StoredValue::new(false));
    Effect::new(move |_| {
        frame.track();
        let limit = limit.get();
        // Nobody sees a hidden page, and it gets no frames.
        let most = if browser::is_hidden() { usize::MAX } else { ROWS_A_FRAME };
        let (next, is_whole) = all.with(|all| {
            let next = drawn.with_untracked(|drawn| step(drawn, all, limit, most));
            let is_whole = all.starts_with(&next) && next.len() == all.len().min(limit);
            (next, is_whole)
        });
        if drawn.with_untracked(|drawn| *drawn != next) {
            set_drawn.set(next);
        }
        if is_whole || planned.get_value() {
            return;
        }
        planned.set_value(true);
        let frame = frame.clone();
        request_animation_frame(move || {
            // The view may have gone meanwhile.
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

    /// What is drawn, frame after frame, until it changes no more.
    fn steps(mut drawn: Vec<u32>, all: &[u32], limit: usize) -> Vec<Vec<u32>> {
        let mut seen = Vec::new();
        loop {
            let next = step(&drawn, all, limit, 4);
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
    fn what_is_gone_goes_at_once() {
        assert_eq!(step(&[1, 2, 3], &[3, 1], 9, 0), [3, 1]);
        assert!(step(&[1, 2, 3], &[], 9, 5).is_empty());
        assert_eq!(step(&[1, 2, 3], &[1, 2, 3], 2, 5), [1, 2]);
    }
}
