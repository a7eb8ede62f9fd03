//! No vectors: one stream after another.

use crate::rounds::{Block, State};
use crate::scalar::compress_one;

pub(super) const WIDTH: usize = 1;

pub(super) fn compress_4(states: &mut [State; 4], blocks: [&[Block]; 4], count: usize) {
    each(states, &blocks, count);
}

pub(super) fn compress_8(states: &mut [State; 8], blocks: [&[Block]; 8], count: usize) {
    each(states, &blocks, count);
}

fn each(states: &mut [State], blocks: &[&[Block]], count: usize) {
    for (state, blocks) in states.iter_mut().zip(blocks) {
        compress_one(state, &blocks[..count]);
    }
}
