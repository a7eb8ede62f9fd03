//! A set of parts as bits: 1,250 bytes for 10,000 of them.

use crate::prelude::*;
use crate::wire::id::PartNumber;

/// A set of part numbers up to a fixed one. The first member is found in constant time on average.
#[derive(Clone, Debug, Default)]
pub(super) struct PartSet {
    words: Vec<u64>,
    len: u32,
    /// No member is in a word before this one.
    low: usize,
}

impl PartSet {
    pub(super) fn empty(parts: u16) -> Self {
        Self { words: vec![0; usize::from(parts).div_ceil(64)], len: 0, low: 0 }
    }

    pub(super) fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn contains(&self, part: PartNumber) -> bool {
        let (word, bit) = place(part);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
    }

    pub(super) fn insert(&mut self, part: PartNumber) {
        let (word, bit) = place(part);
        if self.words[word] & bit == 0 {
            self.words[word] |= bit;
            self.len += 1;
            self.low = self.low.min(word);
        }
    }

    pub(super) fn remove(&mut self, part: PartNumber) -> bool {
        let (word, bit) = place(part);
        let was = self.contains(part);
        if was {
            self.words[word] &= !bit;
            self.len -= 1;
        }
        was
    }

    /// The lowest member. Moves the mark from which the next search starts.
    pub(super) fn first(&mut self) -> Option<PartNumber> {
        if self.len == 0 {
            return None;
        }
        // Ends, since `len` promises a member and none is before `low`.
        while self.words[self.low] == 0 {
            self.low += 1;
        }
        PartNumber::from_index(self.low as u32 * 64 + self.words[self.low].trailing_zeros())
    }
}

fn place(part: PartNumber) -> (usize, u64) {
    ((part.index() / 64) as usize, 1 << (part.index() % 64))
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behaves_like_a_set(steps in proptest::collection::vec((0_u32..130, any::<bool>()), 0..300)) {
            let (mut bits, mut oracle) = (PartSet::empty(130), BTreeSet::new());
            for (index, add) in steps {
                let part = PartNumber::from_index(index).unwrap();
                if add {
                    bits.insert(part);
                    oracle.insert(part);
                } else {
                    prop_assert_eq!(bits.remove(part), oracle.remove(&part));
                }
                prop_assert_eq!(bits.first(), oracle.first().copied());
                prop_assert_eq!(bits.len as usize, oracle.len());
                prop_assert_eq!(bits.contains(part), oracle.contains(&part));
            }
        }
    }
}
