//! The checkpoint as it lies on disk. A change here breaks the resume of pages that are open now.

use slipway_protocol::machine::digest::PartDigest;
use slipway_protocol::machine::*;
use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::plan::Plan;

use crate::page::*;

#[test]
fn the_records_of_a_small_upload() {
    let mut page = Page::adding(5 * MIB);
    page.run();
    let records: Vec<&Record> = page.records.iter().map(|(_, record)| record).collect();
    insta::assert_json_snapshot!(records);
}

#[test]
fn a_record_survives_its_text_form() {
    let mut page = Page::sending(100 * MIB);
    page.give(Input::Pause(Which::All));
    for (_, record) in &page.records {
        let json = serde_json::to_string(record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), *record);
        if let Record::Upload(head) = record {
            // As the page keeps it.
            let json = serde_json::to_string(head).unwrap();
            assert_eq!(serde_json::from_str::<UploadRecord>(&json).unwrap(), *head);
        }
    }
}

#[test]
fn a_head_without_the_newer_fields_is_read() {
    let old = r#"{"kind":"upload","v":1,"id":1,"room":"BwcHBwcHBwcHBwcHBwcHBw","source":{"name":"a","path":"","mediaType":"",
        "media_type":"","size":1,"last_modified":null,"reopens":false},"initiateKey":"","server":null,"paused":false,"cancelled":false}"#;
    assert!(matches!(serde_json::from_str::<Record>(old), Ok(Record::Upload(head)) if head.begin.is_none()));
    let head = old.replace(r#""kind":"upload","#, "");
    assert!(
        matches!(serde_json::from_str::<UploadRecord>(&head), Ok(head) if head.begin.is_none() && head.number == 0)
    );
}

#[test]
fn a_file_that_is_one_put_has_its_promise_in_its_head() {
    let mut page = Page::adding(MIB);
    page.run();
    let heads: Vec<_> = page.records.iter().map(|(_, record)| record).collect();
    let digests: Vec<_> = heads
        .iter()
        .map(|record| match record {
            Record::Upload(head) => head.digest.is_some(),
            Record::Part { .. } => panic!("a record of its own"),
        })
        .collect();
    assert_eq!(digests, [false, true, true], "added, promised, begun");
}

/// As earlier pages left it.
#[test]
fn a_small_file_whose_promise_is_in_a_record_of_its_own_goes_on() {
    let mut page = Page::adding(MIB);
    page.run();
    let digest = PartDigest::from(Md5::of(b"the part"));
    for (_, record) in &mut page.records {
        if let Record::Upload(head) = record {
            head.digest = None;
        }
    }
    let id = page.records[0].0;
    page.records.push((id, Record::Part { part: PartNumber::FIRST, digest }));
    page.forgotten.clear();
    let mut page = page.reload();
    page.reopen(id, MIB);
    page.status(UploadState::Uploading, Plan::new(MIB, None).unwrap(), &[]);
    // Other bytes than were promised.
    page.prepare_one();
    assert_eq!(page.stage(id), (Stage::Failed, Some(Reason::FileChanged)));
}

/// An earlier page left the record; the upload was begun again since.
#[test]
fn a_head_is_newer_than_a_record_of_its_part() {
    let mut page = Page::adding(MIB);
    page.run();
    let id = page.records[0].0;
    page.records.truncate(2);
    page.records.push((id, Record::Part { part: PartNumber::FIRST, digest: Md5::of(b"older").into() }));
    page.forgotten.clear();
    let mut page = page.reload();
    page.give(Input::Resume(Which::One(id)));
    page.reopen(id, MIB);
    let promised = page.take(|effect| match effect {
        Effect::Initiate { uploads, .. } => Some(uploads[0].first_parts[0].digest),
        _ => None,
    });
    assert_eq!(promised, Some(digest(1).into()));
}

#[test]
fn each_part_is_one_small_record_and_the_head_does_not_grow() {
    let mut page = Page::adding(1000 * MIB);
    page.run();
    let sizes = |is_kind: fn(&Record) -> bool| -> Vec<usize> {
        let kind = page.records.iter().filter(|(_, record)| is_kind(record));
        kind.map(|(_, record)| serde_json::to_string(record).unwrap().len()).collect()
    };
    let parts = sizes(|record| matches!(record, Record::Part { .. }));
    let heads = sizes(|record| matches!(record, Record::Upload(_)));
    assert_eq!(parts.len(), 63);
    assert!(parts.iter().all(|bytes| *bytes < 120), "{parts:?}");
    assert!(heads.len() == 3 && heads.iter().all(|bytes| *bytes < 1000), "{heads:?}");
}
