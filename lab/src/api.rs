//! The HTTP API as a program uses it, without a browser: for the first check of the functions,
//! and to look at a room from outside while a browser works in it.

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::error::{ApiError, ErrorBody};
use slipway_protocol::wire::id::{FileId, MemberId, PartNumber, RoomId, UploadId};
use slipway_protocol::wire::link::{LinkSecret, RoomLink};
use slipway_protocol::wire::{
    Completion, CreateRoom, Download, DownloadGrant, FileInfo, FileMeta, FilePage, IDEMPOTENCY_KEY, Initiate,
    Initiated, Join, Joined, Meta, NewLink, NewUpload, PartToSign, Presign, Presigned, RoomCreated, RoomView,
    SignedRequest, StartedUpload, UploadStatus,
};

pub use slipway_protocol::wire::link::Role;

use crate::files::TestFile;

/// Someone in a room.
#[derive(Clone, Debug)]
pub struct Member {
    http: reqwest::Client,
    base: String,
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
    /// Makes a room at `base`, such as `http://127.0.0.1:8080`.
    pub async fn create(base: &str, name: &str) -> Result<Self> {
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
        let body = CreateRoom { room_id: room, name: name.into(), links: verifiers.collect() };
        let made: RoomCreated = answer(reqwest::Client::new().post(format!("{base}/api/rooms")).json(&body)).await?;
        ensure!(made.room_id == room, "the functions made another room");
        Ok(Self { room, links })
    }

    pub fn link(&self, role: Role) -> &RoomLink {
        self.links.iter().find(|link| link.role == role).expect("a room has a link of each role")
    }
}

impl Member {
    /// Joins by link.
    pub async fn join(base: &str, link: &RoomLink, display_name: &str) -> Result<Self> {
        let http = reqwest::Client::new();
        let body =
            Join { role: link.role, auth_token: link.secret.auth_token(link.room), display_name: display_name.into() };
        let joined = answer(http.post(format!("{base}/api/rooms/{}/members", link.room)).json(&body)).await?;
        Ok(Self { http, base: base.into(), room: link.room, joined })
    }

    /// Joins by the whole URL of a link.
    pub async fn join_url(url: &str, display_name: &str) -> Result<Self> {
        let (base, rest) = url.split_once("/r/").with_context(|| format!("no room link: {}", url.len()))?;
        let (room, fragment) = rest.split_once('#').context("a room link without its fragment")?;
        Self::join(base, &RoomLink::parse(room, fragment)?, display_name).await
    }

    pub async fn view(&self) -> Result<RoomView> {
        self.call(Method::GET, &format!("/api/rooms/{}", self.room), &()).await
    }

    /// Every file of the room, all pages.
    pub async fn files(&self) -> Result<Vec<FileInfo>> {
        let view = self.view().await?;
        let (mut files, mut next) = (view.files, view.next_files);
        while let Some(after) = next {
            let path = format!("/api/rooms/{}/files?after={after}", self.room);
            let page: FilePage = self.call(Method::GET, &path, &()).await?;
            files.extend(page.files);
            next = page.next_after;
        }
        Ok(files)
    }

    /// Begins an upload, with these parts signed at once.
    pub async fn initiate(&self, name: &str, size: u64, first_parts: Vec<PartToSign>) -> Result<StartedUpload> {
        let meta =
            FileMeta { v: 1, name: name.into(), path: String::new(), media_type: String::new(), last_modified: None };
        let upload = NewUpload { meta: Meta::Plain(meta), size, rate_hint: None, first_parts };
        let path = format!("/api/rooms/{}/uploads", self.room);
        let mut begun: Initiated = self.call(Method::POST, &path, &Initiate { uploads: vec![upload] }).await?;
        ensure!(begun.uploads.len() == 1, "one upload asked for, {} begun", begun.uploads.len());
        Ok(begun.uploads.remove(0))
    }

    pub async fn presign(&self, upload: UploadId, parts: Vec<PartToSign>) -> Result<Vec<SignedRequest>> {
        let presigned: Presigned =
            self.call(Method::POST, &format!("/api/uploads/{upload}/parts"), &Presign { parts }).await?;
        Ok(presigned.requests)
    }

    pub async fn status(&self, upload: UploadId) -> Result<UploadStatus> {
        self.call(Method::GET, &format!("/api/uploads/{upload}"), &()).await
    }

    pub async fn abort(&self, upload: UploadId) -> Result<()> {
        let answer = self.request(Method::DELETE, &format!("/api/uploads/{upload}")).send().await?;
        check(answer).await.map(drop)
    }

    /// Puts somebody out of the room. For those who manage it.
    pub async fn remove_member(&self, member: MemberId) -> Result<()> {
        let path = format!("/api/rooms/{}/members/{member}", self.room);
        check(self.request(Method::DELETE, &path).send().await?).await.map(drop)
    }

    /// Completes, and asks the status for as long as the answer is 202.
    pub async fn complete(&self, upload: UploadId) -> Result<FileInfo> {
        for _ in 0..240 {
            match self.call(Method::POST, &format!("/api/uploads/{upload}/complete"), &()).await? {
                Completion::Completed { file } => return Ok(file),
                Completion::Completing { .. } => tokio::time::sleep(std::time::Duration::from_millis(250)).await,
            }
        }
        bail!("not completed after a minute")
    }

    pub async fn grant(&self, file: FileId) -> Result<DownloadGrant> {
        self.call(Method::POST, &format!("/api/files/{file}/downloads"), &Download { grant_id: None }).await
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
        crate::s3::compare(self.http.get(&grant.url).send().await?, file).await
    }

    /// Puts one part of a file; gives storage's status and body.
    pub async fn put(&self, request: &SignedRequest, bytes: Vec<u8>) -> Result<(StatusCode, String)> {
        let method = Method::from_bytes(request.method.as_bytes())?;
        let mut put = self.http.request(method, &request.url).body(bytes);
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

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: &impl Serialize) -> Result<T> {
        let mut request = self.request(method.clone(), path);
        if method == Method::POST {
            request = request.header(IDEMPOTENCY_KEY, hex::encode(random::<16>()?)).json(body);
        }
        answer(request).await.with_context(|| format!("{method} {path}"))
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let token = self.joined.member_token.expose();
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(token)
    }
}

/// What the functions refused, where they did: an error can be asked for it.
#[derive(Debug)]
pub struct Refused {
    pub status: StatusCode,
    pub error: ApiError,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.status, self.error.code.as_str(), self.error.message)
    }
}

impl std::error::Error for Refused {}

async fn answer<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T> {
    let text = check(request.send().await?).await?;
    serde_json::from_str(&text).context("not the answer that the protocol promises")
}

async fn check(answer: reqwest::Response) -> Result<String> {
    let status = answer.status();
    let text = answer.text().await?;
    if status.is_success() {
        return Ok(text);
    }
    match serde_json::from_str::<ErrorBody>(&text) {
        Ok(body) => Err(Refused { status, error: body.error }.into()),
        Err(_) => bail!("{status} without an error code: {text}"),
    }
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bytes)
}
