//! Slipway's page: views and user input. Uploads themselves are handled by `wasm_client`.

// The component macro writes `pub` where the source says `pub(crate)`.
// And components take their props by value.
#![allow(unreachable_pub, clippy::needless_pass_by_value)]
// A closure literal in a view is compiled once for all views of its return type; a function named there is compiled again
// for each place.
#![allow(clippy::redundant_closure)]

pub mod model;
pub mod text;

mod browser;
mod pages;
mod view;

/// Puts the page in place of the static shell.
pub fn start() {
    leptos::mount::mount_to_body(pages::Root);
    browser::remove_shell();
}
