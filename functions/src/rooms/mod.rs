//! What a room is beside its uploads: its numbered events, its audit log, its quota, its files.

pub mod audit;
pub mod downloads;
pub mod events;
pub mod journal;
pub mod quota;
