//! `Show`, `For` and effects as Leptos has them, but in the page once: its own are compiled anew for each place that
//! uses them.

use std::hash::{Hash, Hasher};

use leptos::children::ViewFn;
use leptos::prelude::*;

/// What decides whether a view is shown.
pub(crate) struct Test(Box<dyn Fn() -> bool + Send + Sync>);

impl<F: Fn() -> bool + Send + Sync + 'static> From<F> for Test {
    fn from(test: F) -> Self {
        Self(Box::new(test))
    }
}

/// Its children while the test holds, and the fallback while it does not.
#[component]
pub(crate) fn Show(
    #[prop(into)] when: Test,
    children: ChildrenFn,
    #[prop(optional, into)] fallback: ViewFn,
) -> impl IntoView {
    let holds = ArcMemo::new(move |_| (when.0)());
    move || if holds.get() { children() } else { fallback.run() }
}

/// Does something now, and again each time that what it looked at has changed.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    Effect::new(Box::new(run) as Box<dyn FnMut()>);
}

/// A row that is not drawn yet.
struct Item {
    key: Vec<u8>,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

/// A list whose rows stay as they are while their keys stay.
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

/// All that a key tells a hasher: what no other key tells it.
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
    fn other_keys_have_other_bytes() {
        assert_eq!(bytes(&("a", "bc".to_owned())), bytes(&("a", "bc".to_owned())));
        assert_ne!(bytes(&("a", "bc")), bytes(&("ab", "c")));
        assert_ne!(bytes(&(1_u64, true)), bytes(&(1_u64, false)));
    }
}
