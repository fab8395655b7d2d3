//! A numbered list of events, the present one marked `>`; the one under the cursor is kept in the middle. Rows are asked for only where they are seen.

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// One row.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventRow {
    /// The event's number.
    pub number: u64,
    /// Its sentence.
    pub text: String,
    /// Its colour.
    pub family: Family,
}

/// The list.
pub struct EventList<'a> {
    /// Number of rows there are.
    pub total: usize,
    /// The index of the present row.
    pub present: usize,
    /// The index of the row under the cursor.
    pub selected: usize,
    /// The row of an index.
    pub row: &'a dyn Fn(usize) -> EventRow,
    /// The colours.
    pub theme: &'a Theme,
}

impl EventList<'_> {
    /// The index of the row that stands in a line of the list.
    pub fn row_at(&self, line: u16, height: u16) -> Option<usize> {
        let at = text::window(self.total, self.selected, usize::from(height)).start + usize::from(line);
        (at < self.total).then_some(at)
    }
}

impl Widget for &EventList<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(area, buffer);
        let shown = text::window(self.total, self.selected, usize::from(pen.height()));
        let rows: Vec<EventRow> = shown.clone().map(|at| (self.row)(at)).collect();
        pen.more(shown.start, self.total - shown.end, self.theme.style(Family::Quiet));
        let digits = rows.iter().map(|row| row.number.to_string().len()).max().unwrap_or(1);
        for (line, (at, row)) in shown.clone().zip(&rows).enumerate() {
            let line = line as u16;
            let style =
                if at == self.selected { self.theme.selected(row.family) } else { self.theme.style(row.family) };
            let mark = if at == self.present { '>' } else { ' ' };
            pen.sign(0, line, mark, self.theme.style(Family::Title));
            let column = pen.put(1, line, &format!("{:>digits$} ", row.number), self.theme.style(Family::Quiet));
            pen.put(column, line, &row.text, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    fn row(at: usize) -> EventRow {
        let number = at as u64 + 62;
        EventRow { number, text: format!("page {at}: m is past l, so to page {}", at + 1), family: Family::Plain }
    }

    #[test]
    fn the_present_event_is_marked_and_rows_out_of_sight_are_counted() {
        let theme = Theme::dark();
        let whole = EventList { total: 4, present: 2, selected: 2, row: &row, theme: &theme };
        let middle = EventList { total: 1_000_000, present: 5000, selected: 5000, row: &row, theme: &theme };
        let pictures = [drawn(&whole, 40, 5), drawn(&middle, 50, 5)].join("-----\n");
        insta::assert_snapshot!(pictures);
        assert_eq!(middle.row_at(0, 5), Some(4998));
        assert_eq!(whole.row_at(4, 5), None);
    }
}
