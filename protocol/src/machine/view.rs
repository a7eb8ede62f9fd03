//! What a person is shown of one upload.

use super::LocalId;
use crate::prelude::*;
use crate::wire::id::{FileId, RoomId, UploadId};

/// The most cells of a strip: 10,000 parts share them.
pub const STRIP_CELLS: usize = 128;

/// One upload, ready to be shown. Changes at most 4 times a second, but at once when the stage does.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub id: LocalId,
    /// Its place in the order of adding; later ones have higher numbers.
    pub number: u64,
    pub room: RoomId,
    /// The upload as the room knows it, once it began.
    pub upload: Option<UploadId>,
    /// The file as the room lists it, once it began.
    pub file: Option<FileId>,
    pub name: String,
    pub path: String,
    /// In bytes.
    pub size: u64,
    pub stage: Stage,
    /// Why it stands where it stands, in states that need it.
    pub reason: Option<Reason>,
    /// Bytes of the file. Never backward. Bytes in flight count once they are confirmed or on their way.
    pub bytes: u64,
    /// What is sent of it in all, in bytes: the same as `size`, unless it is sealed.
    pub wire_size: u64,
    /// Of these. Speed and time are computed from these.
    pub wire_bytes: u64,
    /// 0 to 100, never backward; 100 only when completed.
    pub percent: u8,
    /// Bytes per second; none while it is not known.
    pub speed: Option<u64>,
    /// Seconds; none while it is not known.
    pub eta: Option<u64>,
    /// Lanes that are sending now.
    pub lanes: u8,
    pub parts: PartsView,
    /// Whether a reload can go on: false where the checkpoint can't be written.
    pub resumable: bool,
    /// What the user can do now.
    pub actions: Actions,
}

/// The parts of one upload.
#[derive(Clone, Debug, PartialEq)]
pub struct PartsView {
    pub count: u16,
    pub stored: u16,
    /// Stored parts that are known to be of the file as it is. All must be before it can complete.
    pub checked: u16,
    /// In the order of the file, several a cell where there are more than 128.
    pub strip: Vec<Cell>,
}

impl View {
    /// Whether it progresses here, or will by itself: the device should stay awake, and the user be warned before leaving.
    pub fn is_running(&self) -> bool {
        let runs = matches!(
            self.stage,
            Stage::Queued | Stage::Hashing | Stage::Uploading | Stage::Waiting | Stage::Completing
        );
        // The other tab warns its user, and keeps the device awake itself.
        runs && self.reason != Some(Reason::OtherTab)
    }
}

/// The `data-state` of an upload row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Waits for its turn.
    Queued,
    /// Reads and hashes; nothing is sent yet.
    Hashing,
    /// Sends.
    Uploading,
    /// The user paused it.
    Paused,
    /// Waits for the network or for its next try; goes on by itself.
    Waiting,
    /// Restored; needs the user to click or to pick the file again.
    NeedsFile,
    /// Being put together and verified.
    Completing,
    /// Verified, and in the room.
    Completed,
    /// Stopped; `reason` says why, and what to do.
    Failed,
    /// Given up by the server after its time.
    Expired,
    /// Cancelled by the user, or by another member.
    Cancelled,
}

impl Stage {
    /// The value of `data-state`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Hashing => "hashing",
            Self::Uploading => "uploading",
            Self::Paused => "paused",
            Self::Waiting => "waiting",
            Self::NeedsFile => "needs-file",
            Self::Completing => "completing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen by itself or by resume.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Expired | Self::Cancelled)
    }
}

