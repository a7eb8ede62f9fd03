//! How a file is cut into parts. The functions and the client compute the plan independently, and must agree.

#[cfg(feature = "openapi")]
use crate::prelude::*;
use serde::{Deserialize, Serialize};

use crate::wire::id::PartNumber;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Smallest part that S3 accepts, except for the last one, in bytes.
pub const MIN_PART_BYTES: u64 = 5 * MIB;
/// Most parts that S3 accepts.
pub const MAX_PARTS: u64 = 10_000;
/// Largest file: 5 TiB, in bytes.
// S3 takes up to 48.8 TiB by now, MinIO 5 TiB.
pub const MAX_FILE_BYTES: u64 = 5 << 40;
/// Largest file that is one PUT, in bytes.
pub const SINGLE_PUT_BYTES: u64 = 16 * MIB;
/// Rate below which parts are as small as possible, so that a lost connection costs little, in bytes per second.
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

/// The order in which parts have to arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PartOrder {
    /// Any, several at once.
    Any,
    /// Ascending, one at a time.
    Ascending,
}

/// The digest that storage checks for each part, over the bytes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DigestAlgorithm {
    /// MD5, as `Content-MD5` and ETag.
    Md5,
    /// SHA-256, as a checksum header.
    Sha256,
    /// Storage checks none.
    None,
}

/// A provider's requirements for an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Transport {
    /// How the bytes reach storage.
    pub kind: TransportKind,
    /// The order of parts.
    pub order: PartOrder,
    /// Most PUTs of one upload in flight at once. `None`: the provider has no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_lanes: Option<u8>,
    /// The digest to compute.
    pub digest: DigestAlgorithm,
}

/// Sizes on the wire, where they exceed those of the file, for example because it is sealed in segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WireSizes {
    /// Of the whole object, in bytes.
    pub size: u64,
    /// Of every part but the last, in bytes.
    pub part_size: u64,
}

/// Segments in which the file is sent, each with a surplus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Bytes of the file in a whole segment.
    pub plain: u64,
    /// Bytes of a whole segment on the wire. The last segment of a file has the same surplus.
    pub wire: u64,
}

impl Segment {
    fn wire_size(self, plain: u64) -> u64 {
        plain + plain.div_ceil(self.plain) * (self.wire - self.plain)
    }
}

/// Requirements of a provider and a room for plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planner {
    pub order: PartOrder,
    pub most_lanes: Option<u8>,
    pub digest: DigestAlgorithm,
    /// `None`: the bytes are sent unchanged.
    pub segment: Option<Segment>,
}

/// The plan of one upload. It never changes. All parts have the same size, except the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plan {
    /// The provider's requirements.
    pub transport: Transport,
    /// The file's size in bytes.
    pub size: u64,
    /// The bytes of the file in every part but the last. 0 only for the empty file.
    pub part_size: u64,
    /// The sizes on the wire. Absent if they are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<WireSizes>,
    /// Number of parts: 1 for a single PUT, including that of an empty file.
    pub part_count: u16,
}

/// Why a file has no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file is larger than 5 TiB ({MAX_FILE_BYTES} bytes)")]
pub struct TooLarge;

impl Planner {
    /// S3, with unchanged bytes.
    pub const S3: Self = Self { order: PartOrder::Any, most_lanes: None, digest: DigestAlgorithm::Md5, segment: None };

    /// Plans a file of `size` bytes. `rate_hint` is the measured rate of earlier uploads, in bytes per second. Storage's
    /// limits apply to the wire, so the wire sizes are cut into parts. Each part consists of whole segments.
    pub fn plan(&self, size: u64, rate_hint: Option<u64>) -> Result<Plan, TooLarge> {
        // Bounded first: the surplus of a size near 2^64 would overflow.
        let wire_size = self.segment.map_or(size, |segment| segment.wire_size(size.min(MAX_FILE_BYTES)));
        if size > MAX_FILE_BYTES || wire_size > MAX_FILE_BYTES {
            return Err(TooLarge);
        }
        let single = wire_size <= SINGLE_PUT_BYTES;
        let wire_part = if single { wire_size } else { part_size(wire_size, rate_hint) };
        let plain_part = match self.segment {
            Some(segment) if !single => wire_part / segment.wire * segment.plain,
            Some(_) => size,
            None => wire_part,
        };
        Ok(Plan {
            transport: Transport {
                kind: if single { TransportKind::S3Single } else { TransportKind::S3Multipart },
                order: self.order,
                most_lanes: self.most_lanes,
                digest: self.digest,
            },
            size,
            part_size: plain_part,
            wire: self.segment.map(|_| WireSizes { size: wire_size, part_size: wire_part }),
            part_count: if single { 1 } else { wire_size.div_ceil(wire_part) as u16 },
        })
    }
}

impl Plan {
    /// Plans a file of `size` bytes for S3. `rate_hint` is the measured rate of earlier uploads, in bytes per second.
    pub fn new(size: u64, rate_hint: Option<u64>) -> Result<Self, TooLarge> {
        Planner::S3.plan(size, rate_hint)
    }

