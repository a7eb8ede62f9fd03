//! Presigned requests, which a browser sends to storage directly. Each is signed for exactly one operation.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use slipway_protocol::wire::SignedRequest;
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::id::PartNumber;

use super::{ObjectKey, S3UploadId, Storage, StorageError};

/// The media type of every object, which browsers never interpret.
pub(super) const OCTET_STREAM: &str = "application/octet-stream";

/// The only bytes that a signed PUT accepts.
#[derive(Clone, Copy, Debug)]
pub struct SignedBytes {
    /// Length in bytes.
    pub len: u64,
    /// Their MD5.
    pub digest: Md5,
}

impl Storage {
    /// A PUT of one part. Storage refuses other bytes, another length, and any later time.
    pub async fn presign_part(
        &self,
        key: &ObjectKey,
        upload: &S3UploadId,
        part: PartNumber,
        bytes: SignedBytes,
        (host, expires_in): (u8, Duration),
    ) -> Result<SignedRequest, StorageError> {
        // Set on the request, length and MD5 become signed headers: storage refuses other bytes, more or fewer.
        let signed = self
            .upload_host(host)
            .upload_part()
            .bucket(&*self.bucket)
            .key(key.as_str())
            .upload_id(upload.as_str())
            .part_number(i32::from(part.get()))
            .content_length(length(bytes.len)?)
            .content_md5(bytes.digest.base64())
            .presigned(expiry(expires_in)?)
            .await
            .map_err(StorageError::from_sdk)?;
        Ok(self.to_wire(part, &signed, expires_in))
    }

    /// A PUT of a whole object, which never replaces one.
    pub async fn presign_single(
        &self,
        key: &ObjectKey,
        bytes: SignedBytes,
        (host, expires_in): (u8, Duration),
    ) -> Result<SignedRequest, StorageError> {
        let signed = self
            .upload_host(host)
            .put_object()
            .bucket(&*self.bucket)
            .key(key.as_str())
            .if_none_match("*")
            .content_type(OCTET_STREAM)
            .content_length(length(bytes.len)?)
            .content_md5(bytes.digest.base64())
            .presigned(expiry(expires_in)?)
            .await
            .map_err(StorageError::from_sdk)?;
        Ok(self.to_wire(PartNumber::FIRST, &signed, expires_in))
    }

    /// A GET of an object, to be saved under `file_name`. Clients may request ranges.
    pub async fn presign_get(
        &self,
        key: &ObjectKey,
        file_name: &str,
        expires_in: Duration,
    ) -> Result<String, StorageError> {
        let signed = self
            .downloads
            .get_object()
            .bucket(&*self.bucket)
            .key(key.as_str())
            // Also for objects of another type: HTML or SVG must not run on the origin of storage.
            .response_content_type(OCTET_STREAM)
            .response_content_disposition(super::attachment(file_name))
            .presigned(expiry(expires_in)?)
            .await
            .map_err(StorageError::from_sdk)?;
        Ok(signed.uri().to_owned())
    }

    /// A page that was loaded before the number of hosts changed, or a record of an earlier one, may ask for more than
    /// there are.
    fn upload_host(&self, host: u8) -> &Client {
        &self.uploads[usize::from(host) % self.uploads.len()]
    }

    fn to_wire(&self, part_number: PartNumber, signed: &PresignedRequest, expires_in: Duration) -> SignedRequest {
        // Pages cannot set these two; the browser does.
        let own = |name: &str| !name.eq_ignore_ascii_case("host") && !name.eq_ignore_ascii_case("content-length");
        let headers =
            signed.headers().filter(|(name, _)| own(name)).map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()));
        SignedRequest {
            part_number,
            method: signed.method().to_owned(),
            url: self.upload_path.as_deref().map_or_else(|| signed.uri().to_owned(), |path| below(path, signed.uri())),
            headers: headers.collect(),
            expires_in_seconds: expires_in.as_secs(),
        }
    }
}

/// The URL's own path and query, below another path.
fn below(path: &str, url: &str) -> String {
    let behind_scheme = url.find("://").map_or(0, |at| at + 3);
    let own = url[behind_scheme..].find('/').map_or("", |at| &url[behind_scheme + at..]);
    format!("{path}{own}")
}

fn length(len: u64) -> Result<i64, StorageError> {
    i64::try_from(len).map_err(|_| StorageError::Other("a length beyond 63 bits".into()))
}

fn expiry(expires_in: Duration) -> Result<PresigningConfig, StorageError> {
    PresigningConfig::expires_in(expires_in).map_err(|_| StorageError::Other("an expiry beyond a week".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_another_path_a_url_keeps_its_own_path_and_query_as_they_are() {
        let query = "X-Amz-Security-Token=a%2Bb%2Fc%3D%3D&X-Amz-Signature=d&x-id=PutObject";
        for (url, own) in [
            (format!("https://files.s3.eu-west-1.amazonaws.com/rooms/a/b?{query}"), format!("/rooms/a/b?{query}")),
            (format!("http://127.0.0.1:9000/files/rooms/a/b?{query}"), format!("/files/rooms/a/b?{query}")),
        ] {
            assert_eq!(below("/storage", &url), format!("/storage{own}"));
        }
    }
}
