//! The routes behind every Slipway function.
//!
//! Nothing here knows whether it runs in Lambda, in dev-server or under a test: a router is made for each
//! function ([`routers`]) and whoever serves it brings the requests.

pub mod app;
pub mod aws;
pub mod clock;
pub mod config;
pub mod edge;
pub mod faults;
pub mod ids;
pub mod lambda;
pub mod logging;
pub mod records;
pub mod rooms;
pub mod routers;
pub mod routes;
pub mod storage;
pub mod sweep;
pub mod table;
pub mod uploads;
