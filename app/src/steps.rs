//! A long list is brought from what is drawn to what is wanted a few rows a frame, so that no frame is missed.

use std::collections::HashSet;
use std::hash::Hash;

use leptos::prelude::*;

use crate::browser;

/// Rows that one frame draws anew: some 4 ms.
const ROWS_A_FRAME: usize = 12;

/// What to draw next: all that is wanted and drawn already, and of the others the first `most`.
pub fn step<T: Copy + Eq + Hash>(drawn: &[T], wanted: &[T], most: usize) -> Vec<T> {
    let there: HashSet<&T> = drawn.iter().collect();
    let mut new = 0;
    let fits = |one: &&T| {
        there.contains(one) || {
            new += 1;
            new <= most
        }
    };
    wanted.iter().filter(fits).copied().collect()
}

/// The rows to draw now, on their way to those wanted.
pub(crate) fn by_frames<T>(wanted: Memo<Vec<T>>) -> ReadSignal<Vec<T>>
where
    T: Copy + Eq + Hash + Send + Sync + 'static,
{
    let (drawn, set_drawn) = signal(Vec::new());
    let (frame, planned) = (ArcTrigger::new(), StoredValue::new(false));
    Effect::new(move |_| {
        frame.track();
        // Nobody sees a hidden page, and it gets no frames.
        let most = if browser::is_hidden() { usize::MAX } else { ROWS_A_FRAME };
        let (next, is_whole) = wanted.with(|wanted| {
            let next = drawn.with_untracked(|drawn| step(drawn, wanted, most));
            let is_whole = next.len() == wanted.len();
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

    #[test]
    fn a_few_at_a_time_from_the_top_until_all_are_there() {
        let wanted: Vec<u32> = (0..10).collect();
        let mut drawn = vec![20, 8, 21];
        let steps: Vec<Vec<u32>> = std::iter::from_fn(|| {
            drawn = step(&drawn, &wanted, 4);
            Some(drawn.clone())
        })
        .take(4)
        .collect();
        assert_eq!(steps, [vec![0, 1, 2, 3, 8], vec![0, 1, 2, 3, 4, 5, 6, 7, 8], wanted.clone(), wanted]);
    }

    #[test]
    fn what_is_not_wanted_goes_at_once() {
        assert_eq!(step(&[1, 2, 3], &[3, 1], 0), [3, 1]);
        assert!(step(&[1, 2, 3], &[], 5).is_empty());
    }
}
