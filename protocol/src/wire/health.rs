//! The health check.

use super::wire;
use crate::prelude::*;

wire! {
    /// GET /api/health
    pub struct Health {
        /// Always `ok`.
        pub status: String,
        /// The version of the code.
        pub version: String,
    }
}
