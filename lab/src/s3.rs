//! Storage seen from outside: what lies in the bucket, asked by signed requests of our own.
//!
//! AWS Signature Version 4 in the query, source: AWS, "Authenticating Requests: Using Query
//! Parameters". The product's own signing is not used, so that a mistake there can't hide here.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::files::TestFile;

/// A bucket, asked behind the proxy's back.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub endpoint: String,
    pub name: String,
    pub access_key: String,
    pub secret_key: String,
    pub http: reqwest::Client,
}

/// A part that storage holds of a multipart upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub number: u16,
    pub size: u64,
}

impl Bucket {
    /// Every key with this prefix. For up to 1,000 of them.
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        let (status, body) = self.get("", &[("list-type", "2"), ("prefix", prefix)]).await?;
        ensure!(status == 200, "listing the bucket: {status} {body}");
        Ok(elements(&body, "Key"))
    }

    /// The parts of an upload, or `None` where storage knows no such upload.
    pub async fn parts(&self, key: &str, upload_id: &str) -> Result<Option<Vec<Part>>> {
        let (status, body) = self.get(key, &[("max-parts", "1000"), ("uploadId", upload_id)]).await?;
        if status == 404 && body.contains("NoSuchUpload") {
            return Ok(None);
        }
        ensure!(status == 200, "listing parts: {status} {body}");
        let numbers = elements(&body, "PartNumber");
        let sizes = elements(&body, "Size");
        let parts =
            numbers.iter().zip(&sizes).map(|(number, size)| Ok(Part { number: number.parse()?, size: size.parse()? }));
        parts.collect::<Result<_>>().map(Some)
    }

    /// Compares an object with a file, byte by byte.
    pub async fn assert_holds(&self, key: &str, file: &TestFile) -> Result<()> {
        compare(self.http.get(self.sign("GET", key, &[])).send().await?, file).await
    }

    /// The type that storage keeps with an object.
    pub async fn content_type(&self, key: &str) -> Result<String> {
        let answer = self.http.get(self.sign("GET", key, &[])).send().await?;
        ensure!(answer.status().is_success(), "reading {key}: {}", answer.status());
        Ok(answer.headers().get("content-type").context("a content-type")?.to_str()?.to_owned())
    }

    /// Removes an object.
    pub async fn delete(&self, key: &str) -> Result<()> {
        let answer = self.http.delete(self.sign("DELETE", key, &[])).send().await?;
        ensure!(answer.status().is_success(), "deleting {key}: {}", answer.status());
        Ok(())
    }

    async fn get(&self, key: &str, query: &[(&str, &str)]) -> Result<(u16, String)> {
        let answer = self.http.get(self.sign("GET", key, query)).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// A URL that is good for five minutes.
    /// A presigned URL, good for an hour.
    pub fn sign(&self, method: &str, key: &str, query: &[(&str, &str)]) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        self.sign_at(method, key, query, &timestamp(now))
    }

    fn sign_at(&self, method: &str, key: &str, query: &[(&str, &str)], time: &str) -> String {
        let scope = format!("{}/us-east-1/s3/aws4_request", &time[..8]);
        let credential = format!("{}/{scope}", self.access_key);
        let mut query = query.to_vec();
        query.extend([
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", time),
            ("X-Amz-Expires", "300"),
            ("X-Amz-SignedHeaders", "host"),
        ]);
        query.sort_unstable();
        let query: Vec<String> =
            query.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
        let query = query.join("&");
        let path = if key.is_empty() { format!("/{}/", self.name) } else { format!("/{}/{key}", self.name) };
        let host = self.endpoint.trim_start_matches("http://");
        let request = format!("{method}\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex::encode(Sha256::digest(request)));
        let steps = [&time[..8], "us-east-1", "s3", "aws4_request"];
        let first = format!("AWS4{}", self.secret_key).into_bytes();
        let signing_key = steps.iter().fold(first, |key, step| hmac(&key, step));
        let signature = hex::encode(hmac(&signing_key, &to_sign));
        format!("{}{path}?{query}&X-Amz-Signature={signature}", self.endpoint)
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

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// `20130524T000000Z`, from seconds since 1970.
fn timestamp(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days as i64);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// The Gregorian date of a day since 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The text of every element of this name. Enough for S3's flat answers.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let texts = xml.split(&open).skip(1).filter_map(|rest| rest.split_once(&close));
    texts.map(|(text, _)| text.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_of_the_example_in_the_documentation() {
        // AWS, "Authenticating Requests: Using Query Parameters", here with our expiry, host and path style;
        // reckoned apart with Python's hmac.
        let bucket = Bucket {
            endpoint: "http://127.0.0.1:9000".into(),
            name: "examplebucket".into(),
            access_key: "AKIAIOSFODNN7EXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            http: reqwest::Client::new(),
        };
        let url = bucket.sign_at("GET", "test.txt", &[], "20130524T000000Z");
        assert!(
            url.ends_with("X-Amz-Signature=265ed93abe57e5cc795f94597b372f0b22acd171cc0fb4191536c39aa17dcb70"),
            "{url}"
        );
    }

    #[test]
    fn dates_around_a_leap_day() {
        assert_eq!(timestamp(0), "19700101T000000Z");
        assert_eq!(timestamp(951_782_399), "20000228T235959Z");
        assert_eq!(timestamp(951_782_400), "20000229T000000Z");
        assert_eq!(timestamp(1_369_353_600), "20130524T000000Z");
    }

    #[test]
    fn elements_of_a_listing() {
        let xml = "<L><Part><PartNumber>1</PartNumber></Part><Part><PartNumber>7</PartNumber></Part></L>";
        assert_eq!(elements(xml, "PartNumber"), ["1", "7"]);
    }
}
