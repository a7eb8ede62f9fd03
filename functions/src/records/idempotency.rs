//! Which uploads a repeated initiate began: `IDEM#member#key` / `META`, in Main.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{MemberId, UploadId};

use crate::table::{Key, TableError, Tables, Write};

/// Label of the condition that fails when the same call is on record already.
pub const IDEMPOTENCY: &str = "idempotency";

/// A call that is on record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdempotencyRecord {
    /// SHA-256 of room and body, in hex.
    pub fingerprint: String,
    pub upload_ids: Vec<UploadId>,
    /// The time to live, in seconds since 1970. The table is late with it, so it is checked here.
    pub ttl: u64,
}

fn key(member: MemberId, header: &str) -> Key {
    Key::main(format!("IDEM#{member}#{header}"), "META")
}

/// The member's call of this `Idempotency-Key`, if it is on record and not too old at `now`, in seconds since 1970.
pub async fn get(
    tables: &Tables,
    member: MemberId,
    header: &str,
    now: u64,
) -> Result<Option<IdempotencyRecord>, TableError> {
    let record: Option<IdempotencyRecord> = tables.get(&key(member, header)).await?;
    Ok(record.filter(|record| record.ttl > now))
}

/// The write that puts a call on record, once.
pub fn create(member: MemberId, header: &str, record: &IdempotencyRecord, now: u64) -> Write {
    Write::put(&key(member, header), record)
        // DynamoDB drops items days late, and one that has expired must not refuse a new call.
        .when("attribute_not_exists(#pk) OR #ttl <= :now")
        .bind("now", now)
        .label(IDEMPOTENCY)
}
