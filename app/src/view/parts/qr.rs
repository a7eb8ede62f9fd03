//! A QR code as one SVG path, without inner HTML.

use leptos::prelude::*;
use qrcode::{Color, EcLevel};

use crate::text::links::QR_LABEL;

/// The quiet zone around a code, in modules, as ISO/IEC 18004 wants it.
const QUIET: usize = 4;

/// The text as a QR code, dark on light in every theme: not all scanners read inverted codes.
#[component]
pub(crate) fn QrCode(text: String) -> impl IntoView {
    qrcode::QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).ok().map(|code| {
        let side = code.width() + 2 * QUIET;
        view! {
            <svg class="qr" viewBox=format!("0 0 {side} {side}") role="img" aria-label=QR_LABEL>
                <rect class="qr-paper" width=side height=side></rect>
                <path class="qr-ink" d=path(&code)></path>
            </svg>
        }
    })
}

fn path(code: &qrcode::QrCode) -> String {
    let width = code.width();
    let dark = code.to_colors().into_iter().enumerate().filter(|(_, color)| *color == Color::Dark);
    dark.map(|(at, _)| format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET)).collect()
}
