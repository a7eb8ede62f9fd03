//! Slipway's pure core: what the page, the functions and the command line agree on.
//!
//! Nothing here knows a clock, randomness, I/O, async, the web or AWS. Time and
//! randomness come in as arguments, so every behaviour can be tested in virtual time.

pub mod api;
pub mod backoff;
mod base64;
pub mod cap;
pub mod decimal;
pub mod digest;
pub mod error;
pub mod fault;
pub mod id;
pub mod json;
pub mod lanes;
pub mod link;
pub mod machine;
pub mod plan;
pub mod rate;
pub mod rng;
pub mod sort;
