//! Validates an initiate or a presign before anything is written.

use std::collections::HashSet;

use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{FileMeta, Initiate, MAX_META_BYTES, MAX_UPLOADS_PER_CALL, Meta, NewUpload, PartToSign};
use slipway_protocol::wire::{MAX_FIRST_PARTS, MAX_PARTS_PER_PRESIGN, MAX_SEAL_BYTES, Seal};

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::text;
use crate::records::plan::PARTS_PER_ITEM;

/// The longest file name, in bytes. File systems end at 255 characters, of up to 4 bytes.
const MAX_NAME_BYTES: usize = 1020;
/// The longest path of folders, in bytes: Linux's own limit.
const MAX_PATH_BYTES: usize = 4096;
/// The longest media type, in bytes (RFC 6838: twice 127 and a slash).
const MAX_TYPE_BYTES: usize = 255;

/// An upload that may begin.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What the file is.
    pub meta: Meta,
    /// Opaque data that is stored with it.
    pub seal: Option<Seal>,
    /// Its parts.
    pub plan: Plan,
    /// Parts hashed already, among the first 100: promised with the initiate, signed in its answer.
    pub first_parts: Vec<PartToSign>,
}

/// The plans of an initiate.
pub(super) fn drafts(app: &App, request: &Initiate) -> Result<Vec<Draft>, ApiFailure> {
    if request.uploads.is_empty() || request.uploads.len() > MAX_UPLOADS_PER_CALL {
        return Err(ApiFailure::bad("uploads", format!("Name 1 to {MAX_UPLOADS_PER_CALL} uploads.")));
    }
    request.uploads.iter().enumerate().map(|(index, new)| draft(app, index, new)).collect()
}

fn draft(app: &App, index: usize, new: &NewUpload) -> Result<Draft, ApiFailure> {
    let field = |name: &str| format!("uploads[{index}].{name}");
    check_meta(&field("meta"), &new.meta)?;
    if let Some(Seal(seal)) = &new.seal {
        text::check_sealed(&field("seal"), seal, MAX_SEAL_BYTES)?;
    }
    // Not as an exceeded quota, whose message asks to remove files: that would not help here.
    if new.size > app.config.room.max_bytes {
        return Err(too_large("The file is larger than the whole room may hold.").field(field("size")));
    }
    let plan = Plan::new(new.size, new.rate_hint);
    let plan = plan.map_err(|_| too_large("Files can have up to 5 TiB.").field(field("size")))?;
    if new.first_parts.len() > MAX_FIRST_PARTS {
        return Err(ApiFailure::bad(field("firstParts"), format!("At most {MAX_FIRST_PARTS} parts can come with it.")));
    }
    check_parts(&plan, &field("firstParts"), &new.first_parts)?;
    // They are promised in the one transaction, which has room for one item of promises an upload.
    if new.first_parts.iter().any(|part| part.part_number.index() >= PARTS_PER_ITEM) {
        return Err(ApiFailure::bad(field("firstParts"), "First parts are some of the first 100."));
    }
    Ok(Draft { meta: new.meta.clone(), seal: new.seal.clone(), plan, first_parts: new.first_parts.clone() })
}

fn too_large(message: &'static str) -> ApiFailure {
    ApiFailure::new(ErrorCode::FileTooLarge, message)
}

/// The parts of a presign.
pub(super) fn parts_to_sign(plan: &Plan, parts: &[PartToSign]) -> Result<(), ApiFailure> {
    if parts.is_empty() || parts.len() > MAX_PARTS_PER_PRESIGN {
        return Err(ApiFailure::bad("parts", format!("Name 1 to {MAX_PARTS_PER_PRESIGN} parts.")));
    }
    check_parts(plan, "parts", parts)
}