    /// Bytes of the whole object on the wire.
    pub fn wire_size(&self) -> u64 {
        self.wire.map_or(self.size, |wire| wire.size)
    }

    /// The bytes of a part on the wire. `None` for a part outside of the plan.
    pub fn wire_len(&self, part: PartNumber) -> Option<u64> {
        let sizes = self.wire.unwrap_or(WireSizes { size: self.size, part_size: self.part_size });
        let start = u64::from(part.index()) * sizes.part_size;
        self.contains(part).then(|| sizes.part_size.min(sizes.size - start))
    }

    /// Whether both cut the file at the same offsets.
    pub fn cuts_like(&self, other: &Self) -> bool {
        let cut = |plan: &Self| (plan.size, plan.part_size, plan.wire, plan.part_count);
        cut(self) == cut(other)
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

    /// The range of a part in the file. `None` for a part outside of the plan.
    pub fn range(&self, part: PartNumber) -> Option<PartRange> {
        if !self.contains(part) {
            return None;
        }
        let start = u64::from(part.index()) * self.part_size;
        Some(PartRange { start, len: self.part_size.min(self.size - start) })
    }

    /// Whether the plan obeys storage's rules. Checks a plan that was received.
    pub fn is_sound(&self) -> bool {
        let count = u64::from(self.part_count);
        let wire = self.wire.unwrap_or(WireSizes { size: self.size, part_size: self.part_size });
        if wire.size < self.size || wire.part_size < self.part_size || self.transport.most_lanes == Some(0) {
            return false;
        }
        match self.transport.kind {
            TransportKind::S3Single => {
                count == 1
                    && self.part_size == self.size
                    && wire.part_size == wire.size
                    && wire.size <= SINGLE_PUT_BYTES
            }
            TransportKind::S3Multipart => {
                wire.size <= MAX_FILE_BYTES
                    && wire.part_size >= MIN_PART_BYTES
                    && self.part_size > 0
                    && (1..=MAX_PARTS).contains(&count)
                    && wire.size.div_ceil(wire.part_size) == count
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
    /// Offset after the last byte.
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
        // (size, part size, parts), computed by hand from the design.
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

    const SEGMENTS: Planner = Planner { segment: Some(Segment { plain: 4064, wire: 4096 }), ..Planner::S3 };

    #[test]
    fn segments_at_every_boundary() {
        // (size, plain part, wire size, wire part, parts), computed by hand: 4,096 segments are 16 MiB on the wire.
        let whole = 4096 * 4064;
        let table = [
            (0, 0, 0, 0, 1),
            (1, 1, 33, 33, 1),
            (4064, 4064, 4096, 4096, 1),
            (4065, 4065, 4096 + 33, 4096 + 33, 1),
            (whole, whole, 16 * MIB, 16 * MIB, 1),
            (whole + 1, whole, 16 * MIB + 33, 16 * MIB, 2),
            (16 * MIB, whole, 4129 * 32 + 16 * MIB, 16 * MIB, 2),
            (256 * whole, whole, 4 * GIB, 16 * MIB, 256),
            (256 * whole + 1, 4 * whole, 4 * GIB + 33, 64 * MIB, 65),
        ];
        for (size, part_size, wire_size, wire_part, parts) in table {
            let plan = SEGMENTS.plan(size, None).unwrap();
            let wire = plan.wire.unwrap();
            let found = (plan.part_size, wire.size, wire.part_size, plan.part_count);
            assert_eq!(found, (part_size, wire_size, wire_part, parts), "size {size}");
        }
        assert_eq!(SEGMENTS.plan(5 * TIB, None), Err(TooLarge), "on the wire it is larger");
        assert_eq!(SEGMENTS.plan(u64::MAX, None), Err(TooLarge));
    }

    #[test]
    fn a_plan_of_an_earlier_version_is_read_and_cuts_like_one_of_today() {
        let old = r#"{"transport":{"kind":"s3-multipart","order":"any","mostLanes":16,"digest":"md5"},"size":41943040,
            "partSize":16777216,"partCount":3}"#;
        let old: Plan = serde_json::from_str(old).unwrap();
        let new = Plan::new(40 * MIB, None).unwrap();
        assert!(old.cuts_like(&new) && old.is_sound());
        assert_eq!((old.transport.most_lanes, new.transport.most_lanes), (Some(16), None));
        assert!(!new.cuts_like(&SEGMENTS.plan(40 * MIB, None).unwrap()));
    }

    proptest! {
        #[test]
        fn segments_fill_their_parts(size in 0..=5_000_000 * MIB, slow in any::<bool>()) {
            let plan = SEGMENTS.plan(size, slow.then_some(1)).unwrap();
            prop_assert!(plan.is_sound());
            let wire = plan.parts().map(|part| {
                let (plain, wire) = (plan.range(part).unwrap().len, plan.wire_len(part).unwrap());
                // A part of whole segments can be decrypted alone.
                assert_eq!(wire, plain + plain.div_ceil(4064) * 32);
                wire
            });
            prop_assert_eq!(wire.sum::<u64>(), plan.wire_size());
        }

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
