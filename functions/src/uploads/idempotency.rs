//! `Idempotency-Key`: `IDEM#member#key` / `META` says which uploads a repeated initiate began.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{MemberId, RoomId, UploadId};
use slipway_protocol::wire::{IDEMPOTENCY_KEY, Initiate};

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::table::{Key, Write};

/// What the refusal of a second begin is told by.
pub(super) const IDEMPOTENCY: &str = "idempotency";
/// The longest key, in bytes.
const MAX_KEY_BYTES: usize = 128;
/// A page keeps the key as long as its upload lives; this is on top of it, in seconds.
const KEEP_SECONDS: u64 = 24 * 3600;

/// A call that is to happen once.
#[derive(Clone, Debug)]
pub struct IdempotentCall {
    key: Key,
    fingerprint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdempotencyRecord {
    /// SHA-256 of room and body, in hex.
    fingerprint: String,
    upload_ids: Vec<UploadId>,
    /// The time to live, in seconds since 1970. The table is late with it, so it is checked here.
    ttl: u64,
}

impl IdempotentCall {
    /// Of a header's value, for this member and body.
    pub fn new(header: &str, member: MemberId, room: RoomId, request: &Initiate) -> Result<Self, ApiFailure> {
        let fits = (1..=MAX_KEY_BYTES).contains(&header.len());
        if !fits || !header.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte)) {
            let message = "An Idempotency-Key has 1 to 128 letters, digits, dashes, dots, colons or underscores.";
            return Err(ApiFailure::bad(IDEMPOTENCY_KEY, message));
        }
        let body = serde_json::to_vec(request).map_err(|error| ApiFailure::internal(error.to_string()))?;
        let fingerprint = hex::encode(Sha256::new().chain_update(room.as_bytes()).chain_update(body).finalize());
        Ok(Self { key: Key::new(format!("IDEM#{member}#{header}"), "META"), fingerprint })
    }

    /// The uploads that the same call began before, if it did.
    pub(super) async fn before(&self, app: &App) -> Result<Option<Vec<UploadId>>, ApiFailure> {
        let record: Option<IdempotencyRecord> = app.table.get(&self.key).await?;
        let Some(record) = record.filter(|record| record.ttl > app.clock.now_seconds()) else { return Ok(None) };
        if record.fingerprint != self.fingerprint {
            let message = "This Idempotency-Key came with another body before. Use a new key for a new call.";
            return Err(ApiFailure::new(ErrorCode::IdempotencyMismatch, message));
        }
        Ok(Some(record.upload_ids))
    }

    /// The write that makes the call happen once.
    pub(super) fn record(&self, app: &App, upload_ids: Vec<UploadId>) -> Write {
        let now = app.clock.now_seconds();
        let ttl = now + app.config.upload_life_seconds + KEEP_SECONDS;
        let record = IdempotencyRecord { fingerprint: self.fingerprint.clone(), upload_ids, ttl };
        Write::put(&self.key, &record)
            .when("attribute_not_exists(#pk) OR #ttl <= :now")
            .bind("now", now)
            .label(IDEMPOTENCY)
    }
}
