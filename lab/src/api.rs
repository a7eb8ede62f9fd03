//! The HTTP API as a program uses it, without a browser: for the first check of the functions,
//! and to observe a room from outside while a browser works in it.

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, StatusCode};
use slipway_protocol::calls::{self, Call, Fault, Pages, Reply, Request, SerdeJson};
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{FileId, MemberId, PartNumber, RoomId, UploadId};
use slipway_protocol::wire::link::{LinkSecret, MemberToken, RoomLink};
use slipway_protocol::wire::{
    Completion, CreateRoom, Download, DownloadGrant, FileInfo, FileMeta, Initiate, Join, Joined, Meta, NewLink,
    NewUpload, PartToSign, Presign, RoomView, SignedRequest, StartedUpload, UploadStatus,
};

pub use slipway_protocol::wire::link::Role;

use crate::files::TestFile;

/// The functions, as a program calls them.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    base: String,
}

/// By plain HTTP.
impl From<&str> for Api {
    fn from(base: &str) -> Self {
        Self::new(base, reqwest::Client::new())
    }
}

/// The same.
impl From<&String> for Api {
    fn from(base: &String) -> Self {
        Self::from(base.as_str())
    }
}

impl Api {
    /// At `base`, without a slash at the end, by a client that may know more than plain HTTP.
    pub fn new(base: impl Into<String>, http: reqwest::Client) -> Self {
        Self { http, base: base.into() }
    }

    /// A call, as a member or as anybody.
    pub async fn call<C: Call>(&self, call: &C, token: Option<&MemberToken>) -> Result<C::Answer> {
        let request = call.request::<SerdeJson>();
        let reply = self.send(&request, token).await.with_context(|| format!("{request:?}"))?;
        let text = reply.body.clone();
        // The whole text: whatever stands between here and the functions has error bodies of its own.
        let body = reply.ok::<SerdeJson>().with_context(|| format!("{request:?}: {text}"))?;
        call.answer::<SerdeJson>(&body)
            .with_context(|| format!("{request:?}: not the answer that the protocol promises"))
    }

    async fn send(&self, request: &Request, token: Option<&MemberToken>) -> Result<Reply> {
        let method = Method::from_bytes(request.method.as_str().as_bytes())?;
        let mut http = self.http.request(method, format!("{}{}{}", self.base, calls::BASE, request.path));
        for (name, value) in token.map(calls::authorization).iter().chain(&request.headers) {
            http = http.header(*name, value);
        }
        let answer = http.body(request.body.clone().unwrap_or_default()).send().await?;
        let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Reply { status: answer.status().as_u16(), retry_after, body: answer.text().await? })
    }
}

/// Someone in a room.
#[derive(Clone, Debug)]
pub struct Member {
    api: Api,
    pub room: RoomId,
    pub joined: Joined,
}

/// A new room's links, strongest role first.
#[derive(Clone, Debug)]
pub struct NewRoom {
    pub room: RoomId,
    pub links: Vec<RoomLink>,
}

impl NewRoom {
    /// Makes a room, such as at `http://127.0.0.1:8080`.
    pub async fn create(api: impl Into<Api>, name: &str) -> Result<Self> {
        let room = RoomId::from_bytes(random()?);
        let mut links = Vec::new();
        for role in Role::ALL {
            links.push(RoomLink { room, role, secret: LinkSecret::from_bytes(random()?) });
        }
        let verifiers = links.iter().map(|link| NewLink {
            role: link.role,
            verifier: link.secret.auth_token(room).verifier(),
            wrapped_key: None,
        });
        let body = CreateRoom { room_id: room, name: name.into(), sealed: false, links: verifiers.collect() };
        let made = api.into().call(&calls::CreateRoom { body }, None).await?;
        ensure!(made.room_id == room, "the functions made another room");
        Ok(Self { room, links })
    }

    pub fn link(&self, role: Role) -> &RoomLink {
        self.links.iter().find(|link| link.role == role).expect("a room has a link of each role")
    }
}

impl Member {
    /// Joins by link.
    pub async fn join(api: impl Into<Api>, link: &RoomLink, display_name: &str) -> Result<Self> {
        let api = api.into();
        let body =
            Join { role: link.role, auth_token: link.secret.auth_token(link.room), display_name: display_name.into() };
        let joined = api.call(&calls::Join { room: link.room, body }, None).await?;
        Ok(Self { api, room: link.room, joined })
    }

    /// Joins by the whole URL of a link.
    pub async fn join_url(url: &str, display_name: &str) -> Result<Self> {
        let (base, rest) = url.split_once("/r/").with_context(|| format!("no room link: {}", url.len()))?;
        let (room, fragment) = rest.split_once('#').context("a room link without its fragment")?;
        Self::join(base, &RoomLink::parse(room, fragment)?, display_name).await
    }

    /// Any call, as this member.
    pub async fn call<C: Call>(&self, call: &C) -> Result<C::Answer> {
        self.api.call(call, Some(&self.joined.member_token)).await
    }

    pub async fn view(&self) -> Result<RoomView> {
        self.call(&calls::GetRoom { room: self.room }).await
    }

