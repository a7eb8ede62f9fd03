//! The HTTP edge: what a call brings, what it may cost, and what every answer has in common.

pub mod answer;
pub mod cors;
pub mod error;
pub mod extract;
pub mod limits;
pub mod openapi;
pub mod request_id;
pub mod source;
pub mod text;
