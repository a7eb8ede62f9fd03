//! Small code in place of a library, kept for the size of the page alone.
//!
//! Each piece is held against the library it stands for by a property test;
//! `docs/decisions/0007-page-size.md` has what each one saves.

pub(crate) mod base64;
pub mod decimal;
pub mod json;
pub mod sort;
