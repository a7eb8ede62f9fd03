//! The configuration that all SDK clients share: credentials, TLS, connection pool.

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::config::Config;

/// Idle connections are dropped before the other end drops them.
const POOL_IDLE: Duration = Duration::from_secs(20);

/// The shared part of the SDK clients' configuration. Nothing is looked up on the network.
pub fn sdk_config(config: &Config) -> SdkConfig {
    // ring needs no C toolchain, so the functions cross-compile. Plain http goes through the same client.
    let http = aws_smithy_http_client::Builder::new()
        .pool_idle_timeout(POOL_IDLE)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    SdkConfig::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(Region::new(config.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(config.credentials.clone()))
        .http_client(http)
        .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(TokioSleep::new()))
        .build()
}
