//! The names of storage that browsers use.

/// A name of storage, and where the bucket stands in its URLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicEndpoint {
    /// Scheme and authority.
    pub url: String,
    /// `url/bucket/key` in place of `bucket.url/key`.
    pub path_style: bool,
}

impl PublicEndpoint {
    /// How every URL signed for it begins, as a source of a Content-Security-Policy: no other bucket has it.
    pub fn base(&self, bucket: &str) -> String {
        match self.url.split_once("://") {
            Some((scheme, host)) if !self.path_style => format!("{scheme}://{bucket}.{host}"),
            _ => format!("{}/{bucket}/", self.url),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use aws_types::SdkConfig;
    use aws_types::region::Region;
    use slipway_protocol::wire::digest::Md5;
    use slipway_protocol::wire::id::{FileId, PartNumber, RoomId};

    use super::super::{ObjectKey, S3UploadId, SignedBytes, Storage, StorageConfig};
    use super::*;

    /// As the template configures them.
    fn endpoints() -> Vec<PublicEndpoint> {
        let endpoint = |url: &str, path_style| PublicEndpoint { url: url.into(), path_style };
        vec![
            endpoint("https://s3.eu-west-1.amazonaws.com", false),
            endpoint("https://s3.dualstack.eu-west-1.amazonaws.com", false),
            endpoint("https://s3.eu-west-1.amazonaws.com", true),
        ]
    }

    #[tokio::test]
    async fn a_part_is_signed_for_each_name_of_the_bucket() {
        let credentials = Credentials::from_keys("AKIDEXAMPLE", "secret", None);
        let sdk = SdkConfig::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let config = StorageConfig {
            bucket: "files".into(),
            endpoint: None,
            public_endpoints: endpoints(),
            upload_path: None,
            path_style: false,
        };
        let storage = Storage::new(&sdk, &config);
        let key = ObjectKey::for_file(RoomId::from_bytes([1; 16]), FileId::from_bytes([2; 16]));
        let bytes = SignedBytes { len: 1, digest: Md5::of(b"x") };
        let minute = Duration::from_secs(60);
        let begins = [
            "https://files.s3.eu-west-1.amazonaws.com/",
            "https://files.s3.dualstack.eu-west-1.amazonaws.com/",
            "https://s3.eu-west-1.amazonaws.com/files/",
        ];
        for (host, begin) in begins.into_iter().enumerate() {
            let lane = (u8::try_from(host).unwrap(), minute);
            let upload = S3UploadId("upload".into());
            let signed = storage.presign_part(&key, &upload, PartNumber::FIRST, bytes, lane).await.unwrap();
            assert!(signed.url.starts_with(&format!("{begin}{key}?")), "{}", signed.url);
            assert!(begin.starts_with(&endpoints()[host].base("files")));
        }
        let download = storage.presign_get(&key, "a.bin", minute).await.unwrap();
        assert!(download.starts_with(begins[0]), "{download}");
    }
}
