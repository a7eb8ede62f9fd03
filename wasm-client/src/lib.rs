//! The browser shell of the upload machine: one file per effect, and one driver that runs the effects and decides nothing.
//!
//! [`Client`] is all that a page needs. Behind it [`shell`] holds the driver with one file per effect, [`browser`] the
//! adapters to browser APIs, and [`hash`] the workers that compute digests.

mod browser;
mod client;
mod error;
pub mod hash;
mod shell;
#[cfg(test)]
mod testing;

pub use browser::files::has_picker;
pub use client::Client;
pub use error::ClientError;
pub use shell::changes::Change;
pub use shell::notices::{Level, Notice, Unread};
pub use slipway_protocol::machine::{Actions, Cell, LocalId, Offer, PartsView, Reason, Stage, Totals, View, Which};
pub use slipway_protocol::room::SavedRoom;
