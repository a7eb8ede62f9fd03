//! The audit log. Its entries are numbered without a gap and never expire. Each one contains the SHA-256 of the
//! previous chain and itself, so that a changed or missing entry is detected.

use sha2::{Digest as _, Sha256};
use slipway_protocol::wire::id::{MemberId, RoomId};
use slipway_protocol::wire::{AuditEntry, AuditPage};

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::records::audit;
use crate::records::sequence::Sequence;
use crate::table::Write;

/// An entry without its number and time.
#[derive(Clone, Debug)]
pub(crate) struct AuditDraft {
    pub(crate) member: Option<MemberId>,
    pub(crate) action: &'static str,
    pub(crate) subject: String,
}

/// The write that appends the entries; advances `sequence`. None without entries.
pub(crate) fn append(room: RoomId, drafts: &[AuditDraft], sequence: &mut Sequence, now_ms: u64) -> Option<Write> {
    let entries: Vec<_> = drafts.iter().map(|draft| next_entry(draft, sequence, now_ms)).collect();
    (!entries.is_empty()).then(|| audit::append(room, &entries))
}

fn next_entry(draft: &AuditDraft, sequence: &mut Sequence, now_ms: u64) -> AuditEntry {
    sequence.audit += 1;
    let mut entry = AuditEntry {
        seq: sequence.audit,
        at: now_ms,
        member_id: draft.member,
        action: draft.action.to_owned(),
        subject: draft.subject.clone(),
        chain: String::new(),
    };
    entry.chain = chain(&sequence.chain, &entry);
    sequence.chain.clone_from(&entry.chain);
    entry
}

/// SHA-256, in hex, of the previous chain and the entry's fields as a JSON array, which keeps the fields' borders.
pub fn chain(before: &str, entry: &AuditEntry) -> String {
    let fields = (entry.seq, entry.at, &entry.member_id, &entry.action, &entry.subject);
    let json = serde_json::to_string(&fields).expect("an entry is plain data");
    hex::encode(Sha256::new().chain_update(before).chain_update(json).finalize())
}

/// The entries after a number.
pub async fn page(app: &App, room: RoomId, after: u64) -> Result<AuditPage, ApiFailure> {
    let page = audit::page(&app.tables, room, after).await?;
    let next_after = page.next.is_some().then(|| page.items.last().map(|item| item.last)).flatten();
    let mut entries: Vec<AuditEntry> = Vec::new();
    for item in &page.items {
        let all: Vec<AuditEntry> = serde_json::from_str(&item.entries)
            .map_err(|error| ApiFailure::internal(format!("an audit entry cannot be read: {error}")))?;
        entries.extend(all.into_iter().filter(|entry| entry.seq > after));
    }
    Ok(AuditPage { entries, next_after })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::sequence::CHAIN_START;

    fn three() -> Vec<AuditEntry> {
        let mut sequence = Sequence::new();
        let draft = |subject: &str| AuditDraft { member: None, action: "file-added", subject: subject.to_owned() };
        ["a", "b", "c"].iter().map(|subject| next_entry(&draft(subject), &mut sequence, 7)).collect()
    }

    /// The number of the first entry that does not follow from the one before.
    fn first_broken(entries: &[AuditEntry]) -> Option<u64> {
        let before = std::iter::once(CHAIN_START).chain(entries.iter().map(|entry| entry.chain.as_str()));
        entries
            .iter()
            .zip(before)
            .find(|(entry, before)| entry.chain != chain(before, entry))
            .map(|(entry, _)| entry.seq)
    }

    #[test]
    fn an_untouched_log_holds() {
        assert_eq!(first_broken(&three()), None);
    }

    #[test]
    fn a_changed_or_missing_entry_shows() {
        let mut changed = three();
        changed[1].subject = "x".into();
        assert_eq!(first_broken(&changed), Some(2));
        let mut missing = three();
        missing.remove(1);
        assert_eq!(first_broken(&missing), Some(3));
    }
}
