//! The instruction sets, behind one function that takes any number of streams up to [`WIDEST`].

use crate::rounds::{Block, INIT, State};
use crate::scalar::compress_one;

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Every AVX2 intrinsic: whether the CPU has them is known at run time only.
mod avx2;

// Four streams in a vector, where every CPU of the target has one. Unsafe: loads through a pointer, and casts.
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
#[allow(unsafe_code)]
#[path = "neon.rs"]
mod four;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[path = "sse2.rs"]
mod four;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[allow(unsafe_code)]
#[path = "wasm.rs"]
mod four;
/// Elsewhere one stream after another, with the same interface.
#[cfg(not(any(
    all(target_arch = "aarch64", target_endian = "little"),
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
#[path = "none.rs"]
mod four;

/// The most streams that any instruction set takes at once.
pub(crate) const WIDEST: usize = 16;

/// How many streams are best given to [`compress`] at once, on this CPU: at most [`WIDEST`].
pub(crate) fn width() -> usize {
    if has_avx2() { 16 } else { four::WIDTH }
}

/// Takes the first `count` blocks of each stream into its state. At most [`width`] streams.
pub(crate) fn compress(states: &mut [State], blocks: &[&[Block]], count: usize) {
    match states.len() {
        0 => {}
        1 => compress_one(&mut states[0], &blocks[0][..count]),
        2..=4 => padded(states, blocks, count, four::compress_4),
        5..=8 => padded(states, blocks, count, compress_8),
        _ => padded(states, blocks, count, compress_16),
    }
}

/// Fills the lanes that have no stream with the first stream's blocks, and forgets what comes out of them.
#[inline(always)]
fn padded<const N: usize>(
    states: &mut [State],
    blocks: &[&[Block]],
    count: usize,
    run: impl Fn(&mut [State; N], [&[Block]; N], usize),
) {
    let mut lanes = [INIT; N];
    lanes[..states.len()].copy_from_slice(states);
    let inputs = std::array::from_fn(|lane| *blocks.get(lane).unwrap_or(&blocks[0]));
    run(&mut lanes, inputs, count);
    states.copy_from_slice(&lanes[..states.len()]);
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod wide {
    use super::{Block, State, avx2, four};

    pub(super) fn has_avx2() -> bool {
        std::arch::is_x86_feature_detected!("avx2")
    }

    pub(super) fn compress_8(states: &mut [State; 8], blocks: [&[Block]; 8], count: usize) {
        if has_avx2() {
            // SAFETY: AVX2 is there, the line above looked.
            unsafe { avx2::compress_8(states, blocks, count) }
        } else {
            four::compress_8(states, blocks, count);
        }
    }

    pub(super) fn compress_16(states: &mut [State; 16], blocks: [&[Block]; 16], count: usize) {
        assert!(has_avx2(), "sixteen streams at once need AVX2");
        // SAFETY: AVX2 is there, the line above looked.
        unsafe { avx2::compress_16(states, blocks, count) }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod wide {
    pub(super) use super::four::compress_8;
    use super::{Block, State};

    pub(super) const fn has_avx2() -> bool {
        false
    }

    pub(super) fn compress_16(_: &mut [State; 16], _: [&[Block]; 16], _: usize) {
        unreachable!("more streams than the width of eight");
    }
}

use wide::{compress_8, compress_16, has_avx2};

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const BLOCKS: usize = 5;

    fn input(lane: usize) -> Vec<Block> {
        (0..BLOCKS).map(|block| std::array::from_fn(|at| (at * 7 + block * 31 + lane * 101) as u8)).collect()
    }

    fn check<const N: usize>(run: impl Fn(&mut [State; N], [&[Block]; N], usize)) {
        let inputs: [Vec<Block>; N] = std::array::from_fn(input);
        let mut states: [State; N] = std::array::from_fn(|lane| INIT.map(|word| word.rotate_left(lane as u32)));
        let mut expected = states;
        for (state, blocks) in expected.iter_mut().zip(&inputs) {
            compress_one(state, &blocks[..BLOCKS - 1]);
        }
        run(&mut states, inputs.each_ref().map(|blocks| &blocks[..]), BLOCKS - 1);
        assert_eq!(states, expected);
    }

    #[test]
    fn four_lanes_agree_with_one() {
        check(four::compress_4);
    }

    #[test]
    fn eight_lanes_agree_with_one() {
        check(four::compress_8);
        check(compress_8);
    }

    #[test]
    fn sixteen_lanes_agree_with_one() {
        if width() == 16 {
            check(compress_16);
        }
    }

    #[test]
    fn every_number_of_streams_up_to_the_width() {
        for streams in 1..=width() {
            let inputs: Vec<_> = (0..streams).map(input).collect();
            let mut states = vec![INIT; streams];
            compress(&mut states, &inputs.iter().map(Vec::as_slice).collect::<Vec<_>>(), BLOCKS);
            for (state, blocks) in states.iter().zip(&inputs) {
                let mut expected = INIT;
                compress_one(&mut expected, blocks);
                assert_eq!(*state, expected, "{streams} streams");
            }
        }
    }
}
