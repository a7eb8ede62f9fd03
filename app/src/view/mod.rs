//! Components: the room, and the small parts that all pages use.

pub(crate) mod parts;
pub(crate) mod room;
