//! A room on real storage, people in it, and files to upload.

use std::net::IpAddr;

use functions::app::App;
use functions::config::{Config, TableEndpoint};
use functions::edge::extract::Member;
use functions::edge::source::Source;
use functions::records::member::Principal;
use functions::records::token::TokenRecord;
use functions::records::upload::UploadRecord;
use functions::storage::StorageError;
use functions::sweep::{SweepReport, sweep};
use functions::uploads::initiate::begin;
use functions::uploads::validate::Draft;
use local_stack::S3Kind;
use slipway_protocol::calls;
use slipway_protocol::wire::error::{ApiError, ErrorCode};
use slipway_protocol::wire::id::{FileId, RoomId, UploadId};
use slipway_protocol::wire::link::{Role, Verifier};
use slipway_protocol::wire::{
    Adopt, Adoption, CompleteMany, CompletedMany, Completion, Download, DownloadGrant, FileInfo, FilePage, Initiate,
    Initiated, NewUpload, PartToSign, Presign, Presigned, Proof, RoomView, SignedRequest, StartedUpload, UploadStatus,
};

use super::content::Content;
use crate::storage::bucket::{Away, Bucket, Sent, send};
use crate::support::{Answer, Api, NewRoom, Session, Stack, own_tables};

/// A room on a bucket of its own.
pub(crate) struct World {
    pub(crate) stack: Stack,
    pub(crate) bucket: Bucket,
    pub(crate) api: Api,
    pub(crate) room: NewRoom,
}

/// What stands in for DynamoDB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tables {
    /// The one inside dev-server.
    Embedded,
    /// Amazon's own.
    DynamoDbLocal,
}

