//! Code in place of a library, kept for the page's size alone: each piece where the library costs more than 15 KiB of
//! brotli. `docs/decisions/0007-page-size.md` has the figures. A property test holds each against the library.

pub mod json;
