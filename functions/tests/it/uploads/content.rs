//! Files to upload, and their plans.

use std::sync::Arc;

use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{FileMeta, Meta, NewUpload, PartToSign, Proof};

pub(crate) const MIB: usize = 1 << 20;

/// A file to upload.
#[derive(Clone)]
pub(crate) struct Content {
    pub(crate) name: String,
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) plan: Plan,
}

impl Content {
    /// `len` bytes that differ by seed and by place.
    pub(crate) fn new(seed: u8, len: usize) -> Self {
        let mut bytes = vec![seed; len];
        for (index, chunk) in bytes.chunks_mut(4096).enumerate() {
            let mark = (index as u64).to_be_bytes();
            let len = chunk.len().min(8);
            chunk[..len].iter_mut().zip(mark).for_each(|(byte, mark)| *byte ^= mark);
        }
        let plan = Plan::new(len as u64, None).unwrap();
        Self { name: format!("file-{seed}.bin"), bytes: Arc::new(bytes), plan }
    }

    /// In parts of 5 MiB, the least that storage takes, so that many parts stay small.
    pub(crate) fn in_small_parts(seed: u8, len: usize) -> Self {
        let plan = small_parts(len as u64);
        Self { plan, ..Self::new(seed, len) }
    }

    pub(crate) fn part(&self, number: u16) -> &[u8] {
        let range = self.plan.range(part(number)).unwrap();
        &self.bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end()).unwrap()]
    }

    pub(crate) fn digest(&self, number: u16) -> Md5 {
        Md5::of(self.part(number))
    }

    pub(crate) fn to_sign(&self, number: u16) -> PartToSign {
        PartToSign { part_number: part(number), digest: Digest(self.digest(number)), host: 0 }
    }

    pub(crate) fn proof(&self, number: PartNumber) -> Proof {
        Proof { part_number: number, digest: Digest(self.digest(number.get())) }
    }

    pub(crate) fn meta(&self) -> Meta {
        Meta::Plain(FileMeta {
            v: 1,
            name: self.name.clone(),
            path: "folder/in folder".into(),
            media_type: "text/html".into(),
            last_modified: Some(1_700_000_000_000),
        })
    }

    /// To begin with its first parts hashed already.
    pub(crate) fn to_upload(&self, first_parts: u16) -> NewUpload {
        NewUpload {
            meta: self.meta(),
            seal: None,
            size: self.bytes.len() as u64,
            rate_hint: None,
            first_parts: (1..=first_parts).map(|number| self.to_sign(number)).collect(),
        }
    }
}

/// A plan of parts of 5 MiB.
pub(crate) fn small_parts(size: u64) -> Plan {
    let large = Plan::new(1 << 30, None).unwrap();
    let part_size = 5 * MIB as u64;
    let plan = Plan { size, part_size, part_count: u16::try_from(size.div_ceil(part_size)).unwrap(), ..large };
    assert!(plan.is_sound());
    plan
}

pub(crate) fn part(number: u16) -> PartNumber {
    PartNumber::new(number).unwrap()
}
