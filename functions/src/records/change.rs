//! How an upload's state changes: each change is one conditional write, made here and nowhere else.
//!
//! Writes that belong into a transaction are returned for it. All are refused under [`STATE`].

use slipway_protocol::wire::id::MemberId;
use slipway_protocol::wire::{Label, UploadState};

use super::listed_upload;
use super::member::Principal;
use super::upload::{Reason, STATE, UploadRecord, key};
use crate::storage::S3UploadId;
use crate::table::Write;

/// How long a record outlives its upload, in seconds: 31 days, so that late calls get the right error.
const KEEP_SECONDS: u64 = 31 * 24 * 3600;
const COMPLETED: &str = "SET #state = :next, #etag = :etag, #endedAt = :now, #ttl = :ttl";

impl UploadRecord {
    /// Begins it: the record and its place in the room's list.
    pub fn create(&self) -> [Write; 2] {
        let record = Write::put(&key(self.upload_id), self).when("attribute_not_exists(#pk)").label(STATE);
        [record, listed_upload::list_upload(self)]
    }

    /// Records that it is created in storage: open for parts.
    pub fn opened(&self, s3_upload_id: &S3UploadId, due_at: u64) -> Write {
        self.change("SET #state = :next, #s3UploadId = :s3, #dueAt = :due", UploadState::Uploading)
            .when("#state = :pending")
            .bind("pending", UploadState::Pending)
            .bind("s3", s3_upload_id)
            .bind("due", due_at)
    }

    /// Takes the lease to complete it: from open, or from a lease that has ended. Refused if another lease was taken since the
    /// record was read, or the upload is no longer open.
    ///
    /// An adoption in between is no reason to refuse: what is completed is what was promised, whoever asks for it, and the
    /// holder goes on with the record that this write returns, so the file is listed for the member who adopted it.
    pub fn lease(&self, now: u64, until: u64) -> Write {
        self.change("SET #state = :next, #fence = :fence, #leaseUntil = :until", UploadState::Completing)
            .when("#fence = :seen AND (#state = :open OR (#state = :next AND #leaseUntil <= :now))")
            .bind("open", UploadState::Uploading)
            .bind("fence", self.fence + 1)
            .bind("seen", self.fence)
            .bind("now", now)
            .bind("until", until)
    }

    /// Sets another end of the lease.
    pub fn renewed(&self, until: u64) -> Write {
        self.under_lease("SET #leaseUntil = :until", None).bind("until", until)
    }

    /// Releases the lease: open for parts again.
    pub fn released(&self) -> Write {
        self.under_lease("SET #state = :next, #leaseUntil = :zero", Some(UploadState::Uploading)).bind("zero", 0)
    }

    /// The file is in storage and verified. For the transaction that lists it.
    pub fn completed(&self, etag: &str, now: u64) -> [Write; 2] {
        self.ended(self.under_lease(COMPLETED, Some(UploadState::Completed)), etag, now)
    }

    /// The same without a lease, for a file in one PUT. Refused if a lease was taken since the record was read, or the upload
    /// is no longer open, or another member has adopted it: without a lease the record is not read again, and the file would
    /// be listed for the member before.
    pub fn completed_open(&self, etag: &str, now: u64) -> [Write; 2] {
        let record = self
            .change(COMPLETED, UploadState::Completed)
            .when("#state = :open AND #fence = :seen AND #memberId = :member")
            .bind("open", UploadState::Uploading)
            .bind("seen", self.fence)
            .bind("member", self.member_id);
        self.ended(record, etag, now)
    }

    fn ended(&self, record: Write, etag: &str, now: u64) -> [Write; 2] {
        let record = record.bind("etag", etag).bind("now", now).bind("ttl", now / 1000 + KEEP_SECONDS);
        [record, listed_upload::unlist(self)]
    }

    /// Fails the upload whose lease we hold.
    pub fn failing(&self, reason: Reason) -> Write {
        self.under_lease("SET #state = :next, #reason = :reason", Some(UploadState::Aborting)).bind("reason", reason)
    }

    /// Starts its removal: only while it is open, or when the lease of its completion has ended.
    pub fn aborting(&self, reason: Reason, by: Option<MemberId>, now: u64) -> Write {
        self.change("SET #state = :next, #reason = :reason, #removedBy = :by", UploadState::Aborting)
            .when("#state IN (:pending, :open) OR (#state = :completing AND #leaseUntil <= :now)")
            .bind("reason", reason)
            .bind("by", by)
            .bind("pending", UploadState::Pending)
            .bind("open", UploadState::Uploading)
            .bind("completing", UploadState::Completing)
            .bind("now", now)
    }

    /// Ends it after its removal from storage. For the transaction that frees its quota.
    pub fn removed(&self, end: UploadState, now: u64) -> [Write; 2] {
        let record = self
            .change("SET #state = :next, #endedAt = :now, #ttl = :ttl", end)
            .when("#state = :aborting")
            .bind("aborting", UploadState::Aborting)
            .bind("now", now)
            .bind("ttl", now / 1000 + KEEP_SECONDS);
        [record, listed_upload::unlist(self)]
    }

    /// Records the latest expiry of the URLs of a single PUT. Only while it is open.
    pub fn signed_until(&self, until: u64) -> Write {
        Write::update(&key(self.upload_id), "SET #urlsEndAt = :until")
            .when("#state = :open")
            .bind("open", UploadState::Uploading)
            .bind("until", until)
            .label(STATE)
    }

    /// Moves its expiry.
    pub fn due_moved(&self, due_at: u64) -> Write {
        Write::update(&key(self.upload_id), "SET #dueAt = :due")
            // Only forward: a slow call may come with an older list of parts.
            .when("#dueAt < :due AND #state IN (:pending, :open)")
            .bind("pending", UploadState::Pending)
            .bind("open", UploadState::Uploading)
            .bind("due", due_at)
            .label(STATE)
    }

    /// Hands it to another member, and keeps the one who began it. For one transaction.
    pub fn adopted(&self, by: MemberId, principal: &Principal, display_name: &Label) -> [Write; 2] {
        // `begunBy` survives further adoptions: whoever began an upload may always cancel it.
        let hand = "SET #memberId = :by, #displayName = :name, #begunBy = if_not_exists(#begunBy, :before)";
        let record = Write::update(&key(self.upload_id), format!("{hand}, #principal = :who"))
            .when("#state = :open AND #memberId = :before")
            .bind("open", UploadState::Uploading)
            .bind("who", principal)
            .bind("by", by)
            .bind("name", display_name)
            .bind("before", self.member_id);
        [record, listed_upload::hand_over_to(self, by, display_name)].map(|write| write.label(STATE))
    }

    fn change(&self, expression: &str, next: UploadState) -> Write {
        Write::update(&key(self.upload_id), expression).bind("next", next).label(STATE)
    }

    fn under_lease(&self, expression: &str, next: Option<UploadState>) -> Write {
        let write = Write::update(&key(self.upload_id), expression)
            // The fence and not the time: until another call takes it, a lease that has ended is still ours.
            .when("#state = :completing AND #fence = :fence")
            .bind("completing", UploadState::Completing)
            .bind("fence", self.fence)
            .label(STATE);
        match next {
            Some(next) => write.bind("next", next),
            None => write,
        }
    }
}
