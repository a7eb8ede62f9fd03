//! Names from other people, isolated with `<bdi>` so that they can't reorder the text around them.

use leptos::prelude::*;

use super::{Glyph, Icon};
use crate::text::names::{self, Kind, SafeName};

/// A file's name in its own text direction, truncated in the middle.
#[component]
pub(crate) fn Name(
    /// Unescaped.
    name: String,
) -> impl IntoView {
    let safe = SafeName::new(&name);
    let whole = safe.whole();
    view! {
        <span class="name" title=whole>
            <bdi class="name-own">
                <span class="name-head">{safe.head}</span>
                <span class="name-tail">{safe.tail}</span>
            </bdi>
        </span>
    }
}

/// The path of a file's folders; nothing for a file that was picked without them.
#[component]
pub(crate) fn Folder(path: String) -> impl IntoView {
    (!path.is_empty()).then(|| {
        let path = names::visible(&path);
        view! { <bdi class="folder" title=path.clone()>{path.clone()}</bdi> }
    })
}

/// The icon of a file's type.
#[component]
pub(crate) fn KindIcon(name: String) -> impl IntoView {
    let kind = names::kind(&name);
    let (icon, class) = match kind {
        Kind::Image => (Icon::Image, "kind kind-image"),
        Kind::Video => (Icon::Video, "kind kind-video"),
        Kind::Audio => (Icon::Audio, "kind kind-audio"),
        Kind::Archive => (Icon::Archive, "kind kind-archive"),
        Kind::Document => (Icon::Document, "kind kind-document"),
        Kind::Code => (Icon::Code, "kind kind-code"),
        Kind::Other => (Icon::File, "kind"),
    };
    view! { <span class=class><Glyph icon/></span> }
}
