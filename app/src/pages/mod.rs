//! One module for each address.

mod audit;
#[cfg(feature = "gallery")]
mod gallery;
mod home;
mod not_found;
mod room;

pub(crate) use audit::AuditPage;
#[cfg(feature = "gallery")]
pub(crate) use gallery::Gallery;
pub(crate) use home::{FormError, Home, last_name};
pub(crate) use not_found::NotFound;
pub(crate) use room::RoomPage;
