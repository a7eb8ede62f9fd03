//! The browser shell of the upload machine: one effect a file, and one driver that
//! runs what the machine asks for and decides nothing itself.
//!
//! [`Client`] is all that a page needs. The rest, in the order of an upload: [`files`] picked,
//! [`store`] for the checkpoint, [`hash`] for digests, [`api`] and [`routes`] for the functions,
//! [`put`] to storage; around it [`clock`], [`locks`], [`tabs`] and [`wake`]; when it goes wrong
//! [`selftest`], [`notice`] and [`panic`].

mod api;
mod change;
mod client;
mod clock;
mod connections;
mod download;
mod driver;
mod error;
mod files;
pub mod hash;
mod listener;
mod locks;
mod notice;
mod offers;
mod panic;
mod put;
mod rooms;
mod routes;
mod selftest;
mod soon;
mod store;
mod sys;
mod tabs;
#[cfg(test)]
mod testing;
mod wake;

pub use change::Change;
pub use client::Client;
pub use error::ClientError;
pub use files::has_picker;
pub use notice::{Level, Notice};
pub use offers::Offer;
pub use rooms::SavedRoom;
pub use slipway_protocol::machine::{Actions, Cell, LocalId, Reason, Stage, Totals, View, Which};
