//! S3-compatible storage, in the words of Slipway: the one place that knows the SDK.
//!
//! There is one client for the functions' own calls and one for each endpoint that a browser
//! reaches: a presigned URL is bound to its host, so it has to be signed for the right one.

mod disposition;
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
    pub public_endpoints: Vec<String>,
    /// Browsers send parts to this path of the page's own origin. What serves the page passes on to `endpoint` what is
    /// behind it.
    pub upload_path: Option<String>,
    /// `endpoint/bucket/key` in place of `bucket.endpoint/key`.
    pub path_style: bool,
}

/// One bucket and what is done with it.
#[derive(Clone, Debug)]
pub struct Storage {
    client: Client,
    /// What downloads are signed with.
    downloads: Client,
    /// What parts are signed with, by their `host` index.
    uploads: Arc<[Client]>,
    upload_path: Option<Arc<str>>,
    bucket: Arc<str>,
}

impl Storage {
    /// Makes the clients. Nothing is sent yet.
    pub fn new(sdk: &SdkConfig, config: &StorageConfig) -> Self {
        let client = |endpoint: Option<&String>| {
            let mut builder = base_config(sdk).force_path_style(config.path_style);
            if let Some(url) = endpoint {
                builder = builder.endpoint_url(url);
            }
            Client::from_conf(builder.build())
        };
        let internal = client(config.endpoint.as_ref());
        let mut public: Vec<_> = config.public_endpoints.iter().map(|url| client(Some(url))).collect();
        if public.is_empty() {
            public.push(internal.clone());
        }
        Self {
            downloads: public[0].clone(),
            // What stands before storage passes requests on under storage's own name, so they are signed for that.
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

    /// Whether a part can be signed for this host. By the page's own origin there is one way, whichever host a page asks
    /// for that still knows several.
    pub fn has_host(&self, host: u8) -> bool {
        self.is_same_origin() || host < self.hosts()
    }

    /// Whether parts are sent to the page's own origin.
    pub fn is_same_origin(&self) -> bool {
        self.upload_path.is_some()
    }
}

fn base_config(sdk: &SdkConfig) -> Builder {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(CALL_TIMEOUT);
    Builder::from(sdk)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts.build())
        // The promise is Content-MD5. A checksum of the SDK's own would become a header that the page has to send.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
}
