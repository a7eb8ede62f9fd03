//! Proof that storage holds one version of the file, whole.
//!
//! A part is proved by a reading whose digest is the promised one. To hash it is such a reading, and so is its
//! PUT, since storage takes no other bytes than those that were signed. The file has to be the one open now.
//!
//! Where a read fails once the file changed, that is enough. Elsewhere a reading proves only if it began after the
//! last promise was made: each part was read before that instant and again after it, with the same digest, so what
//! storage holds is the file as it was at that instant. What is sent after it needs no other reading; a file of one
//! part never does.

use super::reads::{ReadFor, Reading};
use super::{Context, Upload};
use crate::machine::Attempt;
use crate::machine::digest::PartDigest;
use crate::machine::part_set::PartSet;
use crate::prelude::*;
use crate::wire::id::PartNumber;
use crate::wire::plan::DigestAlgorithm;

/// Which parts are proved, and by which readings.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// Stored parts to be compared with the file.
    unproved: PartSet,
    /// Parts whose digest was made by a reading that proves.
    proved_by_reading: PartSet,
    /// Readings and PUTs of later attempts than this one prove their part.
    proves_after: Attempt,
}

impl Proof {
    /// For a plan of that many parts. The bar for readings stays where it is.
    pub(super) fn set_parts(&mut self, count: u16) {
        self.unproved = PartSet::empty(count);
        self.proved_by_reading = PartSet::empty(count);
    }

    pub(super) fn has_part_to_compare(&self) -> bool {
        !self.unproved.is_empty()
    }

    /// The lowest part to compare.
    pub(super) fn next_to_compare(&mut self) -> Option<PartNumber> {
        self.unproved.first()
    }

    /// The part is being compared, or is not stored any more.
    pub(super) fn forget(&mut self, part: PartNumber) {
        self.unproved.remove(part);
    }

    /// Whether a reading that proves made the part's digest.
    pub(super) fn is_read(&self, part: PartNumber) -> bool {
        self.proved_by_reading.contains(part)
    }

    fn proves(&self, attempt: Attempt) -> bool {
        attempt > self.proves_after
    }
}

impl Upload {
    /// Whether everything in storage is known to be the file's.
    pub(super) fn is_proved(&self) -> bool {
        // A part is taken out of `unproved` when its comparison begins, so those under way count as well.
        self.proof.unproved.is_empty() && self.reads.comparing() == 0
    }

    /// Stored parts that are still to be compared, or being compared.
    pub(super) fn unproved_count(&self) -> u16 {
        (self.proof.unproved.len() as usize + self.reads.comparing()) as u16
    }

    /// The digest of a part is known from now on.
    pub(super) fn promise(&mut self, cx: &Context, part: PartNumber, digest: PartDigest) {
        let is_last = self.parts.as_mut().is_some_and(|parts| parts.promise(part, digest));
        if is_last && !self.source.notices_changes {
            self.require_new_proof(cx);
        }
    }

    /// A part was read, with the promised digest if there was one.
    pub(super) fn note_read(&mut self, part: PartNumber, reading: Reading) {
        if self.proof.proves(reading.attempt()) {
            self.proof.proved_by_reading.insert(part);
        } else if reading.read_for() == ReadFor::Comparing {
            // Read before the last promise was made: compared once more.
            self.require_proof(part);
        }
    }

    /// Storage took a part by this PUT.
    pub(super) fn note_sent(&mut self, part: PartNumber, put: Attempt) {
        if !self.proof.proves(put) {
            self.require_proof(part);
        }
    }

    /// A stored part is to be compared with the file. Without digests there is nothing to compare.
    pub(super) fn require_proof(&mut self, part: PartNumber) {
        if self.transport().is_some_and(|transport| transport.digest != DigestAlgorithm::None) {
            self.proof.unproved.insert(part);
        }
    }

    /// Every stored part is to be compared with the file as it is from now on. Walks all parts.
    pub(super) fn require_new_proof(&mut self, cx: &Context) {
        self.proof.proves_after = cx.last_attempt();
        let Some(parts) = &self.parts else { return };
        self.proof.proved_by_reading = PartSet::empty(parts.plan().part_count);
        // What is being compared right now is compared again after that.
        let stored: Vec<PartNumber> = parts.stored().filter(|part| !self.reads.has(*part)).collect();
        for part in stored {
            self.require_proof(part);
        }
    }
}
