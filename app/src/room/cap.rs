//! The speed limit of this page.

use leptos::prelude::*;

use crate::state;

const MB: u64 = 1_000_000;

/// Limits all uploads together.
#[component]
pub(crate) fn Cap() -> impl IntoView {
    let ctx = state::ctx();
    let (choice, custom) = ctx.cap;
    let cap = Memo::new(move |_| match choice.get().as_str() {
        "none" => None,
        "custom" => custom.with(|text| bytes_per_second(text)),
        fixed => bytes_per_second(fixed),
    });
    Effect::new(move |before: Option<Option<u64>>| {
        let now = cap.get();
        // The first run finds what the client was told already.
        if before.is_some_and(|before| before != now) {
            ctx.client().set_cap(now);
        }
        now
    });
    view! {
        <span class="cap">
            <label class="cap-label">
                <span>"Speed limit"</span>
                <select class="select" data-testid="speed-cap" bind:value=choice>
                    <option value="none">"None"</option>
                    <option value="1">"1 MB/s"</option>
                    <option value="5">"5 MB/s"</option>
                    <option value="10">"10 MB/s"</option>
                    <option value="50">"50 MB/s"</option>
                    <option value="custom">"Other…"</option>
                </select>
            </label>
            <Show when=move || choice.with(|choice| choice == "custom")>
                <label class="cap-custom">
                    <input type="number" min="0.1" step="any" inputmode="decimal" aria-label="Limit in megabytes per second" bind:value=custom/>
                    "MB/s"
                </label>
            </Show>
        </span>
    }
}

/// From megabytes as typed. What is no number, or nothing, is no limit.
fn bytes_per_second(megabytes: &str) -> Option<u64> {
    let number: f64 = megabytes.trim().replace(',', ".").parse().ok()?;
    (number > 0.0 && number.is_finite()).then(|| (number * MB as f64).max(1.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_people_type_them() {
        assert_eq!(bytes_per_second("10"), Some(10 * MB));
        assert_eq!(bytes_per_second(" 0,5 "), Some(MB / 2));
        assert_eq!(bytes_per_second("0"), None);
        assert_eq!(bytes_per_second("-3"), None);
        assert_eq!(bytes_per_second("fast"), None);
    }
}
