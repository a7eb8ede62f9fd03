//! Parts sent to the page's own origin: dev-server passes them on to storage as a CDN does.

use std::time::{Duration, Instant};

use dev_server::{Limits, Site, ToStorage, serve_until};
use functions::config::Config;
use http::{Method, StatusCode};
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{PartToSign, SignedRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::storage::bucket::{Sent, answer, send};
use crate::support::{Call, Stack};
use crate::uploads::content::Content;
use crate::uploads::world::World;

const MIB: usize = 1 << 20;
const SIGNED: &str = "/storage/files/rooms/a/b?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c";

fn by_page(config: &mut Config) {
    config.s3_upload_path = Some("/storage".into());
}

/// As a page sends it, which takes the path for one of its own origin.
async fn send_below(origin: &str, request: &SignedRequest, bytes: &[u8]) -> Sent {
    assert!(request.url.starts_with("/storage/"), "{}", request.url);
    send(&SignedRequest { url: format!("{origin}{}", request.url), ..request.clone() }, bytes).await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_one_part_and_of_many_arrive_and_are_downloaded_from_storage_itself() {
    let world = World::with(by_page).await;
    let ana = world.join(Role::Contribute).await;
    let view = ana.view().await;
    assert_eq!((view.upload_hosts, view.upload_same_origin), (1, true));
    for file in [Content::new(0, 0), Content::new(1, 1000), Content::new(2, 17 * MIB)] {
        let upload = ana.begin(&file).await.upload_id;
        for part in 1..=file.plan.part_count {
            // A page that was there before still knows of two hosts.
            let host = (part % 2) as u8;
            let request = ana.sign(upload, &[PartToSign { host, ..file.to_sign(part) }]).await.remove(0);
            let sent = send_below(&world.stack.url, &request, file.part(part)).await;
            assert_eq!((sent.status, sent.etag), (200, file.digest(part).hex()), "{}", sent.text);
        }
        let info = ana.complete(upload).await;
        assert_eq!(world.object(info.file_id).await.unwrap(), *file.bytes);
        let download = ana.download(info.file_id).await;
        assert!(
            download.url.starts_with(world.bucket.endpoint()),
            "nothing that users sent is read from the page's origin"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_still_refuses_what_was_not_promised() {
    let world = World::with(by_page).await;
    let ana = world.join(Role::Contribute).await;
    let (file, other) = (Content::new(1, 1000), Content::new(2, 1000));
    let upload = ana.begin(&file).await.upload_id;
    let request = ana.sign(upload, &[file.to_sign(1)]).await.remove(0);
    let sent = send_below(&world.stack.url, &request, other.part(1)).await;
    assert_eq!((sent.status, sent.code.as_str()), (400, "BadDigest"));
    let sent = send_below(&world.stack.url, &request, &file.part(1)[1..]).await;
    assert_eq!((sent.status, sent.code.as_str()), (403, "SignatureDoesNotMatch"));
    let unsigned =
        SignedRequest { url: request.url.replace("X-Amz-Signature=", "x-amz-signature="), ..request.clone() };
    let sent = send_below(&world.stack.url, &unsigned, file.part(1)).await;
    assert_eq!((sent.status, sent.text.as_str()), (403, "Only signed requests for the bucket are passed on.\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_or_removed_by_the_pages_origin() {
    let world = World::with(by_page).await;
    let ana = world.join(Role::Contribute).await;
    let info = {
        let file = Content::new(1, 10);
        let upload = ana.begin(&file).await.upload_id;
        let request = ana.sign(upload, &[file.to_sign(1)]).await.remove(0);
        assert_eq!(send_below(&world.stack.url, &request, file.part(1)).await.status, 200);
        ana.complete(upload).await
    };
    let key = format!("/storage/{}/rooms/{}/{}", world.bucket.config.bucket, world.room.id, info.file_id);
    for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE, Method::OPTIONS] {
        let call = Call::new(method.clone(), &format!("{key}?X-Amz-Signature=a"));
        let refused = world.api.send(call).await;
        assert_eq!(
            (refused.status, refused.headers["allow"].as_bytes()),
            (StatusCode::METHOD_NOT_ALLOWED, &b"PUT"[..])
        );
        assert!(refused.headers.get("access-control-allow-origin").is_none(), "{method}");
    }
    assert!(world.object(info.file_id).await.is_some());
}

/// Storage of which the test sees what arrives. It answers with more than a page may know.
async fn watched() -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"done") {
            assert!(stream.read_buf(&mut seen).await.unwrap() > 0, "{}", String::from_utf8_lossy(&seen));
        }
        let answer = "HTTP/1.1 200 OK\r\netag: \"e\"\r\nset-cookie: a=b\r\nserver: x\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(seen).unwrap()
    });
    (url, seen)
}

async fn serve(storage: &str, limits: Limits) -> String {
    let stack = Stack::start(|config| {
        by_page(config);
        config.s3_endpoint = Some(storage.to_owned());
    })
    .await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let calls = functions::routers::serve(stack.app.clone(), functions::routers::all());
    let storage = ToStorage::new(&stack.app.config).unwrap();
    tokio::spawn(serve_until(listener, Site { calls, storage }, limits, std::future::pending()));
    addr
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_sees_its_own_name_and_no_secret_of_ours() {
    let (url, seen) = watched().await;
    let page = serve(&url, Limits::default()).await;
    let call = reqwest::Client::new()
        .put(format!("http://{page}{SIGNED}"))
        .header("content-md5", "m")
        .header("if-none-match", "*")
        .header("authorization", "Bearer token")
        .header("cookie", "c=d")
        .body("done");
    let answer = call.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["etag"].as_bytes()), (200, &b"\"e\""[..]));
    assert!(!answer.headers().contains_key("set-cookie") && !answer.headers().contains_key("server"));
    let seen = seen.await.unwrap().to_lowercase();
    assert!(
        seen.starts_with(&format!("put {} http/1.1\r\n", SIGNED.trim_start_matches("/storage").to_lowercase())),
        "{seen}"
    );
    assert!(seen.contains(&format!("host: {}\r\n", url.trim_start_matches("http://"))), "{seen}");
    assert!(
        ["content-md5: m\r\n", "if-none-match: *\r\n", "content-length: 4\r\n"].iter().all(|line| seen.contains(line))
    );
    assert!(!seen.contains("token") && !seen.contains("cookie"), "{seen}");
}

/// A part may take longer than a call, and stand still for longer than a call's body.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_on_a_slow_link_is_not_cut() {
    let (url, seen) = watched().await;
    let short = Duration::from_millis(100);
    let page = serve(&url, Limits { body_pause: short, call: short, ..Limits::default() }).await;
    let mut stream = TcpStream::connect(&page).await.unwrap();
    let head = format!("PUT {SIGNED} HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\nconnection: close\r\n\r\n");
    for piece in [head.as_str(), "ab", "cd", "done"] {
        stream.write_all(piece.as_bytes()).await.unwrap();
        tokio::time::sleep(3 * short).await;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(seen.await.unwrap().ends_with("abcddone"));
}

/// THREATS 24: a part that stands still, and one that drips so that it never does.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_stands_still_or_drips_is_let_go() {
    for drips in [false, true] {
        let (url, _seen) = watched().await;
        let page = serve(&url, Limits { part_pause: Duration::from_millis(300), ..Limits::default() }).await;
        let started = Instant::now();
        let mut stream = TcpStream::connect(&page).await.unwrap();
        let begun = format!("PUT {SIGNED} HTTP/1.1\r\nhost: x\r\ncontent-length: 8000\r\n\r\n");
        stream.write_all(begun.as_bytes()).await.unwrap();
        let (mut from, mut to) = stream.into_split();
        let dripping = tokio::spawn(async move {
            while drips && to.write_all(b"a").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            to
        });
        let mut answer = [0; 12];
        from.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 502", "drips: {drips}");
        assert!(started.elapsed() < Duration::from_secs(5), "drips: {drips}");
        dripping.abort();
    }
}

