//! A bucket of one's own in MinIO or versitygw, and a plain HTTP client that does what a browser does.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::SdkConfig;
use functions::storage::{ObjectKey, PublicEndpoint, S3UploadId, SignedBytes, Storage, StorageConfig};
use local_stack::{S3Kind, S3Options, S3Server};
use slipway_protocol::wire::SignedRequest;
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::id::{FileId, PartNumber, RoomId};
use tokio::net::TcpSocket;

pub(crate) const QUARTER_HOUR: Duration = Duration::from_secs(900);

/// A new bucket in a server of this run.
pub(crate) struct Bucket {
    pub(crate) kind: S3Kind,
    pub(crate) storage: Storage,
    pub(crate) sdk: SdkConfig,
    pub(crate) config: StorageConfig,
}

/// Storage that is away: connections to it are refused, and its port is nobody else's while this lives.
pub(crate) struct Away {
    pub(crate) storage: Storage,
    pub(crate) endpoint: String,
    /// Bound, but nothing listens.
    _port: TcpSocket,
}

/// What storage answered to a request sent the way a browser sends it.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) status: u16,
    /// The `<Code>` of an S3 error, or nothing.
    pub(crate) code: String,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) text: String,
}

/// One server of each kind for a test process; each test has its own bucket.
fn server(kind: S3Kind) -> &'static S3Server {
    static MINIO: OnceLock<S3Server> = OnceLock::new();
    static VERSITYGW: OnceLock<S3Server> = OnceLock::new();
    let started = match kind {
        S3Kind::Minio => &MINIO,
        S3Kind::Versitygw => &VERSITYGW,
    };
    started.get_or_init(|| {
        if std::env::var_os(kind.shared_variable()).is_some() {
            return S3Server::shared_or_start(kind).expect("storage is there");
        }
        remove_left_data();
        let data = data_folder(&std::process::id().to_string()).join(kind.program());
        S3Server::start(S3Options { kind, data_dir: Some(data), ..S3Options::default() }).expect("storage starts")
    })
}

/// A static is never dropped, so its gigabytes are removed by the next run.
fn remove_left_data() {
    let folders = std::fs::read_dir(env!("CARGO_TARGET_TMPDIR")).into_iter().flatten().flatten();
    for folder in folders {
        let name = folder.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(DATA_PREFIX).filter(|pid| !Path::new("/proc").join(pid).exists());
        if let Some(owner) = owner {
            let _ = std::fs::remove_dir_all(data_folder(owner));
        }
    }
}

const DATA_PREFIX: &str = "s3-of-";

fn data_folder(pid: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{DATA_PREFIX}{pid}"))
}

impl Bucket {
    /// In MinIO.
    pub(crate) async fn new() -> Self {
        Self::on(S3Kind::Minio).await
    }

    pub(crate) async fn on(kind: S3Kind) -> Self {
        let server = tokio::task::spawn_blocking(move || server(kind)).await.unwrap();
        let config = StorageConfig {
            bucket: format!("test-{}", hex::encode(random())),
            endpoint: Some(server.endpoint().to_owned()),
            public_endpoints: Vec::new(),
            upload_path: None,
            path_style: true,
        };
        let sdk = sdk_config(server.access_key(), server.secret_key());
        let storage = Storage::new(&sdk, &config);
        storage.create_bucket().await.unwrap();
        Self { kind, storage, sdk, config }
    }

    /// The same bucket by way of other endpoints.
    pub(crate) fn through(&self, endpoint: &str, public: &[&str]) -> Storage {
        let config = StorageConfig {
            endpoint: Some(endpoint.to_owned()),
            public_endpoints: public
                .iter()
                .map(|&url| PublicEndpoint { url: url.to_owned(), path_style: true })
                .collect(),
            ..self.config.clone()
        };
        Storage::new(&self.sdk, &config)
    }

    /// The same bucket, of which nothing answers.
    pub(crate) fn away(&self) -> Away {
        let port = TcpSocket::new_v4().unwrap();
        port.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let endpoint = format!("http://{}", port.local_addr().unwrap());
        Away { storage: self.through(&endpoint, &[]), endpoint, _port: port }
    }

    pub(crate) fn endpoint(&self) -> &str {
        self.config.endpoint.as_deref().unwrap()
    }

