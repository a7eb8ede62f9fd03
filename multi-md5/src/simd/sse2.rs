//! Four streams in a vector of SSE2, which every x86-64 has.

use core::arch::x86_64::*;

use crate::pair::Pair;
use crate::rounds::{Block, Lanes, State, Word, compress};

/// Streams taken at once.
pub(super) const WIDTH: usize = 8;

#[inline(never)]
pub(super) fn compress_4(states: &mut [State; 4], blocks: [&[Block]; 4], count: usize) {
    compress::<Vector, 4>(states, blocks, count);
}

#[inline(never)]
pub(super) fn compress_8(states: &mut [State; 8], blocks: [&[Block]; 8], count: usize) {
    compress::<Pair<Vector>, 8>(states, blocks, count);
}

#[derive(Clone, Copy)]
struct Vector(__m128i);

/// Runs an expression of SSE2 intrinsics.
macro_rules! sse2 {
    ($intrinsics:expr) => {
        // SAFETY: SSE2 is part of the x86-64 targets that this module is built for.
        unsafe { $intrinsics }
    };
}

impl Word for Vector {
    #[inline(always)]
    fn splat(value: u32) -> Self {
        Self(sse2!(_mm_set1_epi32(value as i32)))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(sse2!(_mm_add_epi32(self.0, other.0)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(sse2!(_mm_sub_epi32(self.0, other.0)))
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(sse2!(_mm_and_si128(self.0, other.0)))
    }

    #[inline(always)]
    fn and_not(self, other: Self) -> Self {
        // The instruction complements its first operand.
        Self(sse2!(_mm_andnot_si128(other.0, self.0)))
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(sse2!(_mm_xor_si128(self.0, other.0)))
    }

    #[inline(always)]
    fn rotate<const L: i32, const R: i32>(self) -> Self {
        Self(sse2!(_mm_or_si128(_mm_slli_epi32::<L>(self.0), _mm_srli_epi32::<R>(self.0))))
    }
}

impl Lanes<4> for Vector {
    #[inline(always)]
    fn gather([a, b, c, d]: [u32; 4]) -> Self {
        Self(sse2!(_mm_setr_epi32(a as i32, b as i32, c as i32, d as i32)))
    }

    #[inline(always)]
    fn scatter(self) -> [u32; 4] {
        // SAFETY: both are 16 bytes, and any bits are four u32.
        unsafe { core::mem::transmute(self.0) }
    }

    #[inline(always)]
    fn load(blocks: [&Block; 4], quarter: usize) -> [Self; 4] {
        let row = blocks.map(|block| block[16 * quarter..].first_chunk().expect("a quarter block"));
        let (a, b, c, d) = (load(row[0]), load(row[1]), load(row[2]), load(row[3]));
        sse2!({
            let (ab_low, ab_high) = (_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
            let (cd_low, cd_high) = (_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));
            [
                Self(_mm_unpacklo_epi64(ab_low, cd_low)),
                Self(_mm_unpackhi_epi64(ab_low, cd_low)),
                Self(_mm_unpacklo_epi64(ab_high, cd_high)),
                Self(_mm_unpackhi_epi64(ab_high, cd_high)),
            ]
        })
    }
}

#[inline(always)]
fn load(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: the reference is to 16 readable bytes, and the unaligned load asks for no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}