    /// Every file of the room, all pages.
    pub async fn files(&self) -> Result<Vec<FileInfo>> {
        let mut pages = Pages::new(calls::ListFiles { room: self.room, after: None });
        loop {
            let page = self.call(pages.call()).await?;
            if let Some(whole) = pages.push(page)? {
                return Ok(whole.files);
            }
        }
    }

    /// Begins an upload, with these parts signed at once.
    pub async fn initiate(&self, name: &str, size: u64, first_parts: Vec<PartToSign>) -> Result<StartedUpload> {
        let meta =
            FileMeta { v: 1, name: name.into(), path: String::new(), media_type: String::new(), last_modified: None };
        let upload = NewUpload { meta: Meta::Plain(meta), seal: None, size, rate_hint: None, first_parts };
        let (key, body) = (hex::encode(random::<16>()?), Initiate { uploads: vec![upload] });
        let mut begun = self.call(&calls::Initiate { room: self.room, key: Some(key), body }).await?;
        Ok(begun.uploads.remove(0))
    }

    pub async fn presign(&self, upload: UploadId, parts: Vec<PartToSign>) -> Result<Vec<SignedRequest>> {
        Ok(self.call(&calls::Presign { upload, body: Presign { parts } }).await?.requests)
    }

    pub async fn status(&self, upload: UploadId) -> Result<UploadStatus> {
        self.call(&calls::GetStatus { upload, after: None }).await
    }

    pub async fn abort(&self, upload: UploadId) -> Result<()> {
        self.call(&calls::Abort { upload }).await.map(drop)
    }

    /// Puts somebody out of the room. For those who manage it.
    pub async fn remove_member(&self, member: MemberId) -> Result<()> {
        self.call(&calls::RemoveMember { room: self.room, member }).await.map(drop)
    }

    /// Completes, and asks the status for as long as the answer is 202.
    pub async fn complete(&self, upload: UploadId) -> Result<FileInfo> {
        for _ in 0..240 {
            match self.call(&calls::Complete { upload }).await? {
                Completion::Completed { file } => return Ok(file),
                Completion::Completing { .. } => tokio::time::sleep(std::time::Duration::from_millis(250)).await,
            }
        }
        bail!("not completed after a minute")
    }

    pub async fn grant(&self, file: FileId) -> Result<DownloadGrant> {
        self.call(&calls::Grant { file, body: Download { grant_id: None } }).await
    }

    /// Downloads a file of the room and compares it, byte by byte.
    pub async fn assert_holds(&self, file: &TestFile) -> Result<()> {
        self.assert_holds_one_of(&self.files().await?, file).await
    }

    /// The same, where the room's list is known already.
    pub async fn assert_holds_one_of(&self, listed: &[FileInfo], file: &TestFile) -> Result<()> {
        let named: Vec<_> = listed.iter().filter(|listed| listed.meta.name() == Some(file.name())).collect();
        ensure!(named.len() == 1, "{} files named {} in the room", named.len(), file.name());
        let listed = named[0];
        ensure!(listed.size == file.size, "the room says {} bytes, not {}", listed.size, file.size);
        let grant = self.grant(listed.file_id).await?;
        crate::s3::compare(self.api.http.get(&grant.url).send().await?, file).await
    }

    /// Puts one part of a file; gives storage's status and body.
    pub async fn put(&self, request: &SignedRequest, bytes: Vec<u8>) -> Result<(StatusCode, String)> {
        let method = Method::from_bytes(request.method.as_bytes())?;
        // Where parts go by the page's own origin, the URL is a path.
        let base = if request.url.starts_with('/') { self.api.base.as_str() } else { "" };
        let mut put = self.api.http.request(method, format!("{base}{}", request.url)).body(bytes);
        for (name, value) in &request.headers {
            put = put.header(name, value);
        }
        let answer = put.send().await?;
        Ok((answer.status(), answer.text().await?))
    }

    /// The whole way: initiate, hash, put every part, complete.
    pub async fn upload(&self, file: &TestFile) -> Result<FileInfo> {
        let started = self.initiate(file.name(), file.size, Vec::new()).await?;
        for part in started.plan.parts() {
            self.upload_part(&started, part, file).await?;
        }
        self.complete(started.upload_id).await
    }

    /// Signs and puts one part of a begun upload.
    pub async fn upload_part(&self, started: &StartedUpload, part: PartNumber, file: &TestFile) -> Result<()> {
        let range = started.plan.range(part).context("a part outside of the plan")?;
        let bytes = file.read(range.start, range.len)?;
        let to_sign = PartToSign { part_number: part, digest: Digest(Md5::of(&bytes)), host: 0 };
        let request = self.presign(started.upload_id, vec![to_sign]).await?.remove(0);
        let (status, body) = self.put(&request, bytes).await?;
        ensure!(status.is_success(), "part {part}: {status} {body}");
        Ok(())
    }
}

/// The code of the functions' refusal, if that is why something failed.
pub fn refusal(error: &anyhow::Error) -> Option<ErrorCode> {
    error.chain().find_map(|cause| cause.downcast_ref::<Fault>()).and_then(Fault::code)
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bytes)
}
