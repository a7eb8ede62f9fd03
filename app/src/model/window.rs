//! The window of a virtual list: which rows are drawn.

use std::ops::Range;

/// Rows drawn above and below the viewport, so that fast scrolling shows no gap.
const MARGIN_ROWS: usize = 6;
/// Up to this many rows, all are drawn.
pub const DRAW_ALL: usize = 40;

/// The rows to draw. `scroll`, `height` and `row` are in pixels.
pub fn visible(rows: usize, scroll: f64, height: f64, row: f64) -> Range<usize> {
    if rows <= DRAW_ALL || row <= 0.0 {
        return 0..rows.min(DRAW_ALL);
    }
    let first = (scroll.max(0.0) / row) as usize;
    let shown = (height.max(0.0) / row).ceil() as usize + 1;
    // Scrolled past the end because rows were removed: the last ones.
    let first = first.min(rows.saturating_sub(shown));
    first.saturating_sub(MARGIN_ROWS)..(first + shown + MARGIN_ROWS).min(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_is_drawn_whole() {
        assert_eq!(visible(0, 0.0, 600.0, 80.0), 0..0);
        assert_eq!(visible(40, 5_000.0, 600.0, 80.0), 0..40);
    }

    #[test]
    fn a_long_list_is_drawn_around_the_viewport() {
        assert_eq!(visible(10_000, 0.0, 600.0, 80.0), 0..15);
        assert_eq!(visible(10_000, 80_000.0, 600.0, 80.0), 994..1_015);
        assert_eq!(visible(10_000, 799_400.0, 600.0, 80.0), 9_985..10_000);
    }

    #[test]
    fn odd_sizes_still_draw_rows() {
        assert_eq!(visible(100, 1e9, 600.0, 80.0), 85..100);
        assert_eq!(visible(100, -50.0, 0.0, 80.0), 0..7);
        assert_eq!(visible(100, 0.0, 600.0, 0.0), 0..40);
    }
}
