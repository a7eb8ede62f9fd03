//! The speed limit of all uploads, saved on this device.

use leptos::prelude::*;

use crate::browser;
use crate::model::effect::effect;
use crate::model::state::Ctx;

const MB: u64 = 1_000_000;
const KEY: &str = "slipway-speed-limit";

/// The chosen limit, in bytes per second.
pub(crate) fn chosen(ctx: Ctx) -> Option<u64> {
    let (choice, custom) = ctx.cap;
    match choice.get().as_str() {
        "none" => None,
        "custom" => custom.with(|text| bytes_per_second(text, browser::parse_number)),
        fixed => bytes_per_second(fixed, browser::parse_number),
    }
}

/// Restores the saved limit, then applies and saves every change.
pub(crate) fn follow(ctx: Ctx) {
    let (choice, custom) = ctx.cap;
    if let Some((saved_choice, saved_custom)) = browser::load_text(KEY).as_deref().and_then(decode) {
        choice.set(saved_choice);
        custom.set(saved_custom);
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
        let text = encode(&choice.get(), &custom.get());
        browser::save_text(KEY, text.as_deref());
    });
}

/// A choice as it is saved; none for `none`.
fn encode(choice: &str, custom: &str) -> Option<String> {
    (choice != "none").then(|| format!("{choice} {}", custom.trim()))
}

/// Choice and typed number of a saved text; none for a text that this page did not write.
fn decode(saved: &str) -> Option<(String, String)> {
    let (choice, custom) = saved.split_once(' ')?;
    let is_known = choice == "custom" || CHOICES.contains(&choice);
    is_known.then(|| (choice.to_owned(), custom.to_owned()))
}

/// The limits that need no typing, in megabytes per second.
pub(crate) const CHOICES: [&str; 5] = ["none", "1", "5", "10", "50"];

/// From megabytes per second as typed; none for anything but a positive number.
fn bytes_per_second(megabytes: &str, parse: fn(&str) -> f64) -> Option<u64> {
    // Many languages write decimals with a comma.
    let number = parse(&megabytes.trim().replace(',', "."));
    (number > 0.0 && number.is_finite()).then(|| (number * MB as f64).max(1.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_saved_and_restored() {
        for (choice, custom) in [("5", "2"), ("custom", "0,5"), ("custom", "")] {
            let saved = encode(choice, custom).unwrap();
            assert_eq!(decode(&saved), Some((choice.to_owned(), custom.to_owned())));
        }
        assert_eq!(encode("none", "2"), None);
        assert_eq!(decode("7 2"), None);
        assert_eq!(decode("nonsense"), None);
    }

    #[test]
    fn typed_limits_are_parsed() {
        let read = |text| bytes_per_second(text, |text| text.parse().unwrap_or(f64::NAN));
        assert_eq!(read("10"), Some(10 * MB));
        assert_eq!(read(" 0,5 "), Some(MB / 2));
        assert_eq!(read("0"), None);
        assert_eq!(read("-3"), None);
        assert_eq!(read("fast"), None);
    }
}
