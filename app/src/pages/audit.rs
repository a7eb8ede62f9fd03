//! `/r/{roomId}/audit`: what happened in the room, for those who manage it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::AuditEntry;
use slipway_protocol::wire::id::{MemberId, RoomId};

use crate::model::state::{self, Ctx};
use crate::text::audit::*;
use crate::text::names::visible;
use crate::view::parts::A;
use crate::view::parts::{Icon, Lost, Show};
use crate::{browser, text};

/// The page of one room's log.
#[component]
pub(crate) fn AuditPage() -> impl IntoView {
    let id = state::ctx().router.room();
    let room = Memo::new(move |_| id.with(|id| id.parse::<RoomId>().ok()));
    move || match room.get() {
        Some(room) => view! { <Log room/> }.into_any(),
        None => view! { <Lost icon=Icon::List title=NO_ROOM.into() text=NO_ROOM_TEXT.into()/> }.into_any(),
    }
}

/// Members with their names; of several names of one member, the last one is shown.
type Names = Vec<(MemberId, String)>;

/// The loaded entries. A handle: copies share their state.
#[derive(Clone, Copy)]
struct Loaded {
    room: RoomId,
    entries: RwSignal<Vec<AuditEntry>>,
    next: RwSignal<Option<u64>>,
    busy: RwSignal<bool>,
    error: RwSignal<Option<String>>,
}

impl Loaded {
    fn more(self, ctx: Ctx) {
        let after = self.next.get_untracked().unwrap_or(0);
        self.busy.set(true);
        spawn_local(async move {
            let answer = ctx.client().audit(self.room, after).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(page) => {
                    self.error.set(None);
                    self.next.set(page.next_after);
                    self.entries.update(|entries| entries.extend(page.entries));
                }
                Err(error) => self.error.set(Some(text::error_text(&error))),
            }
        });
    }
}

#[component]
fn Log(room: RoomId) -> impl IntoView {
    let ctx = state::ctx();
    let loaded = Loaded {
        room,
        entries: RwSignal::default(),
        next: RwSignal::new(None),
        busy: RwSignal::new(false),
        error: RwSignal::new(None),
    };
    loaded.more(ctx);
    let names = StoredValue::new(Names::new());
    spawn_local(async move {
        // Without names the table shows ids.
        if let Ok(view) = ctx.client().room(room).await {
            let files = view.files.into_iter().map(|file| (file.added_by, file.display_name));
            let uploads = view.uploads.into_iter().map(|upload| (upload.member_id, upload.display_name));
            let all = files.chain(uploads).chain([(view.member_id, view.display_name)]);
            let known = all.map(|(member, name)| (member, text::label_text(&name))).collect();
            names.try_update_value(|names| *names = known);
            // Draws again the rows that were there before the names.
            loaded.entries.try_update(|_| ());
        }
    });
    let more = move || loaded.next.with(Option::is_some) && !loaded.busy.get();
    view! {
        <section class="section audit">
            <p><A href=format!("/r/{room}") class="link">{BACK}</A></p>
            <h1>{TITLE}</h1>
            <p class="muted">{ABOUT}</p>
            <p class="form-error" role="alert">{move || loaded.error.get()}</p>
            <div class="table-wrap" tabindex="0" role="region" aria-label=LOG>
                <table>
                    <thead>
                        <tr>{COLUMNS.map(|column| view! { <th scope="col">{column}</th> }).collect_view()}<th></th></tr>
                    </thead>
                    <tbody>
                        {move || loaded.entries.get().into_iter().map(|entry| view! { <Row entry names room/> }).collect_view()}
                    </tbody>
                </table>
            </div>
            <p class="muted" aria-live="polite">{move || loaded.busy.get().then_some(LOADING)}</p>
            <Show when=more>
                <button type="button" class="btn" on:click=move |_| loaded.more(ctx)>{MORE}</button>
            </Show>
        </section>
    }
}

#[component]
fn Row(entry: AuditEntry, names: StoredValue<Names>, room: RoomId) -> impl IntoView {
    let name = |id: MemberId| {
        names
            .with_value(|names| names.iter().rev().find(|(known, _)| *known == id).map(|(_, name)| name.clone()))
            .unwrap_or_else(|| short(&id.to_string()))
    };
    let subject = entry.subject.parse().map_or_else(|_| short(&entry.subject), name);
    let who = entry.member_id.map_or_else(|| SLIPWAY.into(), name);
    let joined = entry.member_id.filter(|_| entry.action == "member-joined");
    view! {
        <tr data-testid="audit-entry" data-action=entry.action.clone()>
            <td class="number">{entry.seq}</td>
            <td>{browser::local_time(entry.at)}</td>
            <td><bdi>{visible(&who)}</bdi></td>
            <td>{text::action_text(&entry.action)}</td>
            <td title=entry.subject.clone()><bdi>{visible(&subject)}</bdi></td>
            <td>{joined.map(|member| view! { <RemoveMember room member who=who.clone()/> })}</td>
        </tr>
    }
}

#[component]
fn RemoveMember(room: RoomId, member: MemberId, who: String) -> impl IntoView {
    let ctx = state::ctx();
    let remove = move || {
        spawn_local(async move {
            match ctx.client().remove_member(room, member).await {
                Ok(()) => ctx.toast(REMOVED),
                Err(error) => ctx.toast_error(text::error_text(&error)),
            }
        });
    };
    let mine = ctx.saved_now(room).is_some_and(|saved| saved.member_id == member);
    let ask = move |_| {
        ctx.ask(remove_title(&visible(&who)), REMOVE_TEXT, REMOVE, remove);
    };
    (!mine).then(|| view! { <button type="button" class="btn btn-small" on:click=ask>{REMOVE_MEMBER}</button> })
}

/// The first characters of an id, which are enough to distinguish ids.
fn short(text: &str) -> String {
    match text.char_indices().nth(10) {
        Some((cut, _)) => format!("{}…", visible(&text[..cut])),
        None => visible(text),
    }
}
