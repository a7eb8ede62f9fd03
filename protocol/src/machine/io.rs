//! What goes into the machine and what comes out of it.

use super::checkpoint::{Checkpoint, Record};
use super::digest::PartDigest;
use crate::calls::{CallFault, CompleteOutcome};
use crate::prelude::*;
use crate::wire::id::{FileId, PartNumber, RoomId, UploadId};
use crate::wire::plan::{DigestAlgorithm, PartRange, Plan};
use crate::wire::{Adoption, Proof, SignedRequest, StartedUpload, StoredPart, UploadInfo, UploadState, UploadStatus};

/// The time of an input. The machine never asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now {
    /// Milliseconds on a clock that never jumps. Waits, rates and expiry are counted on it.
    pub mono: u64,
    /// Milliseconds since 1970 on the client's wall clock. Only for the order of the list; may be wrong by hours.
    pub wall: u64,
}

/// One upload on this device. Random, made by the shell; also its key in the checkpoint. At most 53 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
// IndexedDB keys are doubles, which are exact up to 2^53.
pub struct LocalId(pub u64);

/// Which try of an effect an answer belongs to. An answer to an older one changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt(pub u32);

/// A file as the user picked it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// The file's own name.
    pub name: String,
    /// Folders above it, `/` between them; empty for a file picked alone.
    pub path: String,
    /// The media type as the browser reports it. May be empty.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// Milliseconds since 1970.
    pub last_modified: Option<i64>,
    /// Whether the shell can open it again after a reload without a pick (it keeps a file handle).
    pub reopens: bool,
    /// Whether every read fails once the file on disk has changed. Where it is false, the machine detects changes
    /// itself, at the cost of reading most parts once more.
    #[serde(default)]
    pub notices_changes: bool,
}

/// What was learned about one upload or the world around it.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    // ---- what the user does
    /// Picked files, in the order they are to go. The shell already holds them open. A file that an unfinished upload
    /// fits waits as an [`Offer`](super::Offer) for the user's answer; the others begin.
    Add { room: RoomId, files: Vec<(LocalId, Source)> },
    /// The user's answer to the offer of this picked file, or to all offers.
    AnswerOffer { which: Which, answer: OfferAnswer },
    /// This picked file continues that upload of the room. The shell already holds it open.
    Adopt { id: LocalId, room: RoomId, source: Source, upload: UploadId },
    /// Unfinished uploads found in the checkpoint at start. Their files are not open yet.
    Restore { uploads: Vec<Checkpoint> },
    /// The file of a restored upload is open again: from its handle, or picked by the user.
    Reopened { id: LocalId, source: Source },
    /// The file could not be opened again.
    ReopenFailed { id: LocalId, fault: ReadFault },
    /// Stop sending. Never overruled by anything but `Resume`.
    Pause(Which),
    /// Go on. A restored upload whose file is not open asks for it.
    Resume(Which),
    /// Stop for good and leave nothing behind in storage.
    Cancel(Which),
    /// Try again what stopped with an error.
    Retry(Which),
    /// This device joined the room again: uploads that stopped because its access ended are tried again.
    AccessRestored(RoomId),
    /// Take an ended row off the list.
    Dismiss(LocalId),
    /// An average limit for all lanes together, in bytes per second; `None` lifts it.
    Cap(Option<u64>),

    // ---- what happens around it
    /// The time asked for by `WakeAt` has come. Harmless at any other time.
    Tick,
    /// The browser says that the network is back.
    Online,
    /// The browser says that the network is gone.
    Offline,
    /// The clock jumped: the machine slept. Every lane starts again.
    Slept,
    /// All open uploads of a room, as last listed. Files picked from now on are matched with them.
    OpenUploads { room: RoomId, uploads: Vec<UploadInfo> },
    /// Number of upload hosts that the room signs for, and the most PUTs in flight on one of them; each at least 1.
    Hosts { count: u8, lanes_each: u8 },
    /// This tab owns the upload (Web Locks).
    Owned(LocalId),
    /// Another tab owns the upload; this one only shows it.
    OwnedElsewhere(LocalId),

    // ---- answers to effects
    /// Bytes of the file read so far of a part in preparation.
    Preparing { id: LocalId, part: PartNumber, attempt: Attempt, bytes: u64 },
    /// The part is prepared: digest and length of what will be PUT. Prepared to be sent, the shell keeps it until
    /// `DropPrepare`.
    Prepared { id: LocalId, part: PartNumber, attempt: Attempt, digest: PartDigest, len: u64 },
    /// The part could not be read.
    PrepareFailed { id: LocalId, part: PartNumber, attempt: Attempt, fault: ReadFault },
    /// Answer to `Initiate`: one for each upload named, in its order.
    Initiated { batch: u32, attempt: Attempt, answer: Result<Vec<StartedUpload>, CallFault> },
    /// Answer to `Sign`.
    Signed { id: LocalId, attempt: Attempt, answer: Result<Vec<SignedRequest>, CallFault> },
    /// Bytes of the prepared part handed to the network so far; may run ahead of what arrived.
    Sent { id: LocalId, part: PartNumber, attempt: Attempt, bytes: u64 },
    /// Storage took the part. `etag` is `None` where CORS hides it.
    Stored { id: LocalId, part: PartNumber, attempt: Attempt, etag: Option<String> },
    /// The PUT failed.
    PutFailed { id: LocalId, part: PartNumber, attempt: Attempt, fault: PutFault },
    /// Answer to `FetchStatus`: every page put together.
    Status { id: LocalId, attempt: Attempt, answer: Result<Box<Standing>, CallFault> },
    /// Answer to `Complete`: one for each upload named, in its order.
    Completed { batch: u32, attempt: Attempt, answer: Result<Vec<CompleteOutcome>, CallFault> },
    /// Answer to `Adopt`.
    Adopted { id: LocalId, attempt: Attempt, answer: Result<Adoption, CallFault> },
    /// Answer to `AbortUpload`.
    Aborted { id: LocalId, attempt: Attempt, answer: Result<(), CallFault> },
    /// The records up to this number are on disk.
    Saved { id: LocalId, save: u64 },
    /// The checkpoint can't be written (private mode, disk full): go on without resume, and say so.
    SaveFailed { id: LocalId, save: u64 },
}

