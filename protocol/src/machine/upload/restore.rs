//! Going on from a checkpoint, and from a file opened again.

use super::adoption::Adoption;
use super::hold::Hold;
use super::initiate::Initiation;
use super::removal::Removal;
use super::turn::Turn;
use super::{Context, Phase, Upload};
use crate::machine::digest::PartDigest;
use crate::machine::parts::PartState;
use crate::machine::{Checkpoint, ReadFault, Reason, Source};
use crate::prelude::*;
use crate::wire::id::PartNumber;

impl Upload {
    /// An upload that an earlier page left behind. Its file is not open.
    pub(in crate::machine) fn from_checkpoint(cx: &mut Context, checkpoint: Checkpoint) -> Self {
        let Checkpoint { head, mut parts } = checkpoint;
        if let Some(digest) = head.digest {
            // Earlier pages wrote a record for the part; the head is newer.
            parts = vec![(PartNumber::FIRST, digest)];
        }
        // Once it was handed over, the head names what the functions know, and nothing is left to adopt.
        let adoption = head.adopts.filter(|_| head.server.is_none()).map(Adoption::restored);
        let closed_by = if head.source.reopens { Reason::Reloaded } else { Reason::PickAgain };
        let mut upload = Self {
            turn: Turn::new(head.number),
            hold: Hold::restored(closed_by, head.paused, head.cancelled, head.dismissed),
            initiation: Initiation::restored(head.initiate_key, head.begin),
            phase: if adoption.is_some() { Phase::Adopting } else { Phase::Fresh },
            adoption,
            server: head.server,
            ..Self::new(head.id, head.room, head.source)
        };
        upload.restore_plan(cx);
        upload.restore_digests(parts);
        if upload.server.is_some() {
            upload.phase = Phase::Sending;
            if upload.hold.is_cancelled() {
                upload.removal = Removal::Owed;
            }
            // At once, so that the list shows the truth before any click.
            upload.require_status(cx);
        }
        cx.touch(upload.id);
        upload
    }

    fn restore_plan(&mut self, cx: &mut Context) {
        match self.server.as_ref().map(|server| server.plan) {
            Some(plan) if plan.is_sound() && plan.size == self.source.size => self.set_plan(plan),
            Some(_) => self.stop(cx, Reason::ServerError),
            // Without an initiate nothing was promised: the file is hashed again.
            None => {
                if let Some(rate_hint) = self.initiate_record().map(|(_, body)| body.rate_hint) {
                    self.plan(cx, rate_hint);
                }
            }
        }
    }

    fn restore_digests(&mut self, mut digests: Vec<(PartNumber, PartDigest)>) {
        digests.sort_unstable_by_key(|(part, _)| part.get());
        let Some(parts) = &mut self.parts else { return };
        for (part, digest) in digests {
            if parts.is(part, PartState::Planned) {
                parts.promise(part, digest);
                // Its record is on disk, but this page has not prepared it.
                self.pipeline.restore(part);
            }
        }
    }

    /// The file is open again: from its handle, or picked by the user.
    pub(in crate::machine) fn reopened(&mut self, cx: &mut Context, source: Source) {
        // Also when it was open: what the shell holds from now on may be another file.
        if self.is_over() || self.hold.is_cancelled() {
            return;
        }
        cx.touch(self.id);
        if self.hold.is_elsewhere() {
            return self.reopened_elsewhere(&source);
        }
        if source.size != self.source.size {
            self.hold.forget_failure();
            self.close_file(cx, Reason::DifferentFile);
            return;
        }
        // The user may have brought the right version. Every stored part is compared with it before it completes.
        if self.hold.has_failed_with(Reason::FileChanged) {
            self.hold.forget_failure();
        }
        self.take_source(cx, source);
        self.hold.open_file();
        self.reads.forget_failures();
        self.reads.restart();
        self.trouble.progressed();
        if self.is_lost() {
            self.start_over(cx);
            return;
        }
        if let Some(adoption) = &mut self.adoption {
            adoption.read_again();
        }
        // A reading under way is of the file that was open before, and so would be the body that is kept for its PUT: a
        // digest promised and sent of one file would count as proof of the other.
        self.drop_readings(cx);
        self.release_all_bodies(cx);
        self.require_new_proof(cx);
        if !self.status.is_fetched() {
            self.require_status(cx);
        }
    }

    /// The file is open here, but another tab sends it: the records are that tab's to write. When this tab owns the upload,
    /// its status is fetched and every stored part is compared with this file.
    fn reopened_elsewhere(&mut self, source: &Source) {
        if source.size != self.source.size {
            self.hold.close_file(Reason::DifferentFile);
            return;
        }
        if self.hold.has_failed_with(Reason::FileChanged) {
            self.hold.forget_failure();
        }
        self.source.notices_changes = source.notices_changes;
        self.hold.open_file();
        self.reads.forget_failures();
        self.reads.restart();
        if let Some(adoption) = &mut self.adoption {
            adoption.read_again();
        }
    }

    /// What the functions know stays; anything else may be newer now.
    fn take_source(&mut self, cx: &mut Context, source: Source) {
        // Picked alone, a file has no folders: those are where it is shown.
        let source = Source { path: self.source.path.clone(), ..source };
        self.source.notices_changes = source.notices_changes;
        let reopens = source.reopens;
        let is_fresh = self.phase == Phase::Fresh && self.parts.is_none();
        if is_fresh && source != self.source {
            self.source = source;
            self.save_head(cx);
        } else if reopens != self.source.reopens {
            self.source.reopens = reopens;
            self.save_head(cx);
        }
    }

    /// The file could not be opened again.
    pub(in crate::machine) fn reopen_failed(&mut self, cx: &mut Context, fault: ReadFault) {
        // Picked in the meantime: the handle does not matter any more.
        if self.hold.is_file_open() || self.is_over() {
            return;
        }
        self.hold.close_file(match fault {
            ReadFault::Gone => Reason::FileGone,
            ReadFault::Changed => Reason::DifferentFile,
            ReadFault::Permission => Reason::PermissionNeeded,
            ReadFault::Io | ReadFault::Unsupported => Reason::Unreadable,
        });
        cx.touch(self.id);
    }
}
