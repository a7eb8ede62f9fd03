//! A router of our own: addresses, links, and navigation without loading (decision 7).

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlAnchorElement, MouseEvent};

/// A kind of page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Home,
    Room,
    Audit,
    #[cfg(feature = "gallery")]
    Gallery,
    /// An unknown address.
    Other,
}

/// The page of a path, and its room.
fn page(path: &str) -> (Page, Option<&str>) {
    let path = path.strip_suffix('/').unwrap_or(path);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts[..] {
        [] => (Page::Home, None),
        ["r", room] if !room.is_empty() => (Page::Room, Some(room)),
        ["r", room, "audit"] if !room.is_empty() => (Page::Audit, Some(room)),
        #[cfg(feature = "gallery")]
        ["gallery", shown] => (Page::Gallery, Some(shown)),
        _ => (Page::Other, None),
    }
}

/// Whether a link leads to the current page or to one above it.
pub(crate) fn is_above(link: &str, path: &str) -> bool {
    // Every address is below the start page, so a link to that would be marked on all of them.
    path.strip_prefix(link).is_some_and(|rest| rest.is_empty() || link != "/" && rest.starts_with('/'))
}

/// The current address. A handle: copies share it.
#[derive(Clone, Copy)]
pub(crate) struct Router {
    pub(crate) path: RwSignal<String>,
    /// With its `#`, or empty.
    pub(crate) hash: RwSignal<String>,
}

impl Router {
    /// Follows the address bar.
    pub(crate) fn new() -> Self {
        let router = Self { path: RwSignal::default(), hash: RwSignal::default() };
        router.read();
        window_event_listener(ev::popstate, move |_| router.read());
        window_event_listener(ev::click, move |event| router.clicked(&event));
        router
    }

    /// The current page.
    pub(crate) fn page(self) -> Memo<Page> {
        Memo::new(move |_| self.path.with(|path| page(path).0))
    }

    /// The room of the address. It keeps its value on a page without one, so that the room that is being left does not
    /// flicker.
    pub(crate) fn room(self) -> Memo<String> {
        Memo::new(move |before: Option<&String>| {
            let now = self.path.with(|path| page(path).1.map(str::to_owned));
            now.or_else(|| before.cloned()).unwrap_or_default()
        })
    }

    /// Navigates to an address of the page, and scrolls to its top.
    pub(crate) fn navigate(self, to: &str) {
        // The same address again would only add an entry to the history.
        if here() != to {
            self.change(to, false);
        }
        self.to_top();
    }

    /// The same, replacing the entry in the history.
    pub(crate) fn navigate_replacing(self, to: &str) {
        self.change(to, true);
        self.to_top();
    }

    /// Changes the address without scrolling.
    pub(crate) fn replace_url(self, to: &str) {
        self.change(to, true);
    }

    fn change(self, to: &str, replace: bool) {
        let history = window().history();
        let changed = history.and_then(|history| match replace {
            true => history.replace_state_with_url(&JsValue::UNDEFINED, "", Some(to)),
            false => history.push_state_with_url(&JsValue::UNDEFINED, "", Some(to)),
        });
        if changed.is_err() || here() != to {
            // Browsers limit the rate of history changes, some of them without an error: then the address is loaded.
            let location = window().location();
            let _ = if replace { location.replace(to) } else { location.assign(to) };
            return;
        }
        self.read();
    }

    /// Updates the signals from the address bar.
    fn read(self) {
        let here = window().location();
        for (signal, now) in [(self.path, here.pathname()), (self.hash, here.hash())] {
            let now = now.unwrap_or_default();
            // Setting a signal redraws its views, even with the same value.
            if signal.with_untracked(|before| *before != now) {
                signal.set(now);
            }
        }
    }

    fn to_top(self) {
        let named = self.hash.with_untracked(|hash| document().get_element_by_id(hash.trim_start_matches('#')));
        match named {
            Some(element) => element.scroll_into_view(),
            None => window().scroll_to_with_x_and_y(0.0, 0.0),
        }
    }

    /// Turns a plain click on a link within the page into navigation.
    fn clicked(self, event: &MouseEvent) {
        // With these keys a browser opens a tab or a window, or saves the target.
        let special = event.meta_key() || event.alt_key() || event.ctrl_key() || event.shift_key();
        if event.default_prevented() || event.button() != 0 || special {
            return;
        }
        let Some(link) = link_of(event) else { return };
        let is_ours = window().location().origin().is_ok_and(|origin| origin == link.origin());
        let is_plain = link.target().is_empty()
            && !link.has_attribute("download")
            && !link.rel().split(' ').any(|word| word == "external");
        if is_ours && is_plain && link.has_attribute("href") {
            event.prevent_default();
            self.navigate(&format!("{}{}{}", link.pathname(), link.search(), link.hash()));
        }
    }
}

fn link_of(event: &MouseEvent) -> Option<HtmlAnchorElement> {
    let at = event.target()?.dyn_into::<Element>().ok()?;
    // The target of a click can be an icon or a word within the link.
    at.closest("a").ok()??.dyn_into().ok()
}

/// The current address without the origin.
fn here() -> String {
    let location = window().location();
    [location.pathname(), location.search(), location.hash()].into_iter().filter_map(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_of_pages() {
        for (path, expected) in [
            ("/", (Page::Home, None)),
            ("", (Page::Home, None)),
            ("/r/abc", (Page::Room, Some("abc"))),
            ("/r/abc/", (Page::Room, Some("abc"))),
            ("/r/abc/audit", (Page::Audit, Some("abc"))),
            ("/r/", (Page::Other, None)),
            ("/r//audit", (Page::Other, None)),
            ("/r/abc/other", (Page::Other, None)),
            ("/R/abc", (Page::Other, None)),
            ("//", (Page::Other, None)),
        ] {
            assert_eq!(page(path), expected, "{path}");
        }
    }

    #[test]
    fn a_link_is_current_on_its_page_and_below() {
        assert!(is_above("/", "/") && !is_above("/", "/r/abc"));
        assert!(is_above("/r/abc", "/r/abc") && is_above("/r/abc", "/r/abc/audit"));
        assert!(!is_above("/r/abc", "/r/abcd") && !is_above("/r/abc", "/"));
    }
}
