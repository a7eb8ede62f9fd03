//! Continues an upload begun elsewhere: who knows the MD5s of some stored parts has the file.
//!
//! The challenge is drawn once for each upload and kept: whoever asks gets the same one, so joining again buys no other choice of parts. Wrong proofs are not counted, since a guest could use the count up for
//! the rightful member; an MD5 is not guessed within the rate of calls.

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

/// At most this many parts are asked for, or all that are stored.
const ASKED_PARTS: usize = 8;
/// The table drops a challenge this long after the upload's last possible end, in seconds.
const KEEP_SECONDS: u64 = 24 * 3600;

/// Which part has which digest.
type Digests = BTreeMap<PartNumber, Md5>;

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
    let digests = provable(app, &upload).await?;
    let asked = challenge(app, &upload, &digests).await?;
    if proofs.is_empty() {
        return Ok(Adoption::Challenge { plan: upload.plan, parts: asked });
    }
    if !proves(&asked, &digests, proofs) {
        let message =
            "This is not the file that was being uploaded. Pick the same file, or upload this one as a new one.";
        return Err(ApiFailure::new(ErrorCode::ProofMismatch, message));
    }
    hand_to(app, &upload, member).await
}

/// The digests that the file can be proved by: of what storage holds, and of a single PUT, which storage has whole or
/// not at all, the promised one. None at all is as good as no upload.
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

/// The upload's challenge: the one that stands, or a new one.
async fn challenge(app: &App, upload: &UploadRecord, digests: &Digests) -> Result<Vec<PartNumber>, ApiFailure> {
    let id = upload.upload_id;
    if let Some(standing) = challenge::get(&app.tables, id).await? {
        return Ok(standing.parts);
    }
    let ttl = upload.started_at / 1000 + app.config.upload_life_seconds + KEEP_SECONDS;
    let new = Challenge { parts: draw(digests), ttl };
    match challenge::set(&app.tables, id, &new).await {
        Ok(()) => Ok(new.parts),
        // Asked twice at once: the first one stands.
        Err(TableError::Refused(_)) => match challenge::get(&app.tables, id).await? {
            Some(standing) => Ok(standing.parts),
            None => Err(ApiFailure::unavailable("a challenge came and went")),
        },
        Err(error) => Err(error.into()),
    }
}

/// Some parts at random, ascending.
fn draw(digests: &Digests) -> Vec<PartNumber> {
    let mut numbers: Vec<_> = digests.keys().copied().collect();
    let count = numbers.len().min(ASKED_PARTS);
    for index in 0..count {
        let other = index + ids::random_below((numbers.len() - index) as u64) as usize;
        numbers.swap(index, other);
    }
    numbers.truncate(count);
    numbers.sort_unstable();
    numbers
}

/// Each part that was asked for, no other, with the right digest.
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
            let drawn = draw(&stored(numbers));
            assert_eq!(drawn.len(), numbers.len().min(8));
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
