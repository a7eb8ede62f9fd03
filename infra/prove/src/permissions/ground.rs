//! What the stories stand on: members, uploads of bytes that are made here, faults of S3, and what only the account's root
//! may do.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use lab::api::{Api, Member, NewRoom, Role};
use serde_json::{Value, json};
use slipway_protocol::calls;
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::id::{PartNumber, UploadId};
use slipway_protocol::wire::{FileMeta, Initiate, Meta, NewUpload, PartToSign, SignedRequest, StartedUpload};

use crate::MIB;
use crate::cloud::Cloud;
use crate::run::Run;
use crate::stack::Stack;

/// The size of a file of two parts, the second of which is small.
pub(super) const SEVERAL: u64 = 17 * MIB;
/// The size of a file of one part.
pub(super) const ONE: u64 = 1000;
/// The size of one whose 101 parts of 8 MiB are more than a call completes, on a link of `SLOW_LINK` bytes per second.
pub(super) const MANY: u64 = 101 * 8 * MIB;
pub(super) const SLOW_LINK: u64 = 100_000;
/// How long what happens outside of a call may take, on a machine that does something else as well.
pub(super) const LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(150);
/// The idle time of uploads, and a margin, since S3 dates parts in whole seconds.
const OVERDUE: Duration = Duration::from_millis(2200);
/// Where src/emulator.py takes rules.
const FAULTS: &str = "https://localhost/_prove/faults";

/// The stack whose permissions are taken away.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub(super) cloud: Cloud,
    pub(super) stack: Stack,
    pub(super) api: Api,
}

/// A begun upload, and whose it is.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) sender: Member,
    pub(super) started: StartedUpload,
}

/// Makes requests of the functions to S3 fail with a status, or holds them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) method: &'static str,
    /// Names of parameters in the query.
    pub(super) query: &'static [&'static str],
    /// None: the request is held.
    pub(super) status: Option<u16>,
    /// How many requests.
    pub(super) times: u32,
}

impl Ground {
    pub(super) fn new(run: &Run, stack: Stack) -> Result<Self> {
        Ok(Self { cloud: run.cloud.clone(), api: run.api(&stack)?, stack })
    }

    /// Lets the sweep start with this hour, as one that ran before would. The first of a new table reads a month of empty hours.
    pub(super) async fn begin_sweeping(&self) -> Result<()> {
        let hour = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() / 3600 - 1;
        let put = self.cloud.tables.put_item().table_name(self.stack.named("MainTable")?);
        let put = put.item("pk", text("SWEEP")).item("sk", text("CURSOR"));
        put.item("hour", number(hour)).item("v", number(1)).send().await.map(drop).context("no cursor")
    }

    /// After a permission was missing: nothing that was left behind may stand in the way of the next story.
    pub(super) async fn settle(&self) -> Result<()> {
        // A sweep that may not delete keeps its lease, and the next one would wait for the end of it.
        let delete = self.cloud.tables.delete_item().table_name(self.stack.named("MainTable")?);
        delete.key("pk", text("SWEEP")).key("sk", text("LEASE")).send().await?;
        self.set_faults(&[]).await
    }

    /// Somebody in a new room.
    pub(super) async fn member(&self, role: Role) -> Result<Member> {
        let room = NewRoom::create(self.api.clone(), "Permissions").await?;
        Member::join(self.api.clone(), room.link(role), "Ada").await
    }

    /// An upload in a new room, without a part so far.
    pub(super) async fn begin(&self, size: u64) -> Result<Begun> {
        let sender = self.member(Role::Contribute).await?;
        let started = sender.initiate("file.bin", size, Vec::new()).await?;
        Ok(Begun { sender, started })
    }

    /// The same, with every part sent.
    pub(super) async fn send(&self, size: u64) -> Result<Begun> {
        let begun = self.begin(size).await?;
        begun.send_all().await?;
        Ok(begun)
    }

    /// Puts something else where the upload's file is to be.
    pub(super) async fn put_another(&self, begun: &Begun) -> Result<()> {
        let bucket = self.stack.output("FileBucketName")?;
        self.cloud.put(bucket, &begun.key(), "application/octet-stream", b"something else".to_vec()).await
    }

