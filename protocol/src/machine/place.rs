//! The order of the list.

use super::LocalId;

/// Where an upload stands in the list: its number, and its id for uploads of earlier pages that have the same number.
pub(super) type Place = (u64, LocalId);
