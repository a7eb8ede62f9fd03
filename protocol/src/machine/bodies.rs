//! What an effect carries, as the body of the call that it asks for.

use super::{ToInitiate, ToSign};
use crate::wire::digest::Digest;
use crate::wire::{FileMeta, Meta, NewUpload, PartToSign};

impl From<ToInitiate> for NewUpload {
    fn from(upload: ToInitiate) -> Self {
        let source = upload.source;
        Self {
            meta: Meta::Plain(FileMeta {
                v: 1,
                name: source.name,
                path: source.path,
                media_type: source.media_type,
                last_modified: source.last_modified,
            }),
            seal: None,
            size: source.size,
            rate_hint: upload.rate_hint,
            first_parts: upload.first_parts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ToSign> for PartToSign {
    fn from(part: ToSign) -> Self {
        Self { part_number: part.part, digest: Digest(part.digest), host: part.host }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{LocalId, Source};
    use crate::wire::digest::Md5;
    use crate::wire::id::PartNumber;

    #[test]
    fn an_initiate_says_what_was_picked() {
        let source = Source {
            name: "a.bin".into(),
            path: "trip/day 1".into(),
            media_type: "video/mp4".into(),
            size: 17 << 20,
            last_modified: Some(1),
            reopens: true,
            notices_changes: true,
        };
        let part = ToSign { part: PartNumber::FIRST, digest: Md5::of(b""), host: 1 };
        let upload = ToInitiate { id: LocalId(1), source, rate_hint: Some(5), first_parts: vec![part] };
        insta::assert_snapshot!(serde_json::to_string(&NewUpload::from(upload)).unwrap(), @r#"{"meta":{"v":1,"name":"a.bin","path":"trip/day 1","type":"video/mp4","lastModified":1},"size":17825792,"rateHint":5,"firstParts":[{"partNumber":1,"digest":{"algorithm":"md5","value":"1B2M2Y8AsgTpgAmY7PhCfg=="},"host":1}]}"#);
    }
}
