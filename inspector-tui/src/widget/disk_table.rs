//! What each place holds, in three columns: the program's memory, the operating system, and what would survive a power cut.
//!
//! A cell that differs from its right neighbour is what a power cut or a crash would lose.

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// What one place holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DiskCell {
    /// `commit 1`, `changed*`, `2 in log`, `-`.
    pub text: String,
    /// Its colour.
    pub family: Family,
}

impl DiskCell {
    /// A cell with its colour.
    pub fn new(text: impl Into<String>, family: Family) -> DiskCell {
        DiskCell { text: text.into(), family }
    }
}

/// A page, or the log, in all three places.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DiskRow {
    /// `page 2`, `log to`.
    pub name: String,
    /// What the program believes.
    pub memory: DiskCell,
    /// What the operating system holds.
    pub system: DiskCell,
    /// What a power cut would leave.
    pub durable: DiskCell,
}

/// The table.
#[derive(Clone, Debug)]
pub struct DiskTable<'a> {
    /// The rows.
    pub rows: &'a [DiskRow],
    /// How many further rows there are that were not built: far from the selected one.
    pub beside: usize,
    /// The row that must be seen; it is marked.
    pub selected: Option<usize>,
    /// A sentence under the table: what a power cut now would leave. Empty for none.
    pub footer: &'a str,
    /// The colours.
    pub theme: &'a Theme,
}

impl Widget for &DiskTable<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(area, buffer);
        let columns = self.columns(pen.width());
        self.draw_heading(&mut pen, &columns);
        let footer = match self.footer {
            "" => Vec::new(),
            words => text::wrap(words, usize::from(pen.width()).saturating_sub(2)),
        };
        // The blank line before the footer is given up first, then the footer's own lines.
        let body = usize::from(pen.height().saturating_sub(2));
        let spare = body.saturating_sub(self.rows.len().min(3));
        let footer = &footer[..footer.len().min(spare)];
        let gap = usize::from(!footer.is_empty() && self.rows.len() + footer.len() < body);
        let room = body - footer.len() - gap;
        let height = if self.rows.len() > room { room.saturating_sub(1) } else { room };
        let shown = text::window(self.rows.len(), self.selected.unwrap_or(0), height);
        for (line, at) in shown.clone().enumerate() {
            self.draw_row(&mut pen, &columns, at, 2 + line as u16);
        }
        let hidden = self.rows.len() - shown.len() + self.beside;
        if hidden > 0 {
            let words = format!("+{hidden} more row{}", if hidden == 1 { "" } else { "s" });
            pen.put(1, 2 + shown.len() as u16, &words, self.theme.style(Family::Quiet));
        }
        for (at, words) in footer.iter().enumerate() {
            let line = 2 + shown.len() + usize::from(hidden > 0) + gap + at;
            pen.put(1, line as u16, words, self.theme.style(Family::Title));
        }
    }
}

impl DiskTable<'_> {
    /// Where the three columns begin: after the names, at equal distances that never exceed what they need.
    fn columns(&self, width: u16) -> [u16; 3] {
        let names = self.rows.iter().map(|row| text::width(&row.name)).max().unwrap_or(0).clamp(4, 14) as u16;
        let start = names + 3;
        let step = width.saturating_sub(start).div_ceil(3).clamp(6, 14);
        [start, start + step, start + 2 * step]
    }

    fn draw_heading(&self, pen: &mut Pen<'_>, columns: &[u16; 3]) {
        let style = self.theme.style(Family::Title);
        let room = columns[1] - columns[0] - 1;
        for (column, words) in columns.iter().zip([["memory", "holds"], ["system", "holds"], ["survives", "power cut"]])
        {
            let room = if *column == columns[2] { pen.width().saturating_sub(*column) } else { room };
            pen.put_within(*column, 0, room, words[0], style);
            pen.put_within(*column, 1, room, words[1], style);
        }
    }

    fn draw_row(&self, pen: &mut Pen<'_>, columns: &[u16; 3], at: usize, line: u16) {
        let row = &self.rows[at];
        if self.selected == Some(at) {
            pen.sign(0, line, '>', self.theme.style(Family::Title));
        }
        pen.put_within(1, line, columns[0] - 2, &row.name, self.theme.style(Family::Identity));
        let room = columns[1] - columns[0] - 1;
        for (column, cell) in columns.iter().zip([&row.memory, &row.system, &row.durable]) {
            pen.put_within(*column, line, room.max(6), &cell.text, self.theme.style(cell.family));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    fn rows() -> Vec<DiskRow> {
        let cell = |text: &str| match text.ends_with('*') {
            true => DiskCell::new(text, Family::Changed),
            false => DiskCell::new(text, Family::Plain),
        };
        [
            ("page 1", "commit 1", "commit 1", "commit 1"),
            ("page 2", "changed*", "2 in log", "2 in log"),
            ("page 3", "changed*", "commit 1", "commit 1"),
            ("page 4", "new*", "-", "-"),
            ("log to", "784", "784", "784"),
        ]
        .map(|(name, memory, system, durable)| DiskRow {
            name: name.into(),
            memory: cell(memory),
            system: cell(system),
            durable: cell(durable),
        })
        .to_vec()
    }

    #[test]
    fn three_places_stand_side_by_side_and_the_rest_is_counted() {
        let (theme, rows) = (Theme::dark(), rows());
        let table = |selected| DiskTable {
            rows: &rows,
            beside: 0,
            selected,
            footer: "Power off now: commit 2, no m.",
            theme: &theme,
        };
        let pictures = [drawn(&table(None), 38, 9), drawn(&table(Some(3)), 38, 6), drawn(&table(Some(1)), 78, 10)];
        insta::assert_snapshot!(pictures.join("-----\n"));
    }

    #[test]
    fn a_tiny_area_is_no_panic() {
        let (theme, rows) = (Theme::plain(), rows());
        let table = DiskTable { rows: &rows, beside: 0, selected: Some(4), footer: "Power off now.", theme: &theme };
        for (width, height) in [(0, 0), (5, 1), (20, 2), (30, 3)] {
            drawn(&table, width, height);
        }
    }
}
