//! dev-server as it is started: its one line, its errors, its end.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use dev_server::{EmbeddedIn, EmbeddedTable};
use functions::app::App;
use functions::config::{Config, TableNames};
use functions::routers;
use functions::table::{Key, Write};
use local_stack::{S3Kind, S3Server};
use serde_json::Value;
use slipway_protocol::calls::GetRoom;
use slipway_protocol::wire::link::Role;
use tempfile::{NamedTempFile, TempDir};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::client::{Client, NewRoom};

fn dev_server(changes: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dev-server"));
    command.env_clear().envs([
        ("SLIPWAY_BUCKET", "files"),
        ("SLIPWAY_MAIN_TABLE", "slipway-main"),
        ("SLIPWAY_ACCESS_TABLE", "slipway-access"),
        ("SLIPWAY_AUDIT_TABLE", "slipway-audit"),
        ("SLIPWAY_TABLE_ENDPOINT", "embedded:memory"),
        ("SLIPWAY_S3_ENDPOINT", "http://127.0.0.1:9"),
        ("SLIPWAY_S3_PATH_STYLE", "true"),
        ("SLIPWAY_ADDR", "127.0.0.1:0"),
        ("SLIPWAY_LOG", "error"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "very-secret"),
    ]);
    for (name, value) in changes {
        command.env(name, value);
    }
    command
}

/// The one sentence of a start that fails.
fn refusal(changes: &[(&str, &str)]) -> String {
    let Output { status, stdout, stderr } = dev_server(changes).output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert!(!status.success() && stdout.is_empty(), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains("very-secret") && !text.contains("panicked"), "{text}");
    text
}

#[test]
fn a_bad_environment_is_refused_by_name() {
    assert!(refusal(&[("SLIPWAY_BUCKET", "")]).contains("SLIPWAY_BUCKET is missing"));
    assert!(refusal(&[("AWS_SECRET_ACCESS_KEY", "")]).contains("AWS_SECRET_ACCESS_KEY is missing"));
    assert!(refusal(&[("SLIPWAY_S3_PATH_STYLE", "perhaps")]).contains("SLIPWAY_S3_PATH_STYLE is not right"));
    assert!(refusal(&[("SLIPWAY_LOG", "=,=")]).contains("SLIPWAY_LOG is not right"));
}

#[test]
fn a_port_in_use_is_named() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = holder.local_addr().unwrap().to_string();
    let text = refusal(&[("SLIPWAY_ADDR", &addr)]);
    assert!(text.contains(&addr) && text.contains("in use"), "{text}");
}

#[test]
fn a_table_file_that_cannot_be_written_is_named() {
    let text = refusal(&[("SLIPWAY_TABLE_ENDPOINT", "embedded:/dev/null/table.db")]);
    assert!(text.contains("/dev/null/table.db") && text.contains("cannot be opened"), "{text}");
}

#[test]
fn a_page_that_is_not_built_is_reported() {
    let folder = TempDir::new().unwrap();
    let text = refusal(&[("SLIPWAY_PAGE_DIR", folder.path().to_str().unwrap())]);
    assert!(text.contains("no index.html") && text.contains("SLIPWAY_PAGE_DIR"), "{text}");
}

#[test]
fn storage_that_is_not_running_is_named() {
    let text = refusal(&[]);
    assert!(text.contains("http://127.0.0.1:9") && text.contains("start MinIO"), "{text}");
}

#[test]
fn the_document_can_be_printed_without_an_environment() {
    let output = Command::new(env!("CARGO_BIN_EXE_dev-server")).env_clear().arg("--openapi").output().unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed, serde_json::to_value(routers::document()).unwrap());
    assert!(!Command::new(env!("CARGO_BIN_EXE_dev-server")).arg("--help").output().unwrap().status.success());
}

/// A MinIO with a bucket name of its own.
pub(super) struct OnStorage {
    pub(super) minio: S3Server,
    bucket: String,
}

pub(super) async fn on_storage() -> OnStorage {
    let minio = tokio::task::spawn_blocking(|| S3Server::shared_or_start(S3Kind::Minio)).await.unwrap().unwrap();
    OnStorage { minio, bucket: format!("dev-server-{}", hex::encode(functions::ids::random_bytes::<6>())) }
}

impl OnStorage {
    pub(super) fn environment(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("SLIPWAY_S3_ENDPOINT", self.minio.endpoint()),
            ("SLIPWAY_BUCKET", &self.bucket),
            ("AWS_ACCESS_KEY_ID", self.minio.access_key()),
            ("AWS_SECRET_ACCESS_KEY", self.minio.secret_key()),
        ]
    }
}

/// A dev-server that serves.
pub(super) struct Running {
    pub(super) client: Client,
    child: tokio::process::Child,
    log: NamedTempFile,
}

