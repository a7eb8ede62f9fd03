//! The built page: its files, compressed, cached by their hashed names, under a strict Content-Security-Policy.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use functions::config::Config;
use functions::storage::PublicEndpoint;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;

const FIXED: [(HeaderName, &str); 4] = [
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const REVALIDATE: &str = "no-cache";

/// A folder with an index.html.
#[derive(Clone, Debug)]
pub struct Page {
    folder: Arc<Path>,
    /// How URLs of storage begin: the page sends bytes to any of them, and downloads come from the first.
    storage: Arc<[String]>,
    /// Computed from index.html whenever that is read, since trunk may have rebuilt it.
    policy: Arc<RwLock<HeaderValue>>,
}

impl Page {
    /// # Errors
    /// A sentence: the page is not built.
    pub fn open(folder: &Path, config: &Config) -> anyhow::Result<Self> {
        let index = std::fs::read_to_string(folder.join("index.html")).with_context(|| {
            format!("there is no index.html in {}: build the page first, or unset SLIPWAY_PAGE_DIR", folder.display())
        })?;
        let storage = storage_of(config);
        let policy = content_security_policy(&index, &storage).parse()?;
        Ok(Self { folder: folder.into(), storage: storage.into(), policy: Arc::new(RwLock::new(policy)) })
    }

    /// The API below `/api`, and the page for everything else.
    pub fn beside(self, api: Router) -> Router {
        let files = ServeDir::new(&*self.folder)
            // `index` serves it, since the policy has to fit the scripts that are in it now.
            .append_index_html_on_directories(false)
            .precompressed_br()
            .precompressed_gzip()
            .fallback(axum::routing::get(index).with_state(self.clone()));
        let page = Router::new()
            .route("/index.html", axum::routing::get(index).with_state(self.clone()))
            .fallback_service(files)
            .layer(CompressionLayer::new())
            .layer(from_fn_with_state(self, add_headers));
        Router::new().fallback(async move |mut request: Request<Body>| {
            let is_api = request.uri().path() == "/api" || request.uri().path().starts_with("/api/");
            let router = if is_api { api.clone() } else { page.clone() };
            if is_loopback(&request) {
                // Compression saves nothing on loopback, and takes a debug build seconds.
                request.headers_mut().remove(ACCEPT_ENCODING);
            }
            router.oneshot(request).await
        })
    }

    async fn read_index(&self) -> anyhow::Result<String> {
        let index = tokio::fs::read_to_string(self.folder.join("index.html")).await?;
        let policy = content_security_policy(&index, &self.storage).parse()?;
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = policy;
        Ok(index)
    }
}

fn storage_of(config: &Config) -> Vec<String> {
    let own = config.s3_endpoint.iter().cloned();
    let own = own.map(|url| PublicEndpoint { url, path_style: config.s3_path_style });
    let public = config.s3_public_endpoints.clone();
    let endpoints = if public.is_empty() { own.collect() } else { public };
    endpoints.iter().map(|endpoint| endpoint.base(&config.bucket)).collect()
}

fn is_loopback(request: &Request) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|loopback| host.starts_with(loopback))
}

/// index.html, with 200 for the page's own addresses and 404 for any other path, which the page then reports itself. A
/// missing file is a plain 404.
async fn index(State(page): State<Page>, request: Request) -> Response {
    let path = request.uri().path();
    let status = match path {
        "/" | "/index.html" => StatusCode::OK,
        _ if path.starts_with("/r/") => StatusCode::OK,
        _ if path.rsplit('/').next().is_some_and(|name| name.contains('.')) => {
            return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
        }
        _ => StatusCode::NOT_FOUND,
    };
    match page.read_index().await {
        Ok(index) => (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], index).into_response(),
        // Missing while trunk rebuilds it.
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "The page is being built. Load it again.\n").into_response(),
    }
}

async fn add_headers(State(page): State<Page>, request: Request, next: Next) -> Response {
    let hashed = has_hashed_name(request.uri().path());
    let mut response = next.run(request).await;
    // index.html and the files of the worker change under the same name. A 404 must not be kept for a year.
    let caching = if hashed && response.status().is_success() { IMMUTABLE } else { REVALIDATE };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    // On every file, since a worker lives under the policy of its own script.
    let policy = page.policy.read().unwrap_or_else(PoisonError::into_inner).clone();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Trunk writes 64 bits in hex without leading zeros. A shorter name occurs once in 268 million files, and is only
/// revalidated.
const HASH_DIGITS: std::ops::RangeInclusive<usize> = 10..=16;

/// Whether a name carries a hash of its content, as trunk writes it: `app-123456789abcdef.js`,
/// `app-123456789abcdef_bg.wasm`.
fn has_hashed_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let after_dashes = name.split('-').skip(1).filter_map(|part| part.split(['.', '_']).next());
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    after_dashes.into_iter().any(|part| HASH_DIGITS.contains(&part.len()) && part.bytes().all(is_digit))
}

/// The directives, a line each. The template of the deployed page has the same.
const POLICY: &str = include_str!("../../infra/page-policy.txt");

/// Only our own scripts, the inline ones by their hashes; bytes go to us and to storage, and a hidden frame starts
/// downloads from there; nobody frames us.
pub fn content_security_policy(index: &str, storage: &[String]) -> String {
    let scripts: Vec<String> = inline_scripts(index).map(sha256_source).collect();
    let filled = POLICY
        .replace("{scripts}", &scripts.join(" "))
        .replace("{uploads}", &storage.join(" "))
        .replace("{downloads}", storage.first().map_or("", String::as_str));
    filled.lines().map(str::trim_end).collect::<Vec<_>>().join("; ")
}

fn sha256_source(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

/// The scripts within a page. Of our own page, built by trunk: no parser is needed.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (_, rest) = rest.split_once('>')?;
        rest.split("</script>").next().filter(|text| !text.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_allowed_by_their_hash_and_no_others() {
        let index = r#"<script type="module">let a = 1;</script><script src="/x.js"></script>"#;
        let storage = ["http://127.0.0.1:9000/files/".into(), "http://localhost:9000/files/".into()];
        let policy = content_security_policy(index, &storage);
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
        assert!(policy.contains(&format!("script-src 'self' 'wasm-unsafe-eval' 'sha256-{}';", hash("let a = 1;"))));
        assert!(policy.contains("connect-src 'self' http://127.0.0.1:9000/files/ http://localhost:9000/files/;"));
        assert!(policy.contains("frame-src 'self' http://127.0.0.1:9000/files/;"));
        assert!(policy.starts_with("default-src 'none'; ") && policy.ends_with("; frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains('{'));
        assert!(content_security_policy("", &[]).contains("connect-src 'self'; frame-src 'self'; "));
    }

    #[test]
    fn only_hashed_names_are_kept_for_ever() {
        assert!(has_hashed_name("/app-0123456789abcdef.js"));
        assert!(has_hashed_name("/app-0123456789abcdef_bg.wasm"));
        // Leading zeros are left away.
        assert!(has_hashed_name("/app-123456789abcdef.js") && has_hashed_name("/styles-23456789abcdef.css"));
        assert!(has_hashed_name("/app-3456789abcde_bg.wasm"));
        for name in ["/index.html", "/hash-worker.js", "/hash-worker_bg.wasm", "/0123456789abcdef.js", "/a-facade.js"] {
            assert!(!has_hashed_name(name), "{name}");
        }
    }
}
