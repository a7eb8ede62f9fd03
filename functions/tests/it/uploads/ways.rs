//! The whole way of a file, over HTTP, as API Gateway events, on DynamoDB Local and on versitygw: every route is called.

use slipway_protocol::calls;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{Adoption, CompletionResult, Progress, UploadState};

use super::content::{Content, MIB};
use super::world::{Tables, World};
use crate::storage::bucket::send;

#[tokio::test(flavor = "multi_thread")]
async fn over_http() {
    every_route(World::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_gateway_events() {
    every_route(World::gateway().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_dynamodb_local() {
    every_route(World::on(Tables::DynamoDbLocal, |_| {}).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_versitygw() {
    every_route(World::on_versitygw().await).await;
}

async fn every_route(world: World) {
    a_small_file(&world).await;
    a_large_file_that_is_adopted(&world).await;
    assert_eq!(world.used().await, (0, 0, 0));
}

/// Begun with its digest, sent, completed by the batch form, downloaded, removed.
async fn a_small_file(world: &World) {
    let (ana, file) = (world.join(Role::Contribute).await, Content::new(1, 100_000));
    let started = ana.begin_all(vec![file.to_upload(1)]).await.remove(0);
    assert_eq!((started.plan, started.requests.len()), (file.plan, 1));
    assert_eq!(send(&started.requests[0], file.part(1)).await.status, 200);
    let results = ana.complete_many(vec![started.upload_id]).await.results;
    assert!(matches!(&results[..], [CompletionResult::Done(_)]), "{results:?}");

    let listed = ana.files().await;
    assert_eq!((listed.len(), listed[0].file_id, listed[0].meta.clone()), (1, started.file_id, file.meta()));
    assert_eq!(world.used().await, (100_000, 1, 0));
    let grant = ana.download(started.file_id).await;
    assert_eq!(reqwest::get(&grant.url).await.unwrap().bytes().await.unwrap(), file.bytes.as_slice());
    assert_eq!(ana.call(&calls::RemoveFile { file: started.file_id }).await.status, 204);
    assert!(ana.files().await.is_empty() && world.object(started.file_id).await.is_none());
}

/// Begun by one, continued by another, completed; and one that is cancelled.
async fn a_large_file_that_is_adopted(world: &World) {
    let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Manage).await);
    let file = Content::new(2, 17 * MIB);
    let started = ana.begin(&file).await;
    ana.put_parts(started.upload_id, &file, [1]).await;
    let progress: Progress = ana.call(&calls::GetProgress { upload: started.upload_id }).await.ok();
    assert_eq!((progress.bytes_uploaded, progress.total_bytes), (16 * MIB as u64, 17 * MIB as u64));

    let Adoption::Challenge { parts, .. } = ben.adopt(started.upload_id, vec![]).await else { panic!("no challenge") };
    let proofs = parts.into_iter().map(|part| file.proof(part)).collect();
    assert_eq!(ben.adopt(started.upload_id, proofs).await, Adoption::Adopted { upload_id: started.upload_id });
    let status = ben.status(started.upload_id).await;
    assert_eq!((status.state, status.parts.len()), (UploadState::Uploading, 1));
    ben.put_parts(started.upload_id, &file, [2]).await;
    ben.complete(started.upload_id).await;
    assert_eq!(world.object(started.file_id).await.unwrap(), *file.bytes);
    assert_eq!(ben.call(&calls::RemoveFile { file: started.file_id }).await.status, 204);

    let cancelled = ben.begin(&file).await;
    assert_eq!(ben.abort(cancelled.upload_id).await.status, 204);
    assert_eq!(ben.status(cancelled.upload_id).await.state, UploadState::Aborted);
}
