//! dev-server as it is started, and what it has beside the functions. One binary, so that it links once.

mod client;
mod logs;
mod page;
mod start;
