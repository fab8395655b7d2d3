//! Bytes as hex and ASCII, with the names of what they belong to at the right; equal free rows are folded into one line.
//!
//! ```text
//!    48 00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00 ................ free
//!       ... 11 more rows of free bytes
//! > 240 00 00 00 00 00 00 00 00  00 00 00 00 00 00 02 00 ................ cell m
//! ```

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style, widgets::Widget};
use std::ops::Range;

/// Shortest run of rows worth folding.
const FOLD_ROWS_MIN: usize = 3;

/// What a stretch of bytes is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HexSpan {
    /// First byte, counted from the first of the grid.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// Its name in the right column: `cell m`, `free`.
    pub name: String,
    /// Its colour.
    pub family: Family,
}

/// The grid.
#[derive(Clone, Debug)]
pub struct HexGrid<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// The offset of the first byte, as it is to be printed.
    pub base: u64,
    /// What they are, ascending and without overlap; bytes of none are plain and nameless.
    pub spans: &'a [HexSpan],
    /// The byte under the cursor.
    pub cursor: Option<usize>,
    /// The chosen bytes.
    pub selected: Range<usize>,
    /// The first line to show; lines are rows or folds.
    pub top: usize,
    /// The colours.
    pub theme: &'a Theme,
}

/// A line of the grid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    /// A row of bytes, by its number.
    Row(usize),
    /// So many rows like the one before, from a row on.
    Fold { first: usize, rows: usize },
}

/// Columns of the grid at a width.
#[derive(Clone, Copy)]
struct Columns {
    bytes_a_row: usize,
    digits: usize,
}

impl Columns {
    fn hex(&self, at: usize) -> u16 {
        (self.digits + 2 + 3 * at + usize::from(at >= 8)) as u16
    }

    fn ascii(&self, at: usize) -> u16 {
        let hex = 3 * self.bytes_a_row + usize::from(self.bytes_a_row > 8);
        (self.digits + 2 + hex + at) as u16
    }

    fn name(&self) -> u16 {
        self.ascii(self.bytes_a_row) + 1
    }
}

