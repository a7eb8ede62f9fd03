//! A stub of the Lambda runtime API: hands out events and takes the answers.
//!
//! Source: AWS, "Using the Lambda runtime API for custom runtimes".

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

use crate::served::Served;

const LIMIT: Duration = Duration::from_secs(30);

/// What a function told.
#[derive(Debug)]
enum Told {
    /// It asked for an event.
    Ready(Instant),
    Answer(Instant, Bytes),
    Error(String),
}

/// A runtime for one process.
#[derive(Debug)]
pub(super) struct Runtime {
    served: Served,
    events: mpsc::UnboundedSender<String>,
    told: mpsc::UnboundedReceiver<Told>,
}

#[derive(Debug)]
struct Shared {
    events: Mutex<mpsc::UnboundedReceiver<String>>,
    told: mpsc::UnboundedSender<Told>,
}

impl Runtime {
    pub(super) async fn start() -> Result<Self> {
        let (events, events_out) = mpsc::unbounded_channel();
        let (told_in, told) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { events: Mutex::new(events_out), told: told_in });
        let app = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(failed_at_start))
            .with_state(shared);
        Ok(Self { served: Served::start(app).await?, events, told })
    }

    /// What the function gets of it.
    pub(super) fn address(&self) -> String {
        self.served.address().to_string()
    }

    /// Waits until the function asks for its first event.
    pub(super) async fn until_ready(&mut self) -> Result<Instant> {
        match self.next_told().await? {
            Told::Ready(at) => Ok(at),
            other => bail!("{other:?} before the first event"),
        }
    }

    /// Hands out an event and waits for its answer, and for the function to ask for the next.
    pub(super) async fn invoke(&mut self, event: &Value) -> Result<(Instant, Value)> {
        self.events.send(event.to_string()).context("the stub has ended")?;
        let mut answer = None;
        loop {
            match (self.next_told().await?, answer.take()) {
                (Told::Answer(at, body), None) => answer = Some((at, serde_json::from_slice(&body)?)),
                (Told::Ready(_), Some(answer)) => return Ok(answer),
                (Told::Error(error), _) => bail!("the function failed: {error}"),
                (other, _) => bail!("the function answered {other:?}"),
            }
        }
    }

    async fn next_told(&mut self) -> Result<Told> {
        let told = tokio::time::timeout(LIMIT, self.told.recv()).await;
        told.context("the function says nothing")?.context("the stub has ended")
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let _ = shared.told.send(Told::Ready(Instant::now()));
    let Some(event) = shared.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + LIMIT;
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:bench".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event).into_response()
}

async fn answered(State(shared): State<Arc<Shared>>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    let _ = shared.told.send(Told::Answer(Instant::now(), body));
    StatusCode::ACCEPTED
}

async fn failed(State(shared): State<Arc<Shared>>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    let _ = shared.told.send(Told::Error(String::from_utf8_lossy(&body).into_owned()));
    StatusCode::ACCEPTED
}

async fn failed_at_start(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let _ = shared.told.send(Told::Error(String::from_utf8_lossy(&body).into_owned()));
    StatusCode::ACCEPTED
}
