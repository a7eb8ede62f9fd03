//! The types that cross the network: ids, links, digests, the plan, errors, and the bodies of the HTTP API: JSON, camelCase, unknown fields refused in requests.

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

/// The most uploads one initiate or one batch completion may name.
pub const MAX_UPLOADS_PER_CALL: usize = 20;
/// The most parts one presign may name.
pub const MAX_PARTS_PER_PRESIGN: usize = 100;
/// The most parts whose digests may come with an initiate, per upload.
pub const MAX_FIRST_PARTS: usize = 16;
/// How long a signed part request may be used, in seconds.
pub const PART_URL_SECONDS: u64 = 15 * 60;
/// How long a signed download may be started, in seconds.
pub const DOWNLOAD_URL_SECONDS: u64 = 60;
/// An upload is given up so long after its last stored part, in seconds: 7 days.
pub const UPLOAD_IDLE_SECONDS: u64 = 7 * 24 * 3600;
/// An upload is given up so long after its initiate at the latest, in seconds: 30 days.
pub const UPLOAD_LIFE_SECONDS: u64 = 30 * 24 * 3600;
/// Up to so many parts are completed within the call; above, `finish` does it.
pub const MAX_PARTS_IN_CALL: u16 = 100;
/// The header that makes a repeated call one call.
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
