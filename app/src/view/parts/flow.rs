//! `Show` and `For` with the interface of Leptos, but type-erased: Leptos' own are generic and compiled again for each use,
//! which costs page size (decision 7).

use std::hash::{Hash, Hasher};

use leptos::children::ViewFn;
use leptos::prelude::*;

/// Whether a view is shown.
pub(crate) struct Condition(Box<dyn Fn() -> bool + Send + Sync>);

impl<F: Fn() -> bool + Send + Sync + 'static> From<F> for Condition {
    fn from(condition: F) -> Self {
        Self(Box::new(condition))
    }
}

/// Shows its children while the condition holds, else the fallback.
#[component]
pub(crate) fn Show(
    #[prop(into)] when: Condition,
    children: ChildrenFn,
    #[prop(optional, into)] fallback: ViewFn,
) -> impl IntoView {
    // Children are drawn again when the condition changes, not whenever it is evaluated.
    let holds = ArcMemo::new(move |_| (when.0)());
    move || if holds.get() { children() } else { fallback.run() }
}

/// A row before it is drawn.
struct Item {
    key: Vec<u8>,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

/// A keyed list: a row is drawn once for its key.
#[component]
pub(crate) fn For<T: Send + 'static, K: Hash, V: IntoView + 'static>(
    each: impl Fn() -> Vec<T> + Send + 'static,
    key: impl Fn(&T) -> K + Send + 'static,
    children: impl Fn(T) -> V + Clone + Send + 'static,
) -> impl IntoView {
    let item = move |one: T| {
        let (key, children) = (bytes(&key(&one)), children.clone());
        Item { key, draw: Box::new(move || children(one).into_any()) }
    };
    list(Box::new(move || each().into_iter().map(&item).collect()))
}

fn list(each: Box<dyn Fn() -> Vec<Item> + Send>) -> AnyView {
    view! { <leptos::control_flow::For each=each key=|item| item.key.clone() children=|item: Item| (item.draw)()/> }
        .into_any()
}

/// The bytes that a key feeds to a hasher. Unlike its hash they differ for different keys.
fn bytes(key: &impl Hash) -> Vec<u8> {
    let mut bytes = Bytes::default();
    key.hash(&mut bytes);
    bytes.0
}

#[derive(Default)]
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_keys_have_different_bytes() {
        assert_eq!(bytes(&("a", "bc".to_owned())), bytes(&("a", "bc".to_owned())));
        assert_ne!(bytes(&("a", "bc")), bytes(&("ab", "c")));
        assert_ne!(bytes(&(1_u64, true)), bytes(&(1_u64, false)));
    }
}
