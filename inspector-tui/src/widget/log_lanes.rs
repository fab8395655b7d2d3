//! The log: its records in order, a lane for each transaction, and the line up to which a sync has made it safe.
//!
//! ```text
//!     64 ●   page 2, commit 2
//!    656 ◆   commit 2
//!    784 ━━ durable up to here ━━━━━━━━
//!    784  ○  page 2, commit 3
//! ```

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// How many lanes there are; transactions take them in turn.
const LANES: u64 = 4;

/// What a row of the log is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogKind {
    /// The header of the log file.
    Header,
    /// A page.
    Page,
    /// A commit record.
    Commit,
    /// A remark that stands between records: where recovery stops, what is still to come.
    Remark,
}

/// One row of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogRow {
    /// Its offset in the log file; none for what has no place yet.
    pub offset: Option<u64>,
    /// What it is.
    pub kind: LogKind,
    /// Its words: `page 2, commit 2`.
    pub what: String,
    /// The transaction it belongs to.
    pub transaction: Option<u64>,
}

/// The log.
#[derive(Clone, Debug)]
pub struct LogLanes<'a> {
    /// All rows in the order of the file.
    pub rows: &'a [LogRow],
    /// The byte up to which the log is safe; the line is drawn before the first row at or past it.
    pub durable_to: u64,
    /// What is known of that line: `durable up to here`, or, where another process writes, only what the system holds.
    pub line: &'a str,
    /// The row that must be seen; it is marked.
    pub selected: Option<usize>,
    /// The colours.
    pub theme: &'a Theme,
}

impl LogLanes<'_> {
    /// How many rows lie before the durable line. Rows stand in the order of their offsets, so this is a binary search.
    fn durable_rows(&self) -> usize {
        self.rows.partition_point(|row| row.offset.is_some_and(|offset| offset < self.durable_to))
    }

    /// The row that stands in a line; none for the durable line.
    pub fn row_at(&self, line: u16, height: u16) -> Option<usize> {
        let place = self.window(height).start + usize::from(line);
        let durable = self.durable_rows();
        match place.cmp(&durable) {
            std::cmp::Ordering::Less => Some(place),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(place - 1).filter(|at| *at < self.rows.len()),
        }
    }

    /// The lines to show, the durable line counted among them. Without a selection it stands in the middle.
    fn window(&self, height: u16) -> std::ops::Range<usize> {
        let durable = self.durable_rows();
        let focus = self.selected.map_or(durable, |at| if at < durable { at } else { at + 1 });
        text::window(self.rows.len() + 1, focus, usize::from(height))
    }

    fn has_lanes(&self, shown: &[usize]) -> bool {
        let mut transactions = shown.iter().filter_map(|at| self.rows[*at].transaction);
        let first = transactions.next();
        transactions.any(|transaction| Some(transaction) != first)
    }
}

impl Widget for &LogLanes<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(area, buffer);
        let shown = self.window(pen.height());
        let durable = self.durable_rows();
        let row_of = |place: usize| if place < durable { place } else { place - 1 };
        let rows: Vec<usize> = shown.clone().filter(|place| *place != durable).map(row_of).collect();
        let digits = rows.last().and_then(|at| self.rows[*at].offset).unwrap_or(self.durable_to).max(self.durable_to);
        let digits = digits.to_string().len().max(4);
        let lanes = if self.has_lanes(&rows) { LANES as u16 } else { 1 };
        pen.more(shown.start, self.rows.len() + 1 - shown.end, self.theme.style(Family::Quiet));
        for (line, place) in shown.clone().enumerate() {
            let line = line as u16;
            if place == durable {
                self.draw_durable(&mut pen, line, digits);
            } else {
                self.draw_row(&mut pen, line, row_of(place), digits, lanes);
            }
        }
    }
}

