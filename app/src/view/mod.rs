//! Components: the frame around every page, the room, and the small parts that all of them use.

pub(crate) mod parts;
pub(crate) mod room;
mod root;

pub(crate) use root::Root;
