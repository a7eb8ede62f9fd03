//! Every state of the room with made-up values: to design with, never served.

use leptos::prelude::*;
use slipway_protocol::wire::id::{FileId, MemberId, RoomId, UploadId};
use slipway_protocol::wire::link::{LinkSecret, Role, RoomLink};
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{FileInfo, FileMeta, Meta, Quota, RoomView, UploadInfo, UploadState};
use wasm_client::{Actions, Cell, ClientError, Notice, PartsView, Reason, SavedRoom, Stage, Totals, View};

use crate::browser;
use crate::model::example;
use crate::model::live::Live;
use crate::model::rows::Rows;
use crate::model::state::{self, Ctx};
use crate::text;
use crate::view::room::{Body, JoinForm, SwitchForm};

const ROOM: RoomId = RoomId::from_bytes([7; 16]);
const MB: u64 = 1_000_000;
const GB: u64 = 1_000 * MB;

/// `/gallery/{state}`
#[component]
pub(crate) fn Gallery() -> impl IntoView {
    let ctx = state::ctx();
    let state = ctx.router.room();
    move || show(ctx, &state.get())
}

fn show(ctx: Ctx, state: &str) -> AnyView {
    let role = match state {
        "view" => Role::View,
        "drop" => Role::Drop,
        "contribute" => Role::Contribute,
        _ => Role::Manage,
    };
    let link = RoomLink { room: ROOM, role: Role::Contribute, secret: LinkSecret::from_bytes([9; 32]) };
    let mut room_here = saved(role);
    if state == "unsure" {
        room_here.unsure.push(Role::Contribute);
        room_here.links.retain(|(role, _)| *role != Role::Contribute);
    }
    ctx.rooms.set(if state == "join" { Vec::new() } else { vec![room_here] });
    fill(ctx, state);
    let live = Live::new(ROOM);
    match state {
        "join" | "rejoin" => return view! { <JoinForm link/> }.into_any(),
        "switch" => return view! { <SwitchForm link/> }.into_any(),
        "loading" => {}
        "gone" => live.trouble.set(Some(api_error("member-removed"))),
        _ => live.accept(room(role, state)),
    }
    if state == "offline" {
        live.trouble.set(Some(ClientError::Offline));
    }
    view! { <Body live/> }.into_any()
}

