//! What a route takes from a request, parsed and checked before the route runs.

mod body;
mod member;
mod params;
mod source;

pub use body::{Body, MAX_BODY_BYTES};
pub(crate) use member::member_removed;
pub use member::{Member, OldToken};
pub use params::{Ids, Params};
