//! The map of a file: a grid in the order of the file, a cell a page, or a sign for some neighbouring pages. It is the map of
//! a verification that runs, too.
//!
//! ```text
//!     1  L▆▓ B▁▓ L▇▓ L▅▓ ·   L▆×        a cell: kind, fill, check
//!     1  LBLL·LLLLvvvLLLLLLLTLLLL       a sign a page
//! 1,025  ▓▓▓▓▓▓▓▓▓▓▓×▓▓▓▓▒······        a sign is 64 pages
//! ```
//! Cells are asked for only where they are seen: the cost depends on the area, not on the file.

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style, widgets::Widget};

/// How near the map is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grain {
    /// A box for each page, with everything that is known of it.
    Tile,
    /// A cell of three signs for each page: kind, fill, check.
    Cell,
    /// A sign for so many neighbouring pages.
    Sign(u32),
}

/// What stands for a page or a run of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MapSign {
    /// The sign of the layer shown.
    pub sign: char,
    /// Its colour.
    pub family: Family,
    /// What a cell shows beside its kind: fill and check.
    pub beside: [(char, Family); 2],
}

/// What a box tells of a page.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MapTile {
    /// Number and kind: `2 leaf`.
    pub title: String,
    /// How full it is.
    pub fill_percent: Option<u8>,
    /// `commit 3`.
    pub foot: String,
    /// What a check said; empty when nothing was checked.
    pub checked: String,
    /// Its colour.
    pub family: Family,
    /// The colour of what a check said.
    pub checked_family: Family,
}

/// The map.
pub struct PageMap<'a> {
    /// Number of pages; they are counted from 1.
    pub pages: u32,
    /// How near it is.
    pub grain: Grain,
    /// The sign of the run of so many pages from a page on.
    pub sign: &'a dyn Fn(u32, u32) -> MapSign,
    /// The box of a page.
    pub tile: &'a dyn Fn(u32) -> MapTile,
    /// The page under the cursor.
    pub cursor: Option<u32>,
    /// The colours.
    pub theme: &'a Theme,
}

/// Columns of a cell and the blank behind it.
const CELL_COLUMNS: u16 = 4;
/// Columns and lines of a box, a blank column between two counted.
const TILE: (u16, u16) = (18, 4);

impl Grain {
    /// The nearest grain with which `pages` fit an area.
    pub fn that_fits(pages: u32, width: u16, height: u16) -> Grain {
        let fits = |grain: &Grain| grain.rows(pages, width) * u64::from(grain.lines()) <= u64::from(height);
        let signs = (0..32).map(|power| Grain::Sign(1 << power));
        [Grain::Tile, Grain::Cell].into_iter().chain(signs).find(fits).unwrap_or(Grain::Sign(1 << 31))
    }

    /// So many steps nearer, or with a number below 0 farther.
    pub fn nearer(self, steps: i8) -> Grain {
        let power = match self {
            Grain::Tile => -2,
            Grain::Cell => -1,
            Grain::Sign(pages) => i32::from(pages.max(1).ilog2() as u8),
        };
        match power - i32::from(steps) {
            ..-1 => Grain::Tile,
            -1 => Grain::Cell,
            power => Grain::Sign(1 << power.min(31)),
        }
    }

    /// Pages a sign stands for.
    pub fn pages(self) -> u32 {
        match self {
            Grain::Tile | Grain::Cell => 1,
            Grain::Sign(pages) => pages.max(1),
        }
    }

    /// Lines of a row.
    fn lines(self) -> u16 {
        if self == Grain::Tile { TILE.1 } else { 1 }
    }

    /// Pages in a row of a map so wide.
    pub fn pages_a_row(self, pages: u32, width: u16) -> u32 {
        let room = width.saturating_sub(gutter(pages) + 1);
        let signs = match self {
            Grain::Tile => width.saturating_sub(1) / TILE.0,
            Grain::Cell => room / CELL_COLUMNS,
            Grain::Sign(_) => room,
        };
        u32::from(signs.max(1)).saturating_mul(self.pages())
    }

    fn rows(self, pages: u32, width: u16) -> u64 {
        u64::from(pages).div_ceil(u64::from(self.pages_a_row(pages, width)))
    }
}

/// Columns of the numbers at the left.
fn gutter(pages: u32) -> u16 {
    text::grouped(pages.into()).len() as u16 + 3
}

