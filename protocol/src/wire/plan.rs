//! How a file is cut into parts. Made by the functions, remade by the client; both must agree.

use serde::{Deserialize, Serialize};

use crate::wire::id::PartNumber;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The smallest part S3 accepts, but for the last one, in bytes.
pub const MIN_PART_BYTES: u64 = 5 * MIB;
/// The most parts S3 accepts.
pub const MAX_PARTS: u64 = 10_000;
/// The largest file: 5 TiB, in bytes.
pub const MAX_FILE_BYTES: u64 = 5 << 40;
/// Up to this size, in bytes, a file is one PUT.
pub const SINGLE_PUT_BYTES: u64 = 16 * MIB;
/// Below this rate, in bytes per second, a lost connection should cost little: parts are as small as may be.
pub const SLOW_LINK_BYTES_PER_SECOND: u64 = 2 * MIB;

/// How the bytes reach storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TransportKind {
    /// One presigned PUT of the whole object.
    S3Single,
    /// S3 multipart upload.
    S3Multipart,
}

/// Whether parts may arrive in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PartOrder {
    /// Any order, several at once.
    Any,
    /// One after another.
    Ascending,
}

/// The digest that storage checks for each part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DigestAlgorithm {
    /// MD5, as `Content-MD5` and ETag.
    Md5,
}

/// What a provider wants of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Transport {
    /// How the bytes travel.
    pub kind: TransportKind,
    /// In which order.
    pub order: PartOrder,
    /// The most PUTs in flight at once.
    pub most_lanes: u8,
    /// The digest to compute.
    pub digest: DigestAlgorithm,
}

/// The plan of one upload. Fixed once made: all parts have one size, but the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plan {
    /// How, in which order, with which digest.
    pub transport: Transport,
    /// The file's size in bytes.
    pub size: u64,
    /// The size of every part but the last, in bytes. 0 only for the empty file.
    pub part_size: u64,
    /// How many parts. 1 for a single PUT, also of an empty file.
    pub part_count: u16,
}

/// Why a file has no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file is larger than 5 TiB ({MAX_FILE_BYTES} bytes)")]
pub struct TooLarge;

impl Plan {
    /// Plans a file of `size` bytes. `rate_hint` is the measured rate of earlier uploads, in bytes per second.
    pub fn new(size: u64, rate_hint: Option<u64>) -> Result<Self, TooLarge> {
        if size > MAX_FILE_BYTES {
            return Err(TooLarge);
        }
        let single = size <= SINGLE_PUT_BYTES;
        let part_size = if single { size } else { part_size(size, rate_hint) };
        Ok(Self {
            transport: Transport {
                kind: if single { TransportKind::S3Single } else { TransportKind::S3Multipart },
                order: PartOrder::Any,
                most_lanes: 16,
                digest: DigestAlgorithm::Md5,
            },
            size,
            part_size,
            part_count: if single { 1 } else { size.div_ceil(part_size) as u16 },
        })
    }

    /// Whether this is one PUT.
    pub fn is_single(&self) -> bool {
        self.transport.kind == TransportKind::S3Single
    }

    /// Every part number of the plan, ascending.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = PartNumber> + use<> {
        (0..u32::from(self.part_count)).filter_map(PartNumber::from_index)
    }

    /// Whether the part belongs to the plan.
    pub fn contains(&self, part: PartNumber) -> bool {
        part.get() <= self.part_count
    }

    /// The bytes of a part: where it begins and how long it is. `None` for a part outside of the plan.
    pub fn range(&self, part: PartNumber) -> Option<PartRange> {
        if !self.contains(part) {
            return None;
        }
        let start = u64::from(part.index()) * self.part_size;
        Some(PartRange { start, len: self.part_size.min(self.size - start) })
    }

    /// Whether storage's rules hold: made to check a plan that came over the wire.
    pub fn is_sound(&self) -> bool {
        let count = u64::from(self.part_count);
        match self.transport.kind {
            TransportKind::S3Single => count == 1 && self.part_size == self.size && self.size <= SINGLE_PUT_BYTES,
            TransportKind::S3Multipart => {
                self.size <= MAX_FILE_BYTES
                    && self.part_size >= MIN_PART_BYTES
                    && (1..=MAX_PARTS).contains(&count)
                    && self.size.div_ceil(self.part_size) == count
            }
        }
    }
}

