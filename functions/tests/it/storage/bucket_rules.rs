//! What is set at the bucket: which pages may use it, and when unfinished uploads end.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, CorsConfiguration, ExpirationStatus, LifecycleRule,
    LifecycleRuleFilter,
};
use http::HeaderMap;
use local_stack::CorsRule;
use slipway_protocol::wire::SignedRequest;

use super::bucket::{Bucket, body, key, outcome};
use super::differences::{Case, expected};

const PAGE: &str = "https://page.test";
const ELSEWHERE: &str = "https://elsewhere.test";

/// Lets only this page use the bucket.
async fn set_cors(bucket: &Bucket, rule: CorsRule) -> String {
    let rule = aws_sdk_s3::types::CorsRule::builder()
        .allowed_origins(PAGE)
        .set_allowed_methods(Some(rule.methods))
        .set_allowed_headers(Some(rule.headers))
        .set_expose_headers(Some(rule.exposed))
        .max_age_seconds(rule.max_age_seconds);
    let rules = CorsConfiguration::builder().cors_rules(rule.build().unwrap()).build().unwrap();
    outcome(&bucket.client().put_bucket_cors().bucket(&bucket.config.bucket).cors_configuration(rules).send().await)
}

/// What a browser asks before a page of this origin sends something.
async fn preflight(url: &str, origin: &str, headers: &str) -> &'static str {
    let request = reqwest::Client::new()
        .request(reqwest::Method::OPTIONS, url)
        .header("origin", origin)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", headers);
    let answer = request.send().await.unwrap();
    let allows = |name: &str, wanted: &str| {
        let value = answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_ascii_lowercase();
        value.split(',').map(str::trim).any(|word| word == "*" || word == wanted.to_ascii_lowercase())
    };
    let is_allowed = answer.status().is_success()
        && allows("access-control-allow-origin", origin)
        && allows("access-control-allow-methods", "PUT")
        && headers.split(',').all(|header| allows("access-control-allow-headers", header));
    if is_allowed { "allowed" } else { "refused" }
}

/// The part, sent by a page of this origin.
async fn put(request: &SignedRequest, origin: &str, bytes: Vec<u8>) -> HeaderMap {
    let mut put = reqwest::Client::new().put(&request.url).body(bytes).header("origin", origin);
    put = put.header("content-md5", &request.headers["content-md5"]);
    put.send().await.unwrap().error_for_status().unwrap().headers().clone()
}

fn exposes(headers: &HeaderMap, name: &str) -> bool {
    let exposed = headers.get("access-control-expose-headers").map_or("", |value| value.to_str().unwrap());
    // `*` is for requests without credentials, such as the page's.
    exposed.split(',').map(str::trim).any(|word| word == "*" || word.eq_ignore_ascii_case(name))
}

async fn a_page_of_another_origin_may_put_and_read_the_etag(bucket: Bucket) {
    let (key, bytes) = (key(), body(1, 10));
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let request = bucket.sign(&key, &upload, 1, &bytes).await;
    assert_eq!(preflight(&request.url, PAGE, "content-md5,content-type,if-none-match").await, "allowed");
    let headers = put(&request, PAGE, bytes).await;
    assert!(headers.contains_key("access-control-allow-origin") && exposes(&headers, "etag"), "{headers:?}");
}
on_each_storage!(a_page_of_another_origin_may_put_and_read_the_etag);

async fn under_the_rule_of_the_template_only_its_page_is_served(bucket: Bucket) {
    let rule = CorsRule::of_template().unwrap();
    let (kind, key, bytes) = (bucket.kind, key(), body(1, 10));
    assert_eq!(set_cors(&bucket, rule.clone()).await, expected(Case::CorsRule, kind));
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let request = bucket.sign(&key, &upload, 1, &bytes).await;

    assert_eq!(preflight(&request.url, PAGE, "content-md5").await, "allowed");
    assert_eq!(preflight(&request.url, ELSEWHERE, "content-md5").await, expected(Case::OtherOrigin, kind));
    assert_eq!(preflight(&request.url, PAGE, "x-other").await, expected(Case::OtherHeader, kind));
    let headers = put(&request, PAGE, bytes.clone()).await;
    assert!(rule.exposed.iter().all(|name| exposes(&headers, name)), "{headers:?}");
    let is_shown = put(&request, ELSEWHERE, bytes).await.contains_key("access-control-allow-origin");
    assert_eq!(if is_shown { "allowed" } else { "refused" }, expected(Case::OtherOrigin, kind));
}
on_each_storage!(under_the_rule_of_the_template_only_its_page_is_served);

async fn an_etag_that_is_not_to_be_exposed(bucket: Bucket) {
    let (key, bytes) = (key(), body(1, 10));
    let hiding = CorsRule { exposed: vec!["x-amz-request-id".into()], ..CorsRule::of_template().unwrap() };
    assert_eq!(set_cors(&bucket, hiding).await, expected(Case::CorsRule, bucket.kind));
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let request = bucket.sign(&key, &upload, 1, &bytes).await;
    let headers = put(&request, PAGE, bytes).await;
    let shown = if exposes(&headers, "etag") { "exposed" } else { "hidden" };
    assert_eq!(shown, expected(Case::EtagNotExposed, bucket.kind));
}
on_each_storage!(an_etag_that_is_not_to_be_exposed);

/// The sweep removes what is unfinished after 30 days. On S3 a rule does so a day later for what it never saw.
async fn unfinished_uploads_end_by_a_rule(bucket: Bucket) {
    let rule = LifecycleRule::builder()
        .id("abort-incomplete-uploads")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::builder().days_after_initiation(31).build());
    let rules = BucketLifecycleConfiguration::builder().rules(rule.build().unwrap()).build().unwrap();
    let call = bucket.client().put_bucket_lifecycle_configuration().bucket(&bucket.config.bucket);
    let set = outcome(&call.lifecycle_configuration(rules).send().await);
    assert_eq!(set, expected(Case::Lifecycle, bucket.kind));
}
on_each_storage!(unfinished_uploads_end_by_a_rule);