impl Running {
    pub(super) async fn start(changes: &[(&str, &str)]) -> Self {
        let log = NamedTempFile::new().unwrap();
        let mut command = tokio::process::Command::from(dev_server(changes));
        let command = command.stdout(Stdio::piped()).stderr(log.reopen().unwrap()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("one line when it serves");
        let url = line.strip_prefix("listening on ").expect("the line that local-stack waits for");
        Self { client: Client::new(url), child, log }
    }

    /// As a supervisor ends it. Returns the log.
    pub(super) async fn stop(mut self) -> String {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(self.child.wait().await.unwrap().success(), "it ends by itself, and well");
        std::fs::read_to_string(self.log.path()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_made_is_there_after_a_restart() {
    let storage = on_storage().await;
    let folder = TempDir::new().unwrap();
    let table = format!("embedded:{}", folder.path().join("new-folder/table.db").display());
    let mut environment = storage.environment();
    environment.push(("SLIPWAY_TABLE_ENDPOINT", &table));
    let server = Running::start(&environment).await;
    let room = NewRoom::create(&server.client).await;
    let member = room.join(&server.client, Role::Manage).await;
    server.stop().await;

    let server = Running::start(&environment).await;
    assert!(server.client.call(&GetRoom { room: room.id }, Some(&member)).await.status.is_success());
    server.stop().await;

    environment.push(("AWS_SECRET_ACCESS_KEY", "wrong-secret-key"));
    let text = tokio::task::block_in_place(|| refusal(&environment));
    assert!(text.contains(&storage.bucket) && text.contains("cannot be used"), "{text}");
}

/// The file's tables, from here.
async fn open_table(path: &Path) -> (EmbeddedTable, App) {
    open_tables(path, |_| {}).await
}

async fn open_tables(path: &Path, name: impl FnOnce(&mut TableNames)) -> (EmbeddedTable, App) {
    let table = EmbeddedTable::start(&EmbeddedIn::File(path.to_owned())).await.unwrap();
    let get = |name: &str| match name {
        "SLIPWAY_BUCKET" => Some("files".to_owned()),
        "SLIPWAY_MAIN_TABLE" => Some("slipway-main".to_owned()),
        "SLIPWAY_ACCESS_TABLE" => Some("slipway-access".to_owned()),
        "SLIPWAY_AUDIT_TABLE" => Some("slipway-audit".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("fortestsonly".to_owned()),
        _ => None,
    };
    let mut config = Config { table_endpoint: table.endpoint(), ..Config::read(&get).unwrap() };
    name(&mut config.tables);
    let app = App::connect(config);
    app.tables.create_if_missing().await.unwrap();
    (table, app)
}

/// Until December 2026 there was one table, `slipway`, whose items have no version.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_an_earlier_release_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("table.db");
    let (table, app) = open_tables(&path, |names| names.main = "slipway".into()).await;
    let theirs = Key::main("ROOM#theirs", "META");
    app.tables.write(&Write::put(&theirs, &BTreeMap::from([("name", "theirs")]))).await.unwrap();
    table.stop().await;

    let endpoint = format!("embedded:{}", path.display());
    let text = tokio::task::block_in_place(|| refusal(&[("SLIPWAY_TABLE_ENDPOINT", &endpoint)]));
    assert!(text.contains("another release (slipway)") && text.contains("move the file away"), "{text}");
    assert!(text.contains(path.to_str().unwrap()), "it names the file: {text}");
    let (_table, app) = open_tables(&path, |names| names.main = "slipway".into()).await;
    assert!(app.tables.get::<BTreeMap<String, Value>>(&theirs).await.unwrap().is_some());
}

/// DynamoDB does it by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_items_are_dropped_with_the_sweep() {
    let storage = on_storage().await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("table.db");
    // What expired more than five years ago counts as a mistake, as at DynamoDB.
    let now = functions::clock::Clock::default().now_seconds();
    let items = [("expired", Some(now - 3600)), ("later", Some(now + 3600)), ("for-ever", None)];
    let key = |name: &str| Key::main("TEST", name);
    let (table, app) = open_table(&path).await;
    for (name, ttl) in items {
        app.tables.write(&Write::put(&key(name), &BTreeMap::from([("name", name)])).ttl(ttl)).await.unwrap();
    }
    table.stop().await;

    let endpoint = format!("embedded:{}", path.display());
    let mut environment = storage.environment();
    environment.extend([("SLIPWAY_TABLE_ENDPOINT", endpoint.as_str()), ("SLIPWAY_SWEEP_SECONDS", "1")]);
    let server = Running::start(&environment).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    server.stop().await;

    let (_table, app) = open_table(&path).await;
    for (name, ttl) in items {
        let found: Option<BTreeMap<String, Value>> = app.tables.get(&key(name)).await.unwrap();
        assert_eq!(found.is_some(), ttl.is_none_or(|ttl| ttl > now), "{name}");
    }
}
