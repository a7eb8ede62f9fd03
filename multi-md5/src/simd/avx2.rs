//! Eight streams in a vector of AVX2.
//!
//! A [`Vector`] is only ever made inside `compress_8` and `compress_16`, whose callers vouch for AVX2: that is the
//! reason why each intrinsic below may run.

use core::arch::x86_64::*;

use crate::pair::Pair;
use crate::rounds::{Block, Lanes, State, Word, compress};

/// # Safety
/// The CPU has AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn compress_8(states: &mut [State; 8], blocks: [&[Block]; 8], count: usize) {
    compress::<Vector, 8>(states, blocks, count);
}

/// # Safety
/// The CPU has AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn compress_16(states: &mut [State; 16], blocks: [&[Block]; 16], count: usize) {
    compress::<Pair<Vector>, 16>(states, blocks, count);
}

#[derive(Clone, Copy)]
struct Vector(__m256i);

/// Runs an expression of AVX2 intrinsics.
macro_rules! avx2 {
    ($intrinsics:expr) => {
        // SAFETY: the module's rule, AVX2 is there.
        unsafe { $intrinsics }
    };
}

impl Word for Vector {
    #[inline(always)]
    fn splat(value: u32) -> Self {
        Self(avx2!(_mm256_set1_epi32(value as i32)))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(avx2!(_mm256_add_epi32(self.0, other.0)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(avx2!(_mm256_sub_epi32(self.0, other.0)))
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(avx2!(_mm256_and_si256(self.0, other.0)))
    }

    #[inline(always)]
    fn and_not(self, other: Self) -> Self {
        // The instruction complements its first operand.
        Self(avx2!(_mm256_andnot_si256(other.0, self.0)))
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(avx2!(_mm256_xor_si256(self.0, other.0)))
    }

    #[inline(always)]
    fn rotate<const L: i32, const R: i32>(self) -> Self {
        Self(avx2!(_mm256_or_si256(_mm256_slli_epi32::<L>(self.0), _mm256_srli_epi32::<R>(self.0))))
    }
}

impl Lanes<8> for Vector {
    #[inline(always)]
    fn gather(words: [u32; 8]) -> Self {
        // SAFETY: both are 32 bytes, and any bits are a vector.
        Self(unsafe { core::mem::transmute::<[u32; 8], __m256i>(words) })
    }

    #[inline(always)]
    fn scatter(self) -> [u32; 8] {
        // SAFETY: both are 32 bytes, and any bits are eight u32.
        unsafe { core::mem::transmute(self.0) }
    }

    #[inline(always)]
    fn load(blocks: [&Block; 8], quarter: usize) -> [Self; 4] {
        let row = blocks.map(|block| block[16 * quarter..].first_chunk().expect("a quarter block"));
        // Streams 0 to 3 lie in the low halves and 4 to 7 in the high ones; unpacking works on each half by itself.
        let (a, b, c, d) = (load(row[0], row[4]), load(row[1], row[5]), load(row[2], row[6]), load(row[3], row[7]));
        avx2!({
            let (ab_low, ab_high) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
            let (cd_low, cd_high) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
            [
                Self(_mm256_unpacklo_epi64(ab_low, cd_low)),
                Self(_mm256_unpackhi_epi64(ab_low, cd_low)),
                Self(_mm256_unpacklo_epi64(ab_high, cd_high)),
                Self(_mm256_unpackhi_epi64(ab_high, cd_high)),
            ]
        })
    }
}

#[inline(always)]
fn load(low: &[u8; 16], high: &[u8; 16]) -> __m256i {
    // SAFETY: both references are to 16 readable bytes, and the load asks for no alignment; AVX2 by the module's rule.
    unsafe { _mm256_loadu2_m128i(high.as_ptr().cast(), low.as_ptr().cast()) }
}
