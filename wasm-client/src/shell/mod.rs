//! The shell around the machine: the driver feeds facts to it and runs its effects; beside it the rooms that this device
//! has joined and the calls of the functions.

pub(crate) mod api;
pub(crate) mod changes;
pub(crate) mod driver;
pub(crate) mod effects;
mod intake;
mod leave;
pub(crate) mod notices;
pub(crate) mod offers;
mod ownership;
pub(crate) mod rooms;
mod routes;
