//! Faults as data: what was seen, and what follows.

use crate::machine::{CallFault, PutFault, ReadFault, Reason};
use crate::wire::error::ErrorCode;

/// The effect that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Put,
    Initiate,
    Sign,
    Status,
    Complete,
    Adopt,
    Abort,
}

/// What follows a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Try again, after a wait.
    Retry,
    /// Try again, after a wait, on fewer lanes.
    SlowDown,
    /// Ask for a new URL; costs no attempt.
    SignAgain,
    /// Hash the part again: another digest means that the file changed.
    HashAgain,
    /// Fetch where the upload stands.
    FetchStatus,
    /// Fetch the same, because the upload may be another member's now, or gone.
    FetchOwner,
    /// Send the parts that the answer names.
    SendMissing,
    /// The key was used for another body: begin with a new one.
    NewKey,
    /// The proof of content is wrong: the file is another one, and goes up by itself.
    NotTheFile,
    /// There is no open upload to adopt: the file goes up by itself.
    NothingToAdopt,
    /// There is nothing left to do: what was to be removed is gone.
    Gone,
    /// The upload is complete already.
    Completed,
    /// It was cancelled by another member.
    Aborted,
    /// Its time ran out.
    Expired,
    /// The file has to be picked again.
    PickAgain(Reason),
    /// Stop and say so.
    Stop(Reason),
}

/// HTTP statuses a row stands for. 0 is no answer at all.
#[derive(Clone, Copy, Debug)]
enum Status {
    Any,
    Is(u16),
    From(u16),
}

/// The code a row stands for.
#[derive(Clone, Copy, Debug)]
enum Code {
    Any,
    S3(&'static str),
    Api(ErrorCode),
}

/// Whether the URL's time has to be over for a row to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Url {
    Any,
    Over,
}

