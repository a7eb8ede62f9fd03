//! A long list is brought from what is drawn to what is wanted a few rows a frame, so that no frame is missed.

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;

use leptos::leptos_dom::helpers::debounce;
use leptos::prelude::*;

use crate::browser;
use crate::view::parts::effect;

/// Rows that one frame draws anew: some 4 ms.
const ROWS_A_FRAME: usize = 12;

/// New rows that are many, when they come at once. While many come, only so many are drawn: a window shows fewer.
const MANY_ROWS: usize = 40;
/// So long after the last of many came, all are drawn.
const CALM: Duration = Duration::from_millis(1_500);

/// What to draw next: the first `limit` of those that are drawn already and the first `most` of the others, if these are
/// among the first `near` of all. What is not in `all` goes at once; what only has no place among the first any more stays
/// until others have taken it, so that the list keeps its length.
pub fn step<T: Copy + Eq + Hash>(drawn: &[T], all: &[T], limit: usize, (most, near): (usize, usize)) -> Vec<T> {
    let there: HashSet<&T> = drawn.iter().collect();
    let mut new = 0;
    let fits = |(at, one): &(usize, &T)| {
        there.contains(one)
            || *at < near && {
                new += 1;
                new <= most
            }
    };
    all.iter().enumerate().filter(fits).map(|(_, one)| *one).take(limit).collect()
}

/// How many of the first `limit` are not drawn.
fn missing<T: Eq + Hash>(drawn: &[T], all: &[T], limit: usize) -> usize {
    let there: HashSet<&T> = drawn.iter().collect();
    all.iter().take(limit).filter(|one| !there.contains(one)).count()
}

/// The rows to draw now, on their way to the first `limit` of all. While many come, a row far down would be gone from the
/// list before anybody scrolls to it, unless somebody `asked` for it.
pub(crate) fn by_frames<T>(all: Memo<Vec<T>>, limit: RwSignal<usize>, asked: Memo<bool>) -> ReadSignal<Vec<T>>
where
    T: Copy + Eq + Hash + Send + Sync + 'static,
{
    let (drawn, set_drawn) = signal(Vec::new());
    let many_come = RwSignal::new(false);
    let mut calm = debounce(CALM, move |()| _ = many_come.try_set(false));
    effect(move || {
        let new = all.with(|all| drawn.with_untracked(|drawn| missing(drawn, all, limit.get_untracked())));
        // The first rows of a list do not come, they are there.
        if new <= MANY_ROWS || drawn.with_untracked(Vec::is_empty) {
            return;
        }
        many_come.set(true);
        calm(());
    });
    let (frame, planned) = (ArcTrigger::new(), StoredValue::new(false));
    effect(move || {
        frame.track();
        let limit = limit.get();
        // Nobody sees a hidden page, and it gets no frames.
        let most = if browser::is_hidden() { usize::MAX } else { ROWS_A_FRAME };
        let near = if many_come.get() && !asked.get() { MANY_ROWS } else { usize::MAX };
        let next = all.with(|all| drawn.with_untracked(|drawn| step(drawn, all, limit, (most, near))));
        if drawn.with_untracked(|drawn| *drawn == next) {
            return;
        }
        set_drawn.set(next);
        if planned.get_value() {
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
    fn what_is_gone_goes_at_once() {
        assert_eq!(step(&[1, 2, 3], &[3, 1], 9, (0, 9)), [3, 1]);
        assert!(step(&[1, 2, 3], &[], 9, (5, 9)).is_empty());
        assert_eq!(step(&[1, 2, 3], &[1, 2, 3], 2, (5, 9)), [1, 2]);
    }

    #[test]
    fn while_many_come_only_those_near_the_top_are_drawn_anew() {
        let all: Vec<u32> = (0..30).collect();
        assert_eq!(step(&[20, 21], &all, 10, (4, 3)), [0, 1, 2, 20, 21]);
        assert_eq!(step(&[0, 1, 2, 20, 21], &all, 10, (4, 3)), [0, 1, 2, 20, 21]);
        let many = steps_near((20..30).collect(), &all, 10, 6);
        assert_eq!(many.last().unwrap(), &[0, 1, 2, 3, 4, 5, 20, 21, 22, 23]);
        assert_eq!(missing(many.last().unwrap(), &all, 10), 4);
        assert_eq!(steps(many.last().unwrap().clone(), &all, 10).last().unwrap(), &all[..10], "all of them then");
    }
}
