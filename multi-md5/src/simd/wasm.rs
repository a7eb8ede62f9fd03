//! Four streams in a vector of WebAssembly's SIMD128.

use core::arch::wasm32::{
    i32x4_shuffle, u32x4, u32x4_add, u32x4_extract_lane, u32x4_shl, u32x4_shr, u32x4_splat, u32x4_sub, v128, v128_and,
    v128_andnot, v128_load, v128_or, v128_xor,
};

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
struct Vector(v128);

impl Word for Vector {
    #[inline(always)]
    fn splat(value: u32) -> Self {
        Self(u32x4_splat(value))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(u32x4_add(self.0, other.0))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(u32x4_sub(self.0, other.0))
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(v128_and(self.0, other.0))
    }

    #[inline(always)]
    fn and_not(self, other: Self) -> Self {
        Self(v128_andnot(self.0, other.0))
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(v128_xor(self.0, other.0))
    }

    #[inline(always)]
    fn rotate<const L: i32, const R: i32>(self) -> Self {
        Self(v128_or(u32x4_shl(self.0, L as u32), u32x4_shr(self.0, R as u32)))
    }
}

impl Lanes<4> for Vector {
    #[inline(always)]
    fn gather([a, b, c, d]: [u32; 4]) -> Self {
        Self(u32x4(a, b, c, d))
    }

    #[inline(always)]
    fn scatter(self) -> [u32; 4] {
        let v = self.0;
        [u32x4_extract_lane::<0>(v), u32x4_extract_lane::<1>(v), u32x4_extract_lane::<2>(v), u32x4_extract_lane::<3>(v)]
    }

    #[inline(always)]
    fn load(blocks: [&Block; 4], quarter: usize) -> [Self; 4] {
        let row = blocks.map(|block| block[16 * quarter..].first_chunk().expect("a quarter block"));
        let (a, b, c, d) = (load(row[0]), load(row[1]), load(row[2]), load(row[3]));
        let ab_low = i32x4_shuffle::<0, 4, 1, 5>(a, b);
        let ab_high = i32x4_shuffle::<2, 6, 3, 7>(a, b);
        let cd_low = i32x4_shuffle::<0, 4, 1, 5>(c, d);
        let cd_high = i32x4_shuffle::<2, 6, 3, 7>(c, d);
        [
            Self(i32x4_shuffle::<0, 1, 4, 5>(ab_low, cd_low)),
            Self(i32x4_shuffle::<2, 3, 6, 7>(ab_low, cd_low)),
            Self(i32x4_shuffle::<0, 1, 4, 5>(ab_high, cd_high)),
            Self(i32x4_shuffle::<2, 3, 6, 7>(ab_high, cd_high)),
        ]
    }
}

#[inline(always)]
fn load(bytes: &[u8; 16]) -> v128 {
    // SAFETY: the reference is to 16 readable bytes, and `v128_load` asks for no alignment.
    unsafe { v128_load(bytes.as_ptr().cast()) }
}
