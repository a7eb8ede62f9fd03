//! Every test that needs storage, the table or HTTP: one binary, so that it links once.

mod api;
mod storage;
mod support;
mod table;
mod uploads;
