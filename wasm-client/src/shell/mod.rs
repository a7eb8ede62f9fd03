//! The shell around the machine: the driver, which feeds inputs to the machine and runs its effects, the rooms that this
//! device has joined, and the calls of the API.

pub(crate) mod api;
pub(crate) mod changes;
pub(crate) mod driver;
pub(crate) mod effects;
mod intake;
mod leave;
pub(crate) mod notices;
mod ownership;
pub(crate) mod rooms;
mod routes;
