//! One stream at a time.

use crate::rounds::{Block, Lanes, State, Word, compress};

/// Takes whole blocks of one stream into its state.
#[inline(never)]
pub(crate) fn compress_one(state: &mut State, blocks: &[Block]) {
    compress::<u32, 1>(std::array::from_mut(state), [blocks], blocks.len());
}

impl Word for u32 {
    #[inline(always)]
    fn splat(value: u32) -> Self {
        value
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self & other
    }

    #[inline(always)]
    fn and_not(self, other: Self) -> Self {
        self & !other
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self ^ other
    }

    #[inline(always)]
    fn rotate<const L: i32, const R: i32>(self) -> Self {
        self.rotate_left(L as u32)
    }
}

impl Lanes<1> for u32 {
    #[inline(always)]
    fn gather([word]: [u32; 1]) -> Self {
        word
    }

    #[inline(always)]
    fn scatter(self) -> [u32; 1] {
        [self]
    }

    #[inline(always)]
    fn load([block]: [&Block; 1], quarter: usize) -> [Self; 4] {
        let (words, _) = block[16 * quarter..].as_chunks::<4>();
        [words[0], words[1], words[2], words[3]].map(u32::from_le_bytes)
    }
}
