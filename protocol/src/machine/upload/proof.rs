//! Proof that storage holds one version of the file, whole.
//!
//! A part is proved by a reading whose digest is the promised one. To hash it is such a reading, and so is its
//! PUT, since storage takes no other bytes than those that were signed. The file has to be the one open now.
//!
//! Where a read fails once the file changed, that is enough. Elsewhere a reading proves only if it began after the
//! last promise was made: each part was read before that instant and again after it, with the same digest, so what
//! storage holds is the file as it was at that instant. What is sent after it needs no other reading; a file of one
//! part never does.

use super::{Context, ReadFor, Reading, Upload};
use crate::machine::Attempt;
use crate::machine::bits::PartSet;
use crate::machine::digest::PartDigest;
use crate::wire::id::PartNumber;
use crate::wire::plan::DigestAlgorithm;

impl Upload {
    /// Whether everything in storage is known to be the file's.
    pub(super) fn is_proved(&self) -> bool {
        self.unproved.is_empty() && self.reading.values().all(|reading| reading.read_for != ReadFor::Comparing)
    }

    /// Stored parts that are still to be compared, or being compared.
    pub(super) fn unproved_count(&self) -> u16 {
        let reading = self.reading.values().filter(|reading| reading.read_for == ReadFor::Comparing).count();
        (self.unproved.len() as usize + reading) as u16
    }

    /// The digest of a part is known from now on.
    pub(super) fn promise(&mut self, cx: &Context, part: PartNumber, digest: PartDigest) {
        let is_last = self.parts.as_mut().is_some_and(|parts| parts.promise(part, digest));
        if is_last && !self.source.notices_changes {
            self.doubt_stored(cx);
        }
    }

    /// A part was hashed, with the promised digest if there was one.
    pub(super) fn was_read(&mut self, part: PartNumber, reading: Reading) {
        if self.proves(reading.attempt) {
            self.hashed_now.insert(part);
        } else if reading.read_for == ReadFor::Comparing {
            self.doubt(part);
        }
    }

    /// Storage took a part by this PUT.
    pub(super) fn was_sent(&mut self, part: PartNumber, put: Attempt) {
        if !self.proves(put) {
            self.doubt(part);
        }
    }

    /// A stored part is to be compared with the file. Without digests there is nothing to compare.
    pub(super) fn doubt(&mut self, part: PartNumber) {
        if self.transport().is_some_and(|transport| transport.digest != DigestAlgorithm::None) {
            self.unproved.insert(part);
        }
    }

    fn proves(&self, attempt: Attempt) -> bool {
        attempt > self.proves_after
    }

    /// Every stored part is to be compared with the file as it is from now on. Walks all parts.
    pub(super) fn doubt_stored(&mut self, cx: &Context) {
        self.proves_after = cx.last_attempt();
        let Some(parts) = &self.parts else { return };
        self.hashed_now = PartSet::empty(parts.plan().part_count);
        // What is being compared right now is compared again after that.
        let stored: Vec<PartNumber> = parts.stored().filter(|part| !self.reading.contains_key(part)).collect();
        for part in stored {
            self.doubt(part);
        }
    }
}
