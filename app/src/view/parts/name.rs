//! Names of files and people: text of others, shown so that it can't spill into what stands around it.

use leptos::prelude::*;

use super::{Glyph, Icon};
use crate::model::names::{self, Kind, SafeName};

/// A file's name in its own direction, cut in the middle where the place is short.
#[component]
pub(crate) fn Name(
    /// As it came; anything may be in it.
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

/// The folders above a file; nothing for a file picked alone.
#[component]
pub(crate) fn Folder(path: String) -> impl IntoView {
    (!path.is_empty()).then(|| {
        let path = names::visible(&path);
        view! { <bdi class="folder" title=path.clone()>{path.clone()}</bdi> }
    })
}

/// The icon for what a file's name says it is.
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