impl HexGrid<'_> {
    /// Number of lines of the whole grid at this width.
    pub fn lines_total(&self, width: u16) -> usize {
        self.lines(self.columns(width).bytes_a_row).len()
    }

    /// The value of `top` that shows the cursor, or else the selection, as near to the present one as can be.
    pub fn top_that_shows_cursor(&self, width: u16, height: u16) -> usize {
        let bytes_a_row = self.columns(width).bytes_a_row;
        let lines = self.lines(bytes_a_row);
        let height = usize::from(height).max(1);
        let top = self.top.min(lines.len().saturating_sub(height));
        let Some(byte) = self.cursor.or((!self.selected.is_empty()).then_some(self.selected.start)) else { return top };
        let line = lines.iter().rposition(|line| line.first_row() <= byte / bytes_a_row).unwrap_or(0);
        // A line is kept free at either end for the count of what is hidden there.
        let (above, below) = (usize::from(height > 4), usize::from(height > 1));
        top.min(line.saturating_sub(above)).max((line + 1 + below).saturating_sub(height)).min(lines.len())
    }

    /// The byte under a place of the grid, in its hex or in its ASCII.
    pub fn byte_at(&self, column: u16, line: u16, width: u16) -> Option<usize> {
        let columns = self.columns(width);
        let lines = self.lines(columns.bytes_a_row);
        let Line::Row(row) = *lines.get(self.top.min(lines.len()) + usize::from(line))? else { return None };
        let hit = |at: &usize| {
            let hex = columns.hex(*at);
            (hex..hex + 3).contains(&column) || columns.ascii(*at) == column
        };
        let at = (0..columns.bytes_a_row).rev().find(hit)?;
        Some(row * columns.bytes_a_row + at).filter(|byte| *byte < self.bytes.len())
    }

    fn columns(&self, width: u16) -> Columns {
        let digits = self.base.saturating_add(self.bytes.len() as u64).to_string().len().max(4);
        let fits =
            |bytes_a_row: &usize| Columns { bytes_a_row: *bytes_a_row, digits }.name() <= width.saturating_sub(5);
        let bytes_a_row = [16, 8].into_iter().find(fits).unwrap_or(4);
        Columns { bytes_a_row, digits }
    }

    /// Rows and folds from the first byte to the last.
    fn lines(&self, bytes_a_row: usize) -> Vec<Line> {
        let rows = self.bytes.len().div_ceil(bytes_a_row);
        let mut lines = Vec::new();
        let mut row = 0;
        while row < rows {
            let alike = self.rows_alike(row, rows, bytes_a_row);
            lines.push(Line::Row(row));
            if alike > FOLD_ROWS_MIN {
                lines.push(Line::Fold { first: row + 1, rows: alike - 1 });
                row += alike;
            } else {
                row += 1;
            }
        }
        lines
    }

    /// How many rows from `row` on show the same: one span, one byte value, nothing chosen.
    fn rows_alike(&self, row: usize, rows: usize, bytes_a_row: usize) -> usize {
        let Some(first) = self.uniform(row, bytes_a_row) else { return 1 };
        (row + 1..rows).take_while(|next| self.uniform(*next, bytes_a_row) == Some(first)).count() + 1
    }

    /// Span and byte value of a whole row that has but one of each and is not under the cursor or the selection.
    fn uniform(&self, row: usize, bytes_a_row: usize) -> Option<(Option<usize>, u8)> {
        let bytes = row * bytes_a_row..(row + 1) * bytes_a_row;
        let content = self.bytes.get(bytes.clone())?;
        let chosen = self.selected.start < bytes.end && bytes.start < self.selected.end;
        if chosen || self.cursor.is_some_and(|cursor| bytes.contains(&cursor)) {
            return None;
        }
        let value = *content.first()?;
        let span = self.span_at(bytes.start);
        let one_span = self.span_at(bytes.end - 1) == span
            && match span {
                Some(at) => self.spans[at].end >= bytes.end,
                None => self.spans_in(&bytes).is_empty(),
            };
        (one_span && content.iter().all(|byte| *byte == value)).then_some((span, value))
    }

    fn span_at(&self, byte: usize) -> Option<usize> {
        let at = self.spans.partition_point(|span| span.end <= byte);
        self.spans.get(at).is_some_and(|span| span.start <= byte).then_some(at)
    }

    fn spans_in(&self, bytes: &Range<usize>) -> Range<usize> {
        let first = self.spans.partition_point(|span| span.end <= bytes.start);
        let end = self.spans.partition_point(|span| span.start < bytes.end);
        first..end.max(first)
    }

    /// The names of what lies in some bytes, each once; names that begin with one word share it: `cell m, p`.
    fn names(&self, bytes: Range<usize>) -> String {
        let mut names = String::new();
        let mut last: &str = "";
        for span in &self.spans[self.spans_in(&bytes)] {
            if span.name.is_empty() || span.name == last {
                continue;
            }
            let shared = match (last.split_once(' '), span.name.split_once(' ')) {
                (Some((old, _)), Some((new, rest))) if old == new => Some(rest),
                _ => None,
            };
            if !names.is_empty() {
                names.push_str(", ");
            }
            names.push_str(shared.unwrap_or(&span.name));
            last = &span.name;
        }
        names
    }

    /// The last word of each name, for where the names do not fit: `m p`; as many of them as fit whole, and a `+` for the rest.
    fn names_short(&self, bytes: Range<usize>, room: usize) -> String {
        let last = |span: &HexSpan| span.name.rsplit(' ').next().unwrap_or("").replace("ciphertext", "cipher");
        let mut words: Vec<String> = self.spans[self.spans_in(&bytes)].iter().map(last).collect();
        words.dedup();
        words.retain(|word| !word.is_empty());
        let whole = words.join(" ");
        if text::width(&whole) <= room {
            return whole;
        }
        let fits = |count: &usize| text::width(&words[..*count].join(" ")) < room;
        let count = (1..words.len()).rev().find(fits).unwrap_or(0);
        if count == 0 { whole } else { format!("{}+", words[..count].join(" ")) }
    }
}