impl PageMap<'_> {
    fn first_row(&self, width: u16, height: u16) -> u64 {
        let a_row = u64::from(self.grain.pages_a_row(self.pages, width));
        let rows = self.grain.rows(self.pages, width);
        let cursor = self.cursor.map_or(0, |page| u64::from(page.saturating_sub(1)) / a_row);
        let height = usize::from((height / self.grain.lines()).max(1));
        text::window(rows as usize, cursor as usize, height).start as u64
    }

    /// The page under a place of the map: the first of those that share the sign.
    pub fn page_at(&self, column: u16, line: u16, area: Rect) -> Option<u32> {
        let gutter = if self.grain == Grain::Tile { 1 } else { gutter(self.pages) };
        let column = column.checked_sub(gutter)?;
        let sign = match self.grain {
            Grain::Tile => column / TILE.0,
            Grain::Cell => column / CELL_COLUMNS,
            Grain::Sign(_) => column,
        };
        let a_row = u64::from(self.grain.pages_a_row(self.pages, area.width));
        let row = self.first_row(area.width, area.height) + u64::from(line / self.grain.lines());
        let inside = u64::from(sign) * u64::from(self.grain.pages());
        let page = row * a_row + inside + 1;
        (inside < a_row && page <= u64::from(self.pages)).then_some(page as u32)
    }
}

impl Widget for &PageMap<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(area, buffer);
        if pen.width() < gutter(self.pages) + CELL_COLUMNS || pen.height() == 0 || self.pages == 0 {
            return;
        }
        let a_row = self.grain.pages_a_row(self.pages, pen.width());
        let rows = self.grain.rows(self.pages, pen.width());
        let first = self.first_row(pen.width(), pen.height());
        if self.grain == Grain::Tile {
            return self.draw_tiles(&mut pen, first, a_row, rows);
        }
        let shown = u64::from(pen.height()).min(rows - first);
        pen.more(first as usize, (rows - first - shown) as usize, self.theme.style(Family::Quiet));
        for line in 0..shown as u16 {
            let start = (first + u64::from(line)) * u64::from(a_row) + 1;
            let Ok(start) = u32::try_from(start) else { return };
            let number =
                format!("{:>width$}", text::grouped(start.into()), width = usize::from(gutter(self.pages) - 2));
            pen.put(0, line, &number, self.theme.style(Family::Quiet));
            self.draw_row(&mut pen, line, start, a_row);
        }
    }
}

