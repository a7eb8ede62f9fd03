//! Faults as data: what was seen, and what follows.

use crate::machine::{CallFault, PutFault, ReadFault, Reason};
use crate::wire::error::ErrorCode;

/// Which effect failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Put,
    Initiate,
    Sign,
    Status,
    Complete,
    Adopt,
    Abort,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Again, after a wait.
    Again,
    /// Again, after a wait, on fewer lanes.
    SlowDown,
    /// Ask for a new URL; costs no attempt.
    SignAgain,
    /// Hash the part again: another digest means that the file changed.
    HashAgain,
    /// Ask the functions where the upload stands.
    AskStatus,
    /// Ask the same, because the upload may be another member's now, or gone.
    AskWhose,
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
    /// It was cancelled by somebody else.
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

type Row = (&'static [Doing], Status, Code, Url, Then);

const PUT: &[Doing] = &[Doing::Put];
const CALLS: &[Doing] = &[Doing::Initiate, Doing::Sign, Doing::Status, Doing::Complete, Doing::Adopt, Doing::Abort];
const ADOPT: &[Doing] = &[Doing::Adopt];
const ABORT: &[Doing] = &[Doing::Abort];
const INITIATE: &[Doing] = &[Doing::Initiate];
const COMPLETE: &[Doing] = &[Doing::Complete];
const STATUS: &[Doing] = &[Doing::Status];
const OWNERS: &[Doing] = &[Doing::Sign, Doing::Complete];

/// The first row that matches counts.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    // ---- PUT to storage
    (PUT, Status::Is(0),   Code::Any,                             Url::Over, Then::SignAgain),
    (PUT, Status::Is(0),   Code::Any,                             Url::Any,  Then::Again),
    (PUT, Status::Any,     Code::S3("ExpiredToken"),              Url::Any,  Then::SignAgain),
    (PUT, Status::Is(403), Code::Any,                             Url::Over, Then::SignAgain),
    (PUT, Status::Any,     Code::S3("BadDigest"),                 Url::Any,  Then::HashAgain),
    (PUT, Status::Any,     Code::S3("SlowDown"),                  Url::Any,  Then::SlowDown),
    (PUT, Status::Any,     Code::S3("RequestTimeout"),            Url::Any,  Then::SlowDown),
    (PUT, Status::Any,     Code::S3("IncompleteBody"),            Url::Any,  Then::Again),
    (PUT, Status::Any,     Code::S3("InternalError"),             Url::Any,  Then::Again),
    (PUT, Status::Any,     Code::S3("NoSuchUpload"),              Url::Any,  Then::AskStatus),
    (PUT, Status::Any,     Code::S3("NoSuchBucket"),              Url::Any,  Then::Stop(Reason::StorageRefused)),
    (PUT, Status::Is(404), Code::Any,                             Url::Any,  Then::AskStatus),
    (PUT, Status::Is(409), Code::S3("ConditionalRequestConflict"), Url::Any, Then::Again),
    (PUT, Status::Is(409), Code::S3("OperationAborted"),          Url::Any,  Then::Again),
    // If-None-Match of a single PUT: an object is there, ours after a lost answer or not. The functions look.
    (PUT, Status::Is(412), Code::Any,                             Url::Any,  Then::AskStatus),
    // Half of a connection died: MinIO and many proxies answer that the client has closed its request.
    (PUT, Status::Is(499), Code::Any,                             Url::Any,  Then::Again),
    (PUT, Status::Is(408), Code::Any,                             Url::Any,  Then::SlowDown),
    (PUT, Status::Is(425), Code::Any,                             Url::Any,  Then::Again),
    (PUT, Status::Is(429), Code::Any,                             Url::Any,  Then::SlowDown),
    (PUT, Status::Is(503), Code::Any,                             Url::Any,  Then::SlowDown),
    (PUT, Status::From(500), Code::Any,                           Url::Any,  Then::Again),
    (PUT, Status::Any,     Code::Any,                             Url::Any,  Then::Stop(Reason::StorageRefused)),

    // ---- calls to the functions: removing
    (ABORT, Status::Any, Code::Api(ErrorCode::UploadCompleted),   Url::Any, Then::Completed),
    (ABORT, Status::Any, Code::Api(ErrorCode::UploadCompleting),  Url::Any, Then::Again),
    (ABORT, Status::Is(409), Code::Any,                           Url::Any, Then::Gone),
    (ABORT, Status::Is(404), Code::Any,                           Url::Any, Then::Gone),
    // No right to remove it any more: the server gives it up in time.
    (ABORT, Status::Is(401), Code::Any,                           Url::Any, Then::Gone),
    (ABORT, Status::Is(403), Code::Any,                           Url::Any, Then::Gone),

    // ---- calls to the functions: adopting
    (ADOPT, Status::Any, Code::Api(ErrorCode::ProofMismatch),     Url::Any, Then::NotTheFile),
    // It ended meanwhile, or another member was quicker to adopt it.
    (ADOPT, Status::Is(404), Code::Any,                           Url::Any, Then::NothingToAdopt),
    (ADOPT, Status::Is(409), Code::Any,                           Url::Any, Then::NothingToAdopt),

    // ---- calls to the functions: all
    (CALLS, Status::Is(0),   Code::Any,                           Url::Any, Then::Again),
    (CALLS, Status::Is(408), Code::Any,                           Url::Any, Then::Again),
    (CALLS, Status::Is(425), Code::Any,                           Url::Any, Then::Again),
    // Not by itself: an open upload may stay so for days, and the user can cancel some.
    (INITIATE, Status::Any, Code::Api(ErrorCode::TooManyUploads), Url::Any, Then::Stop(Reason::TooManyUploads)),
    (CALLS, Status::Is(429), Code::Any,                           Url::Any, Then::Again),
    (CALLS, Status::From(500), Code::Any,                         Url::Any, Then::Again),
    (CALLS, Status::Any, Code::Api(ErrorCode::RoomClosed),        Url::Any, Then::Stop(Reason::RoomClosed)),
    (CALLS, Status::Is(401), Code::Any,                           Url::Any, Then::Stop(Reason::AccessLost)),
    (CALLS, Status::Is(403), Code::Any,                           Url::Any, Then::Stop(Reason::AccessLost)),
    // Lost access is a 401. Another member may have adopted the upload, or its record is gone.
    (OWNERS, Status::Is(404), Code::Any,                          Url::Any, Then::AskWhose),
    (STATUS, Status::Is(404), Code::Any,                          Url::Any, Then::Stop(Reason::UploadLost)),
    (CALLS, Status::Is(404), Code::Any,                           Url::Any, Then::Stop(Reason::AccessLost)),
    (CALLS, Status::Any, Code::Api(ErrorCode::UploadAborted),     Url::Any, Then::Aborted),
    (CALLS, Status::Any, Code::Api(ErrorCode::UploadExpired),     Url::Any, Then::Expired),
    (CALLS, Status::Any, Code::Api(ErrorCode::UploadCompleted),   Url::Any, Then::AskStatus),
    (CALLS, Status::Any, Code::Api(ErrorCode::UploadCompleting),  Url::Any, Then::AskStatus),
    (CALLS, Status::Any, Code::Api(ErrorCode::UploadFailed),      Url::Any, Then::Stop(Reason::Corrupted)),
    (CALLS, Status::Any, Code::Api(ErrorCode::ObjectMismatch),    Url::Any, Then::Stop(Reason::Corrupted)),
    (CALLS, Status::Any, Code::Api(ErrorCode::FileChanged),       Url::Any, Then::Stop(Reason::FileChanged)),
    (INITIATE, Status::Any, Code::Api(ErrorCode::QuotaExceeded),  Url::Any, Then::Stop(Reason::QuotaExceeded)),
    (INITIATE, Status::Any, Code::Api(ErrorCode::FileTooLarge),   Url::Any, Then::Stop(Reason::TooLarge)),
    (INITIATE, Status::Any, Code::Api(ErrorCode::IdempotencyMismatch), Url::Any, Then::NewKey),
    (COMPLETE, Status::Any, Code::Api(ErrorCode::PartsIncomplete), Url::Any, Then::SendMissing),
    (CALLS, Status::Any, Code::Any,                               Url::Any, Then::Stop(Reason::ServerError)),
];

