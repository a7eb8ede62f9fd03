//! The HTTP edge: parsing requests, rate limits, and the form of every answer.

pub mod answer;
pub mod cdn;
pub mod cors;
pub mod error;
pub mod extract;
pub mod limits;
pub mod openapi;
pub mod request_id;
pub mod source;
pub mod text;
