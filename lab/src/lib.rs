//! What stories and benchmarks run on: the real stack, real browsers, and a proxy that breaks the wire.
//!
//! No part of the product.

pub mod api;
pub mod browser;
pub mod files;
pub mod front;
pub mod process;
pub mod proxy;
pub mod s3;
pub mod stack;
