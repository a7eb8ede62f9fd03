//! The speed limit of this page, kept on this device.

use leptos::prelude::*;

use crate::browser;
use crate::model::state::Ctx;
use crate::view::parts::effect;

const MB: u64 = 1_000_000;
const KEY: &str = "slipway-speed-limit";

/// The limit as it is chosen now, in bytes per second.
pub(crate) fn chosen(ctx: Ctx) -> Option<u64> {
    let (choice, custom) = ctx.cap;
    match choice.get().as_str() {
        "none" => None,
        "custom" => custom.with(|text| bytes_per_second(text, browser::number)),
        fixed => bytes_per_second(fixed, browser::number),
    }
}

/// Sets the limit that was chosen before the page was loaded, and keeps what is chosen from now on.
pub(crate) fn follow(ctx: Ctx) {
    let (choice, custom) = ctx.cap;
    if let Some((kept_choice, kept_custom)) = browser::kept(KEY).as_deref().and_then(read) {
        choice.set(kept_choice);
        custom.set(kept_custom);
    }
    let cap = Memo::new(move |_| chosen(ctx));
    let mut before = None;
    effect(move || {
        let now = if ctx.ready.get() { cap.get() } else { None };
        if before != now {
            ctx.client().set_cap(now);
        }
        before = now;
    });
    effect(move || {
        let text = written(&choice.get(), &custom.get());
        browser::keep(KEY, text.as_deref());
    });
}

/// What is kept of a choice; nothing of `none`.
fn written(choice: &str, custom: &str) -> Option<String> {
    (choice != "none").then(|| format!("{choice} {}", custom.trim()))
}

/// Choice and typed number of what was kept; none of what this page did not write.
fn read(kept: &str) -> Option<(String, String)> {
    let (choice, custom) = kept.split_once(' ')?;
    let is_known = choice == "custom" || CHOICES.contains(&choice);
    is_known.then(|| (choice.to_owned(), custom.to_owned()))
}

/// The limits that need no typing, in megabytes per second.
pub(crate) const CHOICES: [&str; 5] = ["none", "1", "5", "10", "50"];

/// From megabytes as typed. What is no number, or nothing, is no limit. `number` reads one.
fn bytes_per_second(megabytes: &str, number: fn(&str) -> f64) -> Option<u64> {
    let number = number(&megabytes.trim().replace(',', "."));
    (number > 0.0 && number.is_finite()).then(|| (number * MB as f64).max(1.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_kept_as_it_was_made() {
        for (choice, custom) in [("5", "2"), ("custom", "0,5"), ("custom", "")] {
            let kept = written(choice, custom).unwrap();
            assert_eq!(read(&kept), Some((choice.to_owned(), custom.to_owned())));
        }
        assert_eq!(written("none", "2"), None);
        assert_eq!(read("7 2"), None);
        assert_eq!(read("nonsense"), None);
    }

    #[test]
    fn limits_are_read_as_people_type_them() {
        let read = |text| bytes_per_second(text, |text| text.parse().unwrap_or(f64::NAN));
        assert_eq!(read("10"), Some(10 * MB));
        assert_eq!(read(" 0,5 "), Some(MB / 2));
        assert_eq!(read("0"), None);
        assert_eq!(read("-3"), None);
        assert_eq!(read("fast"), None);
    }
}
