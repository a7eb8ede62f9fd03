//! What signing costs: the function `presign`, called as API Gateway calls it, with a real table behind it.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use lab::api::{Member, NewRoom, Role};
use serde_json::json;
use slipway_protocol::calls::{self, Call as _, SerdeJson};
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::{MAX_PARTS_PER_PRESIGN, PartToSign, Presign};

use super::process::{Function, http_event};

const FILE_BYTES: u64 = 4 << 30;
const CALLS: usize = 200;

/// 100 URLs a call, one call after another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signing {
    urls: usize,
    wall_seconds: f64,
    cpu_seconds: f64,
    /// The same with one part a call.
    cpu_seconds_of_one: f64,
}

/// `base` is a dev-server on the same table and storage; it begins the upload.
pub(super) async fn measure(binary: &Path, env: &[(String, String)], base: &str) -> Result<Signing> {
    let room = NewRoom::create(base, "Bench").await?;
    let member = Member::join(base, room.link(Role::Contribute), "Bench").await?;
    let upload = member.initiate("signing.bin", FILE_BYTES, Vec::new()).await?;
    let event = |count: u16| {
        let body = Presign { parts: (1..=count).filter_map(part).collect() };
        let call = calls::Presign { upload: upload.upload_id, body };
        http_event(&call.request::<SerdeJson>(), Some(&member.joined.member_token))
    };
    let mut function = Function::start(binary, env).await?;
    let full = event(u16::try_from(MAX_PARTS_PER_PRESIGN)?);
    // The first calls promise the digests and open the upload; those after them only sign.
    run(&mut function, &full, 5).await?;
    let (wall_seconds, cpu_seconds) = run(&mut function, &full, CALLS).await?;
    let (_, cpu_seconds_of_one) = run(&mut function, &event(1), CALLS).await?;
    Ok(Signing { urls: CALLS * MAX_PARTS_PER_PRESIGN, wall_seconds, cpu_seconds, cpu_seconds_of_one })
}

fn part(number: u16) -> Option<PartToSign> {
    let digest = Digest(Md5::of(&number.to_be_bytes()));
    Some(PartToSign { part_number: PartNumber::new(number)?, digest, host: 0 })
}

/// Wall and processor time of `calls` calls, in seconds.
async fn run(function: &mut Function, event: &serde_json::Value, calls: usize) -> Result<(f64, f64)> {
    let (start, cpu) = (Instant::now(), function.cpu_seconds()?);
    for _ in 0..calls {
        let (_, answer) = function.runtime.invoke(event).await?;
        ensure!(answer["statusCode"] == json!(200), "presign answered {answer}");
        let body = answer["body"].as_str().context("an answer without a body")?;
        ensure!(body.contains("X-Amz-Signature"), "nothing is signed");
    }
    Ok((start.elapsed().as_secs_f64(), function.cpu_seconds()? - cpu))
}

/// The table.
pub(super) fn section(row: &Signing) -> String {
    let calls = CALLS as f64;
    let per_call = row.cpu_seconds / calls * 1000.0;
    let one = row.cpu_seconds_of_one / calls * 1000.0;
    format!(
        "## Signing\n\nThe function `presign` under the same stub, {CALLS} calls of {MAX_PARTS_PER_PRESIGN} parts, one after another, with DynamoDB Local as its table.\nProcessor time is the function's own.\n\n| | |\n| --- | --- |\n| URLs per second, one instance | {:.0} |\n| URLs per second and core, by processor time | {:.0} |\n| processor time of a call with {MAX_PARTS_PER_PRESIGN} parts, ms | {per_call:.2} |\n| processor time of a call with 1 part, ms | {one:.2} |\n| so {} URLs more cost, ms | {:.2} |\n\nThe goal: 100 URLs signed in under 5 ms.\n",
        row.urls as f64 / row.wall_seconds,
        row.urls as f64 / row.cpu_seconds,
        MAX_PARTS_PER_PRESIGN - 1,
        per_call - one,
    )
}
