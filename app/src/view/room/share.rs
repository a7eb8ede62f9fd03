//! The room's links: copying, QR codes, replacing, ending.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::link::Role;

use crate::browser;
use crate::model::live::Live;
use crate::model::state::{self, Ctx};
use crate::text::{self, links};
use crate::view::parts::{For, Glyph, Icon, Modal, QrCode, Show};

/// The link whose QR code is shown.
type Shown = RwSignal<Option<(Role, String)>>;

/// The links saved on this device; for managers, all roles.
#[component]
pub(crate) fn Share(live: Live, role: Role) -> impl IntoView {
    let ctx = state::ctx();
    let shown: Shown = RwSignal::new(None);
    let roles = move || {
        let known = |role: &Role| link(ctx, live, *role).is_some();
        Role::ALL.into_iter().filter(|each| role.may_manage() || known(each)).collect::<Vec<_>>()
    };
    let none = move || roles().is_empty();
    view! {
        <section class="card side-card" id="share" tabindex="-1">
            <h2>{links::TITLE}</h2>
            <p class="muted small">{links::ABOUT}</p>
            <ul class="links">
                <For each=roles key=|role| *role let:each>
                    <LinkRow live role=each manages=role.may_manage() shown/>
                </For>
            </ul>
            <Show when=none><p class="empty">{links::NONE}</p></Show>
        </section>
        <LinkDialog shown/>
    }
}

fn link(ctx: Ctx, live: Live, role: Role) -> Option<String> {
    ctx.rooms.with(|rooms| {
        let saved = rooms.iter().find(|saved| saved.room == live.room)?;
        saved.links.iter().find(|(each, _)| *each == role).map(|(_, url)| url.clone())
    })
}

#[component]
fn LinkRow(live: Live, role: Role, manages: bool, shown: Shown) -> impl IntoView {
    let ctx = state::ctx();
    let url = Memo::new(move |_| link(ctx, live, role));
    let unsure = Memo::new(move |_| ctx.saved(live.room).is_some_and(|saved| saved.unsure.contains(&role)));
    let field = NodeRef::<html::Input>::new();
    let name = text::role_name(role);
    let copy = move |_| {
        let Some(input) = field.get_untracked() else { return };
        spawn_local(async move {
            match browser::copy(&input).await {
                true => ctx.toast(links::copied(role)),
                false => ctx.toast_error(links::COPY_REFUSED),
            }
        });
    };
    let show = move |_| shown.set(url.get_untracked().map(|url| (role, url)));
    view! {
        <li class="link-row">
            <div class="link-words">
                <strong>{name}</strong>
                <span class="muted small">{text::role_text(role)}</span>
            </div>
            <Show
                when=move || url.with(Option::is_some)
                fallback=move || view! { <p class="muted small link-none">{move || text::no_link_text(unsure.get())}</p> }
            >
                <div class="link-line">
                    <input
                        class="link-url mono"
                        type="text"
                        readonly
                        node_ref=field
                        data-testid=format!("link-{role}")
                        aria-label=links::link(role)
                        prop:value=move || url.get().unwrap_or_default()
                        on:focus=move |_| { if let Some(input) = field.get_untracked() { input.select() } }
                    />
                    <button type="button" class="icon-btn" data-testid=format!("copy-{role}") aria-label=links::copy(role) title=links::COPY on:click=copy>
                        <Glyph icon=Icon::Copy/>
                    </button>
                    <button type="button" class="icon-btn" aria-label=links::qr_of(role) title=links::QR on:click=show>
                        <Glyph icon=Icon::Qr/>
                    </button>
                </div>
            </Show>
            {manages.then(|| view! { <LinkActions live role url unsure/> })}
        </li>
    }
}

/// Buttons to replace and to end a link, each with a confirmation.
#[component]
fn LinkActions(live: Live, role: Role, url: Memo<Option<String>>, unsure: Memo<bool>) -> impl IntoView {
    let ctx = state::ctx();
    let rotate = move |_| {
        ctx.ask(links::replace_title(role), text::replace_text(role), links::REPLACE, move || {
            change(ctx, live, role, true);
        });
    };
    let revoke = move |_| {
        ctx.ask(links::end_title(role), text::end_text(role), links::END_YES, move || {
            change(ctx, live, role, false);
        });
    };
    let replace = move || match (url.with(Option::is_some), unsure.get()) {
        (true, _) => links::REPLACE,
        (false, true) => links::REPLACE_AGAIN,
        (false, false) => links::MAKE,
    };
    view! {
        <div class="link-power">
            <button type="button" class="text-btn" data-testid=format!("rotate-{role}") aria-label=move || links::replace_label(replace(), role) on:click=rotate>
                <Glyph icon=Icon::Swap/>{move || replace()}
            </button>
            // The manage link can only be replaced: a room without managers could not be repaired.
            <Show when=move || role != Role::Manage>
                <button type="button" class="text-btn text-btn-danger" data-testid=format!("revoke-{role}") aria-label=links::end(role) on:click=revoke>
                    <Glyph icon=Icon::Trash/>{links::END}
                </button>
            </Show>
        </div>
    }
}

fn change(ctx: Ctx, live: Live, role: Role, rotate: bool) {
    spawn_local(async move {
        let client = ctx.client();
        let done = match rotate {
            true => client.rotate_link(live.room, role).await.map(|_| links::REPLACED),
            false => client.revoke_link(live.room, role).await.map(|()| links::ENDED),
        };
        match done {
            Ok(text) => ctx.toast(text),
            Err(error) => ctx.toast_error(text::error_text(&error)),
        }
        // Also after a failure: without an answer the link may have changed, and is shown as unsure.
        ctx.rooms.set(client.saved_rooms());
    });
}

#[component]
fn LinkDialog(shown: Shown) -> impl IntoView {
    let open = Memo::new(move |_| shown.with(Option::is_some));
    let close = Callback::new(move |()| shown.set(None));
    let label = move || shown.get().map(|(role, _)| links::link(role)).unwrap_or_default();
    view! {
        <Modal open label=Memo::new(move |_| label()) on_close=close>
            {move || shown.get().map(|(role, url)| view! {
                <h2>{links::link(role)}</h2>
                <p class="muted">{text::role_text(role)}</p>
                <QrCode text=url/>
                <div class="dialog-buttons">
                    <button type="button" class="btn" on:click=move |_| close.run(())>{text::frame::CLOSE}</button>
                </div>
            })}
        </Modal>
    }
}
