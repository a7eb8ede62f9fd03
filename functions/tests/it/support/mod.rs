//! The functions, started for a test: on an embedded table, called over HTTP or as API Gateway events.

mod api;
mod gateway;
mod room;
pub(crate) mod schema;
mod stack;

pub(crate) use api::{Api, Call};
pub(crate) use local_stack::Answer;
pub(crate) use room::{NewRoom, Session};
pub(crate) use stack::{Stack, own_tables};

/// Makes of one `async fn(Stack, Api)` two tests: over real HTTP on a port of its own, and as the events that API
/// Gateway sends to each function.
macro_rules! both_ways {
    ($($(#[$doc:meta])* async fn $name:ident($stack:ident, $api:ident) $body:block)*) => {
        $($(#[$doc])* mod $name {
            #[allow(unused_imports, reason = "not every test needs all of them")]
            use super::*;

            #[allow(unused_variables, reason = "not every test needs both")]
            async fn case($stack: &crate::support::Stack, $api: crate::support::Api) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn over_http() {
                let stack = crate::support::Stack::start(|_| {}).await;
                case(&stack, stack.http()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn as_gateway_event() {
                let stack = crate::support::Stack::start(|_| {}).await;
                case(&stack, stack.gateway()).await;
            }
        })*
    };
}
pub(crate) use both_ways;