/// What follows a failed PUT. `url_over`: the signed URL's time had run out when the answer came.
pub fn after_put(fault: &PutFault, url_over: bool) -> Then {
    match fault {
        PutFault::Read(fault) => after_read(*fault),
        PutFault::Network => look_up(Doing::Put, 0, &Seen::Nothing, url_over),
        PutFault::Http { status, code: Some(code) } => look_up(Doing::Put, *status, &Seen::S3(code), url_over),
        PutFault::Http { status, code: None } => look_up(Doing::Put, *status, &Seen::Nothing, url_over),
    }
}

/// What follows a failed call to the functions.
pub fn after_call(doing: Doing, fault: &CallFault) -> Then {
    match fault {
        CallFault::Network => look_up(doing, 0, &Seen::Nothing, false),
        CallFault::Api { status, code, .. } => look_up(doing, *status, &Seen::Api(*code), false),
    }
}

/// What follows a part that could not be read.
pub fn after_read(fault: ReadFault) -> Then {
    match fault {
        ReadFault::Gone => Then::PickAgain(Reason::FileGone),
        ReadFault::Changed => Then::Stop(Reason::FileChanged),
        ReadFault::Permission => Then::PickAgain(Reason::PermissionNeeded),
        ReadFault::Io => Then::Again,
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

fn look_up(doing: Doing, status: u16, seen: &Seen<'_>, url_over: bool) -> Then {
    let matches = |row: &&Row| {
        let (who, statuses, code, url, _) = **row;
        who.contains(&doing)
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
    ROWS.iter().find(matches).map_or(Then::Stop(Reason::ServerError), |row| row.4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(status: u16, code: &str) -> PutFault {
        PutFault::Http { status, code: (!code.is_empty()).then(|| code.to_owned()) }
    }

    #[test]
    fn a_failed_put_by_status_code_and_time() {
        let refused = Then::Stop(Reason::StorageRefused);
        // (status, S3 code, while the URL counts, when its time is over), written from the design.
        let table = [
            (403, "AccessDenied", refused, Then::SignAgain),
            (403, "SignatureDoesNotMatch", refused, Then::SignAgain),
            (403, "ExpiredToken", Then::SignAgain, Then::SignAgain),
            (400, "ExpiredToken", Then::SignAgain, Then::SignAgain),
            (400, "BadDigest", Then::HashAgain, Then::HashAgain),
            (400, "RequestTimeout", Then::SlowDown, Then::SlowDown),
            (400, "IncompleteBody", Then::Again, Then::Again),
            (400, "InvalidArgument", refused, refused),
            (400, "", refused, refused),
            (404, "NoSuchUpload", Then::AskStatus, Then::AskStatus),
            (404, "NoSuchBucket", refused, refused),
            (404, "", Then::AskStatus, Then::AskStatus),
            (408, "", Then::SlowDown, Then::SlowDown),
            (409, "ConditionalRequestConflict", Then::Again, Then::Again),
            (409, "", refused, refused),
            (411, "MissingContentLength", refused, refused),
            (412, "PreconditionFailed", Then::AskStatus, Then::AskStatus),
            (413, "EntityTooLarge", refused, refused),
            (425, "", Then::Again, Then::Again),
            (429, "", Then::SlowDown, Then::SlowDown),
            (499, "ClientDisconnected", Then::Again, Then::Again),
            (499, "", Then::Again, Then::Again),
            (500, "InternalError", Then::Again, Then::Again),
            (500, "", Then::Again, Then::Again),
            (502, "", Then::Again, Then::Again),
            (503, "SlowDown", Then::SlowDown, Then::SlowDown),
            (503, "", Then::SlowDown, Then::SlowDown),
            (504, "", Then::Again, Then::Again),
            (302, "", refused, refused),
        ];
        for (status, code, counts, over) in table {
            assert_eq!(after_put(&http(status, code), false), counts, "{status} {code}");
            assert_eq!(after_put(&http(status, code), true), over, "{status} {code}, time over");
        }
        assert_eq!(after_put(&PutFault::Network, false), Then::Again);
        assert_eq!(after_put(&PutFault::Network, true), Then::SignAgain);
    }

    #[test]
    fn a_slice_that_cannot_be_read() {
        let table = [
            (ReadFault::Gone, Then::PickAgain(Reason::FileGone)),
            (ReadFault::Changed, Then::Stop(Reason::FileChanged)),
            (ReadFault::Permission, Then::PickAgain(Reason::PermissionNeeded)),
            (ReadFault::Io, Then::Again),
        ];
        for (fault, then) in table {
            assert_eq!(after_put(&PutFault::Read(fault), true), then);
            assert_eq!(after_read(fault), then);
        }
    }

    const ALL_CALLS: [Doing; 6] =
        [Doing::Initiate, Doing::Sign, Doing::Status, Doing::Complete, Doing::Adopt, Doing::Abort];

    fn api(code: ErrorCode) -> CallFault {
        CallFault::Api { status: code.status(), code, retry_after: None, parts: vec![] }
    }

    #[test]
    fn every_code_of_the_api_for_every_call() {
        let lines = ErrorCode::ALL.iter().map(|code| {
            let then = ALL_CALLS.map(|doing| format!("{:?}", after_call(doing, &api(*code))));
            format!("{}: {}", code.as_str(), then.join(", "))
        });
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn no_answer_and_broken_servers_are_tried_again() {
        for doing in ALL_CALLS {
            assert_eq!(after_call(doing, &CallFault::Network), Then::Again);
            for status in [408, 425, 429, 500, 502, 503, 504, 599] {
                let fault = CallFault::Api { status, code: ErrorCode::Unknown, retry_after: None, parts: vec![] };
                assert_eq!(after_call(doing, &fault), Then::Again, "{doing:?} {status}");
            }
        }
    }

    #[test]
    fn every_effect_has_a_last_row() {
        for doing in ALL_CALLS.into_iter().chain([Doing::Put]) {
            let last = ROWS.iter().any(|row| {
                row.0.contains(&doing) && matches!((row.1, row.2, row.3), (Status::Any, Code::Any, Url::Any))
            });
            assert!(last, "{doing:?}");
        }
    }
}
