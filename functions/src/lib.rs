//! The routes behind every Slipway function.
//!
//! Nothing here knows whether it runs in Lambda, in dev-server or under a test: a router is made for each
//! function ([`routers`]) and whoever serves it brings the requests.

pub mod answer;
pub mod audit;
pub mod aws;
pub mod clock;
pub mod config;
pub mod cors;
#[cfg(feature = "local")]
pub mod dev;
pub mod downloads;
pub mod error;
pub mod events;
pub mod extract;
pub mod ids;
pub mod journal;
pub mod lambda;
pub mod limits;
pub mod logging;
pub mod openapi;
pub mod quota;
pub mod records;
pub mod routers;
pub mod routes;
pub mod state;
pub mod storage;
pub mod sweep;
pub mod table;
pub mod text;
pub mod uploads;
