//! Effects, type-erased: Leptos' own are generic and compiled again for each use, which costs page size (decision 7).

use leptos::prelude::*;

/// Runs now, and again whenever a signal that it read has changed.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    Effect::new(Box::new(run) as Box<dyn FnMut()>);
}
