//! JSON, read by the browser's own parser.

use serde::de::DeserializeOwned;

/// The text is not JSON, or not of the wanted type. The page has nobody to tell where and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotJson;

/// Reads a value. Numbers are doubles on the way: a whole number above 2^53 is refused.
pub(crate) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, NotJson> {
    let value = js_sys::JSON::parse(text).map_err(|_| NotJson)?;
    serde_wasm_bindgen::from_value(value).map_err(|_| NotJson)
}

#[cfg(test)]
mod tests {
    use slipway_protocol::machine::{Record, UploadRecord};
    use slipway_protocol::wire::error::{ErrorBody, ErrorCode};
    use slipway_protocol::wire::id::PartNumber;
    use slipway_protocol::wire::link::Role;
    use slipway_protocol::wire::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    /// Reads a snapshot of protocol's own tests as `serde_json` does, which reads it in the functions.
    macro_rules! reads {
        ($($type:ty: $name:literal)*) => {
            $({
                let file = include_str!(concat!("../../../protocol/tests/", $name, ".snap"));
                let (_, text) = file.split_once("\n---\n").unwrap();
                assert_eq!(from_str::<$type>(text).unwrap(), serde_json::from_str::<$type>(text).unwrap(), $name);
            })*
        };
    }

    #[wasm_bindgen_test]
    fn every_wire_type_is_read_as_the_functions_read_it() {
        reads! {
            Adopt: "snapshots/wire__adopt"
            Adoption: "snapshots/wire__challenge"
            Completion: "snapshots/wire__completed"
            CompletedMany: "snapshots/wire__completed_many"
            Completion: "snapshots/wire__completing"
            CreateRoom: "snapshots/wire__create_room"
            Download: "snapshots/wire__download"
            ErrorBody: "snapshots/wire__error"
            EventPage: "snapshots/wire__events"
            FilePage: "snapshots/wire__file_page"
            Initiate: "snapshots/wire__initiate"
            Initiated: "snapshots/wire__initiated"
            Join: "snapshots/wire__join"
            Joined: "snapshots/wire__joined"
            Presign: "snapshots/wire__presign"
            UploadStatus: "snapshots/wire__status"
            Vec<Record>: "stories/snapshots/stories__records__the_records_of_a_small_upload"
            Vec<UploadRecord>: "stories/snapshots/stories__records__the_records_of_a_small_upload"
        }
    }

    #[wasm_bindgen_test]
    fn a_head_without_the_newer_fields_is_read() {
        let head = r#"{"v":1,"id":9007199254740991,"room":"BwcHBwcHBwcHBwcHBwcHBw","source":{"name":"a","path":"","mediaType":"",
            "media_type":"","size":1,"last_modified":null,"reopens":false},"initiateKey":"","server":null,"paused":false,"cancelled":false}"#;
        let read = from_str::<UploadRecord>(head).unwrap();
        assert_eq!((read.id.0, read.begin, read.number), ((1 << 53) - 1, None, 0));
    }

    #[wasm_bindgen_test]
    fn values_are_taken_or_refused_by_their_type() {
        assert_eq!(from_str("\"contribute\""), Ok(Role::Contribute));
        assert_eq!(from_str::<Role>("\"owner\""), Err(NotJson));
        assert_eq!(from_str("\"from-the-future\""), Ok(ErrorCode::Unknown));
        assert_eq!(from_str::<Vec<(PartNumber, u8)>>("[[1,2],[10000,0]]").map(|pairs| pairs.len()), Ok(2));
        for bad in ["[[1]]", "[[0,2]]", "[[1,256]]", "", "nul", "[1,]", "{a:1}", "[1] x"] {
            assert_eq!(from_str::<Vec<(PartNumber, u8)>>(bad), Err(NotJson), "{bad}");
        }
        assert_eq!(from_str::<u64>("9007199254740991"), Ok((1 << 53) - 1));
        assert_eq!(from_str::<u64>("18446744073709551615"), Err(NotJson), "no double has it");
    }

    #[wasm_bindgen_test]
    fn fields_may_be_unknown_but_not_missing() {
        let error = r#"{"code":"parts-incomplete","message":"m","requestId":"r","parts":[2,7],"new":{"x":[1]}}"#;
        let text = format!(r#"{{"error":{error}}}"#);
        let body: ErrorBody = from_str(&text).unwrap();
        assert_eq!((body.error.code, body.error.parts.len()), (ErrorCode::PartsIncomplete, 2));
        assert_eq!(from_str::<ErrorBody>(r#"{"error":{"code":"unknown","message":"m"}}"#).err(), Some(NotJson));
        assert!(matches!(from_str(&text), Ok(CompletionResult::Failed { .. })));
    }
}
