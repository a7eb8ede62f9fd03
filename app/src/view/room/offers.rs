//! The question when a picked file looks like one that was begun and not finished.

use leptos::prelude::*;
use wasm_client::Offer;

use crate::model::names::visible;
use crate::model::{format, state};
use crate::view::parts::{Glyph, Icon, Modal};

/// So many names are listed.
const LISTED: usize = 5;

/// Asks once for all files that wait.
#[component]
pub(crate) fn OffersDialog() -> impl IntoView {
    let ctx = state::ctx();
    let open = Memo::new(move |_| ctx.offers.with(|offers| !offers.is_empty()));
    let label = Memo::new(move |_| ctx.offers.with(|offers| title(offers)));
    let close = Callback::new(move |()| {
        let dropped = ctx.client().drop_offers();
        ctx.offers.set(Vec::new());
        if dropped > 0 {
            ctx.toast(format!("{} not added.", format::count(dropped as u64, "file")));
        }
    });
    let answer = move |go_on: bool| {
        ctx.client().answer_offers(go_on);
        ctx.offers.set(Vec::new());
    };
    view! {
        <Modal open label on_close=close>
            <h2>{move || ctx.offers.with(|offers| title(offers))}</h2>
            <p>"If it is the same file, only what is missing is sent. That is checked by its content, part by part."</p>
            <ul class="offers" data-testid="offers">
                {move || ctx.offers.with(|offers| offers.iter().take(LISTED).map(line).collect_view())}
            </ul>
            <p class="muted small">{move || ctx.offers.with(|offers| more(offers.len()))}</p>
            <div class="dialog-buttons">
                <button type="button" class="btn" data-testid="offer-anew" on:click=move |_| answer(false)>"Upload anew"</button>
                <button type="button" class="btn btn-primary" data-testid="offer-continue" autofocus on:click=move |_| answer(true)>
                    <Glyph icon=Icon::Play/>"Go on"
                </button>
            </div>
        </Modal>
    }
}

fn line(offer: &Offer) -> impl IntoView + use<> {
    let who = match &offer.who {
        Some(who) => format!("begun by {}", visible(who)),
        None => "begun on this device".to_owned(),
    };
    view! {
        <li>
            <bdi class="strong">{visible(&offer.name)}</bdi>
            <span class="muted small">{format!("{}, ", format::bytes_of(offer.bytes, offer.size))}<bdi>{who}</bdi></span>
        </li>
    }
}

fn title(offers: &[Offer]) -> String {
    match offers {
        [] => String::new(),
        [one] => format!("Go on with {}?", visible(&one.name)),
        many => format!("Go on with {}?", format::count(many.len() as u64, "unfinished file")),
    }
}

fn more(count: usize) -> Option<String> {
    (count > LISTED).then(|| format!("and {} more", format::grouped((count - LISTED) as u64)))
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::id::RoomId;

    use super::*;

    fn offer(name: &str) -> Offer {
        Offer { room: RoomId::from_bytes([1; 16]), name: name.into(), size: 5, bytes: 2, who: None }
    }

    #[test]
    fn one_is_named_and_many_are_counted() {
        assert_eq!(title(&[offer("a\u{202e}b")]), format!("Go on with {}?", visible("a\u{202e}b")));
        assert_eq!(title(&[offer("a"), offer("b")]), "Go on with 2 unfinished files?");
        assert_eq!((more(5), more(7)), (None, Some("and 2 more".into())));
    }
}
