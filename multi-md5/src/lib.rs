#![doc = include_str!("../README.md")]
#![allow(unsafe_code)]

mod pair;
mod rounds;
mod scalar;
mod simd;
mod stream;

pub use stream::{DIGEST_BYTES, Digest, Md5, md5, md5_many, update_many};