type Row = (&'static [Operation], Status, Code, Url, Recovery);

const PUT: &[Operation] = &[Operation::Put];
const CALLS: &[Operation] =
    &[Operation::Initiate, Operation::Sign, Operation::Status, Operation::Complete, Operation::Adopt, Operation::Abort];
const ADOPT: &[Operation] = &[Operation::Adopt];
const ABORT: &[Operation] = &[Operation::Abort];
const INITIATE: &[Operation] = &[Operation::Initiate];
const COMPLETE: &[Operation] = &[Operation::Complete];
const STATUS: &[Operation] = &[Operation::Status];
const OWNERS: &[Operation] = &[Operation::Sign, Operation::Complete];

/// The first row that matches counts.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    // ---- PUT to storage
    // CORS hides some refusals as status 0. Once the URL's time is over, an expired signature is assumed.
    (PUT, Status::Is(0),   Code::Any,                             Url::Over, Recovery::SignAgain),
    (PUT, Status::Is(0),   Code::Any,                             Url::Any,  Recovery::Retry),
    // The credentials that signed the URL ran out before the URL did.
    (PUT, Status::Any,     Code::S3("ExpiredToken"),              Url::Any,  Recovery::SignAgain),
    // An expired URL is AccessDenied, as a wrong signature is: only the time tells them apart.
    (PUT, Status::Is(403), Code::Any,                             Url::Over, Recovery::SignAgain),
    // Content-MD5 is signed, so the bytes changed on the wire, or the file did.
    (PUT, Status::Any,     Code::S3("BadDigest"),                 Url::Any,  Recovery::HashAgain),
    (PUT, Status::Any,     Code::S3("SlowDown"),                  Url::Any,  Recovery::SlowDown),
    // S3's answer to a slow body, with status 400. Fewer lanes leave each of them more of the link.
    (PUT, Status::Any,     Code::S3("RequestTimeout"),            Url::Any,  Recovery::SlowDown),
    (PUT, Status::Any,     Code::S3("IncompleteBody"),            Url::Any,  Recovery::Retry),
    (PUT, Status::Any,     Code::S3("InternalError"),             Url::Any,  Recovery::Retry),
    // Completed, aborted or expired: only the status tells which.
    (PUT, Status::Any,     Code::S3("NoSuchUpload"),              Url::Any,  Recovery::FetchStatus),
    // Before the 404 below: no status call mends a bucket that is not there.
    (PUT, Status::Any,     Code::S3("NoSuchBucket"),              Url::Any,  Recovery::Stop(Reason::StorageRefused)),
    (PUT, Status::Is(404), Code::Any,                             Url::Any,  Recovery::FetchStatus),
    (PUT, Status::Is(409), Code::S3("ConditionalRequestConflict"), Url::Any, Recovery::Retry),
    (PUT, Status::Is(409), Code::S3("OperationAborted"),          Url::Any,  Recovery::Retry),
    // If-None-Match of a single PUT: an object is there, ours after a lost answer or not. The functions find out.
    (PUT, Status::Is(412), Code::Any,                             Url::Any,  Recovery::FetchStatus),
    // Half of a connection died: MinIO and many proxies answer that the client has closed its request.
    (PUT, Status::Is(499), Code::Any,                             Url::Any,  Recovery::Retry),
    (PUT, Status::Is(408), Code::Any,                             Url::Any,  Recovery::SlowDown),
    (PUT, Status::Is(425), Code::Any,                             Url::Any,  Recovery::Retry),
    (PUT, Status::Is(429), Code::Any,                             Url::Any,  Recovery::SlowDown),
    (PUT, Status::Is(503), Code::Any,                             Url::Any,  Recovery::SlowDown),
    (PUT, Status::From(500), Code::Any,                           Url::Any,  Recovery::Retry),
    (PUT, Status::Any,     Code::Any,                             Url::Any,  Recovery::Stop(Reason::StorageRefused)),

    // ---- calls to the functions: removing
    (ABORT, Status::Any, Code::Api(ErrorCode::UploadCompleted),   Url::Any, Recovery::Completed),
    (ABORT, Status::Any, Code::Api(ErrorCode::UploadCompleting),  Url::Any, Recovery::Retry),
    (ABORT, Status::Any, Code::Api(ErrorCode::WrongAddress),      Url::Any, Recovery::Retry),
    (ABORT, Status::Is(409), Code::Any,                           Url::Any, Recovery::Gone),
    (ABORT, Status::Is(404), Code::Any,                           Url::Any, Recovery::Gone),
    // No right to remove it any more: the server gives it up in time.
    (ABORT, Status::Is(401), Code::Any,                           Url::Any, Recovery::Gone),
    (ABORT, Status::Is(403), Code::Any,                           Url::Any, Recovery::Gone),

    // ---- calls to the functions: adopting
    // Before the rows for all calls, where a 404 means lost access: the first match counts.
    (ADOPT, Status::Any, Code::Api(ErrorCode::ProofMismatch),     Url::Any, Recovery::NotTheFile),
    // It ended meanwhile, or another member was quicker to adopt it.
    (ADOPT, Status::Is(404), Code::Any,                           Url::Any, Recovery::NothingToAdopt),
    (ADOPT, Status::Is(409), Code::Any,                           Url::Any, Recovery::NothingToAdopt),

    // ---- calls to the functions: all
    (CALLS, Status::Is(0),   Code::Any,                           Url::Any, Recovery::Retry),
    (CALLS, Status::Is(408), Code::Any,                           Url::Any, Recovery::Retry),
    (CALLS, Status::Is(425), Code::Any,                           Url::Any, Recovery::Retry),
    // Not by itself: an open upload may stay so for days, and the user can cancel some.
    (INITIATE, Status::Any, Code::Api(ErrorCode::TooManyUploads), Url::Any, Recovery::Stop(Reason::TooManyUploads)),
    (CALLS, Status::Is(429), Code::Any,                           Url::Any, Recovery::Retry),
    (CALLS, Status::From(500), Code::Any,                         Url::Any, Recovery::Retry),
    (CALLS, Status::Any, Code::Api(ErrorCode::RoomClosed),        Url::Any, Recovery::Stop(Reason::RoomClosed)),
    (CALLS, Status::Is(401), Code::Any,                           Url::Any, Recovery::Stop(Reason::AccessLost)),
    // A page is at the right address. While a new secret of the CDN spreads, its calls are refused for minutes.
    (CALLS, Status::Any, Code::Api(ErrorCode::WrongAddress),      Url::Any, Recovery::Retry),
    (CALLS, Status::Is(403), Code::Any,                           Url::Any, Recovery::Stop(Reason::AccessLost)),
    // Lost access is a 401. Another member may have adopted the upload, or its record is gone.
    (OWNERS, Status::Is(404), Code::Any,                          Url::Any, Recovery::FetchOwner),
    (STATUS, Status::Is(404), Code::Any,                          Url::Any, Recovery::Stop(Reason::UploadLost)),
    (CALLS, Status::Is(404), Code::Any,                           Url::Any, Recovery::Stop(Reason::AccessLost)),
    (CALLS, Status::Any, Code::Api(ErrorCode::UploadAborted),     Url::Any, Recovery::Aborted),
    (CALLS, Status::Any, Code::Api(ErrorCode::UploadExpired),     Url::Any, Recovery::Expired),
    (CALLS, Status::Any, Code::Api(ErrorCode::UploadCompleted),   Url::Any, Recovery::FetchStatus),
    (CALLS, Status::Any, Code::Api(ErrorCode::UploadCompleting),  Url::Any, Recovery::FetchStatus),
    (CALLS, Status::Any, Code::Api(ErrorCode::UploadFailed),      Url::Any, Recovery::Stop(Reason::Corrupted)),
    (CALLS, Status::Any, Code::Api(ErrorCode::ObjectMismatch),    Url::Any, Recovery::Stop(Reason::Corrupted)),
    (CALLS, Status::Any, Code::Api(ErrorCode::FileChanged),       Url::Any, Recovery::Stop(Reason::FileChanged)),
    (INITIATE, Status::Any, Code::Api(ErrorCode::QuotaExceeded),  Url::Any, Recovery::Stop(Reason::QuotaExceeded)),
    (INITIATE, Status::Any, Code::Api(ErrorCode::FileTooLarge),   Url::Any, Recovery::Stop(Reason::TooLarge)),
    (INITIATE, Status::Any, Code::Api(ErrorCode::IdempotencyMismatch), Url::Any, Recovery::NewKey),
    (COMPLETE, Status::Any, Code::Api(ErrorCode::PartsIncomplete), Url::Any, Recovery::SendMissing),
    (CALLS, Status::Any, Code::Any,                               Url::Any, Recovery::Stop(Reason::ServerError)),
];

