//! What the shell needs of the browser: one adapter per file, none of which knows the machine's state.

pub(crate) mod alpn;
pub(crate) mod bindings;
pub(crate) mod clock;
pub(crate) mod download;
pub(crate) mod files;
pub(crate) mod json;
pub(crate) mod keep_awake;
pub(crate) mod listener;
pub(crate) mod locks;
pub(crate) mod panic;
pub(crate) mod put;
pub(crate) mod scheduling;
pub(crate) mod selftest;
pub(crate) mod store;
pub(crate) mod tabs;