/// The `data-reason` of an upload row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No network; goes on when it is back.
    Offline,
    /// The last try failed; the next one is timed.
    Retrying,
    /// Minutes without any progress: stopped until the user says retry.
    NoProgress,
    /// The file is not what it was when the upload began.
    FileChanged,
    /// Another file was picked than the one that was begun.
    DifferentFile,
    /// The file went away.
    FileGone,
    /// The browser needs the user's permission to read the file.
    PermissionNeeded,
    /// The file can't be read.
    Unreadable,
    /// After a reload: click to go on.
    Reloaded,
    /// After a reload: pick the file again.
    PickAgain,
    /// Another tab sends it.
    OtherTab,
    /// The room has no space left.
    QuotaExceeded,
    /// Too many uploads are open in the room.
    TooManyUploads,
    /// The file is larger than the room or the product allows.
    TooLarge,
    /// The link no longer works: expired, rotated, or the member was removed.
    AccessLost,
    /// Another member goes on with it, or the functions know nothing of it any more.
    UploadLost,
    /// The room was closed.
    RoomClosed,
    /// Another member cancelled it.
    AbortedElsewhere,
    /// Another page finished it.
    CompletedElsewhere,
    /// Its time ran out.
    Expired,
    /// Storage refused the bytes for good; the bucket or its CORS is set up wrongly.
    StorageRefused,
    /// What storage holds is not what was promised.
    Corrupted,
    /// The functions answered with something this page does not know how to go on from.
    ServerError,
}

impl Reason {
    /// The value of `data-reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Retrying => "retrying",
            Self::NoProgress => "no-progress",
            Self::FileChanged => "file-changed",
            Self::DifferentFile => "different-file",
            Self::FileGone => "file-gone",
            Self::PermissionNeeded => "permission-needed",
            Self::Unreadable => "unreadable",
            Self::Reloaded => "reloaded",
            Self::PickAgain => "pick-again",
            Self::OtherTab => "other-tab",
            Self::QuotaExceeded => "quota-exceeded",
            Self::TooManyUploads => "too-many-uploads",
            Self::TooLarge => "too-large",
            Self::AccessLost => "access-lost",
            Self::UploadLost => "upload-lost",
            Self::RoomClosed => "room-closed",
            Self::AbortedElsewhere => "aborted-elsewhere",
            Self::CompletedElsewhere => "completed-elsewhere",
            Self::Expired => "expired",
            Self::StorageRefused => "storage-refused",
            Self::Corrupted => "corrupted",
            Self::ServerError => "server-error",
        }
    }
}

/// One cell of the strip: the least advanced of its parts, unless one is in flight or was sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    /// Not touched yet.
    Planned,
    /// Hashed, and may be signed.
    Hashed,
    /// Being sent.
    InFlight,
    /// Being sent, and not for the first time.
    Again,
    /// In storage.
    Stored,
}

/// Which buttons make sense now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    pub pause: bool,
    pub resume: bool,
    pub cancel: bool,
    pub retry: bool,
    /// Pick the file again.
    pub pick: bool,
    /// Take the row off the list.
    pub dismiss: bool,
    /// Another tab owns it: take it over.
    pub take_over: bool,
}

/// All uploads together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Not over yet.
    pub open: u32,
    /// Those that [run](View::is_running).
    pub running: u32,
    pub completed: u32,
    pub failed: u32,
    /// Bytes of all open and completed uploads of this session.
    pub bytes: u64,
    pub size: u64,
    pub speed: Option<u64>,
    pub eta: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Engine, Input, LocalId, Now, Source, Which};
    use crate::prelude::*;
    use crate::wire::id::RoomId;

    #[test]
    fn what_goes_on_by_itself_runs() {
        let mut engine = Engine::new(Config::default(), 1);
        let source = Source {
            name: "a".into(),
            path: String::new(),
            media_type: String::new(),
            size: 5,
            last_modified: None,
            reopens: false,
            notices_changes: false,
        };
        let files = vec![(LocalId(1), source.clone()), (LocalId(2), source)];
        engine.handle(Now::default(), Input::Add { room: RoomId::from_bytes([1; 16]), files });
        for id in [LocalId(1), LocalId(2)] {
            engine.handle(Now::default(), Input::Owned(id));
        }
        assert_eq!(engine.totals().running, 2);
        for (input, running) in [
            (Input::Pause(Which::One(LocalId(1))), 1),
            (Input::OwnedElsewhere(LocalId(2)), 0),
            (Input::Owned(LocalId(2)), 1),
            (Input::Offline, 1),
            (Input::Resume(Which::One(LocalId(1))), 2),
        ] {
            engine.handle(Now::default(), input.clone());
            assert_eq!(engine.totals().running, running, "{input:?}");
        }
    }
}
