//! Uploads, downloads and sweep on real storage and a real table.

mod adopt;
mod begin;
mod cancel;
mod complete;
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
mod together;
mod ways;
mod wire;
pub(crate) mod world;
