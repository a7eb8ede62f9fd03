//! Runs a router, or a handler of events, under the Lambda runtime.

use futures::FutureExt as _;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::config::Config;
use crate::edge::openapi::Routes;
use crate::logging;
use crate::routers;

/// Serves routes as API Gateway HTTP API events, payload version 2.0. Returns only when it cannot go on.
pub async fn serve(routes: Routes) -> Result<(), Error> {
    let app = start()?;
    lambda_http::run(routers::serve(app, routes)).await
}

/// Serves events of another kind: an asynchronous invocation, a schedule.
pub async fn serve_events<In, Out, F>(handle: impl Fn(App, In) -> F) -> Result<(), Error>
where
    In: DeserializeOwned,
    Out: Serialize,
    F: Future<Output = Result<Out, Error>>,
{
    let app = start()?;
    // Boxed, since the compiler refuses to compute a type as deep as the runtime's around a whole sweep.
    lambda_runtime::run(service_fn(|event: LambdaEvent<In>| handle(app.clone(), event.payload).boxed_local())).await
}

fn start() -> Result<App, Error> {
    logging::start(&[])?;
    Config::from_env().map(App::connect).map_err(|error| {
        tracing::error!("{error}");
        error.into()
    })
}
