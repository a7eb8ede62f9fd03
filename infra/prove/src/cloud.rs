//! AWS's own clients, without a configured endpoint.

use std::collections::HashMap;

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::config::{BehaviorVersion, Region, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::SdkConfig;
use serde_json::Value;

use crate::REGION;

/// The emulator's credentials for the account's root user.
const KEYS: (&str, &str) = ("test", "test");

/// Where src/emulator.py lists what IAM refused.
const REFUSED: &str = "https://localhost/_prove/refused";

/// What a function asked for and is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The ARN of its role, or of the session of the role.
    pub(crate) who: String,
    pub(crate) action: String,
    pub(crate) resource: String,
}

/// The clients of one run.
#[derive(Clone, Debug)]
pub(crate) struct Cloud {
    pub(crate) stacks: aws_sdk_cloudformation::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) tables: aws_sdk_dynamodb::Client,
    pub(crate) functions: aws_sdk_lambda::Client,
    /// Trusts our CA only.
    pub(crate) http: reqwest::Client,
}

pub(crate) fn credentials() -> Credentials {
    Credentials::from_keys(KEYS.0, KEYS.1, None)
}

impl Cloud {
    /// Reads the system's certificates, so our CA has to be among them by now.
    pub(crate) fn new(own: reqwest::Client) -> Self {
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials()))
            .http_client(http)
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .build();
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        Self {
            stacks: aws_sdk_cloudformation::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            tables: aws_sdk_dynamodb::Client::new(&config),
            functions: aws_sdk_lambda::Client::new(&config),
            http: own,
        }
    }

    /// What IAM has refused to functions since this was last asked.
    pub(crate) async fn refusals(&self) -> Result<Vec<Refusal>> {
        let text = self.http.get(REFUSED).send().await?.error_for_status()?.text().await?;
        let listed: Vec<Value> = serde_json::from_str(&text)?;
        let string = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let refusals = listed.iter().map(|refusal| Refusal {
            who: string(&refusal["who"]),
            action: string(&refusal["action"]),
            resource: string(&refusal["resource"]),
        });
        // Whoever has no role is a caller from outside.
        Ok(refusals.filter(|refusal| refusal.who.contains("role/")).collect())
    }

    /// Stores an object.
    pub(crate) async fn put(&self, bucket: &str, key: &str, media_type: &str, bytes: Vec<u8>) -> Result<()> {
        let put = self.s3.put_object().bucket(bucket).key(key).content_type(media_type);
        // TLS protects the bytes, and SHA-256 is slow in a debug build.
        let put = put.body(ByteStream::from(bytes)).customize().disable_payload_signing().send().await;
        put.with_context(|| format!("{key} can't be put into {bucket}")).map(drop)
    }

    /// Keys and multipart uploads of a bucket.
    pub(crate) async fn content(&self, bucket: &str) -> Result<(Vec<String>, Vec<String>)> {
        let objects = self.s3.list_objects_v2().bucket(bucket).send().await?;
        let uploads = self.s3.list_multipart_uploads().bucket(bucket).send().await?;
        let keys = objects.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect();
        let open = uploads.uploads().iter().filter_map(|upload| upload.key().map(str::to_owned)).collect();
        Ok((keys, open))
    }

    pub(crate) async fn empty(&self, bucket: &str) -> Result<()> {
        let (keys, _) = self.content(bucket).await?;
        for key in keys {
            self.s3.delete_object().bucket(bucket).key(key).send().await?;
        }
        Ok(())
    }

    /// How many items a table has, without the notes of the sweep, which comes and goes.
    pub(crate) async fn items(&self, table: &str) -> Result<usize> {
        let mut pages = self.tables.scan().table_name(table).into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page = page.with_context(|| format!("{table} can't be read"))?;
            count += page.items().iter().filter(|item| !is_of_the_sweep(item)).count();
        }
        Ok(count)
    }

    /// Whether there is a function of this name.
    pub(crate) async fn has_function(&self, name: &str) -> Result<bool> {
        match self.functions.get_function().function_name(name).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(false),
            Err(error) => Err(error).context("asking for a function"),
        }
    }
}

fn is_of_the_sweep(item: &HashMap<String, AttributeValue>) -> bool {
    let key = item.get("pk").and_then(|key| key.as_s().ok());
    key.is_some_and(|key| key == "SWEEP" || key.starts_with("DUE#"))
}