impl Line {
    fn first_row(&self) -> usize {
        match self {
            Line::Row(row) => *row,
            Line::Fold { first, .. } => *first,
        }
    }
}

impl Widget for &HexGrid<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(area, buffer);
        let columns = self.columns(pen.width());
        let lines = self.lines(columns.bytes_a_row);
        let height = usize::from(pen.height());
        let top = self.top.min(lines.len().saturating_sub(height));
        let (cut_above, cut_below) = (top > 0, top + height < lines.len());
        for (at, line) in lines.iter().enumerate().skip(top).take(height) {
            let y = (at - top) as u16;
            if at == top && cut_above && height > 4 {
                self.draw_hidden(&mut pen, columns, 0..row_after(&lines, at), y);
            } else if at == top + height - 1 && cut_below && height > 1 {
                self.draw_hidden(&mut pen, columns, line.first_row()..row_after(&lines, lines.len() - 1), y);
            } else {
                self.draw_line(&mut pen, columns, *line, y);
            }
        }
    }
}

/// The number of the row after those of line `at`.
fn row_after(lines: &[Line], at: usize) -> usize {
    match lines[at] {
        Line::Row(row) => row + 1,
        Line::Fold { first, rows } => first + rows,
    }
}

impl HexGrid<'_> {
    /// Rows out of sight, with the names of what is in them.
    fn draw_hidden(&self, pen: &mut Pen<'_>, columns: Columns, rows: Range<usize>, y: u16) {
        let sign = if rows.start == 0 && y == 0 { '▴' } else { '▾' };
        let count = text::grouped(rows.len() as u64);
        let plural = if rows.len() == 1 { "" } else { "s" };
        let names = self.names(rows.start * columns.bytes_a_row..rows.end * columns.bytes_a_row);
        let colon = if names.is_empty() { "" } else { ": " };
        let words = format!("{sign} {count} more row{plural}{colon}{names}");
        pen.put(columns.hex(0), y, &words, self.theme.style(Family::Quiet));
    }

    fn draw_line(&self, pen: &mut Pen<'_>, columns: Columns, line: Line, y: u16) {
        match line {
            Line::Row(row) => self.draw_row(pen, columns, row, y),
            Line::Fold { first, rows } => {
                let byte = first * columns.bytes_a_row;
                let count = text::grouped(rows as u64);
                let words = match self.span_at(byte).map(|at| &self.spans[at]) {
                    Some(span) if span.family == Family::Free => format!("... {count} more rows of free bytes"),
                    Some(span) => format!("... {count} more rows of {:02x}: {}", self.bytes[byte], span.name),
                    None => format!("... {count} more rows of {:02x}", self.bytes[byte]),
                };
                pen.put(columns.hex(0), y, &words, self.theme.style(Family::Quiet));
            }
        }
    }

    fn draw_row(&self, pen: &mut Pen<'_>, columns: Columns, row: usize, y: u16) {
        let start = row * columns.bytes_a_row;
        let end = (start + columns.bytes_a_row).min(self.bytes.len());
        let bytes = start..end;
        let marked = match self.cursor {
            Some(cursor) => bytes.contains(&cursor),
            None => bytes.contains(&self.selected.start) && !self.selected.is_empty(),
        };
        if marked {
            pen.sign(0, y, '>', self.theme.style(Family::Title));
        }
        let offset = format!("{:>width$}", self.base.saturating_add(start as u64), width = columns.digits);
        pen.put(1, y, &offset, self.theme.style(Family::Quiet));
        for byte in bytes {
            let at = byte - start;
            let style = self.byte_style(byte);
            let column = columns.hex(at);
            pen.put(column, y, &format!("{:02x}", self.bytes[byte]), style);
            // The gap inside a chosen stretch belongs to it, so that the stretch is one bar.
            if self.selected.contains(&byte) && self.selected.contains(&(byte + 1)) && byte + 1 < end {
                pen.tint(column + 2..columns.hex(at + 1), y, style);
            }
            let sign = if (0x20..0x7f).contains(&self.bytes[byte]) { self.bytes[byte] as char } else { '.' };
            pen.sign(columns.ascii(at), y, sign, style);
        }
        let room = usize::from(pen.width().saturating_sub(columns.name()));
        let mut names = self.names(start..end);
        if text::width(&names) > room {
            names = self.names_short(start..end, room);
        }
        pen.put(columns.name(), y, &names, self.theme.style(Family::Plain));
    }

    fn byte_style(&self, byte: usize) -> Style {
        let family = self.span_at(byte).map_or(Family::Plain, |at| self.spans[at].family);
        let style = match self.selected.contains(&byte) || self.cursor == Some(byte) {
            true => self.theme.selected(family),
            false => self.theme.style(family),
        };
        if self.cursor == Some(byte) { style.bold().underlined() } else { style }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    fn leaf() -> (Vec<u8>, Vec<HexSpan>) {
        let mut bytes = vec![0; 456];
        bytes[..8].copy_from_slice(&[2, 0, 4, 0, 0xfe, 0, 0xce, 0]);
        bytes[16..24].copy_from_slice(&[0x87, 1, 1, 0, 0x6c, 0, 0, 0]);
        bytes[254..261].copy_from_slice(b"\x02\x00\x00\x00m13");
        for (start, key) in [(261, b'p'), (326, b'n'), (391, b'l')] {
            bytes[start..start + 65].fill(b'.');
            bytes[start..start + 10].copy_from_slice(b"\x3c\x00\x00\x00? is a");
            bytes[start + 4] = key;
        }
        let span = |start, end, name: &str, family| HexSpan { start, end, name: name.into(), family };
        let spans = vec![
            span(0, 16, "header", Family::Identity),
            span(16, 24, "slot l", Family::Pointer),
            span(24, 32, "slot m", Family::Pointer),
            span(32, 40, "slot n", Family::Pointer),
            span(40, 48, "slot p", Family::Pointer),
            span(48, 254, "free", Family::Free),
            span(254, 261, "cell m", Family::Payload),
            span(261, 326, "cell p", Family::Payload),
            span(326, 391, "cell n", Family::Payload),
            span(391, 456, "cell l", Family::Payload),
        ];
        (bytes, spans)
    }

    #[test]
    fn bytes_stand_beside_their_names_and_free_rows_are_folded() {
        let (theme, (bytes, spans)) = (Theme::dark(), leaf());
        let mut grid =
            HexGrid { bytes: &bytes, base: 0, spans: &spans, cursor: None, selected: 254..261, top: 0, theme: &theme };
        let mut pictures = vec![drawn(&grid, 78, 10), drawn(&grid, 50, 8), drawn(&grid, 78, 22)];
        grid.cursor = Some(300);
        grid.top = grid.top_that_shows_cursor(78, 7);
        pictures.push(drawn(&grid, 78, 7));
        insta::assert_snapshot!(pictures.join("-----\n"));
    }

    #[test]
    fn the_cursor_is_never_behind_a_count_of_hidden_rows() {
        let (theme, (bytes, spans)) = (Theme::plain(), leaf());
        for height in [1, 3, 5, 8, 13] {
            for cursor in 0..bytes.len() {
                let mut grid = HexGrid {
                    bytes: &bytes,
                    base: 8704,
                    spans: &spans,
                    cursor: Some(cursor),
                    selected: 0..0,
                    top: cursor % 30,
                    theme: &theme,
                };
                grid.top = grid.top_that_shows_cursor(78, height);
                assert!(drawn(&grid, 78, height).contains('>'), "byte {cursor} at height {height}");
            }
        }
    }

    #[test]
    fn a_click_finds_the_byte_in_hex_and_in_ascii() {
        let (theme, (bytes, spans)) = (Theme::plain(), leaf());
        let grid =
            HexGrid { bytes: &bytes, base: 0, spans: &spans, cursor: None, selected: 0..0, top: 0, theme: &theme };
        let columns = grid.columns(78);
        assert_eq!(grid.byte_at(columns.hex(9), 1, 78), Some(25));
        assert_eq!(grid.byte_at(columns.ascii(4), 1, 78), Some(20));
        assert_eq!(grid.byte_at(2, 1, 78), None);
        assert_eq!(grid.byte_at(columns.hex(0), 400, 78), None);
    }
}
