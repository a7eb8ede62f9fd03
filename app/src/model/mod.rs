//! What is shown, and how it is kept up to date. Nothing here draws.

pub mod cap;
pub mod listing;
pub(crate) mod live;
pub mod names;
pub mod order;
pub mod pace;
pub(crate) mod place;
pub mod polling;
pub mod rows;
pub(crate) mod state;
pub mod steps;
pub mod strip;
pub mod window;