/// What is refused before it is read is refused with storage's own words.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_part_that_storage_refuses_at_once_says_why() {
    let world = World::with(by_page).await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 17 * MIB);
    let upload = ana.begin(&file).await.upload_id;
    let mut request = ana.sign(upload, &[file.to_sign(1)]).await.remove(0);
    request.url = request.url.replace("X-Amz-Date=2", "X-Amz-Date=1");
    let sent = send_below(&world.stack.url, &request, file.part(1)).await;
    assert_eq!(sent.status, 403, "{}", sent.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_says_how_long_it_is() {
    let page = serve("http://127.0.0.1:9", Limits::default()).await;
    let mut stream = TcpStream::connect(&page).await.unwrap();
    let endless = format!("PUT {SIGNED} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n");
    stream.write_all(endless.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 411");
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_that_is_away_is_a_502_which_the_page_tries_again() {
    let world = World::new().await;
    let away = world.bucket.away();
    let page = serve(&away.endpoint, Limits::default()).await;
    let sent = answer(reqwest::Client::new().put(format!("http://{page}{SIGNED}")).body("done")).await;
    assert_eq!(sent.status, 502);
}

#[test]
fn a_storage_that_dev_server_cannot_stand_before_is_named_at_the_start() {
    let with = |endpoint: &'static str, path_style: &'static str| {
        let get = move |name: &str| {
            let value = match name {
                "SLIPWAY_S3_UPLOAD_PATH" => "/storage",
                "SLIPWAY_S3_ENDPOINT" => endpoint,
                "SLIPWAY_S3_PATH_STYLE" => path_style,
                "SLIPWAY_BUCKET" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "fortestsonly",
                "SLIPWAY_MAIN_TABLE" | "SLIPWAY_ACCESS_TABLE" | "SLIPWAY_AUDIT_TABLE" => "fortestsonly",
                _ => return None,
            };
            Some(value.to_owned())
        };
        ToStorage::new(&Config::read(&get).unwrap())
    };
    assert!(with("http://127.0.0.1:9000", "true").unwrap().is_some());
    for (endpoint, path_style) in [("https://s3.example", "true"), ("http://127.0.0.1:9000", "false"), ("", "true")] {
        let error = with(endpoint, path_style).unwrap_err().to_string();
        assert!(error.contains("SLIPWAY_S3_UPLOAD_PATH") && error.contains("SLIPWAY_S3_ENDPOINT"), "{error}");
    }
}