impl PageMap<'_> {
    /// Rows of boxes; those out of sight are counted.
    fn draw_tiles(&self, pen: &mut Pen<'_>, first: u64, a_row: u32, rows: u64) {
        let shown = u64::from((pen.height() / TILE.1).max(1)).min(rows - first);
        for row in 0..shown {
            let start = (first + row) * u64::from(a_row) + 1;
            for at in 0..a_row {
                let Ok(page) = u32::try_from(start + u64::from(at)) else { return };
                if page <= self.pages {
                    let (column, line) = (1 + at as u16 * TILE.0, row as u16 * TILE.1);
                    self.draw_tile(pen, page, column, line);
                }
            }
        }
        let quiet = self.theme.style(Family::Quiet);
        pen.more(first as usize, (rows - first - shown) as usize, quiet);
    }

    fn draw_tile(&self, pen: &mut Pen<'_>, page: u32, column: u16, line: u16) {
        let tile = (self.tile)(page);
        let right = column + TILE.0 - 2;
        let chosen = self.cursor == Some(page);
        let border = self.theme.style(if chosen { Family::Title } else { Family::Frame });
        let [top_left, top_right, bottom_left, bottom_right, across, down] = match chosen {
            true => ['╔', '╗', '╚', '╝', '═', '║'],
            false => ['┌', '┐', '└', '┘', '─', '│'],
        };
        pen.fill(column..right, line, across, border);
        pen.fill(column..right, line + 3, across, border);
        for (x, y, sign) in [
            (column, line, top_left),
            (right, line, top_right),
            (column, line + 3, bottom_left),
            (right, line + 3, bottom_right),
            (column, line + 1, down),
            (column, line + 2, down),
            (right, line + 1, down),
            (right, line + 2, down),
        ] {
            pen.sign(x, y, sign, border);
        }
        let style = if chosen { self.theme.selected(tile.family) } else { self.theme.style(tile.family) };
        pen.put_within(column + 1, line, TILE.0 - 4, &format!(" {} ", tile.title), style);
        if let Some(percent) = tile.fill_percent {
            let full = (u16::from(percent.min(100)) * 8).div_ceil(100);
            pen.fill(column + 2..column + 2 + full, line + 1, '█', self.theme.style(Family::Payload));
            pen.fill(column + 2 + full..column + 10, line + 1, '░', self.theme.style(Family::Free));
            pen.put(column + 11, line + 1, &format!("{percent:>3}%"), self.theme.style(Family::Length));
        }
        pen.put_within(column + 2, line + 2, TILE.0 - 5, &tile.foot, self.theme.style(Family::Plain));
        if !tile.checked.is_empty() {
            let words = format!(" {} ", tile.checked);
            pen.put_within(column + 2, line + 3, TILE.0 - 5, &words, self.theme.style(tile.checked_family));
        }
    }

    fn draw_row(&self, pen: &mut Pen<'_>, line: u16, start: u32, a_row: u32) {
        let end = start.saturating_add(a_row - 1).min(self.pages);
        let step = self.grain.pages();
        let room = pen.line_width(line);
        let mut column = gutter(self.pages);
        let mut first = start;
        while first <= end && column < room {
            let last = first.saturating_add(step - 1).min(end);
            let sign = (self.sign)(first, last + 1 - first);
            let chosen = self.cursor.is_some_and(|page| (first..=last).contains(&page));
            let style =
                |family| -> Style { if chosen { self.theme.selected(family) } else { self.theme.style(family) } };
            pen.sign(column, line, sign.sign, style(sign.family));
            column += 1;
            if self.grain == Grain::Cell {
                for (beside, family) in sign.beside {
                    pen.sign(column, line, beside, style(family));
                    column += 1;
                }
                column += 1;
            }
            let Some(next) = last.checked_add(1) else { return };
            first = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    fn sign(first: u32, pages: u32) -> MapSign {
        let sign = match first % 7 {
            0 => 'B',
            3 => '·',
            _ => 'L',
        };
        let sign = if pages > 1 { '▓' } else { sign };
        MapSign { sign, family: Family::Plain, beside: [('▆', Family::Plain), ('▓', Family::Good)] }
    }

    fn tile(page: u32) -> MapTile {
        MapTile {
            title: format!("{page} leaf"),
            fill_percent: Some((page % 50 * 2) as u8),
            foot: "commit 3 log".into(),
            checked: if page == 2 { "BAD".into() } else { String::new() },
            family: Family::Payload,
            checked_family: Family::Bad,
        }
    }

    #[test]
    fn a_file_of_any_size_fits_at_some_grain_and_a_nearer_one_follows_the_cursor() {
        let theme = Theme::dark();
        let mut pictures = String::new();
        for (pages, nearer, cursor) in
            [(4, 0, 2), (30, 0, 3), (700, 0, 300), (2_600_000, 0, 1_300_000), (2_600_000, 99, 1_300_000)]
        {
            let grain = Grain::that_fits(pages, 60, 6).nearer(nearer);
            let map = PageMap { pages, grain, sign: &sign, tile: &tile, cursor: Some(cursor), theme: &theme };
            pictures.push_str(&format!("{pages} pages, {grain:?}\n{}", drawn(&map, 60, 6)));
        }
        insta::assert_snapshot!(pictures);
    }

    #[test]
    fn only_signs_that_are_seen_are_asked_for() {
        let theme = Theme::plain();
        let asked = std::cell::Cell::new(0);
        let counted = |first, pages| {
            asked.set(asked.get() + 1);
            sign(first, pages)
        };
        for grain in [Grain::Tile, Grain::Cell, Grain::Sign(1), Grain::that_fits(4_000_000_000, 200, 60)] {
            drawn(
                &PageMap {
                    pages: 4_000_000_000,
                    grain,
                    sign: &counted,
                    tile: &tile,
                    cursor: Some(3_999_999_999),
                    theme: &theme,
                },
                200,
                60,
            );
        }
        assert!(asked.get() <= 3 * 200 * 60, "{}", asked.get());
    }

    #[test]
    fn a_click_finds_the_page_under_it() {
        let theme = Theme::plain();
        let area = Rect::new(0, 0, 60, 6);
        let map = PageMap { pages: 700, grain: Grain::Sign(1), sign: &sign, tile: &tile, cursor: None, theme: &theme };
        assert_eq!(map.page_at(6, 0, area), Some(1));
        assert_eq!(map.page_at(7, 1, area), Some(2 + 53));
        assert_eq!(map.page_at(2, 0, area), None);
    }
}
