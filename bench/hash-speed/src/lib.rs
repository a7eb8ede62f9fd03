//! The page's MD5 alone: bytes in memory, several streams in step, as in the hash worker.

use multi_md5::Md5;
use wasm_bindgen::prelude::*;

/// What the worker hashes of each stream at once, in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// Hashes `mib` MiB in all, in `streams` streams. Returns the sum of one byte of each digest, so that the compiler can't
/// drop the work.
#[wasm_bindgen]
pub fn hash(streams: usize, mib: usize) -> u32 {
    let bytes: Vec<u8> = (0..streams * PIECE_BYTES).map(|at| (at * 31) as u8).collect();
    let mut hashers = vec![Md5::new(); streams];
    for _ in 0..(mib << 20) / bytes.len() {
        let mut feeds: Vec<_> = hashers.iter_mut().zip(bytes.chunks(PIECE_BYTES)).collect();
        multi_md5::update_many(&mut feeds);
    }
    hashers.into_iter().map(|md5| u32::from(md5.finalize()[0])).sum()
}
