//! Asks whether picked files continue unfinished uploads of the same name and size.

use leptos::prelude::*;
use wasm_client::Offer;

use crate::model::state;
use crate::text::names::visible;
use crate::text::others;
use crate::view::parts::{Glyph, Icon, Modal};

/// Names that are listed; the others are counted.
const LISTED: usize = 5;

/// One question for all such files.
#[component]
pub(crate) fn OffersDialog() -> impl IntoView {
    let ctx = state::ctx();
    let open = Memo::new(move |_| ctx.offers.with(|offers| !offers.is_empty()));
    let label = Memo::new(move |_| ctx.offers.with(|offers| title(offers)));
    let close = Callback::new(move |()| {
        let dropped = ctx.client().drop_offers();
        ctx.offers.set(Vec::new());
        if dropped > 0 {
            ctx.toast(others::not_added(dropped as u64));
        }
    });
    let answer = move |go_on: bool| {
        ctx.client().answer_offers(go_on);
        ctx.offers.set(Vec::new());
    };
    view! {
        <Modal open label on_close=close>
            <h2>{move || ctx.offers.with(|offers| title(offers))}</h2>
            <p>{others::OFFER_TEXT}</p>
            <ul class="offers" data-testid="offers">
                {move || ctx.offers.with(|offers| offers.iter().take(LISTED).map(line).collect_view())}
            </ul>
            <p class="muted small">{move || ctx.offers.with(|offers| more(offers.len()))}</p>
            <div class="dialog-buttons">
                <button type="button" class="btn" data-testid="offer-anew" on:click=move |_| answer(false)>{others::UPLOAD_AGAIN}</button>
                <button type="button" class="btn btn-primary" data-testid="offer-continue" autofocus on:click=move |_| answer(true)>
                    <Glyph icon=Icon::Play/>{others::GO_ON}
                </button>
            </div>
        </Modal>
    }
}

fn line(offer: &Offer) -> impl IntoView + use<> {
    let who = match &offer.who {
        Some(who) => others::begun_by(&visible(who)),
        None => others::BEGUN_HERE.to_owned(),
    };
    view! {
        <li>
            <bdi class="strong">{visible(&offer.name)}</bdi>
            <span class="muted small">{others::offer_amount(offer.bytes, offer.size)}<bdi>{who}</bdi></span>
        </li>
    }
}

fn title(offers: &[Offer]) -> String {
    match offers {
        [] => String::new(),
        [one] => others::offer_title(&visible(&one.name)),
        many => others::offers_title(many.len() as u64),
    }
}

fn more(count: usize) -> Option<String> {
    (count > LISTED).then(|| others::offers_more((count - LISTED) as u64))
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::id::RoomId;
    use wasm_client::LocalId;

    use super::*;

    fn offer(name: &str) -> Offer {
        Offer { id: LocalId(1), room: RoomId::from_bytes([1; 16]), name: name.into(), size: 5, bytes: 2, who: None }
    }

    #[test]
    fn one_is_named_and_many_are_counted() {
        assert_eq!(title(&[offer("a\u{202e}b")]), format!("Go on with {}?", visible("a\u{202e}b")));
        assert_eq!(title(&[offer("a"), offer("b")]), "Go on with 2 unfinished files?");
        assert_eq!((more(5), more(7)), (None, Some("and 2 more".into())));
    }
}
