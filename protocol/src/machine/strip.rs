//! The strip of cells that a person sees, kept up to date by counting.

use super::{Cell, STRIP_CELLS};
use crate::prelude::*;
use crate::wire::id::PartNumber;

const KINDS: usize = 5;

/// For each cell, the number of its parts of each kind.
#[derive(Clone, Debug)]
pub(super) struct Strip {
    parts: u32,
    cells: Vec<[u16; KINDS]>,
}

impl Strip {
    /// All parts planned.
    pub(super) fn new(parts: u16) -> Self {
        let parts = u32::from(parts);
        let count = parts.min(STRIP_CELLS as u32);
        let mut strip = Self { parts, cells: vec![[0; KINDS]; count as usize] };
        for index in 0..parts {
            let cell = strip.cell_of(index);
            strip.cells[cell][Cell::Planned as usize] += 1;
        }
        strip
    }

    fn cell_of(&self, index: u32) -> usize {
        (index as usize * self.cells.len()) / self.parts as usize
    }

    pub(super) fn change(&mut self, part: PartNumber, from: Cell, to: Cell) {
        if from != to {
            let cell = self.cell_of(part.index());
            self.cells[cell][from as usize] -= 1;
            self.cells[cell][to as usize] += 1;
        }
    }

    /// What to show: the least advanced, unless one is on its way.
    pub(super) fn cells(&self) -> Vec<Cell> {
        const SHOWN_FIRST: [Cell; KINDS] = [Cell::Again, Cell::InFlight, Cell::Planned, Cell::Hashed, Cell::Stored];
        let shown = |counts: &[u16; KINDS]| SHOWN_FIRST.into_iter().find(|cell| counts[*cell as usize] > 0);
        self.cells.iter().map(|counts| shown(counts).unwrap_or(Cell::Planned)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u16) -> PartNumber {
        PartNumber::new(number).unwrap()
    }

    #[test]
    fn ten_thousand_parts_share_128_cells() {
        for parts in [1, 2, 127, 128, 129, 9_999, 10_000] {
            let strip = Strip::new(parts);
            assert_eq!(strip.cells().len(), usize::from(parts).min(128), "{parts} parts");
            let counted: u32 = strip.cells.iter().flatten().map(|count| u32::from(*count)).sum();
            assert_eq!(counted, u32::from(parts));
        }
    }

    #[test]
    fn a_cell_shows_what_is_under_way_before_what_is_behind() {
        let mut strip = Strip::new(256);
        strip.change(part(1), Cell::Planned, Cell::Stored);
        assert_eq!(strip.cells()[0], Cell::Planned);
        strip.change(part(2), Cell::Planned, Cell::InFlight);
        assert_eq!(strip.cells()[0], Cell::InFlight);
        strip.change(part(2), Cell::InFlight, Cell::Stored);
        assert_eq!(strip.cells()[..2], [Cell::Stored, Cell::Planned]);
    }
}
