//! One Lambda binary as a process under the stub.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use slipway_protocol::calls::{self, Request};
use slipway_protocol::wire::link::MemberToken;
use tokio::process::{Child, Command};

use super::runtime::Runtime;

/// Linux counts a process's time in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running function. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) runtime: Runtime,
    pub(super) spawned: Instant,
    pub(super) ready: Instant,
    child: Child,
}

impl Function {
    /// Starts the binary and waits until it asks for an event.
    pub(super) async fn start(binary: &Path, env: &[(String, String)]) -> Result<Self> {
        let mut runtime = Runtime::start().await?;
        let mut command = Command::new(binary);
        command
            .env_clear()
            .envs(env.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", runtime.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let spawned = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {}", binary.display()))?;
        let ready = runtime.until_ready().await?;
        Ok(Self { runtime, spawned, ready, child })
    }

    /// Resident memory, in bytes.
    pub(super) fn memory(&self) -> Result<u64> {
        let status = fs::read_to_string(self.proc("status")?)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: u64 = line.split_whitespace().next().context("no number")?.parse()?;
        Ok(kilobytes << 10)
    }

    /// User and system time so far, in seconds.
    pub(super) fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(self.proc("stat")?)?;
        let (_, fields) = stat.rsplit_once(')').context("no process name")?;
        let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
    }

    fn proc(&self, file: &str) -> Result<String> {
        Ok(format!("/proc/{}/{file}", self.child.id().context("the function has ended")?))
    }
}

/// An event of API Gateway's HTTP API, payload version 2.0.
pub(super) fn http_event(request: &Request, token: Option<&MemberToken>) -> Value {
    let mut headers = json!({ "host": "bench.example" });
    for (name, value) in token.map(calls::authorization).iter().chain(&request.headers) {
        headers[*name] = json!(value);
    }
    let (method, path) = (request.method.as_str(), format!("{}{}", calls::BASE, request.path));
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": headers,
        "requestContext": {
            "accountId": "123456789012", "apiId": "bench", "domainName": "bench.example", "domainPrefix": "bench",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "bench" },
            "requestId": "bench", "routeKey": "$default", "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000", "timeEpoch": 1_773_342_238_000_u64
        },
        "body": request.body, "isBase64Encoded": false
    })
}
