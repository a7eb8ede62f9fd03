//! Short stories of the upload machine, each named after a promise.

mod adopt;
mod adopt_trouble;
mod answers;
mod begin;
mod changed;
mod fairness;
mod faults;
mod finish;
mod hosts;
mod lost;
mod page;
mod progress;
mod records;
mod resume;
mod schedule;
mod transport;
mod user;
mod waits;
