//! The network as the machine sees it: what a failure means, how long to wait, how much to send at once.

pub mod backoff;
pub mod cap;
pub mod fault;
pub mod hosts;
pub mod lanes;
pub mod rate;
pub mod self_test;
pub mod sleep;
pub mod storage_answer;