impl Input {
    /// Whether the input comes from a user action, so that the view updates at once. False for files that are added: one
    /// pick may come in many inputs.
    pub fn is_by_user(&self) -> bool {
        matches!(
            self,
            Self::Pause(_)
                | Self::Resume(_)
                | Self::Cancel(_)
                | Self::Retry(_)
                | Self::AccessRestored(_)
                | Self::Dismiss(_)
                | Self::Reopened { .. }
                | Self::AnswerOffer { .. }
                | Self::Adopt { .. }
        )
    }

    /// Whether a request failed without any answer. If the browser then says that it is offline, that is news to the
    /// machine, which may have counted bytes on their way as proof of a network.
    pub fn is_unanswered(&self) -> bool {
        match self {
            Self::PutFailed { fault, .. } => *fault == PutFault::Network,
            Self::Initiated { answer: Err(fault), .. }
            | Self::Signed { answer: Err(fault), .. }
            | Self::Status { answer: Err(fault), .. }
            | Self::Completed { answer: Err(fault), .. }
            | Self::Adopted { answer: Err(fault), .. }
            | Self::Aborted { answer: Err(fault), .. } => *fault == CallFault::Network,
            _ => false,
        }
    }
}

/// The state of an upload, as the functions report it.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub upload: UploadId,
    pub file: FileId,
    pub state: UploadState,
    pub plan: Plan,
    /// What storage holds.
    pub parts: Vec<Stored>,
}

/// A part as storage lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    pub part: PartNumber,
    /// In bytes, as it was sent.
    pub size: u64,
    pub digest: PartDigest,
}

impl From<UploadStatus> for Standing {
    fn from(status: UploadStatus) -> Self {
        let stored = |part: StoredPart| Stored { part: part.part_number, size: part.size, digest: part.digest.into() };
        Self {
            upload: status.upload_id,
            file: status.file_id,
            state: status.state,
            plan: status.plan,
            parts: status.parts.into_iter().map(stored).collect(),
        }
    }
}

/// One upload or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// One.
    One(LocalId),
    /// All that it applies to.
    All,
}

/// What becomes of a picked file that an unfinished upload fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferAnswer {
    /// It continues the unfinished upload.
    Continue,
    /// It is a new upload beside the unfinished one.
    BeginAgain,
    /// It is not added.
    Drop,
}

/// What a part is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is going to be sent.
    Send,
    /// Only its digest is wanted: to compare it with what storage holds, or as a proof of content.
    Compare,
}

