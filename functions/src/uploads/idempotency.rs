//! `Idempotency-Key`: a repeated initiate begins nothing twice.

use sha2::{Digest as _, Sha256};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{MemberId, RoomId, UploadId};
use slipway_protocol::wire::{IDEMPOTENCY_KEY, Initiate};

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::records::idempotency::{self, IdempotencyRecord};
use crate::table::Write;

/// The longest key, in bytes.
const MAX_KEY_BYTES: usize = 128;
/// Time that a key outlives its uploads, in seconds: a page keeps the key for as long as its upload.
const KEEP_SECONDS: u64 = 24 * 3600;

/// A call with an idempotency key.
#[derive(Clone, Debug)]
pub struct IdempotentCall {
    member: MemberId,
    key: String,
    fingerprint: String,
}

impl IdempotentCall {
    /// Parses the header, and hashes room and body.
    pub fn new(header: &str, member: MemberId, room: RoomId, request: &Initiate) -> Result<Self, ApiFailure> {
        let fits = (1..=MAX_KEY_BYTES).contains(&header.len());
        // It becomes part of a key of the table, whose fields are separated by `#`.
        if !fits || !header.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte)) {
            let message = "An Idempotency-Key has 1 to 128 letters, digits, dashes, dots, colons or underscores.";
            return Err(ApiFailure::bad(IDEMPOTENCY_KEY, message));
        }
        let body = serde_json::to_vec(request).map_err(|error| ApiFailure::internal(error.to_string()))?;
        // With the room: the same body for another room is another call.
        let fingerprint = hex::encode(Sha256::new().chain_update(room.as_bytes()).chain_update(body).finalize());
        Ok(Self { member, key: header.to_owned(), fingerprint })
    }

    /// The uploads that an earlier call of this key began.
    pub(super) async fn earlier_uploads(&self, app: &App) -> Result<Option<Vec<UploadId>>, ApiFailure> {
        let record = idempotency::get(&app.tables, self.member, &self.key, app.clock.now_seconds()).await?;
        let Some(record) = record else { return Ok(None) };
        if record.fingerprint != self.fingerprint {
            let message = "This Idempotency-Key came with another body before. Use a new key for a new call.";
            return Err(ApiFailure::new(ErrorCode::IdempotencyMismatch, message));
        }
        Ok(Some(record.upload_ids))
    }

    /// The write that records the key, refused if it is on record already.
    pub(super) fn record(&self, app: &App, upload_ids: Vec<UploadId>) -> Write {
        let now = app.clock.now_seconds();
        let ttl = now + app.config.upload_life_seconds + KEEP_SECONDS;
        let record = IdempotencyRecord { fingerprint: self.fingerprint.clone(), upload_ids, ttl };
        idempotency::create(self.member, &self.key, &record, now)
    }
}
