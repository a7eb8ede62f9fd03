//! Two vectors of streams, one instruction of each in turn: while one waits for its result, the other has work.

use crate::rounds::{Block, Lanes, Word};

/// The first half of the streams and the second.
#[derive(Clone, Copy)]
pub(crate) struct Pair<W>(W, W);

impl<W: Word> Word for Pair<W> {
    // Compilers to WebAssembly sort the instructions of a block by the values that they need, so all of one vector come
    // before all of the other. In short blocks the CPU still sees both: a third faster than written out.
    const UNROLLED: bool = false;

    #[inline(always)]
    fn splat(value: u32) -> Self {
        Self(W::splat(value), W::splat(value))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.add(other.0), self.1.add(other.1))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0.sub(other.0), self.1.sub(other.1))
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(self.0.and(other.0), self.1.and(other.1))
    }

    #[inline(always)]
    fn and_not(self, other: Self) -> Self {
        Self(self.0.and_not(other.0), self.1.and_not(other.1))
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(self.0.xor(other.0), self.1.xor(other.1))
    }

    #[inline(always)]
    fn rotate<const L: i32, const R: i32>(self) -> Self {
        Self(self.0.rotate::<L, R>(), self.1.rotate::<L, R>())
    }
}

/// `Lanes` of a pair of vectors with half as many streams each.
macro_rules! lanes_of_pair {
    ($($half:literal + $same:literal = $all:literal),*) => {$(
        impl<W: Lanes<$half>> Lanes<$all> for Pair<W> {
            #[inline(always)]
            fn gather(words: [u32; $all]) -> Self {
                Self(
                    W::gather(std::array::from_fn(|lane| words[lane])),
                    W::gather(std::array::from_fn(|lane| words[$half + lane])),
                )
            }

            #[inline(always)]
            fn scatter(self) -> [u32; $all] {
                let (first, second) = (self.0.scatter(), self.1.scatter());
                std::array::from_fn(|lane| if lane < $half { first[lane] } else { second[lane - $half] })
            }

            #[inline(always)]
            fn load(blocks: [&Block; $all], quarter: usize) -> [Self; 4] {
                let first = W::load(std::array::from_fn(|lane| blocks[lane]), quarter);
                let second = W::load(std::array::from_fn(|lane| blocks[$half + lane]), quarter);
                std::array::from_fn(|word| Self(first[word], second[word]))
            }
        }
    )*};
}

lanes_of_pair!(4 + 4 = 8, 8 + 8 = 16);
