//! Completes one upload or several, by the route for that number.

use crate::prelude::*;
use serde::Deserialize;

use super::{Call, CallFault, Complete, CompleteMany, Fault, Route};
use crate::wire::id::{FileId, RoomId, UploadId};
use crate::wire::{self, CompletedMany, Completion, CompletionResult};

/// Completes uploads of one room.
#[derive(Clone, Debug, PartialEq)]
pub enum CompleteAll {
    /// One upload. A refusal is the error of the call itself, so it can have a `Retry-After`.
    One(Complete),
    /// Several uploads.
    Many(CompleteMany),
}

/// The answer of either route.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "one is alive at a time")]
pub enum CompletedAny {
    /// Of the batch form.
    Many(CompletedMany),
    /// Of the single form.
    One(Completion),
}

/// The outcome for one upload.
#[derive(Clone, Debug, PartialEq)]
pub enum CompleteOutcome {
    /// The file is in the room.
    Done { file: FileId },
    /// Still being completed. Request the status after `retry_after_seconds`.
    Working { retry_after_seconds: u64 },
    /// Refused.
    Refused(CallFault),
}

impl CompleteAll {
    /// Completes these uploads.
    pub fn new(room: RoomId, uploads: Vec<UploadId>) -> Self {
        match uploads[..] {
            [upload] => Self::One(Complete { upload }),
            _ => Self::Many(CompleteMany { room, body: wire::CompleteMany { upload_ids: uploads } }),
        }
    }
}

impl Call for CompleteAll {
    type Body = wire::CompleteMany;
    type Answer = CompletedAny;

    /// The form for one upload has another path and no body.
    const ROUTE: Route = CompleteMany::ROUTE;

    fn path(&self) -> String {
        match self {
            Self::One(call) => call.path(),
            Self::Many(call) => call.path(),
        }
    }

    fn body(&self) -> Option<&wire::CompleteMany> {
        match self {
            Self::One(_) => None,
            Self::Many(call) => call.body(),
        }
    }

    fn is_answered_by(&self, answer: &CompletedAny) -> bool {
        match (self, answer) {
            (Self::One(_), CompletedAny::One(_)) => true,
            (Self::Many(call), CompletedAny::Many(answer)) => call.is_answered_by(answer),
            _ => false,
        }
    }
}

impl CompletedAny {
    /// One for each upload, in the order of the request.
    pub fn outcomes(self) -> Vec<CompleteOutcome> {
        match self {
            Self::One(completion) => vec![completion.into()],
            Self::Many(answer) => answer.results.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Completion> for CompleteOutcome {
    fn from(completion: Completion) -> Self {
        match completion {
            Completion::Completed { file } => Self::Done { file: file.file_id },
            Completion::Completing { retry_after_seconds } => Self::Working { retry_after_seconds },
        }
    }
}

impl From<CompletionResult> for CompleteOutcome {
    fn from(result: CompletionResult) -> Self {
        match result {
            CompletionResult::Done(completion) => completion.into(),
            CompletionResult::Failed { error } => Self::Refused(Fault::from_error(error).into()),
        }
    }
}
