//! The state behind the views, and how it is updated. Nothing here draws.

pub mod cap;
pub(crate) mod effect;
#[cfg(any(test, feature = "gallery"))]
pub(crate) mod example;
pub mod incremental;
pub mod listing;
pub(crate) mod live;
pub mod order;
pub mod pace;
pub mod polling;
pub(crate) mod router;
pub mod rows;
pub(crate) mod state;
pub mod strip;
pub mod window;
