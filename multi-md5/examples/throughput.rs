//! Prints how fast 1, 2, 3 … 16 streams are hashed, in MiB/s, and against one stream alone.
//!
//! `cargo run --release -p multi-md5 --example throughput`
#![allow(clippy::print_stdout)] // It is what the example is for.

use std::time::Instant;

use multi_md5::{Md5, update_many};

/// Bytes of each stream in memory, small enough for sixteen to lie in a second-level cache.
const CHUNK: usize = 1 << 15;
/// Bytes hashed in each measurement.
const TOTAL: usize = 512 << 20;
const MIB: f64 = (1 << 20) as f64;

fn main() {
    let buffers: Vec<Vec<u8>> = (0..16).map(|seed| (0..CHUNK).map(|at| (at * 31 + seed) as u8).collect()).collect();
    println!("streams   MiB/s   ratio");
    let mut alone = None;
    for streams in [1, 2, 3, 4, 5, 6, 7, 8, 12, 16] {
        let rate = (0..3).map(|_| measure(&buffers[..streams])).fold(0.0, f64::max);
        println!("{streams:7} {rate:7.0} {:7.2}", rate / *alone.get_or_insert(rate));
    }
}

fn measure(buffers: &[Vec<u8>]) -> f64 {
    let rounds = TOTAL / CHUNK / buffers.len();
    let mut streams = vec![Md5::new(); buffers.len()];
    let start = Instant::now();
    for _ in 0..rounds {
        let mut feeds: Vec<_> = streams.iter_mut().zip(buffers).map(|(stream, bytes)| (stream, &bytes[..])).collect();
        update_many(&mut feeds);
    }
    let seconds = start.elapsed().as_secs_f64();
    std::hint::black_box(streams);
    (rounds * buffers.len() * CHUNK) as f64 / MIB / seconds
}
