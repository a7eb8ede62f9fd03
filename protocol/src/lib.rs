//! Slipway's pure core: what the page, the functions and the command line agree on.
//!
//! Nothing here knows a clock, randomness, I/O, async, the web or AWS. Time and
//! randomness come in as arguments, so every behaviour can be tested in virtual time.
//! The crate has no `std`, so the compiler keeps it so wherever it is built without `openapi`: in the page and the tests.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`wire`] | what crosses the network or the link: ids, links, digests, plan, errors, bodies |
//! | [`calls`] | the HTTP API: one value for each call, and what its failures mean |
//! | [`machine`] | what is decided about uploads |
//! | [`room`] | what is decided about rooms |

#![no_std]

#[macro_use]
extern crate alloc;
// What derives the OpenAPI schemas names `std`; only the functions ask for it.
#[cfg(any(test, feature = "openapi"))]
extern crate std;

pub mod calls;
pub mod machine;
mod prelude;
pub mod room;
pub mod wire;
