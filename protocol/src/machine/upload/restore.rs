//! Going on from a checkpoint, and from a file opened again.

use super::{Adoption, Context, FileState, Live, Phase, Upload};
use crate::machine::digest::PartDigest;
use crate::machine::parts::PartState;
use crate::machine::{Checkpoint, ReadFault, Reason, Source};
use crate::wire::id::PartNumber;

impl Upload {
    /// An upload that an earlier page left behind. Its file is not open.
    pub(in crate::machine) fn from_checkpoint(cx: &mut Context, checkpoint: Checkpoint) -> Self {
        let Checkpoint { head, mut parts } = checkpoint;
        if let Some(digest) = head.digest {
            // Earlier pages wrote a record for the part; the head is newer.
            parts = vec![(PartNumber::FIRST, digest)];
        }
        let adoption = head.adopts.filter(|_| head.server.is_none()).map(Adoption::restored);
        let reason = if head.source.reopens { Reason::Reloaded } else { Reason::PickAgain };
        let mut upload = Self {
            number: head.number,
            file: FileState::Closed(reason),
            paused: head.paused,
            cancelled: head.cancelled,
            hidden: head.cancelled && head.dismissed,
            key: head.initiate_key,
            begin: head.begin,
            phase: if adoption.is_some() { Phase::Adopting } else { Phase::Fresh },
            adoption,
            server: head.server,
            ..Self::new(head.id, head.room, head.source)
        };
        upload.take_plan(cx);
        upload.take_digests(parts);
        if upload.server.is_some() {
            upload.phase = Phase::Sending;
            upload.abort = upload.cancelled.then_some(None);
            upload.ask_status(cx);
        }
        cx.touch(upload.id);
        upload
    }

    fn take_plan(&mut self, cx: &mut Context) {
        match self.server.as_ref().map(|server| server.plan) {
            Some(plan) if plan.is_sound() && plan.size == self.source.size => self.set_plan(plan),
            Some(_) => self.stop(cx, Reason::ServerError),
            // Without an initiate nothing was promised: the file is hashed anew.
            None => {
                if let Some(rate_hint) = self.begun_with().map(|(_, begin)| begin.rate_hint) {
                    self.plan(cx, rate_hint);
                }
            }
        }
    }

    fn take_digests(&mut self, mut digests: Vec<(PartNumber, PartDigest)>) {
        digests.sort_unstable_by_key(|(part, _)| part.get());
        let Some(parts) = &mut self.parts else { return };
        for (part, digest) in digests {
            if parts.is(part, PartState::Planned) {
                parts.promise(part, digest);
                // Its record is on disk, but this page has not prepared it.
                self.live.insert(part, Live { save: Some(0), ..Live::default() });
            }
        }
    }

    /// The file is open again: from its handle, or picked by the user.
    pub(in crate::machine) fn reopened(&mut self, cx: &mut Context, source: Source) {
        // Also when it was open: what the shell holds from now on may be another file.
        if self.is_over() || self.cancelled {
            return;
        }
        cx.touch(self.id);
        if source.size != self.source.size {
            self.stopped = None;
            self.close(cx, Reason::DifferentFile);
            return;
        }
        if self.stopped == Some(Reason::FileChanged) {
            self.stopped = None;
        }
        self.take_source(cx, source);
        self.file = FileState::Open;
        self.reads_work();
        self.prepared = 0;
        self.failing_since = None;
        if self.stopped == Some(Reason::UploadLost) {
            self.start_over(cx);
            return;
        }
        if let Some(adoption) = &mut self.adoption {
            adoption.read_again();
        }
        // A reading under way is of the file that was open before, and so would be the body that is kept for its PUT: a
        // digest promised and sent of one file would count as proof of the other.
        self.drop_readings(cx);
        self.let_go_of_all(cx);
        self.doubt_stored(cx);
        if !self.checked {
            self.ask_status(cx);
        }
    }

    /// What was told to the functions stays; what was not may be newer now.
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
        if self.file == FileState::Open || self.is_over() {
            return;
        }
        self.file = FileState::Closed(match fault {
            ReadFault::Gone => Reason::FileGone,
            ReadFault::Changed => Reason::DifferentFile,
            ReadFault::Permission => Reason::PermissionNeeded,
            ReadFault::Io => Reason::Unreadable,
        });
        cx.touch(self.id);
    }
}
