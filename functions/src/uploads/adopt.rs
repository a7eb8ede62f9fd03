//! Continues an upload begun elsewhere. Knowing the MD5s of some stored parts proves that the caller has the file.
//!
//! The challenge belongs to the upload and is stored: every caller gets the same parts, so that joining again yields no
//! other choice. It only grows, up to eight parts, as more parts are stored. If the first request fixed it, one known
//! part (the beginning that two versions of a file share) could prove the whole file. Wrong proofs are not counted,
//! since a guest could exhaust the count of the rightful member; the rate limit of calls makes guessing an MD5
//! infeasible.

use std::collections::BTreeMap;

use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{PartNumber, UploadId};
use slipway_protocol::wire::{Adoption, Proof, UploadState};

use super::{closed, visible};
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::Member;
use crate::edge::limits;
use crate::ids;
use crate::records::challenge::{self, Challenge};
use crate::records::plan;
use crate::records::upload::{self, UploadRecord};
use crate::rooms::journal::{self, Journal};
use crate::storage::StorageError;
use crate::table::TableError;

/// Parts of a full challenge.
const ASKED_PARTS: usize = 8;
/// A refused write means that another call has grown the challenge, which happens at most [`ASKED_PARTS`] times.
const CHALLENGE_TRIES: usize = ASKED_PARTS + 1;
/// The table drops a challenge this long after the upload's last possible end, in seconds.
const KEEP_SECONDS: u64 = 24 * 3600;

/// Digests by part.
type Digests = BTreeMap<PartNumber, Md5>;

/// Without proofs: names the parts to prove. With them: hands the upload to the caller.
pub async fn adopt(app: &App, member: &Member, id: UploadId, proofs: &[Proof]) -> Result<Adoption, ApiFailure> {
    member.may_upload()?;
    limits::charge_member(app, member.id).await?;
    let upload = visible(app, member, id).await?;
    if !upload.state.is_open() {
        return Err(closed(&upload));
    }
    // The same member in another tab or browser: the owner stays, so no proof is needed.
    if upload.member_id == member.id {
        return Ok(Adoption::Adopted { upload_id: id });
    }
    if upload.state != UploadState::Uploading {
        // A pending upload has no stored parts to prove it by.
        return Err(ApiFailure::not_found());
    }
    let digests = provable(app, &upload).await?;
    let asked = challenge(app, &upload, &digests).await?;
    // A proof that was right before the challenge grew is no error: the answer is the larger one (decision 13).
    if proofs.is_empty() || is_right_so_far(&asked, &digests, proofs) {
        return Ok(Adoption::Challenge { plan: upload.plan, parts: asked });
    }
    if !proves(&asked, &digests, proofs) {
        let message =
            "This is not the file that was being uploaded. Pick the same file, or upload this one as a new one.";
        return Err(ApiFailure::new(ErrorCode::ProofMismatch, message));
    }
    hand_to(app, &upload, member).await
}

/// The digests that can prove the file: of the stored parts, or of a single PUT the promised one, whether it is stored
/// yet or not. Without any, the upload is reported as not found.
async fn provable(app: &App, upload: &UploadRecord) -> Result<Digests, ApiFailure> {
    let digests: Digests = if upload.plan.is_single() {
        plan::all(&app.tables, upload.upload_id).await?
    } else {
        let Some(s3) = &upload.s3_upload_id else { return Err(ApiFailure::not_found()) };
        match app.storage.list_parts(&upload.object_key(), s3).await {
            Ok(page) => page.parts.iter().map(|part| (part.part_number, part.digest.0)).collect(),
            Err(StorageError::NoSuchUpload) => return Err(ApiFailure::not_found()),
            Err(error) => return Err(error.into()),
        }
    };
    if digests.is_empty() { Err(ApiFailure::not_found()) } else { Ok(digests) }
}

