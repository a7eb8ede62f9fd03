//! Horizontal bars, one a contestant. Colours follow the reader's scheme.

use std::fmt::Write as _;

use crate::contestant::Contestant;
use crate::rounds::Outcome;

const ROW: usize = 28;
const STYLE: &str =
    "text{fill:#333}.o{fill:#1f6feb}.p{fill:#b6bec9}@media(prefers-color-scheme:dark){text{fill:#ddd}.p{fill:#57606a}}";

pub(super) fn draw(outcome: &Outcome) -> String {
    let best = outcome.figures.iter().filter_map(|figures| figures.speed.median()).fold(1.0, f64::max);
    let height = outcome.figures.len() * ROW + 8;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n<style>{STYLE}</style>\n"
    );
    for (index, figures) in outcome.figures.iter().enumerate() {
        let median = figures.speed.median().unwrap_or(0.0);
        let class = if figures.contestant == Contestant::Slipway { "o" } else { "p" };
        let (top, width) = (index * ROW + 4, median / best * 400.0);
        let _ = writeln!(
            svg,
            "<text x=\"0\" y=\"{}\">{}</text><rect class=\"{class}\" x=\"210\" y=\"{top}\" width=\"{width:.1}\" height=\"20\" rx=\"3\"/><text x=\"{:.1}\" y=\"{}\">{median:.0} MiB/s</text>",
            top + 15,
            figures.contestant.name(),
            width + 218.0,
            top + 15,
        );
    }
    svg.push_str("</svg>\n");
    svg
}
