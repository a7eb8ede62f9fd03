//! Continues an upload begun elsewhere: who knows the MD5s of some stored parts has the file.
//!
//! The challenge is kept, so that asking again does not draw other parts.

use std::collections::BTreeMap;

use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{PartNumber, UploadId};
use slipway_protocol::wire::{Adoption, Proof, StoredPart, UploadState};

use super::{closed, visible};
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::Member;
use crate::edge::limits;
use crate::ids;
use crate::records::challenge::{self, Challenge};
use crate::records::upload::{self, UploadRecord};
use crate::rooms::journal::{self, Journal};
use crate::storage::StorageError;
use crate::table::TableError;

/// So many parts are asked for, or all that are stored.
const ASKED_PARTS: usize = 3;
/// Wrong answers to one challenge.
const MAX_TRIES: u32 = 5;
/// How long a challenge stands, in seconds.
const CHALLENGE_SECONDS: u64 = 3600;

/// Without proofs: names the parts to prove. With them: hands the upload to the caller.
pub async fn adopt(app: &App, member: &Member, id: UploadId, proofs: &[Proof]) -> Result<Adoption, ApiFailure> {
    member.may_upload()?;
    limits::charge_member(app, member.id).await?;
    let upload = visible(app, member, id).await?;
    if !upload.state.is_open() {
        return Err(closed(&upload));
    }
    // The same member, from another tab or browser: nothing changes hands, so nothing is to be proved.
    if upload.member_id == member.id {
        return Ok(Adoption::Adopted { upload_id: id });
    }
    if upload.state != UploadState::Uploading {
        // Nothing is stored of a pending one: there is nothing to gain, and nothing to prove by.
        return Err(ApiFailure::not_found());
    }
    let stored = stored(app, &upload).await?;
    let challenge = challenge(app, &upload, member, &stored).await?;
    if proofs.is_empty() {
        return Ok(Adoption::Challenge { plan: upload.plan, parts: challenge.parts });
    }
    check(app, &upload, member, &challenge, &stored, proofs).await?;
    hand_to(app, &upload, member).await
}

/// What storage holds; nothing at all is as good as no upload.
async fn stored(app: &App, upload: &UploadRecord) -> Result<Vec<StoredPart>, ApiFailure> {
    let Some(s3) = &upload.s3_upload_id else { return Err(ApiFailure::not_found()) };
    match app.storage.list_parts(&upload.object_key(), s3).await {
        Ok(page) if !page.parts.is_empty() => Ok(page.parts),
        Ok(_) | Err(StorageError::NoSuchUpload) => Err(ApiFailure::not_found()),
        Err(error) => Err(error.into()),
    }
}

