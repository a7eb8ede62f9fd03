//! All English of the page, by screen: a label is a constant, a sentence that depends on a state is a function. Views spell
//! nothing themselves (`cargo xtask tidy` checks their markup). The static shell around the page has its words in
//! `index.html`.

pub mod audit;
mod errors;
pub mod files;
pub mod format;
pub mod frame;
pub mod home;
pub mod join;
pub mod links;
pub mod names;
mod notices;
pub mod others;
pub mod panel;
pub mod rooms;
mod uploads;

pub use errors::error_text;
pub use links::{end_text, my_role_text, no_link_text, replace_text, role_name, role_text, stays_text};
pub use notices::{PANIC, notice_text};
pub use rooms::{action_text, label_text, leave_text, lost_text};
pub use uploads::{completed_text, progress_text, reason_text, stage_text, status_text, stopped_text};
