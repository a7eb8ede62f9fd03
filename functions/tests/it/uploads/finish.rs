//! What does not fit into a call is handed over, and the lease with it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use functions::uploads::complete;
use functions::uploads::finish::finish;
use functions::uploads::finisher::{FinishRequest, Finisher};
use http::StatusCode;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::UploadId;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{Completion, UploadState};
use tokio::sync::Mutex;

use super::content::{Content, MIB, part, small_parts};
use super::world::{Person, World};

/// What Lambda was asked: path, invocation type, body.
type Invocations = Arc<Mutex<Vec<(String, String, Vec<u8>)>>>;

/// Stands in for Lambda's own HTTP interface, which cannot be had on one machine.
async fn lambda(status: StatusCode) -> (String, Invocations) {
    let invocations = Invocations::default();
    let take = async move |State(invocations): State<Invocations>, request: Request| {
        let kind = request.headers()["x-amz-invocation-type"].to_str().unwrap().to_owned();
        let path = request.uri().path().to_owned();
        let body = axum::body::to_bytes(request.into_body(), 10_000).await.unwrap().to_vec();
        invocations.lock().await.push((path, kind, body));
        status
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(take).with_state(invocations.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (endpoint, invocations)
}

/// An upload of 101 parts of which the first is stored: too many for the call itself to check.
async fn large_upload(world: &World, ana: &Person) -> UploadId {
    let file = Content { plan: small_parts(101 * 5 * MIB as u64), ..Content::new(1, 5 * MIB) };
    let upload = world.begin_as_planned(ana, &file).await.upload_id;
    ana.put_parts(upload, &file, [1]).await;
    upload
}

fn with_lambda(world: &World, endpoint: &str) -> functions::app::App {
    let mut app = world.app().clone();
    let sdk = world.bucket.sdk.to_builder().endpoint_url(endpoint).build();
    app.finisher = Finisher::new(&sdk, Some("slipway-finish"));
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn finish_is_invoked_once_and_gives_the_lease_back_when_parts_are_missing() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let upload = large_upload(&world, &ana).await;
    let (endpoint, invocations) = lambda(StatusCode::ACCEPTED).await;
    let app = with_lambda(&world, &endpoint);
    for _ in 0..2 {
        let answer = complete::complete(&app, &ana.member(), upload).await.unwrap();
        assert!(matches!(answer, Completion::Completing { .. }));
    }
    let invocations = invocations.lock().await;
    let (path, kind, body) = &invocations[0];
    assert_eq!(
        (invocations.len(), path.as_str(), kind.as_str()),
        (1, "/2015-03-31/functions/slipway-finish/invocations", "Event")
    );
    let request: FinishRequest = serde_json::from_slice(body).unwrap();
    assert_eq!(request, FinishRequest { upload_id: upload, fence: 1 });

    // Under an older fence there is nothing to do.
    finish(&app, FinishRequest { fence: 0, ..request }).await.unwrap();
    assert_eq!(ana.status(upload).await.state, UploadState::Completing);
    finish(&app, request).await.unwrap();
    let status = ana.status(upload).await;
    assert_eq!((status.state, status.parts.len(), status.parts[0].part_number), (UploadState::Uploading, 1, part(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_cannot_be_handed_over_is_open_again() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let upload = large_upload(&world, &ana).await;
    let (endpoint, _) = lambda(StatusCode::FORBIDDEN).await;
    let app = with_lambda(&world, &endpoint);
    let failed = complete::complete(&app, &ana.member(), upload).await.unwrap_err();
    assert_eq!(failed.code(), ErrorCode::Unavailable);
    assert_eq!(ana.status(upload).await.state, UploadState::Uploading);
}

/// A finish that never came: after the lease, sweep hands it over again under the next fence.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_invocation_is_repeated_by_sweep() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let upload = large_upload(&world, &ana).await;
    let (endpoint, invocations) = lambda(StatusCode::ACCEPTED).await;
    let app = with_lambda(&world, &endpoint);
    complete::complete(&app, &ana.member(), upload).await.unwrap();
    world.wait(41);
    assert_eq!(functions::sweep::sweep(&app).await.unwrap().resumed, 1);
    let invocations = invocations.lock().await;
    let fences: Vec<_> =
        invocations.iter().map(|(_, _, body)| serde_json::from_slice::<FinishRequest>(body).unwrap().fence).collect();
    assert_eq!(fences, [1, 2]);
}
