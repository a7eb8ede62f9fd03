//! The strip of parts as SVG: one path for each kind of cell, whatever the number of cells.

use wasm_client::Cell;

/// All kinds in drawing order, with their class names.
pub const KINDS: [(Cell, &str); 5] = [
    (Cell::Planned, "planned"),
    (Cell::Hashed, "hashed"),
    (Cell::InFlight, "inflight"),
    (Cell::Again, "again"),
    (Cell::Stored, "stored"),
];

/// Up to this many cells are drawn with gaps; with more, the gaps would be narrower than a pixel.
const CELLS_APART: usize = 64;

/// The path of all cells of one kind, in a box as wide as there are cells and 1 high.
pub fn path(strip: &[Cell], kind: Cell) -> String {
    let mut d = String::new();
    if strip.len() > CELLS_APART {
        let mut at = 0;
        for run in strip.chunk_by(|a, b| a == b) {
            if run[0] == kind {
                d.push_str(&format!("M{at} 0h{0}v1h-{0}z", run.len()));
            }
            at += run.len();
        }
        return d;
    }
    // In thousandths of a cell. The gaps are about 2 px on a strip of 500 px.
    let width = 1_000 - 4 * strip.len();
    for (at, _) in strip.iter().enumerate().filter(|(_, cell)| **cell == kind) {
        d.push_str(&format!("M{at} 0h0.{width:03}v1h-0.{width:03}z"));
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_in_exactly_one_path() {
        let strip = [Cell::Stored, Cell::Stored, Cell::Again, Cell::InFlight, Cell::Hashed, Cell::Planned];
        let cells: Vec<_> = KINDS.iter().map(|(kind, _)| path(&strip, *kind).matches('M').count()).collect();
        assert_eq!(cells, [1, 1, 1, 1, 2]);
    }

    #[test]
    fn cells_are_drawn_with_a_gap() {
        assert_eq!(path(&[Cell::Planned, Cell::Stored], Cell::Stored), "M1 0h0.992v1h-0.992z");
        assert_eq!(path(&[Cell::Planned], Cell::Stored), "");
    }

    #[test]
    fn many_cells_are_drawn_as_runs() {
        let mut strip = vec![Cell::Stored; 128];
        strip[100] = Cell::Again;
        assert_eq!(path(&strip, Cell::Stored), "M0 0h100v1h-100zM101 0h27v1h-27z");
        assert_eq!(path(&strip, Cell::Again), "M100 0h1v1h-1z");
    }
}
