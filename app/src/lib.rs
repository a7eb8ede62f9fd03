//! Slipway's page: views and clicks. What happens to a file is `wasm_client`'s business.

// The component macro writes `pub` where the source says `pub(crate)`.
// And components take their props by value.
#![allow(unreachable_pub, clippy::needless_pass_by_value)]
// What is written as a closure within a view is compiled once for all that give the same type; what is only named there
// is compiled anew.
#![allow(clippy::redundant_closure)]

pub mod model;
pub mod text;

mod browser;
mod pages;
mod view;

/// Puts the page in place of the static shell.
pub fn start() {
    leptos::mount::mount_to_body(view::Root);
    browser::remove_shell();
}
