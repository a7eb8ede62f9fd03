//! S3-compatible storage: the only module that uses the S3 SDK.
//!
//! There is one client for the functions' own calls and one for each endpoint that browsers use: a presigned URL is
//! bound to its host.

mod disposition;
mod endpoint;
mod error;
mod key;
mod multipart;
mod object;
mod presign;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_types::SdkConfig;

pub use disposition::attachment;
pub use endpoint::PublicEndpoint;
pub use error::StorageError;
pub use key::{ObjectKey, S3UploadId};
pub use multipart::PartPage;
pub use object::StoredObject;
pub use presign::SignedBytes;

/// How long one try of an ordinary call may take. The HTTP API itself ends at 30 s.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);
/// Opening a connection takes milliseconds where storage is up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Putting thousands of parts together can take S3 minutes.
const COMPLETE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// The most parts S3 lists on a page. MinIO would list more unless asked for this many.
pub const PARTS_PER_PAGE: u16 = 1000;

/// Where storage is.
#[derive(Clone, Debug)]
pub struct StorageConfig {
    /// Name of the bucket.
    pub bucket: String,
    /// Where the functions reach storage; none for AWS.
    pub endpoint: Option<String>,
    /// Where browsers reach it, in the order of their `host` index; none: the same as the functions.
    pub public_endpoints: Vec<PublicEndpoint>,
    /// The path of the page's own origin to which browsers send parts. The page's server forwards it to `endpoint`.
    pub upload_path: Option<String>,
    /// `endpoint/bucket/key` in place of `bucket.endpoint/key`.
    pub path_style: bool,
}

/// One bucket.
#[derive(Clone, Debug)]
pub struct Storage {
    client: Client,
    /// Signs downloads.
    downloads: Client,
    /// Sign parts, by their `host` index.
    uploads: Arc<[Client]>,
    upload_path: Option<Arc<str>>,
    bucket: Arc<str>,
}

impl Storage {
    /// Makes the clients. Nothing is sent yet.
    pub fn new(sdk: &SdkConfig, config: &StorageConfig) -> Self {
        let client = |endpoint: Option<&String>, path_style: bool| {
            let mut builder = base_config(sdk).force_path_style(path_style);
            if let Some(url) = endpoint {
                builder = builder.endpoint_url(url);
            }
            Client::from_conf(builder.build())
        };
        let internal = client(config.endpoint.as_ref(), config.path_style);
        let public = config.public_endpoints.iter();
        let mut public: Vec<_> = public.map(|endpoint| client(Some(&endpoint.url), endpoint.path_style)).collect();
        if public.is_empty() {
            public.push(internal.clone());
        }
        Self {
            // Never from the origin of the page, whose scripts hold the keys of rooms (decision 11).
            downloads: public[0].clone(),
            // The proxy in front of storage sends storage's own `Host`, so requests are signed for that.
            uploads: if config.upload_path.is_some() { [internal.clone()].into() } else { public.into() },
            client: internal,
            upload_path: config.upload_path.as_deref().map(Into::into),
            bucket: config.bucket.as_str().into(),
        }
    }

    /// How many hosts a part can be signed for, at least 1.
    pub fn hosts(&self) -> u8 {
        u8::try_from(self.uploads.len()).unwrap_or(u8::MAX)
    }

    /// Whether parts are sent to the page's own origin.
    pub fn is_same_origin(&self) -> bool {
        self.upload_path.is_some()
    }
}

fn base_config(sdk: &SdkConfig) -> Builder {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(CALL_TIMEOUT);
    Builder::from(sdk)
        // Three attempts of 8 s end before the 28 s after which the caller gets an error.
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts.build())
        // Parts are bound to their Content-MD5. A checksum of the SDK would become another header that the page has to
        // send.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
}