/// What follows a failed PUT. `url_over`: the signed URL's time had run out when the answer came.
pub fn after_put(fault: &PutFault, url_over: bool) -> Recovery {
    match fault {
        PutFault::Read(fault) => after_read(*fault),
        PutFault::Network => look_up(Operation::Put, 0, &Seen::Nothing, url_over),
        PutFault::Http { status, code: Some(code) } => look_up(Operation::Put, *status, &Seen::S3(code), url_over),
        PutFault::Http { status, code: None } => look_up(Operation::Put, *status, &Seen::Nothing, url_over),
    }
}

/// What follows a failed call to the functions.
pub fn after_call(operation: Operation, fault: &CallFault) -> Recovery {
    match fault {
        CallFault::Network => look_up(operation, 0, &Seen::Nothing, false),
        CallFault::Api { status, code, .. } => look_up(operation, *status, &Seen::Api(*code), false),
    }
}

/// What follows a part that could not be read.
pub fn after_read(fault: ReadFault) -> Recovery {
    match fault {
        ReadFault::Gone => Recovery::PickAgain(Reason::FileGone),
        ReadFault::Changed => Recovery::Stop(Reason::FileChanged),
        ReadFault::Permission => Recovery::PickAgain(Reason::PermissionNeeded),
        ReadFault::Io => Recovery::Retry,
        // The plan asks for a digest that this shell can't make. The file is not at fault.
        ReadFault::Unsupported => Recovery::Stop(Reason::ServerError),
    }
}

/// The seconds that the server asks to wait.
pub fn retry_after(fault: &CallFault) -> Option<u64> {
    match fault {
        CallFault::Network => None,
        CallFault::Api { retry_after, .. } => *retry_after,
    }
}

enum Seen<'a> {
    Nothing,
    S3(&'a str),
    Api(ErrorCode),
}