/// The stored challenge, grown if more parts are stored than when it was drawn.
async fn challenge(app: &App, upload: &UploadRecord, digests: &Digests) -> Result<Vec<PartNumber>, ApiFailure> {
    let id = upload.upload_id;
    for _ in 0..CHALLENGE_TRIES {
        let stored = challenge::get(&app.tables, id).await?;
        let parts = grown(stored.as_ref().map_or(&[], |stored| &stored.parts), digests);
        if stored.as_ref().is_some_and(|stored| stored.parts == parts) {
            return Ok(parts);
        }
        let ttl = upload.started_at / 1000 + app.config.upload_life_seconds + KEEP_SECONDS;
        let new = Challenge { parts, ttl };
        match challenge::replace(&app.tables, id, stored.as_ref(), &new).await {
            Ok(()) => return Ok(new.parts),
            // A concurrent call was first: read its challenge.
            Err(TableError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ApiFailure::unavailable("the challenge kept changing"))
}

/// The parts of the challenge so far, and random further ones up to [`ASKED_PARTS`]; ascending.
fn grown(asked: &[PartNumber], digests: &Digests) -> Vec<PartNumber> {
    let mut parts = asked.to_vec();
    let mut others: Vec<_> = digests.keys().copied().filter(|part| !asked.contains(part)).collect();
    while parts.len() < ASKED_PARTS && !others.is_empty() {
        // Drawn: the first parts would not do, since two versions of a file often begin alike.
        parts.push(others.swap_remove(ids::random_below(others.len() as u64) as usize));
    }
    // Sorted, so that a challenge that did not grow compares equal to the stored one.
    parts.sort_unstable();
    parts
}

/// Whether the proofs are right for an earlier, smaller state of the challenge.
fn is_right_so_far(asked: &[PartNumber], digests: &Digests, proofs: &[Proof]) -> bool {
    let proved: Vec<_> = proofs.iter().map(|proof| proof.part_number).collect();
    let are_asked = proved.iter().all(|part| asked.contains(part));
    are_asked && proved.len() < asked.len() && proves(&proved, digests, proofs)
}

/// Whether the proofs have exactly the parts of the challenge, with the right digests.
fn proves(asked: &[PartNumber], digests: &Digests, proofs: &[Proof]) -> bool {
    let proofs: Digests = proofs.iter().map(|proof| (proof.part_number, proof.digest.0)).collect();
    !asked.is_empty()
        && proofs.len() == asked.len()
        && asked.iter().all(|part| proofs.contains_key(part) && proofs.get(part) == digests.get(part))
}

async fn hand_to(app: &App, upload: &UploadRecord, member: &Member) -> Result<Adoption, ApiFailure> {
    let writes = upload.adopted(member.id, &member.principal, &member.display_name);
    let journal = Journal::new().audit(Some(member.id), "upload-adopted", upload.upload_id);
    match journal::commit(app, upload.room_id, &writes, &journal).await {
        Ok(_) => Ok(Adoption::Adopted { upload_id: upload.upload_id }),
        Err(error) if error.refused(upload::STATE) => {
            let now = visible(app, member, upload.upload_id).await?;
            // Still open: another member adopted it first.
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

    fn stored(numbers: &[u16]) -> Digests {
        numbers.iter().map(|number| (part(*number), digest(*number).0)).collect()
    }

    fn digest(number: u16) -> Digest {
        Digest(Md5::of(&number.to_be_bytes()))
    }

    fn proofs(numbers: &[u16]) -> Vec<Proof> {
        numbers.iter().map(|number| Proof { part_number: part(*number), digest: digest(*number) }).collect()
    }

    #[test]
    fn up_to_eight_different_stored_parts_are_drawn() {
        for numbers in [&[7][..], &[1, 9], &[1, 3, 7], &[1, 2, 3, 4, 5, 6, 7, 8], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]]
        {
            let drawn = grown(&[], &stored(numbers));
            assert_eq!(drawn.len(), numbers.len().min(8));
            assert!(drawn.is_sorted_by(|a, b| a < b) && drawn.iter().all(|part| numbers.contains(&part.get())));
        }
    }

    #[test]
    fn a_challenge_keeps_its_parts_and_grows_with_what_is_stored() {
        let first = grown(&[], &stored(&[4]));
        let second = grown(&first, &stored(&[1, 2, 4]));
        let third = grown(&second, &stored(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
        assert_eq!((first.len(), second.len(), third.len()), (1, 3, 8));
        assert!(second.iter().all(|part| third.contains(part)), "{second:?} is not in {third:?}");
        assert_eq!(grown(&third, &stored(&[20, 21])), third, "a full challenge stays, whatever is stored");
    }

    #[test]
    fn right_proofs_of_a_smaller_challenge_are_no_mismatch() {
        let stored = stored(&[1, 3, 7]);
        let asked = [part(1), part(3), part(7)];
        assert!(is_right_so_far(&asked, &stored, &proofs(&[1, 7])));
        assert!(!is_right_so_far(&asked, &stored, &proofs(&[1, 3, 7])), "all of it");
        assert!(!is_right_so_far(&asked, &stored, &proofs(&[1, 2])), "a part that was not asked for");
        assert!(!is_right_so_far(&asked, &stored, &[]));
        let wrong = [Proof { part_number: part(1), digest: digest(9) }];
        assert!(!is_right_so_far(&asked, &stored, &wrong));
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
