//! Uploads, downloads and sweep on real storage and a real table.

mod adopt;
mod begin;
mod cancel;
mod complete;
mod complete_batch;
pub(crate) mod content;
mod downloads;
mod finish;
mod kept;
mod killed;
mod many_parts;
mod races;
mod sign;
mod status;
mod sweep;
mod ways;
mod wire;
pub(crate) mod world;
