//! Storage seen from outside: what lies in the bucket, asked by AWS's own client.
//!
//! The product's storage module is not used, so that a mistake there can't hide here.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{CorsConfiguration, CorsRule};

use crate::files::TestFile;

/// More than any benchmark takes.
const URL_LIFETIME: Duration = Duration::from_secs(3_600);

/// A bucket, asked behind the proxy's back.
#[derive(Clone, Debug)]
pub struct Bucket {
    name: String,
    client: Client,
}

/// A part that storage holds of a multipart upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub number: u16,
    pub size: u64,
}

impl Bucket {
    /// By plain HTTP, with the bucket's name in the path.
    pub fn new(endpoint: &str, name: &str, access_key: &str, secret_key: &str) -> Self {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(Credentials::from_keys(access_key, secret_key, None))
            .region(Region::from_static("us-east-1"))
            .endpoint_url(endpoint)
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        Self { name: name.to_owned(), client: Client::from_conf(config.build()) }
    }

    /// Every key with this prefix.
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        let mut pages = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.context("listing the bucket")?;
            keys.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
        }
        Ok(keys)
    }

    /// The parts of an upload, or `None` where storage knows no such upload.
    pub async fn parts(&self, key: &str, upload_id: &str) -> Result<Option<Vec<Part>>> {
        let list = self.client.list_parts().bucket(&self.name).key(key).upload_id(upload_id);
        let mut pages = list.into_paginator().send();
        let mut parts = Vec::new();
        while let Some(page) = pages.next().await {
            let page = match page {
                Err(error) if error.code() == Some("NoSuchUpload") => return Ok(None),
                page => page.context("listing parts")?,
            };
            for part in page.parts() {
                let number = part.part_number().context("a part without its number")?.try_into()?;
                parts.push(Part { number, size: part.size().context("a part without its size")?.try_into()? });
            }
        }
        Ok(Some(parts))
    }

    /// Compares an object with a file, byte by byte.
    pub async fn assert_holds(&self, key: &str, file: &TestFile) -> Result<()> {
        let object = self.client.get_object().bucket(&self.name).key(key).send().await;
        let mut body = object.with_context(|| format!("reading {key}"))?.body;
        let mut comparison = file.comparison()?;
        while let Some(piece) = body.try_next().await? {
            comparison.next(&piece).with_context(|| format!("{} in storage", file.name()))?;
        }
        comparison.end().with_context(|| format!("{} in storage", file.name()))
    }

    /// The type that storage keeps with an object.
    pub async fn content_type(&self, key: &str) -> Result<String> {
        let head = self.client.head_object().bucket(&self.name).key(key).send().await;
        let head = head.with_context(|| format!("asking for {key}"))?;
        Ok(head.content_type().context("a content-type")?.to_owned())
    }

    /// Removes an object.
    pub async fn delete(&self, key: &str) -> Result<()> {
        let removed = self.client.delete_object().bucket(&self.name).key(key).send().await;
        removed.with_context(|| format!("deleting {key}")).map(drop)
    }

    /// Replaces the CORS rules of the bucket by the template's, for pages of this origin.
    pub async fn allow_only(&self, origin: &str) -> Result<()> {
        let template = local_stack::CorsRule::of_template()?;
        let rule = CorsRule::builder()
            .allowed_origins(origin)
            .set_allowed_methods(Some(template.methods))
            .set_allowed_headers(Some(template.headers))
            .set_expose_headers(Some(template.exposed))
            .max_age_seconds(template.max_age_seconds);
        let rules = CorsConfiguration::builder().cors_rules(rule.build()?).build()?;
        let set = self.client.put_bucket_cors().bucket(&self.name).cors_configuration(rules).send().await;
        set.context("setting the bucket's CORS rules").map(drop)
    }

    /// A URL for one PUT, for whoever has no keys.
    pub async fn presign_put(&self, key: &str) -> Result<String> {
        let lifetime = PresigningConfig::expires_in(URL_LIFETIME)?;
        let request = self.client.put_object().bucket(&self.name).key(key).presigned(lifetime).await?;
        Ok(request.uri().to_owned())
    }
}

/// Compares an answer's body with a file, byte by byte.
pub async fn compare(mut answer: reqwest::Response, file: &TestFile) -> Result<()> {
    ensure!(answer.status().is_success(), "{} instead of the file", answer.status());
    let mut comparison = file.comparison()?;
    while let Some(piece) = answer.chunk().await? {
        comparison.next(&piece).with_context(|| format!("{} in storage", file.name()))?;
    }
    comparison.end().with_context(|| format!("{} in storage", file.name()))
}

#[cfg(test)]
mod tests {
    use local_stack::{S3Kind, S3Server};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_lies_in_a_bucket_is_seen_and_removed() {
        let minio = S3Server::shared_or_start(S3Kind::Minio).unwrap();
        let bucket = Bucket::new(minio.endpoint(), "lab-s3", minio.access_key(), minio.secret_key());
        // Another run may have made it on a shared MinIO.
        let _ = bucket.client.create_bucket().bucket("lab-s3").send().await;
        let folder = tempfile::tempdir().unwrap();
        let file = TestFile::make(folder.path(), "a.bin", 3_000_000, 1).unwrap();
        let other = TestFile::make(folder.path(), "b.bin", 3_000_000, 2).unwrap();

        let url = bucket.presign_put("x/a b").await.unwrap();
        let put = reqwest::Client::new().put(url).body(std::fs::read(&file.path).unwrap()).send().await.unwrap();
        assert_eq!(put.status(), 200);
        assert_eq!(bucket.keys("x/").await.unwrap(), ["x/a b"]);
        bucket.assert_holds("x/a b", &file).await.unwrap();
        assert!(bucket.assert_holds("x/a b", &other).await.is_err());
        bucket.delete("x/a b").await.unwrap();
        assert!(bucket.keys("x/").await.unwrap().is_empty());
        assert_eq!(bucket.parts("x/a b", "no-such-upload").await.unwrap(), None);
    }
}