impl LogLanes<'_> {
    fn draw_durable(&self, pen: &mut Pen<'_>, line: u16, digits: usize) {
        let style = self.theme.style(Family::Good);
        let column = pen.put(1, line, &format!("{:>digits$} ", self.durable_to), self.theme.style(Family::Quiet));
        let column = pen.put(column, line, &format!("━━ {} ", self.line), style);
        pen.fill(column..pen.line_width(line), line, '━', style);
    }

    fn draw_row(&self, pen: &mut Pen<'_>, line: u16, at: usize, digits: usize, lanes: u16) {
        let row = &self.rows[at];
        let safe = row.offset.is_some_and(|offset| offset < self.durable_to);
        if self.selected == Some(at) {
            pen.sign(0, line, '>', self.theme.style(Family::Title));
        }
        let offset = row.offset.map_or(String::new(), |offset| offset.to_string());
        let column = pen.put(1, line, &format!("{offset:>digits$} "), self.theme.style(Family::Quiet));
        let family = row.family();
        if let Some(sign) = row.sign(safe) {
            let lane = (row.transaction.unwrap_or(0) % LANES) as u16;
            pen.sign(column + lane.min(lanes - 1), line, sign, self.theme.style(family));
        }
        let column = column + lanes + 1;
        let style = if self.selected == Some(at) { self.theme.selected(family) } else { self.theme.style(family) };
        pen.put(column, line, &row.what, style);
    }
}

impl LogRow {
    fn family(&self) -> Family {
        match self.kind {
            LogKind::Header => Family::Identity,
            LogKind::Page => Family::Plain,
            LogKind::Commit => Family::Title,
            LogKind::Remark => Family::Warning,
        }
    }

    /// The sign in the lane: full when it is safe, hollow when a power cut would lose it.
    fn sign(&self, safe: bool) -> Option<char> {
        match (self.kind, safe) {
            (LogKind::Page, true) => Some('●'),
            (LogKind::Page, false) => Some('○'),
            (LogKind::Commit, true) => Some('◆'),
            (LogKind::Commit, false) => Some('◇'),
            (LogKind::Header | LogKind::Remark, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    fn row(offset: u64, kind: LogKind, what: &str, transaction: u64) -> LogRow {
        LogRow { offset: Some(offset), kind, what: what.into(), transaction: Some(transaction) }
    }

    fn rows() -> Vec<LogRow> {
        vec![
            LogRow { transaction: None, ..row(0, LogKind::Header, "header, generation 2", 0) },
            row(64, LogKind::Page, "page 2, commit 2", 2),
            row(656, LogKind::Commit, "commit 2", 2),
            row(784, LogKind::Page, "page 2, commit 3", 3),
            row(1376, LogKind::Page, "page 4, commit 3", 3),
            row(1968, LogKind::Page, "page 3, commit 3", 3),
            row(2560, LogKind::Commit, "commit 3", 3),
        ]
    }

    #[test]
    fn the_durable_line_parts_what_is_safe_from_what_is_not() {
        let (theme, mut rows) = (Theme::dark(), rows());
        let before = drawn(
            &LogLanes { rows: &rows, durable_to: 784, line: "durable up to here", selected: None, theme: &theme },
            38,
            8,
        );
        let after = drawn(
            &LogLanes { rows: &rows, durable_to: 2688, line: "durable up to here", selected: Some(6), theme: &theme },
            38,
            8,
        );
        let narrow = drawn(
            &LogLanes { rows: &rows, durable_to: 784, line: "durable up to here", selected: Some(5), theme: &theme },
            38,
            4,
        );
        rows.truncate(3);
        rows.push(LogRow {
            offset: None,
            kind: LogKind::Remark,
            what: "to come: pages 2 4 3, commit 3".into(),
            transaction: None,
        });
        let coming = drawn(
            &LogLanes { rows: &rows, durable_to: 784, line: "durable up to here", selected: None, theme: &theme },
            38,
            6,
        );
        insta::assert_snapshot!([before, after, narrow, coming].join("-----\n"));
    }

    #[test]
    fn a_line_of_the_picture_leads_to_its_row() {
        let (theme, rows) = (Theme::plain(), rows());
        let log = LogLanes { rows: &rows, durable_to: 784, line: "durable up to here", selected: None, theme: &theme };
        assert_eq!([0, 2, 3, 4, 7].map(|line| log.row_at(line, 8)), [Some(0), Some(2), None, Some(3), Some(6)]);
    }
}
