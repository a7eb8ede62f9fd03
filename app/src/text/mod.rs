//! All English of the page that depends on a state: what is the matter, and what to do next.

mod errors;
mod links;
mod notices;
mod rooms;
mod uploads;

pub use errors::error_text;
pub use links::{end_text, my_role_text, no_link_text, replace_text, role_name, role_text, stays_text};
pub use notices::{PANIC, notice_text};
pub use rooms::{action_text, label_text, leave_text, lost_text};
pub use uploads::{completed_text, progress_text, reason_text, stage_text, status_text, stopped_text};
