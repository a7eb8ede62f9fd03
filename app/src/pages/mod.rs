//! One module for each address, and the frame around all of them.

mod audit;
#[cfg(feature = "gallery")]
mod gallery;
mod home;
mod not_found;
mod room;
mod root;

pub(crate) use root::Root;
