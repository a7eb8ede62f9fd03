//! What the discarding storage remembers: sizes and MD5s.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use axum::http::StatusCode;
use axum::response::Response;
use slipway_protocol::wire::digest::{Md5, composite_etag};

use super::answer::{error, ok, with_etag, xml};

/// A part: its length in bytes and its promised MD5.
type Part = (u64, Md5);

/// What a request asks for, from its query.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) upload_id: Option<String>,
    pub(super) part_number: Option<u16>,
    pub(super) after: u16,
    pub(super) most: usize,
}

/// Objects have a slash between bucket and key.
pub(super) fn is_bucket(path: &str) -> bool {
    !path.trim_matches('/').contains('/')
}

#[derive(Debug, Default)]
pub(super) struct Objects {
    uploads: HashMap<String, BTreeMap<u16, Part>>,
    done: HashMap<String, (u64, String)>,
}

impl Query {
    pub(super) fn of(text: &str) -> Self {
        let find = |name: &str| {
            let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        Self {
            upload_id: find("uploadId"),
            part_number: find("partNumber").and_then(|number| number.parse().ok()),
            after: find("part-number-marker").and_then(|number| number.parse().ok()).unwrap_or(0),
            most: find("max-parts").and_then(|number| number.parse().ok()).unwrap_or(1000),
        }
    }
}

impl Objects {
    /// Begins an upload. A key has one at a time, and its id is the same for all.
    pub(super) fn create(&mut self, key: &str) -> String {
        self.uploads.entry(key.to_owned()).or_default();
        "<UploadId>sink</UploadId>".to_owned()
    }

    pub(super) fn put(&mut self, key: &str, query: &Query, len: u64, promised: Option<&str>) -> Response {
        if is_bucket(key) {
            return ok(StatusCode::OK);
        }
        let Some(md5) = promised.and_then(|text| Md5::from_base64(text).ok()) else {
            return error(StatusCode::BAD_REQUEST, "InvalidDigest");
        };
        match (query.part_number, self.uploads.get_mut(key)) {
            (Some(number), Some(parts)) => drop(parts.insert(number, (len, md5))),
            (Some(_), None) => return error(StatusCode::NOT_FOUND, "NoSuchUpload"),
            (None, _) => drop(self.done.insert(key.to_owned(), (len, md5.hex()))),
        }
        with_etag(StatusCode::OK, &md5.hex(), None)
    }

    /// A page of parts.
    pub(super) fn list(&self, key: &str, query: &Query) -> Response {
        let Some(parts) = self.uploads.get(key) else { return error(StatusCode::NOT_FOUND, "NoSuchUpload") };
        let mut rest = parts.range(query.after.saturating_add(1)..);
        let mut content = String::new();
        for (number, (len, md5)) in rest.by_ref().take(query.most) {
            let _ = write!(
                content,
                "<Part><PartNumber>{number}</PartNumber><Size>{len}</Size><ETag>&quot;{}&quot;</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Part>",
                md5.hex()
            );
        }
        let _ = write!(content, "<IsTruncated>{}</IsTruncated>", rest.next().is_some());
        xml("ListPartsResult", &content)
    }

    pub(super) fn complete(&mut self, key: &str) -> Response {
        let Some(parts) = self.uploads.remove(key) else { return error(StatusCode::NOT_FOUND, "NoSuchUpload") };
        let etag = composite_etag(parts.values().map(|(_, md5)| *md5));
        let size = parts.values().map(|(len, _)| len).sum();
        self.done.insert(key.to_owned(), (size, etag.clone()));
        xml("CompleteMultipartUploadResult", &format!("<ETag>&quot;{etag}&quot;</ETag>"))
    }

    pub(super) fn head(&self, key: &str) -> Response {
        match self.done.get(key) {
            Some((size, etag)) => with_etag(StatusCode::OK, etag, Some(*size)),
            None if is_bucket(key) => ok(StatusCode::OK),
            None => ok(StatusCode::NOT_FOUND),
        }
    }

    pub(super) fn remove(&mut self, key: &str, query: &Query) -> Response {
        let known = match query.upload_id {
            Some(_) => self.uploads.remove(key).is_some(),
            None => {
                self.done.remove(key);
                true
            }
        };
        if known { ok(StatusCode::NO_CONTENT) } else { error(StatusCode::NOT_FOUND, "NoSuchUpload") }
    }
}
