//! The HTTP API: one file for each route, or for a few related ones.

pub mod abort;
pub mod adopt;
pub mod audit;
pub mod complete;
pub mod downloads;
pub mod events;
pub mod files;
pub mod health;
pub mod initiate;
pub mod links;
pub mod members;
pub mod openapi;
pub mod presign;
pub mod rooms;
pub mod status;

/// `?after=`: the number before the first one.
#[derive(Clone, Copy, Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AfterNumber {
    /// Only what has a higher number. 0: from the start.
    #[serde(default)]
    after: u64,
}
