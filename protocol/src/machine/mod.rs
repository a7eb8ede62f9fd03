//! The upload machine, sans-IO: facts with a time in, effects and a view out.
//!
//! The shell (the page, later the command line) feeds [`Input`]s to an [`Engine`], runs
//! the [`Effect`]s that it asks for, and shows its [`View`]s. It decides nothing itself.

mod batch;
mod batch_answers;
mod batching;
mod bodies;
mod checkpoint;
mod config;
mod context;
pub mod digest;
mod dispatch;
mod engine;
mod io;
pub mod network;
mod offers;
mod part_set;
mod parts;
mod picking;
mod place;
pub mod rng;
mod saves;
mod schedule;
mod strip;
mod timers;
mod transitions;
mod upload;
mod view;

pub use crate::calls::{CallFault, CompleteOutcome};
pub use checkpoint::{BeginRecord, Checkpoint, Record, ServerSide, UploadRecord};
pub use config::{Config, Timeouts};
pub use engine::{Engine, Load};
pub use io::*;
pub use offers::Offer;
pub use transitions::{TRANSITIONS, Transition, state_table};
pub use view::*;
