//! A room's events, audit log, quota and files.

pub mod audit;
pub mod downloads;
pub mod events;
pub mod journal;
pub mod quota;
