//! Where storages answer otherwise than S3, or than each other. The tests compare with this table, and docs/storage.md has
//! the same one.

use local_stack::S3Kind;

/// What they differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    CorsRule,
    OtherOrigin,
    OtherHeader,
    EtagNotExposed,
    Lifecycle,
    HeaderLeftOut,
    LargeRefusal,
    UnknownKey,
    CompleteAgain,
}

struct Row {
    case: Case,
    what: &'static str,
    /// As its documentation says. Not tried.
    s3: &'static str,
    minio: &'static str,
    versitygw: &'static str,
    /// As found by hand: docs/storage.md says how.
    ministack: &'static str,
}

#[rustfmt::skip]
static DIFFERENCES: [Row; 9] = [
    Row { case: Case::CorsRule, what: "PutBucketCors", s3: "200", minio: "501 NotImplemented", versitygw: "200", ministack: "200" },
    Row { case: Case::OtherOrigin, what: "a request of an origin that the CORS rule does not name", s3: "refused", minio: "allowed", versitygw: "refused", ministack: "refused" },
    Row { case: Case::OtherHeader, what: "a preflight for a header that the CORS rule does not name", s3: "refused", minio: "allowed", versitygw: "refused", ministack: "refused" },
    Row { case: Case::EtagNotExposed, what: "the ETag, where the CORS rule does not expose it", s3: "hidden", minio: "exposed", versitygw: "exposed", ministack: "hidden" },
    Row { case: Case::Lifecycle, what: "a lifecycle rule that aborts unfinished uploads", s3: "200", minio: "400 InvalidArgument", versitygw: "501 NotImplemented", ministack: "200, without effect" },
    Row { case: Case::HeaderLeftOut, what: "a PUT without one of its signed headers", s3: "403 SignatureDoesNotMatch", minio: "400 AccessDenied", versitygw: "403 SignatureDoesNotMatch", ministack: "403 SignatureDoesNotMatch" },
    Row { case: Case::LargeRefusal, what: "a PUT of 16 MiB whose signature is wrong", s3: "403 SignatureDoesNotMatch", minio: "403 SignatureDoesNotMatch", versitygw: "connection lost or 403 SignatureDoesNotMatch", ministack: "403 SignatureDoesNotMatch" },
    Row { case: Case::UnknownKey, what: "an access key that does not exist", s3: "403 InvalidAccessKeyId", minio: "403 InvalidAccessKeyId", versitygw: "404 XAdminUserNotFound", ministack: "403 InvalidAccessKeyId" },
    Row { case: Case::CompleteAgain, what: "complete with `If-None-Match: *`, repeated", s3: "404 NoSuchUpload or 412 PreconditionFailed", minio: "412 PreconditionFailed", versitygw: "200", ministack: "200" },
];

/// What this storage is to answer.
pub(crate) fn expected(case: Case, kind: S3Kind) -> &'static str {
    let row = DIFFERENCES.iter().find(|row| row.case == case).expect("each case has a row");
    match kind {
        S3Kind::Minio => row.minio,
        S3Kind::Versitygw => row.versitygw,
    }
}

fn table() -> String {
    let rows = DIFFERENCES.iter().map(|row| {
        let Row { what, s3, minio, versitygw, ministack, .. } = row;
        format!("| {what} | {s3} | {minio} | {versitygw} | {ministack} |\n")
    });
    let head = "| | S3, as documented | MinIO | versitygw | ministack |\n| --- | --- | --- | --- | --- |\n";
    head.to_owned() + &rows.collect::<String>()
}

#[test]
fn the_page_on_storage_has_this_table() {
    let path = local_stack::workspace().join("docs/storage.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, after) = text.split_once("<!-- differences: begin -->\n").expect("where it begins");
    let (written, _) = after.split_once("<!-- differences: end -->").expect("where it ends");
    assert!(written == table(), "docs/storage.md is to have\n{}", table());
}