fn api_error(code: &str) -> ClientError {
    let json = format!(r#"{{"code":"{code}","message":"No.","requestId":"r"}}"#);
    ClientError::Api(serde_json::from_str(&json).expect("an error in JSON"), 401)
}

fn saved(role: Role) -> SavedRoom {
    let url = |role: Role| {
        let link = RoomLink { room: ROOM, role, secret: LinkSecret::from_bytes([role as u8 + 40; 32]) };
        (role, format!("https://slipway.example{}", link.path()))
    };
    SavedRoom {
        room: ROOM,
        name: "Harbour film, rough cut".into(),
        role,
        display_name: "Ada".into(),
        member_id: MemberId::from_bytes([1; 16]),
        links: if role == Role::Manage { Role::ALL.map(url).to_vec() } else { vec![url(role)] },
        unsure: Vec::new(),
    }
}

fn fill(ctx: Ctx, state: &str) {
    let views = match state {
        "empty" | "view" | "loading" | "gone" | "offline" => Vec::new(),
        "many" => (0..10_000).map(|n| upload(n, &format!("IMG_{n:05}.dng"), 45 * MB, Stage::Queued, None, 0)).collect(),
        "reasons" => reasons(),
        "hostile" => hostile(),
        _ => uploads(),
    };
    let open = views.iter().filter(|view| !view.stage.is_over()).count() as u32;
    let (bytes, size) = views.iter().fold((0, 0), |(bytes, size), view| (bytes + view.bytes, size + view.size));
    ctx.totals.set(Totals {
        open,
        running: open,
        completed: views.len() as u32 - open,
        failed: 0,
        bytes,
        size,
        speed: (open > 0).then_some(46_300_000),
        eta: (open > 0).then_some(412),
    });
    ctx.uploads.update(|uploads| {
        *uploads = Rows::default();
        uploads.apply(views.into_iter().map(|view| (view.id, Some(view))));
    });
    ctx.notices.set(if state == "notices" { notices() } else { Vec::new() });
    match state {
        "dialog" => ctx.ask("Replace the Contribute link?", text::replace_text(Role::Contribute), "Replace", || ()),
        "leave" => ctx.ask("Leave this room?", text::leave_text(3), "Cancel uploads and leave", || ()),
        "toast" => {
            ctx.toast("Contribute link copied.");
            ctx.toast_error("Slipway can't be reached. Check your connection and try again.");
        }
        _ => {}
    }
}

fn notices() -> Vec<Notice> {
    let (storage, page) = ("https://bucket.example".into(), "https://slipway.example".into());
    vec![Notice::StorageCors { storage, page }, Notice::NoCheckpoint, Notice::NoWorker]
}

fn upload(id: u64, name: &str, size: u64, stage: Stage, reason: Option<Reason>, percent: u8) -> View {
    let parts = (size.div_ceil(16 << 20)).clamp(1, 9_000) as u16;
    let stored = (u32::from(parts) * u32::from(percent) / 100) as u16;
    let busy = stage == Stage::Uploading;
    let over = stage.is_over();
    View {
        name: name.into(),
        size,
        reason,
        bytes: size / 100 * u64::from(percent),
        wire_size: size,
        wire_bytes: size / 100 * u64::from(percent),
        percent,
        speed: busy.then_some(23_400_000),
        eta: busy.then(|| size / 100 * u64::from(100 - percent) / 23_400_000),
        lanes: if busy { 4 } else { 0 },
        parts: PartsView {
            count: parts,
            stored,
            checked: stored,
            strip: strip(usize::from(parts.min(128)), percent, busy),
        },
        actions: Actions {
            pause: matches!(stage, Stage::Queued | Stage::Hashing | Stage::Uploading | Stage::Waiting),
            resume: stage == Stage::Paused || matches!(reason, Some(Reason::Reloaded | Reason::PermissionNeeded)),
            cancel: !over,
            retry: stage == Stage::Failed,
            pick: matches!(reason, Some(Reason::PickAgain | Reason::DifferentFile | Reason::FileGone)),
            dismiss: over,
            take_over: reason == Some(Reason::OtherTab),
        },
        ..example::upload(ROOM, id, stage)
    }
}

fn strip(cells: usize, percent: u8, busy: bool) -> Vec<Cell> {
    let stored = cells * usize::from(percent) / 100;
    (0..cells)
        .map(|at| match at {
            _ if at < stored => Cell::Stored,
            _ if busy && at == stored + 1 => Cell::Again,
            _ if busy && at < stored + 4 => Cell::InFlight,
            _ if busy && at < stored + 9 => Cell::Hashed,
            _ => Cell::Planned,
        })
        .collect()
}

fn uploads() -> Vec<View> {
    let mut folder =
        upload(2, "interview-harbour-master-camera-b-second-take.mov", 3_200 * MB, Stage::Uploading, None, 12);
    folder.path = "day 2/interviews".into();
    vec![
        upload(1, "rough-cut-v7.mov", 18_400 * MB, Stage::Uploading, None, 61),
        folder,
        upload(3, "sound-mix.wav", 640 * MB, Stage::Paused, None, 40),
        upload(4, "stills.zip", 220 * MB, Stage::Failed, Some(Reason::FileChanged), 30),
        upload(5, "colour-grade.cube", 2 * MB, Stage::Completing, None, 99),
        upload(6, "poster.pdf", 12 * MB, Stage::Completed, None, 100),
        upload(7, "drone.mp4", 5_100 * MB, Stage::NeedsFile, Some(Reason::PickAgain), 55),
        upload(8, "subtitles.srt", 84_000, Stage::Queued, None, 0),
    ]
}

fn reasons() -> Vec<View> {
    use Reason::*;
    let all = [
        (Stage::Waiting, Offline),
        (Stage::Waiting, Retrying),
        (Stage::Failed, NoProgress),
        (Stage::Failed, FileChanged),
        (Stage::NeedsFile, DifferentFile),
        (Stage::NeedsFile, FileGone),
        (Stage::NeedsFile, PermissionNeeded),
        (Stage::Failed, Unreadable),
        (Stage::NeedsFile, Reloaded),
        (Stage::NeedsFile, PickAgain),
        (Stage::Waiting, OtherTab),
        (Stage::Failed, QuotaExceeded),
        (Stage::Failed, TooManyUploads),
        (Stage::Failed, TooLarge),
        (Stage::Failed, AccessLost),
        (Stage::Failed, UploadLost),
        (Stage::Failed, RoomClosed),
        (Stage::Cancelled, AbortedElsewhere),
        (Stage::Completed, CompletedElsewhere),
        (Stage::Expired, Expired),
        (Stage::Failed, StorageRefused),
        (Stage::Failed, Corrupted),
        (Stage::Failed, ServerError),
    ];
    let row = |(n, (stage, reason)): (usize, (Stage, Reason))| {
        upload(n as u64, &format!("{}.mov", reason.as_str()), 900 * MB, stage, Some(reason), 37)
    };
    all.into_iter().enumerate().map(row).collect()
}

fn hostile() -> Vec<View> {
    let names = [
        "harmless\u{202e}fdp.exe".to_owned(),
        "<img src=x onerror=alert(1)>.html".to_owned(),
        format!("{}.tar.gz", "very-long-name-".repeat(40)),
        "مستند مهم جدا للمراجعة النهائية.docx".to_owned(),
        "a\u{0}b\nc\td.txt".to_owned(),
        "資料資料資料資料資料資料資料資料資料資料資料.pdf".to_owned(),
    ];
    let row = |(n, name): (usize, String)| upload(n as u64, &name, 90 * MB, Stage::Uploading, None, 37);
    names.into_iter().enumerate().map(row).collect()
}

fn room(role: Role, state: &str) -> RoomView {
    let empty = matches!(state, "empty" | "drop");
    let names = [
        "rough-cut-v6.mov",
        "storyboard.pdf",
        "location photos.zip",
        "theme-final-FINAL(2).wav",
        "budget.xlsx",
        "<b>bold</b>.html",
        "gpj\u{202e}exe.jpg",
        "README",
    ];
    let files = names.iter().enumerate().map(|(n, name)| file(n as u64, name)).collect();
    RoomView {
        room_id: ROOM,
        name: "Harbour film, rough cut".into(),
        sealed: false,
        role,
        member_id: MemberId::from_bytes([1; 16]),
        display_name: "Ada".into(),
        files: if empty { Vec::new() } else { files },
        next_files: (state == "room").then(|| "more".into()),
        uploads: if empty { Vec::new() } else { vec![other()] },
        last_seq: Some(12),
        quota: Some(Quota {
            max_bytes: 11_000 * GB,
            used_bytes: 2_713 * GB,
            max_files: 100_000,
            used_files: 812,
            max_open_uploads: 2_000,
            open_uploads: 9,
        }),
        upload_hosts: 1,
        upload_same_origin: false,
    }
}

fn file(n: u64, name: &str) -> FileInfo {
    FileInfo {
        file_id: FileId::from_bytes([n as u8 + 1; 16]),
        upload_id: UploadId::from_bytes([n as u8 + 1; 16]),
        meta: meta(name),
        size: 17_300 * MB / (n * n * 13 + 1),
        etag: String::new(),
        plan: Plan::new(17_300 * MB / (n * n * 13 + 1), None).unwrap(),
        seal: None,
        added_by: MemberId::from_bytes([n as u8 % 2 + 1; 16]),
        display_name: ["Ada", "Grace \u{202e}Hopper"][n as usize % 2].into(),
        added_at: browser::now_ms() - n * n * 3_700_000,
    }
}

fn meta(name: &str) -> Meta {
    Meta::Plain(FileMeta {
        v: 1,
        name: name.into(),
        path: String::new(),
        media_type: String::new(),
        last_modified: None,
    })
}

fn other() -> UploadInfo {
    UploadInfo {
        upload_id: UploadId::from_bytes([99; 16]),
        file_id: FileId::from_bytes([99; 16]),
        meta: meta("timelapse-harbour.braw"),
        size: 84 * GB,
        state: UploadState::Uploading,
        member_id: MemberId::from_bytes([2; 16]),
        display_name: "Grace".into(),
        mine: false,
        bytes_uploaded: 31 * GB,
        started_at: 0,
    }
}