    pub(crate) fn credentials(&self) -> Credentials {
        let server = server(self.kind);
        Credentials::from_keys(server.access_key(), server.secret_key(), None)
    }

    /// The same bucket for somebody with these keys.
    pub(crate) fn with_keys(&self, access: &str, secret: &str) -> Storage {
        Storage::new(&sdk_config(access, secret), &self.config)
    }

    /// The SDK itself, to do behind Slipway's back what nobody should.
    pub(crate) fn client(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk).endpoint_url(self.endpoint()).force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// Signs a part for just these bytes.
    pub(crate) async fn sign(&self, key: &ObjectKey, upload: &S3UploadId, part: u16, bytes: &[u8]) -> SignedRequest {
        let part = PartNumber::new(part).unwrap();
        self.storage.presign_part(key, upload, part, promise(bytes), (0, QUARTER_HOUR)).await.unwrap()
    }

    /// Signs and sends a part; it must be taken.
    pub(crate) async fn put_part(&self, key: &ObjectKey, upload: &S3UploadId, part: u16, bytes: &[u8]) {
        let sent = send(&self.sign(key, upload, part, bytes).await, bytes).await;
        assert_eq!((sent.status, sent.etag), (200, Md5::of(bytes).hex()), "{}", sent.text);
    }

    /// The object's bytes, read with the functions' credentials.
    pub(crate) async fn read(&self, key: &ObjectKey) -> Vec<u8> {
        let url = self.storage.presign_get(key, "read", QUARTER_HOUR).await.unwrap();
        reqwest::get(url).await.unwrap().error_for_status().unwrap().bytes().await.unwrap().to_vec()
    }
}

impl Sent {
    /// Status and code, such as `403 AccessDenied`.
    pub(crate) fn short(&self) -> String {
        format!("{} {}", self.status, self.code).trim_end().to_owned()
    }
}

/// What the SDK was answered, as [`Sent::short`] has it.
pub(crate) fn outcome<T, E: ProvideErrorMetadata>(result: &Result<T, SdkError<E, HttpResponse>>) -> String {
    match result {
        Ok(_) => "200".to_owned(),
        Err(error) => {
            let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
            format!("{status} {}", error.code().unwrap_or_default())
        }
    }
}

/// What a signed PUT of these bytes promises.
pub(crate) fn promise(bytes: &[u8]) -> SignedBytes {
    SignedBytes { len: bytes.len() as u64, digest: Md5::of(bytes) }
}

/// Sends the request with its headers, as the page does.
pub(crate) async fn send(request: &SignedRequest, bytes: &[u8]) -> Sent {
    try_send(request, bytes).await.unwrap()
}

/// The same, where the connection may break.
pub(crate) async fn try_send(request: &SignedRequest, bytes: &[u8]) -> reqwest::Result<Sent> {
    try_answer(to_send(&reqwest::Client::new(), request, bytes)).await
}

pub(crate) fn to_send(client: &reqwest::Client, request: &SignedRequest, bytes: &[u8]) -> reqwest::RequestBuilder {
    assert_eq!(request.method, "PUT");
    let put = client.put(&request.url).body(bytes.to_vec());
    request.headers.iter().fold(put, |put, (name, value)| put.header(name, value))
}

/// Sends any request and reads S3's answer.
pub(crate) async fn answer(call: reqwest::RequestBuilder) -> Sent {
    try_answer(call).await.unwrap()
}

async fn try_answer(call: reqwest::RequestBuilder) -> reqwest::Result<Sent> {
    let answer = call.send().await?;
    let etag = answer.headers().get("etag").map_or("", |value| value.to_str().unwrap()).trim_matches('"').to_owned();
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    Ok(Sent { status, code: code.to_owned(), etag, text })
}

/// `len` bytes that differ by seed and place.
pub(crate) fn body(seed: u8, len: usize) -> Vec<u8> {
    (0..len).map(|i| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0] ^ seed).collect()
}

pub(crate) fn key() -> ObjectKey {
    ObjectKey::for_file(RoomId::from_bytes(random()), FileId::from_bytes(random()))
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

fn sdk_config(access: &str, secret: &str) -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys(access, secret, None)))
        .http_client(http)
        .build()
}
