//! The page beside the API: its types, its caching, its policy, and what slow clients may do.

use std::path::Path;
use std::time::{Duration, Instant};

use dev_server::{EmbeddedIn, EmbeddedTable, Limits, Page, content_security_policy, serve_until};
use functions::app::App;
use functions::config::Config;
use functions::routers;
use local_stack::Answer;
use slipway_protocol::calls::GetHealth;
use slipway_protocol::wire::error::ErrorCode;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Client;

const INDEX: &str = "<!doctype html><script type=\"module\">import '/app-0123456789abcdef.js';</script>";

struct Site {
    client: Client,
    addr: std::net::SocketAddr,
    folder: TempDir,
    app: App,
    _table: EmbeddedTable,
}

async fn site(limits: Limits) -> Site {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "index.html", INDEX);
    write(folder.path(), "app-0123456789abcdef.js", &"let a = 1;".repeat(1000));
    write(folder.path(), "app-0123456789abcdef_bg.wasm", "\0asm");
    write(folder.path(), "app-123456789abcdef.js", "let c = 3;");
    write(folder.path(), "hash-worker.js", "let b = 2;");
    let (table, app) = app().await;
    let page = Page::open(folder.path(), &app.config).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let router = page.beside(routers::serve(app.clone(), routers::all()));
    tokio::spawn(serve_until(listener, router, limits, std::future::pending()));
    Site { client: Client::new(&format!("http://{addr}")), addr, folder, app, _table: table }
}

/// On a table in memory, and on storage where nobody listens: port 9 is the discard service.
async fn app() -> (EmbeddedTable, App) {
    let table = EmbeddedTable::start(&EmbeddedIn::Memory).await.unwrap();
    let get = |name: &str| match name {
        "SLIPWAY_BUCKET" => Some("files".to_owned()),
        "SLIPWAY_MAIN_TABLE" => Some("slipway-main".to_owned()),
        "SLIPWAY_ACCESS_TABLE" => Some("slipway-access".to_owned()),
        "SLIPWAY_AUDIT_TABLE" => Some("slipway-audit".to_owned()),
        "SLIPWAY_S3_ENDPOINT" => Some("http://127.0.0.1:9".to_owned()),
        "SLIPWAY_S3_PATH_STYLE" => Some("true".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("fortestsonly".to_owned()),
        _ => None,
    };
    let app = App::connect(Config { table_endpoint: table.endpoint(), ..Config::read(&get).unwrap() });
    app.tables.create_if_missing().await.unwrap();
    (table, app)
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_at_its_root_and_at_every_room() {
    let site = site(Limits::default()).await;
    for path in ["/", "/index.html", "/r/MDEyMzQ1Njc4OWFiY2RlZg"] {
        let answer = site.client.get(path, None).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, INDEX), "{path}");
        assert_eq!(header(&answer, "cache-control"), "no-cache");
        assert!(header(&answer, "content-type").starts_with("text/html"));
    }
    let nowhere = site.client.get("/no-such-place", None).await;
    assert_eq!((nowhere.status.as_u16(), nowhere.body.as_str()), (404, INDEX));
    assert_eq!(site.client.get("/no-such-file.js", None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_have_their_types_and_hashed_ones_are_kept() {
    let site = site(Limits::default()).await;
    let wasm = site.client.get("/app-0123456789abcdef_bg.wasm", None).await;
    assert_eq!(header(&wasm, "content-type"), "application/wasm");
    assert_eq!(header(&wasm, "cache-control"), "public, max-age=31536000, immutable");
    // As from another machine: on this one there is nothing to gain.
    let from_afar = [("accept-encoding", "br"), ("host", "slipway.lan")];
    let script = site.client.send(&from_afar, "/app-0123456789abcdef.js").await;
    assert_eq!(header(&script, "content-encoding"), "br");
    assert!(header(&script, "content-type").contains("javascript"));
    // Trunk leaves leading zeros away.
    let short = site.client.get("/app-123456789abcdef.js", None).await;
    assert_eq!((short.status.as_u16(), header(&short, "cache-control")), (200, "public, max-age=31536000, immutable"));
    let worker = site.client.get("/hash-worker.js", None).await;
    assert_eq!(header(&worker, "cache-control"), "no-cache");
    let gone = site.client.get("/gone-0123456789abcdef.js", None).await;
    assert_eq!((gone.status.as_u16(), header(&gone, "cache-control")), (404, "no-cache"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_comes_under_the_policy_of_the_page() {
    let site = site(Limits::default()).await;
    let storage = ["http://127.0.0.1:9/files/".to_owned()];
    for path in ["/", "/hash-worker.js", "/no-such-file.js"] {
        let answer = site.client.get(path, None).await;
        assert_eq!(header(&answer, "content-security-policy"), content_security_policy(INDEX, &storage), "{path}");
        assert_eq!(header(&answer, "referrer-policy"), "no-referrer");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert_eq!(header(&answer, "cross-origin-opener-policy"), "same-origin");
    }
    // Rebuilt while the server runs.
    let rebuilt = "<script>let other = 1;</script>";
    write(site.folder.path(), "index.html", rebuilt);
    let answer = site.client.get("/", None).await;
    assert_eq!(header(&answer, "content-security-policy"), content_security_policy(rebuilt, &storage));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_is_not_the_page() {
    let site = site(Limits::default()).await;
    site.client.get("/api/no-such-call", None).await.failed(ErrorCode::NotFound);
    site.client.get("/api", None).await.failed(ErrorCode::NotFound);
    assert!(site.client.call(&GetHealth {}, None).await.status.is_success());
    assert_eq!(site.app.config.bucket, "files");
}

/// Sends a path as it is: clients resolve the dots themselves.
async fn raw(addr: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_above_the_folder_is_served() {
    let site = site(Limits::default()).await;
    for path in ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd", "//etc/passwd"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = raw(site.addr, &request).await;
        assert!(!answer.contains("root:"), "{path}");
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
    }
}

fn impatient() -> Limits {
    let short = Duration::from_millis(300);
    Limits { headers: short, body_pause: short, ..Limits::default() }
}

/// THREATS 24.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_stops_in_the_middle_is_let_go() {
    let site = site(impatient()).await;
    let started = Instant::now();
    assert_eq!(raw(site.addr, "").await, "");
    let headers = raw(site.addr, "GET / HTTP/1.1\r\nhost: x\r\nx-slow:").await;
    assert!(!headers.starts_with("HTTP/1.1 200"), "{headers}");
    let begun = "POST /api/rooms HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let body = raw(site.addr, begun).await;
    assert!(body.starts_with("HTTP/1.1 4"), "{body}");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(site.client.call(&GetHealth {}, None).await.status.is_success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_connections_leave_room_for_others_in_time() {
    let site = site(Limits { connections: 4, ..impatient() }).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(TcpStream::connect(site.addr).await.unwrap());
    }
    assert!(site.client.call(&GetHealth {}, None).await.status.is_success(), "once the held ones have timed out");
}