    /// S3 loses what was sent.
    pub(super) async fn lose(&self, begun: &Begun) -> Result<()> {
        let bucket = self.stack.output("FileBucketName")?;
        for upload in self.open_in_storage(begun).await? {
            self.cloud.s3.abort_multipart_upload().bucket(bucket).key(begun.key()).upload_id(upload).send().await?;
        }
        Ok(())
    }

    /// The multipart uploads of its key.
    pub(super) async fn open_in_storage(&self, begun: &Begun) -> Result<Vec<String>> {
        let listed = self.cloud.s3.list_multipart_uploads().bucket(self.stack.output("FileBucketName")?).send().await?;
        let of_key = listed.uploads().iter().filter(|upload| upload.key() == Some(begun.key().as_str()));
        Ok(of_key.filter_map(|upload| upload.upload_id().map(str::to_owned)).collect())
    }

    pub(super) async fn ensure_nothing_in_storage(&self, begun: &Begun) -> Result<()> {
        let (objects, _) = self.cloud.content(self.stack.output("FileBucketName")?).await?;
        ensure!(!objects.contains(&begun.key()), "the object is still there");
        let open = self.open_in_storage(begun).await?;
        ensure!(open.is_empty(), "{} multipart uploads are still there", open.len());
        Ok(())
    }

    /// Leaves the upload's record as a function does that was killed while it completed the upload, after the end of its
    /// lease.
    pub(super) async fn abandon(&self, begun: &Begun) -> Result<()> {
        let update = self.cloud.tables.update_item().table_name(self.stack.named("MainTable")?);
        let update = update.key("pk", text(&begun.record())).key("sk", text("META"));
        let update = update.update_expression("SET #state = :state, #lease = :zero, #fence = #fence + :one");
        let names = [("#state", "state"), ("#lease", "leaseUntil"), ("#fence", "fence")];
        let update = names.iter().fold(update, |update, (name, of)| update.expression_attribute_names(*name, *of));
        let update = update.expression_attribute_values(":state", text("completing"));
        let update =
            update.expression_attribute_values(":zero", number(0)).expression_attribute_values(":one", number(1));
        update.condition_expression("attribute_exists(#lease)").send().await.context("no upload to abandon").map(drop)
    }

    /// The state in the upload's record. A call would also take over what was abandoned.
    pub(super) async fn state(&self, begun: &Begun) -> Result<String> {
        let get = self.cloud.tables.get_item().table_name(self.stack.named("MainTable")?).consistent_read(true);
        let got = get.key("pk", text(&begun.record())).key("sk", text("META")).send().await?;
        let state = got.item.as_ref().and_then(|item| item.get("state")?.as_s().ok());
        state.cloned().context("an upload without a state")
    }

    pub(super) async fn ensure_state(&self, begun: &Begun, wanted: &str) -> Result<()> {
        let state = self.state(begun).await?;
        ensure!(state == wanted, "the upload is {state}, not {wanted}");
        Ok(())
    }

