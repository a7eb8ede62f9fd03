//! How long each Lambda binary takes to start.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use slipway_protocol::calls::{Call as _, GetHealth, SerdeJson};

use super::process::{Function, http_event};
use crate::samples::Samples;

/// One binary.
#[derive(Debug)]
pub(crate) struct ColdStart {
    name: String,
    ready_ms: Samples,
    /// The first answer; none for those that serve no HTTP.
    answer_ms: Samples,
    memory_mib: Samples,
    bytes: u64,
}

/// Every program in the folder that answers to the runtime, a process for each round.
pub(super) async fn measure(
    folder: &Path,
    names: &[String],
    env: &[(String, String)],
    rounds: usize,
) -> Result<Vec<ColdStart>> {
    let mut rows = Vec::new();
    for name in names {
        rows.push(one(folder, name, env, rounds).await.with_context(|| format!("the function {name}"))?);
    }
    Ok(rows)
}

async fn one(folder: &Path, name: &str, env: &[(String, String)], rounds: usize) -> Result<ColdStart> {
    let binary = folder.join(name);
    let (mut ready_ms, mut answer_ms, mut memory_mib) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..rounds {
        let mut function = Function::start(&binary, env).await?;
        ready_ms.push((function.ready - function.spawned).as_secs_f64() * 1000.0);
        // `finish` and `sweep` are invoked by other functions and by the clock.
        if !["finish", "sweep"].contains(&name) {
            let (at, answer) = function.runtime.invoke(&http_event(&GetHealth {}.request::<SerdeJson>(), None)).await?;
            ensure!(answer["statusCode"] == json!(200), "health answered {answer}");
            answer_ms.push((at - function.spawned).as_secs_f64() * 1000.0);
        }
        memory_mib.push(function.memory()? as f64 / f64::from(1 << 20));
    }
    Ok(ColdStart { name: name.to_owned(), ready_ms, answer_ms, memory_mib, bytes: std::fs::metadata(binary)?.len() })
}

/// The table.
pub(super) fn section(rows: &[ColdStart]) -> String {
    let mut text = String::from(
        "## Cold start of the functions\n\nThe profile that is deployed, built for this machine, under a stub of the Lambda runtime API: from the start of the\nprocess until it asks for its first event, and until the answer to that (`GET /api/health`) is there. What AWS adds\nbefore (loading the package, starting the sandbox) is not in it.\n\n| function | asks for an event, ms | first answer, ms | memory, MiB | binary, MiB |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        text += &format!(
            "| {} | {} | {} | {:.1} | {:.1} |\n",
            row.name,
            row.ready_ms.cell(1),
            row.answer_ms.cell(1),
            row.memory_mib.median().unwrap_or_default(),
            row.bytes as f64 / f64::from(1 << 20),
        );
    }
    text
}
