//! The room's page: joining, uploads, files, links.

mod body;
mod cap;
mod drop_zone;
mod files;
mod head;
mod join;
mod offers;
mod others;
mod row;
mod share;
mod strip_view;
mod uploads;

pub(crate) use body::Body;
pub(crate) use join::{JoinForm, SwitchForm};
