//! One file per effect of the machine.

mod adopt;
mod call;
mod forget;
mod prepare;
mod put;
mod reopen;
mod save;

pub(super) use prepare::Body;
