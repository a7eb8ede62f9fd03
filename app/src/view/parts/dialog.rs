//! Dialogs: the native `<dialog>`, with its focus trap and Escape.

use leptos::html;
use leptos::prelude::*;

use crate::model::effect::effect;
use crate::model::state::{self, Question};
use crate::text::frame::GO_BACK;

/// A modal dialog, open while `open` is true. `on_close` runs when the user closes it.
#[component]
pub(crate) fn Modal(
    open: Memo<bool>,
    label: Memo<String>,
    on_close: Callback<()>,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    effect(move || {
        let Some(dialog) = node.get() else { return };
        match (open.get(), dialog.open()) {
            // Fails only for a dialog that was removed from the document.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    // The content covers the whole dialog, so a click whose target is the dialog is one on the backdrop.
    let on_backdrop = move |event: leptos::ev::MouseEvent| {
        if node.get_untracked().is_some_and(|dialog| event.target().is_some_and(|at| at == ****dialog)) {
            on_close.run(());
        }
    };
    view! {
        <dialog class="dialog" node_ref=node aria-label=label on:close=move |_| on_close.run(()) on:click=on_backdrop>
            <div class="dialog-in">{children()}</div>
        </dialog>
    }
}

/// The confirmation of [`state::Ctx::ask`].
#[component]
pub(crate) fn QuestionDialog() -> impl IntoView {
    let ctx = state::ctx();
    let open = Memo::new(move |_| ctx.question.with(Option::is_some));
    let title = move || ctx.question.with(|question| question.as_ref().map(|question| question.title.clone()));
    let close = Callback::new(move |()| ctx.question.set(None));
    view! {
        <Modal open label=Memo::new(move |_| title().unwrap_or_default()) on_close=close>
            {move || ctx.question.get().map(|question| view! { <Asked question close/> })}
        </Modal>
    }
}

#[component]
fn Asked(question: Question, close: Callback<()>) -> impl IntoView {
    let Question { title, text, yes, on_yes } = question;
    // Closed first: the action may ask another question, which closing would remove.
    let agree = move |_| {
        close.run(());
        on_yes.run(());
    };
    view! {
        <h2>{title}</h2>
        <p>{text}</p>
        <div class="dialog-buttons">
            <button type="button" class="btn" data-testid="dialog-no" on:click=move |_| close.run(())>{GO_BACK}</button>
            <button type="button" class="btn btn-danger" data-testid="dialog-yes" on:click=agree>{yes}</button>
        </div>
    }
}