fn look_up(operation: Operation, status: u16, seen: &Seen<'_>, url_over: bool) -> Recovery {
    let matches = |row: &&Row| {
        let (who, statuses, code, url, _) = **row;
        who.contains(&operation)
            && (url == Url::Any || url_over)
            && match statuses {
                Status::Any => true,
                Status::Is(one) => one == status,
                Status::From(least) => status >= least,
            }
            && match (code, seen) {
                (Code::Any, _) => true,
                (Code::S3(code), Seen::S3(seen)) => code == *seen,
                (Code::Api(code), Seen::Api(seen)) => code == *seen,
                _ => false,
            }
    };
    // Every effect has a last row that matches anything.
    ROWS.iter().find(matches).map_or(Recovery::Stop(Reason::ServerError), |row| row.4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    fn http(status: u16, code: &str) -> PutFault {
        PutFault::Http { status, code: (!code.is_empty()).then(|| code.to_owned()) }
    }

    #[test]
    fn a_failed_put_by_status_code_and_time() {
        let refused = Recovery::Stop(Reason::StorageRefused);
        // (status, S3 code, while the URL counts, when its time is over), written from the design.
        let table = [
            (403, "AccessDenied", refused, Recovery::SignAgain),
            (403, "SignatureDoesNotMatch", refused, Recovery::SignAgain),
            (403, "ExpiredToken", Recovery::SignAgain, Recovery::SignAgain),
            (400, "ExpiredToken", Recovery::SignAgain, Recovery::SignAgain),
            (400, "BadDigest", Recovery::HashAgain, Recovery::HashAgain),
            (400, "RequestTimeout", Recovery::SlowDown, Recovery::SlowDown),
            (400, "IncompleteBody", Recovery::Retry, Recovery::Retry),
            (400, "InvalidArgument", refused, refused),
            (400, "", refused, refused),
            (404, "NoSuchUpload", Recovery::FetchStatus, Recovery::FetchStatus),
            (404, "NoSuchBucket", refused, refused),
            (404, "", Recovery::FetchStatus, Recovery::FetchStatus),
            (408, "", Recovery::SlowDown, Recovery::SlowDown),
            (409, "ConditionalRequestConflict", Recovery::Retry, Recovery::Retry),
            (409, "", refused, refused),
            (411, "MissingContentLength", refused, refused),
            (412, "PreconditionFailed", Recovery::FetchStatus, Recovery::FetchStatus),
            (413, "EntityTooLarge", refused, refused),
            (425, "", Recovery::Retry, Recovery::Retry),
            (429, "", Recovery::SlowDown, Recovery::SlowDown),
            (499, "ClientDisconnected", Recovery::Retry, Recovery::Retry),
            (499, "", Recovery::Retry, Recovery::Retry),
            (500, "InternalError", Recovery::Retry, Recovery::Retry),
            (500, "", Recovery::Retry, Recovery::Retry),
            (502, "", Recovery::Retry, Recovery::Retry),
            (503, "SlowDown", Recovery::SlowDown, Recovery::SlowDown),
            (503, "", Recovery::SlowDown, Recovery::SlowDown),
            (504, "", Recovery::Retry, Recovery::Retry),
            (302, "", refused, refused),
        ];
        for (status, code, counts, over) in table {
            assert_eq!(after_put(&http(status, code), false), counts, "{status} {code}");
            assert_eq!(after_put(&http(status, code), true), over, "{status} {code}, time over");
        }
        assert_eq!(after_put(&PutFault::Network, false), Recovery::Retry);
        assert_eq!(after_put(&PutFault::Network, true), Recovery::SignAgain);
    }

    #[test]
    fn a_slice_that_cannot_be_read() {
        let table = [
            (ReadFault::Gone, Recovery::PickAgain(Reason::FileGone)),
            (ReadFault::Changed, Recovery::Stop(Reason::FileChanged)),
            (ReadFault::Permission, Recovery::PickAgain(Reason::PermissionNeeded)),
            (ReadFault::Io, Recovery::Retry),
            (ReadFault::Unsupported, Recovery::Stop(Reason::ServerError)),
        ];
        for (fault, then) in table {
            assert_eq!(after_put(&PutFault::Read(fault), true), then);
            assert_eq!(after_read(fault), then);
        }
    }

    const ALL_CALLS: [Operation; 6] = [
        Operation::Initiate,
        Operation::Sign,
        Operation::Status,
        Operation::Complete,
        Operation::Adopt,
        Operation::Abort,
    ];

    fn api(code: ErrorCode) -> CallFault {
        CallFault::Api { status: code.status(), code, retry_after: None, parts: vec![] }
    }

    #[test]
    fn every_code_of_the_api_for_every_call() {
        let lines = ErrorCode::ALL.iter().map(|code| {
            let then = ALL_CALLS.map(|operation| format!("{:?}", after_call(operation, &api(*code))));
            format!("{}: {}", code.as_str(), then.join(", "))
        });
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn no_answer_and_broken_servers_are_tried_again() {
        for operation in ALL_CALLS {
            assert_eq!(after_call(operation, &CallFault::Network), Recovery::Retry);
            for status in [408, 425, 429, 500, 502, 503, 504, 599] {
                let fault = CallFault::Api { status, code: ErrorCode::Unknown, retry_after: None, parts: vec![] };
                assert_eq!(after_call(operation, &fault), Recovery::Retry, "{operation:?} {status}");
            }
        }
    }

    #[test]
    fn every_effect_has_a_last_row() {
        for operation in ALL_CALLS.into_iter().chain([Operation::Put]) {
            let last = ROWS.iter().any(|row| {
                row.0.contains(&operation) && matches!((row.1, row.2, row.3), (Status::Any, Code::Any, Url::Any))
            });
            assert!(last, "{operation:?}");
        }
    }
}