fn check_parts(plan: &Plan, list: &str, parts: &[PartToSign]) -> Result<(), ApiFailure> {
    let mut seen = HashSet::new();
    for (index, part) in parts.iter().enumerate() {
        let field = |name: &str| format!("{list}[{index}].{name}");
        if !plan.contains(part.part_number) {
            let message = format!("The plan has {} parts.", plan.part_count);
            let failure = ApiFailure::new(ErrorCode::BadPartNumber, message).field(field("partNumber"));
            return Err(failure.parts(vec![part.part_number]));
        }
        // Of two digests for one part only the last would be promised, but a URL would be signed for each.
        if !seen.insert(part.part_number) {
            return Err(ApiFailure::bad(field("partNumber"), "Name each part once."));
        }
    }
    Ok(())
}

fn check_meta(field: &str, meta: &Meta) -> Result<(), ApiFailure> {
    // Measured as JSON, the form in which every list of the room repeats it.
    let bytes = serde_json::to_vec(meta).map_or(usize::MAX, |json| json.len());
    if bytes > MAX_META_BYTES {
        return Err(ApiFailure::bad(field, format!("The description has {bytes} bytes of {MAX_META_BYTES}.")));
    }
    match meta {
        Meta::Plain(meta) => check_plain(field, meta),
        Meta::Sealed(text) => text::check_sealed(field, text, MAX_META_BYTES),
    }
}

/// Names are stored unchanged: escaping is the matter of the page, and of `Content-Disposition`.
fn check_plain(field: &str, meta: &FileMeta) -> Result<(), ApiFailure> {
    if meta.v != 1 {
        return Err(ApiFailure::bad(format!("{field}.v"), "This version knows descriptions of version 1."));
    }
    if meta.name.trim().is_empty() {
        return Err(ApiFailure::bad(format!("{field}.name"), "A file needs a name."));
    }
    let texts = [
        ("name", &meta.name, MAX_NAME_BYTES),
        ("path", &meta.path, MAX_PATH_BYTES),
        ("type", &meta.media_type, MAX_TYPE_BYTES),
    ];
    for (name, text, most) in texts {
        // No file system takes it, in a name or in a path.
        if text.contains('\0') {
            return Err(ApiFailure::bad(format!("{field}.{name}"), "It contains a NUL character."));
        }
        if text.len() > most {
            return Err(ApiFailure::bad(format!("{field}.{name}"), format!("It is too long: at most {most} bytes.")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::request_id::RequestId;

    fn plain(name: &str) -> FileMeta {
        FileMeta { v: 1, name: name.into(), path: String::new(), media_type: String::new(), last_modified: None }
    }

    fn field_of(meta: FileMeta) -> Option<String> {
        let failure = check_meta("meta", &Meta::Plain(meta)).err()?;
        failure.to_api_error(&RequestId::random()).field
    }

    #[test]
    fn odd_names_are_kept() {
        for name in ["../../x", "a\u{202e}b", "CON", "C:\\x", "<script>", "ä/ö", "\u{1f600}"] {
            assert_eq!(field_of(plain(name)), None, "{name:?}");
        }
    }

    #[test]
    fn names_that_nothing_can_hold_are_refused() {
        for name in ["", " ", "a\0b", &"x".repeat(1021)] {
            assert_eq!(field_of(plain(name)).as_deref(), Some("meta.name"), "{name:?}");
        }
        assert_eq!(field_of(FileMeta { v: 2, ..plain("a") }).as_deref(), Some("meta.v"));
        assert_eq!(field_of(FileMeta { path: "a\0".into(), ..plain("a") }).as_deref(), Some("meta.path"));
        assert_eq!(field_of(FileMeta { media_type: "x".repeat(256), ..plain("a") }).as_deref(), Some("meta.type"));
        assert_eq!(field_of(FileMeta { path: "\u{1}".repeat(2000), ..plain("a") }).as_deref(), Some("meta"));
    }

    #[test]
    fn a_sealed_description_is_opaque_but_bounded() {
        assert!(check_meta("meta", &Meta::Sealed("AbC-_9".into())).is_ok());
        for text in ["", "a b", "ä", &"x".repeat(MAX_META_BYTES)] {
            assert!(check_meta("meta", &Meta::Sealed(text.into())).is_err());
        }
    }
}
