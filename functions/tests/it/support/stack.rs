//! App, table and server of one test. Ends with it.

use dev_server::{EmbeddedIn, EmbeddedTable, Limits, Site, ToStorage, serve_until};
use functions::app::App;
use functions::config::{Config, TableEndpoint, TableNames};
use functions::routers;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::Api;

/// The functions on a table in memory, unless the test says where one is.
pub(crate) struct Stack {
    pub(crate) app: App,
    pub(crate) url: String,
    server: JoinHandle<()>,
    _table: Option<EmbeddedTable>,
}

impl Stack {
    /// Starts with a configuration that the test may change. Storage is nowhere, unless the test says where.
    pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config();
        change(&mut config);
        let mut table = None;
        if config.table_endpoint == TableEndpoint::Aws {
            let embedded = EmbeddedTable::start(&EmbeddedIn::Memory).await.expect("the table starts");
            config.table_endpoint = embedded.endpoint();
            table = Some(embedded);
        }
        let app = App::connect(config);
        assert!(app.tables.create_if_missing().await.expect("the table is made") || table.is_none(), "a new one");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let calls = routers::serve(app.clone(), routers::all());
        let storage = ToStorage::new(&app.config).expect("local storage");
        let server =
            tokio::spawn(serve_until(listener, Site { calls, storage }, Limits::default(), std::future::pending()));
        Self { app, url, server, _table: table }
    }

    /// Calls over HTTP, as dev-server is called.
    pub(crate) fn http(&self) -> Api {
        Api::http(&self.url)
    }

    /// Calls as events, as Lambda is called.
    pub(crate) fn gateway(&self) -> Api {
        Api::gateway(self.app.clone())
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Names that no other test has, on a server that others may share.
pub(crate) fn own_tables() -> TableNames {
    let own = hex::encode(functions::ids::random_bytes::<8>());
    let name = |table: &str| format!("{own}-{table}");
    TableNames { main: name("main"), access: name("access"), audit: name("audit") }
}

fn config() -> Config {
    let get = |name: &str| {
        let value = match name {
            "SLIPWAY_BUCKET" => "files",
            "SLIPWAY_MAIN_TABLE" => "slipway-main",
            "SLIPWAY_ACCESS_TABLE" => "slipway-access",
            "SLIPWAY_AUDIT_TABLE" => "slipway-audit",
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "fortestsonly",
            // Port 9 is the discard service: nobody listens there.
            "SLIPWAY_S3_ENDPOINT" => "http://127.0.0.1:9",
            "SLIPWAY_S3_PATH_STYLE" => "true",
            _ => return None,
        };
        Some(value.to_owned())
    };
    Config::read(&get).expect("a good configuration")
}
