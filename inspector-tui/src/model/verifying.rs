//! What a verification said, and how far one is that runs.

use super::View;
use tosumu::Finding;
use tosumu::types::PageNo;

/// What verification said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// How deep it went.
    pub level: String,
    /// What it ran.
    pub checked: Vec<String>,
    /// What it did not run, and why.
    pub not_checked: Vec<String>,
    /// What it found.
    pub findings: Vec<Finding>,
    /// The exit status `verify` would have.
    pub exit: u8,
}

/// How far a verification is: pages by cells of a map, so that a file of any size fits.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verifying {
    /// About how many pages there are to look at.
    pub total: u32,
    /// Pages that were looked at.
    pub done: u32,
    /// Those of them that are not sound.
    pub bad: u32,
    /// Neighbouring pages, so many to a cell.
    pub cells: Vec<MapCell>,
    /// Pages to a cell.
    pub cell_pages: u32,
    /// What was found.
    pub findings: Vec<Finding>,
    /// The view that gave way to the map.
    pub before: Option<View>,
}

/// Pages that stand beside each other, on the map of a verification.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MapCell {
    /// Those found sound.
    pub sound: u32,
    /// Those found not to be.
    pub bad: u32,
}

impl Verifying {
    /// Most cells of a map.
    const CELLS_MAX: u32 = 8192;

    /// A map of so many pages, none of them looked at.
    pub fn of(pages: u32) -> Verifying {
        let cell_pages = pages.div_ceil(Verifying::CELLS_MAX).max(1);
        let cells = vec![MapCell::default(); pages.div_ceil(cell_pages) as usize];
        Verifying { cells, cell_pages, ..Verifying::default() }
    }

    /// A page was looked at.
    pub fn mark(&mut self, page: PageNo, sound: bool) {
        self.done += 1;
        self.bad += u32::from(!sound);
        let cell = self.cells.get_mut((page.0.saturating_sub(1) / self.cell_pages) as usize);
        match cell {
            Some(cell) if sound => cell.sound += 1,
            Some(cell) => cell.bad += 1,
            None => {}
        }
    }
}
