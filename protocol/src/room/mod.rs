//! Decisions about rooms.

mod session;

pub use session::{KnownLink, Rotation, SavedRoom, Session};