/// Why an upload of the room can't be continued with a file. The file goes up as an upload of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdopted {
    /// Its bytes are not those that storage holds.
    NotTheFile,
    /// The upload is not open any more.
    Ended,
}

/// What the shell is to do. Answered by the `Input` of the same name, with the same attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Open the file of a restored upload again from its handle; the user has just clicked.
    Reopen { id: LocalId },
    /// The picked file turned out to be the one that upload `id` waits for: hold it as that one's, and nothing as
    /// `picked`'s. No answer is owed.
    Attach { id: LocalId, picked: LocalId },
    /// Read these bytes of the file, make of them what is sent, and hash that. Several may be asked for at once; hash
    /// them in step. Prepared with the purpose to send, it is kept for any number of `Put`s until `DropPrepare`.
    Prepare {
        id: LocalId,
        part: PartNumber,
        attempt: Attempt,
        range: PartRange,
        digest: DigestAlgorithm,
        purpose: Purpose,
    },
    /// Stop preparing, or release what this attempt prepared; no answer is owed. A PUT under way keeps its bytes.
    /// Nothing prepared outlives its upload: this comes for each part that was prepared to be sent.
    DropPrepare { id: LocalId, part: PartNumber, attempt: Attempt },
    /// POST …/uploads with `key` as Idempotency-Key: the same key and body until it is answered.
    Initiate { batch: u32, attempt: Attempt, room: RoomId, key: String, uploads: Vec<ToInitiate> },
    /// POST …/parts. At most 100.
    Sign { id: LocalId, attempt: Attempt, room: RoomId, upload: UploadId, parts: Vec<ToSign> },
    /// PUT what was prepared of the part to storage: `len` bytes.
    Put { id: LocalId, part: PartNumber, attempt: Attempt, len: u64, request: SignedRequest },
    /// Abort a PUT in flight; no answer is owed.
    DropPut { id: LocalId, part: PartNumber, attempt: Attempt },
    /// GET the status with all its pages.
    FetchStatus { id: LocalId, attempt: Attempt, room: RoomId, upload: UploadId },
    /// POST …/complete, or the batch form when there are several. All of one room.
    Complete { batch: u32, attempt: Attempt, room: RoomId, uploads: Vec<(LocalId, UploadId)> },
    /// POST …/adopt. Without proofs it asks for the parts to prove.
    Adopt { id: LocalId, attempt: Attempt, room: RoomId, upload: UploadId, proofs: Vec<Proof> },
    /// Tell the user why the file does not continue the upload that it was picked for. No answer is owed.
    ReportNotAdopted { id: LocalId, why: NotAdopted },
    /// DELETE the upload.
    AbortUpload { id: LocalId, attempt: Attempt, room: RoomId, upload: UploadId },
    /// Write a record of the checkpoint. Records of one upload are written in order; answered by `Saved` or `SaveFailed`.
    Save { id: LocalId, save: u64, record: Box<Record> },
    /// Remove the upload's checkpoint and file handle.
    Forget { id: LocalId },
    /// Send `Tick` at this time on the monotonic clock. Replaces the wake-up asked for before.
    WakeAt { mono: u64 },
}

/// An upload to begin, with the parts already hashed.
#[derive(Clone, Debug, PartialEq)]
pub struct ToInitiate {
    /// Whose answer it is.
    pub id: LocalId,
    /// The file, for its `meta`.
    pub source: Source,
    /// The measured rate of earlier uploads, in bytes per second.
    pub rate_hint: Option<u64>,
    /// Hashed already; signed with the answer.
    pub first_parts: Vec<ToSign>,
}

/// A part to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToSign {
    /// Which.
    pub part: PartNumber,
    /// Its promised digest.
    pub digest: PartDigest,
    /// For which upload host.
    pub host: u8,
}

/// Why a file could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadFault {
    /// It is not there any more.
    Gone,
    /// It is not what was picked.
    Changed,
    /// The browser asks the user first, and the user did not agree.
    Permission,
    /// The disk or the browser failed; worth another try.
    Io,
    /// The shell can't make the digest that the plan asks for.
    Unsupported,
}

/// Why a PUT to storage failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutFault {
    /// Status 0: cut, reset, refused, or hidden by CORS.
    Network,
    /// An answer with an error in it.
    Http {
        /// HTTP status.
        status: u16,
        /// The `<Code>` of S3's XML body, where it could be read.
        code: Option<String>,
    },
    /// The slice could not be read while it was sent.
    Read(ReadFault),
}
