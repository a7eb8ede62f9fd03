//! Slipway's page: views and clicks. What happens to a file is `wasm_client`'s business.

// The component macro writes `pub` where the source says `pub(crate)`.
// And components take their props by value.
#![allow(unreachable_pub, clippy::needless_pass_by_value)]
// What is written as a closure within a view is compiled once for all that give the same type; what is only named there
// is compiled anew.
#![allow(clippy::redundant_closure)]

pub mod format;
pub mod listing;
pub mod names;
pub mod order;
pub mod pace;
pub mod polling;
pub mod rows;
pub mod steps;
pub mod strip;
pub mod texts;
pub mod window;

mod announce;
mod browser;
mod live;
mod pages;
mod parts;
mod room;
mod root;
mod route;
mod state;

/// Puts the page in place of the static shell.
pub fn start() {
    leptos::mount::mount_to_body(root::Root);
    browser::remove_shell();
}