/// Makes of one `async fn(Tables)` two tests.
macro_rules! both_tables {
    ($($(#[$doc:meta])* async fn $name:ident($tables:ident) $body:block)*) => {
        $($(#[$doc])* mod $name {
            #[allow(unused_imports, reason = "not every test needs all of them")]
            use super::*;

            async fn case($tables: $crate::uploads::world::Tables) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn on_the_embedded_table() {
                case($crate::uploads::world::Tables::Embedded).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_dynamodb_local() {
                case($crate::uploads::world::Tables::DynamoDbLocal).await;
            }
        })*
    };
}
pub(crate) use both_tables;

/// A member of the room.
#[derive(Clone)]
pub(crate) struct Person {
    api: Api,
    pub(crate) room: RoomId,
    pub(crate) role: Role,
    pub(crate) session: Session,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start(change, Stack::http).await
    }

    /// Called as Lambda is called.
    pub(crate) async fn gateway() -> Self {
        Self::gateway_with(|_| {}).await
    }

    pub(crate) async fn gateway_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start(change, Stack::gateway).await
    }

    /// On this kind of table.
    pub(crate) async fn on(tables: Tables, change: impl FnOnce(&mut Config)) -> Self {
        if tables == Tables::Embedded {
            return Self::with(change).await;
        }
        let endpoint = tokio::task::spawn_blocking(dynamodb_local).await.unwrap();
        let on_local = |config: &mut Config| {
            config.table_endpoint = TableEndpoint::Url(endpoint);
            config.tables = own_tables();
            change(config);
        };
        Self::start(on_local, Stack::http).await
    }

    /// With its files in versitygw.
    pub(crate) async fn on_versitygw() -> Self {
        Self::start_in(Bucket::on(S3Kind::Versitygw).await, |_| {}, Stack::http).await
    }

    async fn start(change: impl FnOnce(&mut Config), api: impl FnOnce(&Stack) -> Api) -> Self {
        Self::start_in(Bucket::new().await, change, api).await
    }

    async fn start_in(bucket: Bucket, change: impl FnOnce(&mut Config), api: impl FnOnce(&Stack) -> Api) -> Self {
        let stack = Stack::start(|config| {
            config.bucket.clone_from(&bucket.config.bucket);
            config.s3_endpoint.clone_from(&bucket.config.endpoint);
            config.credentials = bucket.credentials();
            config.rates.calls_per_minute = 1_000_000;
            change(config);
        })
        .await;
        let api = api(&stack);
        let room = NewRoom::create(&api).await;
        functions::sweep::begin(&stack.app).await.unwrap();
        Self { stack, bucket, api, room }
    }

    pub(crate) fn app(&self) -> &App {
        &self.stack.app
    }

    /// The functions while storage is away, for as long as the second lives.
    pub(crate) fn cut_off(&self) -> (App, Away) {
        let away = self.bucket.away();
        (App { storage: away.storage.clone(), ..self.app().clone() }, away)
    }

    pub(crate) async fn join(&self, role: Role) -> Person {
        let session = self.room.join(&self.api, role).await;
        Person { api: self.api.clone(), room: self.room.id, role, session }
    }

    /// A member of another room on the same server.
    pub(crate) async fn stranger(&self) -> Person {
        let room = NewRoom::create(&self.api).await;
        let session = room.join(&self.api, Role::Manage).await;
        Person { api: self.api.clone(), room: room.id, role: Role::Manage, session }
    }

    /// The object's bytes, if there is one.
    pub(crate) async fn object(&self, file: FileId) -> Option<Vec<u8>> {
        let key = functions::storage::ObjectKey::for_file(self.room.id, file);
        self.bucket.storage.head(&key).await.ok()?;
        Some(self.bucket.read(&key).await)
    }

    /// Advances the clock. Tokens may expire: see [`World::rejoin`]. Signed URLs keep the system's time.
    pub(crate) fn wait(&self, seconds: u64) {
        self.app().clock.advance(std::time::Duration::from_secs(seconds));
    }

    /// The same member with a new token.
    pub(crate) async fn rejoin(&self, person: &Person) -> Person {
        let joined: slipway_protocol::wire::Joined =
            self.room.try_join(&self.api, person.role, person.session.token()).await.ok();
        assert_eq!(joined.member_id, person.session.member_id);
        let session = Session { member_id: joined.member_id, token: joined.member_token.expose() };
        Person { session, ..person.clone() }
    }

    pub(crate) async fn sweep(&self) -> SweepReport {
        sweep(self.app()).await.expect("sweep works")
    }

    pub(crate) async fn record(&self, upload: UploadId) -> UploadRecord {
        functions::records::upload::get(&self.app().tables, upload).await.unwrap().expect("a record")
    }

    /// Begins an upload with the content's own plan, which need not be the one for its size.
    pub(crate) async fn begin_as_planned(&self, person: &Person, content: &Content) -> UploadRecord {
        let draft = Draft { meta: content.meta(), seal: None, plan: content.plan, first_parts: vec![] };
        let mut begun = begin(self.app(), &person.member(), &[draft], None).await.expect("it begins");
        begun.remove(0)
    }

    /// Storage knows nothing of the upload: neither parts nor object.
    pub(crate) async fn assert_nothing_in_storage(&self, upload: UploadId) {
        let record = self.record(upload).await;
        assert_eq!(self.object(record.file_id).await, None);
        if let Some(s3) = &record.s3_upload_id {
            let listed = self.bucket.storage.list_parts(&record.object_key(), s3).await;
            assert_eq!(listed.unwrap_err(), StorageError::NoSuchUpload);
        }
    }

    /// Bytes, files and open uploads that the room counts.
    pub(crate) async fn used(&self) -> (u64, u64, u64) {
        let used = functions::records::quota::used(&self.app().tables, self.room.id).await.unwrap();
        (used.bytes, used.files, used.open)
    }
}

/// Where calls come from that go past HTTP.
pub(crate) fn source() -> Source {
    Source::from(IpAddr::from([192, 0, 2, 1]))
}

/// One for a test process.
fn dynamodb_local() -> String {
    use std::sync::OnceLock;
    static LOCAL: OnceLock<local_stack::DynamoDbLocal> = OnceLock::new();
    LOCAL
        .get_or_init(|| local_stack::DynamoDbLocal::shared_or_start().expect("DynamoDB Local starts"))
        .endpoint()
        .to_owned()
}

impl Person {
    pub(crate) async fn call(&self, call: &impl calls::Call) -> Answer {
        self.api.call(call, self.session.token()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &impl serde::Serialize) -> Answer {
        self.api.post(path, self.session.token(), body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.api.get(path, self.session.token()).await
    }

    pub(crate) async fn try_begin(&self, uploads: Vec<NewUpload>, once: Option<&str>) -> Answer {
        let key = once.map(str::to_owned);
        self.call(&calls::Initiate { room: self.room, key, body: Initiate { uploads } }).await
    }

    pub(crate) async fn begin_all(&self, uploads: Vec<NewUpload>) -> Vec<StartedUpload> {
        self.try_begin(uploads, None).await.ok::<Initiated>().uploads
    }

    pub(crate) async fn begin(&self, file: &Content) -> StartedUpload {
        self.begin_all(vec![file.to_upload(0)]).await.remove(0)
    }

    pub(crate) async fn try_sign(&self, upload: UploadId, parts: &[PartToSign]) -> Answer {
        self.call(&calls::Presign { upload, body: Presign { parts: parts.to_vec() } }).await
    }

    pub(crate) async fn sign(&self, upload: UploadId, parts: &[PartToSign]) -> Vec<SignedRequest> {
        self.try_sign(upload, parts).await.ok::<Presigned>().requests
    }

    /// Signs a part and sends it.
    pub(crate) async fn put(&self, upload: UploadId, file: &Content, part: u16) -> Sent {
        let request = self.sign(upload, &[file.to_sign(part)]).await.remove(0);
        send(&request, file.part(part)).await
    }

    /// Sends these parts; all must be taken.
    pub(crate) async fn put_parts(&self, upload: UploadId, file: &Content, parts: impl IntoIterator<Item = u16>) {
        for part in parts {
            let sent = self.put(upload, file, part).await;
            assert_eq!((sent.status, sent.etag.as_str()), (200, file.digest(part).hex().as_str()), "{}", sent.text);
        }
    }

    pub(crate) async fn try_complete(&self, upload: UploadId) -> Answer {
        self.call(&calls::Complete { upload }).await
    }

    pub(crate) async fn complete(&self, upload: UploadId) -> FileInfo {
        match self.try_complete(upload).await.ok() {
            Completion::Completed { file } => file,
            other @ Completion::Completing { .. } => panic!("{other:?}"),
        }
    }

    pub(crate) async fn complete_many(&self, upload_ids: Vec<UploadId>) -> CompletedMany {
        self.call(&calls::CompleteMany { room: self.room, body: CompleteMany { upload_ids } }).await.ok()
    }

    /// The whole way of a file.
    pub(crate) async fn upload(&self, file: &Content) -> FileInfo {
        let started = self.begin(file).await;
        self.put_parts(started.upload_id, file, 1..=file.plan.part_count).await;
        self.complete(started.upload_id).await
    }

    pub(crate) async fn status(&self, upload: UploadId) -> UploadStatus {
        self.call(&calls::GetStatus { upload, after: None }).await.ok()
    }

    pub(crate) async fn abort(&self, upload: UploadId) -> Answer {
        self.call(&calls::Abort { upload }).await
    }

    pub(crate) async fn try_adopt(&self, upload: UploadId, proofs: Vec<Proof>) -> Answer {
        self.call(&calls::Adopt { upload, body: Adopt { proofs } }).await
    }

    pub(crate) async fn adopt(&self, upload: UploadId, proofs: Vec<Proof>) -> Adoption {
        self.try_adopt(upload, proofs).await.ok()
    }

    pub(crate) async fn download(&self, file: FileId) -> DownloadGrant {
        self.call(&calls::Grant { file, body: Download { grant_id: None } }).await.ok()
    }

    pub(crate) async fn view(&self) -> RoomView {
        self.call(&calls::GetRoom { room: self.room }).await.ok()
    }

    pub(crate) async fn files(&self) -> Vec<FileInfo> {
        self.call(&calls::ListFiles { room: self.room, after: None }).await.ok::<FilePage>().files
    }

    /// As the routes see this person: to call what is behind them.
    pub(crate) fn member(&self) -> Member {
        Member {
            room: self.room,
            id: self.session.member_id,
            role: self.role,
            display_name: "Ana".into(),
            principal: Principal::Anonymous,
            token: TokenRecord {
                hash: Verifier::from_bytes([0; 32]),
                room_id: self.room,
                member_id: self.session.member_id,
                role: self.role,
                link_version: 1,
                created_at: 0,
            },
        }
    }
}

/// The parts that an error names.
pub(crate) fn named(error: &ApiError) -> Vec<u16> {
    error.parts.iter().map(|part| part.get()).collect()
}

/// Both answers are the uniform 404, and alike.
#[track_caller]
pub(crate) fn assert_alike(one: &Answer, other: &Answer) {
    assert_eq!(one.without_id(), other.without_id());
    one.clone().failed(ErrorCode::NotFound);
}

/// How long storage takes a signed URL: what is signed, not what the answer beside it says.
#[track_caller]
pub(crate) fn signed_seconds(url: &str) -> u64 {
    let (_, query) = url.split_once('?').expect("a signed URL");
    let expires = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Expires="));
    expires.expect("an expiry").parse().expect("a number")
}