/// The caller's challenge: the one that stands, or a new one.
async fn challenge(
    app: &App,
    upload: &UploadRecord,
    member: &Member,
    stored: &[StoredPart],
) -> Result<Challenge, ApiFailure> {
    let now = app.clock.now_seconds();
    let id = upload.upload_id;
    if let Some(standing) = challenge::get(&app.tables, id, member.id).await?.filter(|kept| kept.ttl > now) {
        return Ok(standing);
    }
    let new = Challenge { parts: draw(stored), wrong: 0, ttl: now + CHALLENGE_SECONDS };
    match challenge::set(&app.tables, id, member.id, &new, now).await {
        Ok(()) => Ok(new),
        // Asked twice at once: the first one stands.
        Err(TableError::Refused(_)) => {
            let first = challenge::get(&app.tables, id, member.id).await?;
            first.ok_or_else(|| ApiFailure::unavailable("a challenge came and went"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Some stored parts at random, ascending.
fn draw(stored: &[StoredPart]) -> Vec<PartNumber> {
    let mut numbers: Vec<_> = stored.iter().map(|part| part.part_number).collect();
    let count = numbers.len().min(ASKED_PARTS);
    for index in 0..count {
        let other = index + ids::random_below((numbers.len() - index) as u64) as usize;
        numbers.swap(index, other);
    }
    numbers.truncate(count);
    numbers.sort_unstable();
    numbers
}

async fn check(
    app: &App,
    upload: &UploadRecord,
    member: &Member,
    challenge: &Challenge,
    stored: &[StoredPart],
    proofs: &[Proof],
) -> Result<(), ApiFailure> {
    if challenge.wrong >= MAX_TRIES {
        return Err(ApiFailure::rate_limited(challenge.ttl.saturating_sub(app.clock.now_seconds()).max(1)));
    }
    if proves(&challenge.parts, stored, proofs) {
        return Ok(());
    }
    challenge::count_wrong(&app.tables, upload.upload_id, member.id, MAX_TRIES).await?;
    let message = "This is not the file that was being uploaded. Pick the same file, or upload this one anew.";
    Err(ApiFailure::new(ErrorCode::ProofMismatch, message))
}

/// Each part that was asked for, no other, with the digest that storage tells.
fn proves(asked: &[PartNumber], stored: &[StoredPart], proofs: &[Proof]) -> bool {
    let stored: BTreeMap<PartNumber, Md5> = stored.iter().map(|part| (part.part_number, part.digest.0)).collect();
    let proofs: BTreeMap<PartNumber, Md5> = proofs.iter().map(|proof| (proof.part_number, proof.digest.0)).collect();
    !asked.is_empty()
        && proofs.len() == asked.len()
        && asked.iter().all(|part| proofs.contains_key(part) && proofs.get(part) == stored.get(part))
}

async fn hand_to(app: &App, upload: &UploadRecord, member: &Member) -> Result<Adoption, ApiFailure> {
    let mut writes = Vec::with_capacity(3);
    writes.extend(upload.adopted(member.id, &member.principal, &member.display_name));
    writes.push(challenge::delete(upload.upload_id, member.id));
    let journal = Journal::new().audit(Some(member.id), "upload-adopted", upload.upload_id);
    match journal::commit(app, upload.room_id, &writes, &journal).await {
        Ok(_) => Ok(Adoption::Adopted { upload_id: upload.upload_id }),
        Err(error) if error.refused(upload::STATE) => {
            let now = visible(app, member, upload.upload_id).await?;
            Err(if now.state.is_open() { ApiFailure::not_found() } else { closed(&now) })
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::digest::Digest;

    use super::*;

    fn part(number: u16) -> PartNumber {
        PartNumber::new(number).unwrap()
    }

    fn stored(numbers: &[u16]) -> Vec<StoredPart> {
        let one = |number: &u16| StoredPart { part_number: part(*number), size: 1, digest: digest(*number) };
        numbers.iter().map(one).collect()
    }

    fn digest(number: u16) -> Digest {
        Digest(Md5::of(&number.to_be_bytes()))
    }

    fn proofs(numbers: &[u16]) -> Vec<Proof> {
        numbers.iter().map(|number| Proof { part_number: part(*number), digest: digest(*number) }).collect()
    }

    #[test]
    fn up_to_three_different_stored_parts_are_drawn() {
        for numbers in [&[7][..], &[1, 9], &[1, 3, 7], &[1, 2, 3, 4, 5, 6, 7, 8]] {
            let drawn = draw(&stored(numbers));
            assert_eq!(drawn.len(), numbers.len().min(3));
            assert!(drawn.is_sorted_by(|a, b| a < b) && drawn.iter().all(|part| numbers.contains(&part.get())));
        }
    }

    #[test]
    fn only_the_asked_parts_with_their_digests_prove() {
        let stored = stored(&[1, 3, 7]);
        let asked = [part(1), part(7)];
        assert!(proves(&asked, &stored, &proofs(&[7, 1])));
        assert!(!proves(&asked, &stored, &proofs(&[1])));
        assert!(!proves(&asked, &stored, &proofs(&[1, 3])));
        assert!(!proves(&asked, &stored, &proofs(&[1, 3, 7])));
        assert!(!proves(&[part(9)], &stored, &proofs(&[9])), "a part that is gone");
        let mut wrong = proofs(&[1, 7]);
        wrong[0].digest = digest(9);
        assert!(!proves(&asked, &stored, &wrong));
        assert!(!proves(&[], &stored, &[]));
    }
}
