//! One file per effect of the machine.

pub(crate) mod adopt;
mod call;
mod forget;
mod prepare;
mod put;
mod reopen;
mod save;

pub(super) use prepare::job_key;