/// A span of a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartRange {
    /// Offset of the first byte.
    pub start: u64,
    /// Length in bytes.
    pub len: u64,
}

impl PartRange {
    /// Offset behind the last byte.
    pub fn end(&self) -> u64 {
        self.start + self.len
    }
}

fn part_size(size: u64, rate_hint: Option<u64>) -> u64 {
    if rate_hint.is_some_and(|rate| rate < SLOW_LINK_BYTES_PER_SECOND) {
        return smallest_multiple(size, 8 * MIB);
    }
    if size <= 4 * GIB {
        16 * MIB
    } else if size <= 64 * GIB {
        64 * MIB
    } else {
        smallest_multiple(size, 16 * MIB).max(128 * MIB)
    }
}

/// The smallest multiple of `step` that cuts `size` into at most 10,000 parts.
fn smallest_multiple(size: u64, step: u64) -> u64 {
    size.div_ceil(MAX_PARTS).div_ceil(step).max(1) * step
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TIB: u64 = 1 << 40;

    #[test]
    fn the_plan_at_every_boundary() {
        // (size, part size, parts), reckoned by hand from the design.
        let table = [
            (0, 0, 1),
            (1, 1, 1),
            (16 * MIB - 1, 16 * MIB - 1, 1),
            (16 * MIB, 16 * MIB, 1),
            (16 * MIB + 1, 16 * MIB, 2),
            (4 * GIB, 16 * MIB, 256),
            (4 * GIB + 1, 64 * MIB, 65),
            (64 * GIB, 64 * MIB, 1024),
            (64 * GIB + 1, 128 * MIB, 513),
            (TIB, 128 * MIB, 8192),
            (TIB + 1, 128 * MIB, 8193),
            (10_000 * 128 * MIB, 128 * MIB, 10_000),
            (10_000 * 128 * MIB + 1, 144 * MIB, 8889),
            (5 * TIB, 528 * MIB, 9930),
        ];
        for (size, part_size, parts) in table {
            let plan = Plan::new(size, None).unwrap();
            assert_eq!((plan.part_size, plan.part_count), (part_size, parts), "size {size}");
        }
        assert_eq!(Plan::new(5 * TIB + 1, None), Err(TooLarge));
    }

    #[test]
    fn a_slow_link_gets_small_parts() {
        let table = [(GIB, 8 * MIB), (80_000 * MIB, 8 * MIB), (80_000 * MIB + 1, 16 * MIB), (5 * TIB, 528 * MIB)];
        for (size, part_size) in table {
            assert_eq!(Plan::new(size, Some(100_000)).unwrap().part_size, part_size, "size {size}");
        }
        assert_eq!(Plan::new(GIB, Some(SLOW_LINK_BYTES_PER_SECOND)).unwrap().part_size, 16 * MIB);
    }

    proptest! {
        #[test]
        fn parts_cover_the_file_without_gap_or_overlap(size in 0..=MAX_FILE_BYTES, slow in any::<bool>()) {
            let plan = Plan::new(size, slow.then_some(1)).unwrap();
            prop_assert!(plan.is_sound());
            let mut next = 0;
            for part in plan.parts() {
                let range = plan.range(part).unwrap();
                prop_assert_eq!(range.start, next);
                if part.get() < plan.part_count {
                    prop_assert!(range.len >= MIN_PART_BYTES);
                }
                prop_assert!(range.len > 0 || size == 0);
                next = range.end();
            }
            prop_assert_eq!(next, size);
        }
    }
}