    pub(super) async fn until_state(&self, begun: &Begun, wanted: &str) -> Result<()> {
        let start = Instant::now();
        loop {
            let state = self.state(begun).await?;
            if state == wanted {
                return Ok(());
            }
            ensure!(start.elapsed() < LIMIT, "the upload is {state}, not {wanted}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// As if the member had made no call for so long.
    pub(super) async fn age_token(&self, member: &Member, seconds: u64) -> Result<()> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        let update = self.cloud.tables.update_item().table_name(self.stack.named("AccessTable")?);
        let token = format!("TOKEN#{}", member.joined.member_token.verifier().expose());
        let update = update.key("pk", text(&token)).key("sk", text("META"));
        let update =
            update.update_expression("SET createdAt = :then").condition_expression("attribute_exists(createdAt)");
        update.expression_attribute_values(":then", number(now - seconds)).send().await.context("no token").map(drop)
    }

    /// Runs the sweep once, after the begun upload has expired, and returns its report.
    pub(super) async fn sweep(&self) -> Result<Value> {
        tokio::time::sleep(OVERDUE).await;
        let invoke = self.cloud.functions.invoke().function_name(self.stack.named("Sweep")?);
        let answer = invoke.payload(b"{}".to_vec().into()).send().await?;
        let payload = answer.payload().map(|payload| payload.as_ref().to_vec()).unwrap_or_default();
        let text = String::from_utf8_lossy(&payload).into_owned();
        ensure!(answer.function_error().is_none(), "the sweep failed: {text}");
        let report: Value = serde_json::from_str(&text)?;
        ensure!(report["skipped"] == false, "another sweep is running");
        Ok(report)
    }

    /// Replaces all faults. What was held goes on.
    pub(super) async fn set_faults(&self, faults: &[Fault]) -> Result<()> {
        let rules: Vec<Value> = faults
            .iter()
            .map(|fault| json!({ "method": fault.method, "query": fault.query, "status": fault.status, "times": fault.times }))
            .collect();
        self.cloud.http.put(FAULTS).body(json!(rules).to_string()).send().await?.error_for_status()?;
        Ok(())
    }

    /// Makes two calls overlap: the first one's request to S3 is held while the second call is made.
    pub(super) async fn overlap<T, U>(
        &self,
        held: Fault,
        first: impl Future<Output = Result<T>>,
        second: impl Future<Output = Result<U>>,
    ) -> Result<(T, U)> {
        self.set_faults(&[held]).await?;
        let meanwhile = async {
            let result = async {
                self.until_held().await?;
                second.await
            };
            let result = result.await;
            // Whatever became of the second, the first goes on.
            self.set_faults(&[]).await?;
            result
        };
        let (first, second) = futures::join!(first, meanwhile);
        Ok((first.context("the call that was held")?, second.context("the call meanwhile")?))
    }

    async fn until_held(&self) -> Result<()> {
        let start = Instant::now();
        loop {
            let hits = self.cloud.http.get(FAULTS).send().await?.error_for_status()?.text().await?;
            if hits == "[1]" {
                return Ok(());
            }
            ensure!(start.elapsed() < LIMIT, "no request was held: {hits}");
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Begun {
    /// The file's key in the bucket.
    pub(super) fn key(&self) -> String {
        format!("rooms/{}/{}", self.sender.room, self.started.file_id)
    }

    fn record(&self) -> String {
        format!("UPLOAD#{}", self.started.upload_id)
    }

    pub(super) fn id(&self) -> UploadId {
        self.started.upload_id
    }

    pub(super) async fn send_all(&self) -> Result<()> {
        for part in self.started.plan.parts() {
            self.send(part).await?;
        }
        Ok(())
    }

    pub(super) async fn send(&self, part: PartNumber) -> Result<()> {
        let bytes = self.bytes(part)?;
        let request = self.sender.presign(self.id(), vec![to_sign(part, &bytes)]).await?.remove(0);
        put(&self.sender, &request, bytes).await
    }

    /// Those of a part: all the same, which is all that matters here.
    pub(super) fn bytes(&self, part: PartNumber) -> Result<Vec<u8>> {
        let range = self.started.plan.range(part).context("a part outside of the plan")?;
        Ok(content(range.len))
    }
}

/// The content of a part of this length.
pub(super) fn content(len: u64) -> Vec<u8> {
    vec![0x5a; usize::try_from(len).unwrap_or(usize::MAX)]
}

pub(super) fn to_sign(part: PartNumber, bytes: &[u8]) -> PartToSign {
    PartToSign { part_number: part, digest: Digest(Md5::of(bytes)), host: 0 }
}

pub(super) async fn put(sender: &Member, request: &SignedRequest, bytes: Vec<u8>) -> Result<()> {
    let (status, body) = sender.put(request, bytes).await?;
    ensure!(status.is_success(), "a part: {status} {body}");
    Ok(())
}

/// A call that begins one upload. `rate`: the link's, in bytes per second.
pub(super) fn initiate(sender: &Member, key: &str, size: u64, rate: Option<u64>) -> calls::Initiate {
    let meta =
        FileMeta { v: 1, name: "file.bin".into(), path: String::new(), media_type: String::new(), last_modified: None };
    let upload = NewUpload { meta: Meta::Plain(meta), seal: None, size, rate_hint: rate, first_parts: Vec::new() };
    calls::Initiate { room: sender.room, key: Some(key.to_owned()), body: Initiate { uploads: vec![upload] } }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
