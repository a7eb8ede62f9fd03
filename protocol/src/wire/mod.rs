//! The types that cross the network: ids, links, digests, the plan, errors, and the bodies of the HTTP API.
//!
//! Bodies are JSON with camelCase fields. Requests with unknown fields are refused. Integers stay below 2^53, since the page
//! reads them as doubles.

pub mod digest;
mod downloads;
pub mod error;
mod events;
mod health;
pub mod id;
mod label;
pub mod link;
mod meta;
pub mod plan;
mod rooms;
pub mod text;
mod uploads;

pub use downloads::*;
pub use events::*;
pub use health::*;
pub use label::*;
pub use meta::*;
pub use rooms::*;
pub use uploads::*;

/// Most uploads in one initiate or one batch completion.
// Twenty small files still fit into one transaction of the table (decision 15).
pub const MAX_UPLOADS_PER_CALL: usize = 20;
/// Most parts in one presign.
// Small, since a URL dies with the credentials that signed it, even before its own expiry.
pub const MAX_PARTS_PER_PRESIGN: usize = 100;
/// Most parts whose digests may be sent with an initiate, per upload.
pub const MAX_FIRST_PARTS: usize = 16;
/// Validity of a signed part request, in seconds.
pub const PART_URL_SECONDS: u64 = 15 * 60;
/// Validity of a signed download, in seconds.
pub const DOWNLOAD_URL_SECONDS: u64 = 60;
/// Time after its last stored part at which an upload expires, in seconds: 7 days.
pub const UPLOAD_IDLE_SECONDS: u64 = 7 * 24 * 3600;
/// Time after its initiate at which an upload expires at the latest, in seconds: 30 days.
pub const UPLOAD_LIFE_SECONDS: u64 = 30 * 24 * 3600;
/// Most parts that are completed within the call. Above, `finish` completes them asynchronously.
// API Gateway ends a call at 30 s, and completing 10,000 parts took 31 s (docs/testing.md).
pub const MAX_PARTS_IN_CALL: u16 = 100;
/// The header of the idempotency key: calls with the same key take effect once.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

macro_rules! wire {
    ($($item:item)*) => {
        $(
            #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
            #[serde(rename_all = "camelCase")]
            #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
            $item
        )*
    };
}
use wire;
