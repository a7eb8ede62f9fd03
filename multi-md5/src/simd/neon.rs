//! Four streams in a vector of NEON, which every AArch64 has.

use core::arch::aarch64::*;

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
struct Vector(uint32x4_t);

/// Runs an expression of NEON intrinsics.
macro_rules! neon {
    ($intrinsics:expr) => {
        // SAFETY: NEON is part of the AArch64 targets that this module is built for.
        unsafe { $intrinsics }
    };
}

impl Word for Vector {
    #[inline(always)]
    fn splat(value: u32) -> Self {
        Self(neon!(vdupq_n_u32(value)))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(neon!(vaddq_u32(self.0, other.0)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(neon!(vsubq_u32(self.0, other.0)))
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(neon!(vandq_u32(self.0, other.0)))
    }

    #[inline(always)]
    fn and_not(self, other: Self) -> Self {
        Self(neon!(vbicq_u32(self.0, other.0)))
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(neon!(veorq_u32(self.0, other.0)))
    }

    #[inline(always)]
    fn rotate<const L: i32, const R: i32>(self) -> Self {
        Self(neon!(vsriq_n_u32::<R>(vshlq_n_u32::<L>(self.0), self.0)))
    }
}

impl Lanes<4> for Vector {
    #[inline(always)]
    fn gather(words: [u32; 4]) -> Self {
        // SAFETY: both are 16 bytes, and any bits are a vector.
        Self(unsafe { core::mem::transmute::<[u32; 4], uint32x4_t>(words) })
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
        neon!({
            let (ac_low, ac_high) = (vzip1q_u32(a, c), vzip2q_u32(a, c));
            let (bd_low, bd_high) = (vzip1q_u32(b, d), vzip2q_u32(b, d));
            [
                Self(vzip1q_u32(ac_low, bd_low)),
                Self(vzip2q_u32(ac_low, bd_low)),
                Self(vzip1q_u32(ac_high, bd_high)),
                Self(vzip2q_u32(ac_high, bd_high)),
            ]
        })
    }
}

#[inline(always)]
fn load(bytes: &[u8; 16]) -> uint32x4_t {
    // SAFETY: the reference is to 16 readable bytes, and a load of bytes asks for no alignment. A little-endian target.
    unsafe { vreinterpretq_u32_u8(vld1q_u8(bytes.as_ptr())) }
}
