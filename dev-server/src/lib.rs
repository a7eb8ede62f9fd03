//! dev-server: all functions in one process, with the table inside and the page beside.

mod config;
mod page;
mod serve;
mod start;
mod storage;
mod table;

pub use config::EmbeddedIn;
pub use page::{Page, content_security_policy};
pub use serve::{Limits, Site, serve_until};
pub use start::run;
pub use storage::ToStorage;
pub use table::{EmbeddedTable, Expiry};
