//! One way to sort for lists of any kind: the standard library's is compiled anew for each, some kilobytes a time.

/// Sorts by a number, the smallest first. What has the same number stays in its order.
pub fn by_number<T>(list: &mut Vec<T>, number: impl Fn(&T) -> u64) {
    let places = sorted(list.iter().map(number).zip(0..).collect());
    let mut from: Vec<Option<T>> = list.drain(..).map(Some).collect();
    list.extend(places.into_iter().filter_map(|(_, place)| from.get_mut(place)?.take()));
}

/// Numbers with their places, the smallest first; of equals the one whose place comes first.
pub(crate) fn sorted(mut places: Vec<(u64, usize)>) -> Vec<(u64, usize)> {
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_stay_in_their_order() {
        let mut list = vec![(3, 'a'), (1, 'b'), (3, 'c'), (2, 'd'), (1, 'e')];
        by_number(&mut list, |(number, _)| *number);
        assert_eq!(list, [(1, 'b'), (1, 'e'), (2, 'd'), (3, 'a'), (3, 'c')]);
    }
}
