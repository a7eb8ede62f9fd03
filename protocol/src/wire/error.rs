//! The error codes of the HTTP API. They are stable: clients act on them.

use crate::prelude::*;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// The kind of error, for programs. Its message is for people.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(from = "String")]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
            /// A code unknown to this version.
            #[serde(rename = "unknown")]
            Unknown,
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code in the wire format.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Unknown => "unknown",
                }
            }

            /// The HTTP status of the code.
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                    // An unknown code within an answer counts as a fault of the server, and is tried again.
                    Self::Unknown => 500,
                }
            }
        }
    };
}

impl From<String> for ErrorCode {
    // A newer server may send codes that this page does not know.
    fn from(text: String) -> Self {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).unwrap_or(Self::Unknown)
    }
}

codes! {
    /// The body or a parameter is invalid. `field` names it.
    BadRequest = "bad-request", 400;
    /// The part number is outside of the plan.
    BadPartNumber = "bad-part-number", 400;
    /// The file is larger than 5 TiB or than the room allows.
    FileTooLarge = "file-too-large", 400;
    /// No token, or an unknown one.
    TokenMissing = "token-missing", 401;
    /// The member token has expired. Join again.
    TokenExpired = "token-expired", 401;
    /// The member was removed from the room.
    MemberRemoved = "member-removed", 401;
    /// The room was closed.
    RoomClosed = "room-closed", 401;
    /// The link's role does not allow this.
    RoleTooLow = "role-too-low", 403;
    /// The API is behind another address, that of its page, and answers there only.
    WrongAddress = "wrong-address", 403;
    /// It does not exist, or it is not the caller's. The answers are the same, so that ids can't be probed.
    NotFound = "not-found", 404;
    /// The path exists, but not for this method.
    MethodNotAllowed = "method-not-allowed", 405;
    /// The room id is taken.
    RoomExists = "room-exists", 409;
    /// Another digest was promised for this part: the file changed.
    FileChanged = "file-changed", 409;
    /// Parts are missing or differ from the plan; `parts` lists them.
    PartsIncomplete = "parts-incomplete", 409;
    /// The stored object differs from the promised digests.
    ObjectMismatch = "object-mismatch", 409;
    /// The upload is already complete.
    UploadCompleted = "upload-completed", 409;
    /// The upload was cancelled.
    UploadAborted = "upload-aborted", 409;
    /// The upload has expired.
    UploadExpired = "upload-expired", 409;
    /// The upload failed for good.
    UploadFailed = "upload-failed", 409;
    /// The upload is being completed. Call again.
    UploadCompleting = "upload-completing", 409;
    /// The Idempotency-Key was used with another body.
    IdempotencyMismatch = "idempotency-mismatch", 409;
    /// The proof of content does not match what storage holds.
    ProofMismatch = "proof-mismatch", 409;
    /// The room has no space left.
    QuotaExceeded = "quota-exceeded", 409;
    /// The body is larger than this call accepts.
    BodyTooLarge = "body-too-large", 413;
    /// The content type is not JSON.
    UnsupportedMediaType = "unsupported-media-type", 415;
    /// Too many uploads are open in this room. Retry after `Retry-After`.
    TooManyUploads = "too-many-uploads", 429;
    /// Too many calls. Retry after `Retry-After`.
    RateLimited = "rate-limited", 429;
    /// An internal error. The request id identifies it in the log.
    Internal = "internal", 500;
    /// Storage or the table does not answer.
    Unavailable = "unavailable", 503;
}

/// The body of every error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// The error itself.
    pub error: ApiError,
}

/// An error of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiError {
    /// For programs.
    pub code: ErrorCode,
    /// For people: a sentence that says what to do.
    pub message: String,
    /// Identifies the call in the log.
    pub request_id: String,
    /// The invalid field, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The parts that are missing or wrong, at most 1,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<crate::wire::id::PartNumber>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_on_the_wire_are_stable() {
        let table: Vec<_> = ErrorCode::ALL.iter().map(|code| format!("{} {}", code.status(), code.as_str())).collect();
        insta::assert_snapshot!(table.join("\n"));
    }

    #[test]
    fn an_unknown_code_is_kept_as_unknown() {
        assert_eq!(serde_json::from_str::<ErrorCode>("\"from-the-future\"").unwrap(), ErrorCode::Unknown);
    }
}
