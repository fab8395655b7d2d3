//! Drawing inside one area: columns and lines count from its corner, and nothing can be put outside it.

use super::text;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
};

/// A buffer seen through the area a widget may draw in.
pub(super) struct Pen<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    /// Columns kept free at the right end of the first and of the last line.
    kept: [u16; 2],
}

impl<'a> Pen<'a> {
    pub fn new(area: Rect, buffer: &'a mut Buffer) -> Pen<'a> {
        let area = area.intersection(buffer.area);
        Pen { buffer, area, kept: [0; 2] }
    }

    pub fn width(&self) -> u16 {
        self.area.width
    }

    pub fn height(&self) -> u16 {
        self.area.height
    }

    /// Writes `text` at a place and gives the column after it. What does not fit ends in `…`.
    pub fn put(&mut self, column: u16, line: u16, words: &str, style: Style) -> u16 {
        let room = self.line_width(line).saturating_sub(column);
        self.put_within(column, line, room, words, style)
    }

    /// As [`Pen::put`], in at most `room` columns.
    pub fn put_within(&mut self, column: u16, line: u16, room: u16, words: &str, style: Style) -> u16 {
        if column >= self.area.width || line >= self.area.height {
            return column;
        }
        let room = usize::from(room.min(self.area.width - column));
        let words = text::clip(words, room);
        let (end, _) = self.buffer.set_stringn(self.area.x + column, self.area.y + line, words, room, alone(style));
        end - self.area.x
    }

    /// Puts one sign.
    pub fn sign(&mut self, column: u16, line: u16, sign: char, style: Style) {
        let at = Position::new(self.area.x.saturating_add(column), self.area.y.saturating_add(line));
        if self.area.contains(at) {
            self.buffer[at].set_char(sign).set_style(alone(style));
        }
    }

    /// Fills a stretch of a line with one sign.
    pub fn fill(&mut self, columns: std::ops::Range<u16>, line: u16, sign: char, style: Style) {
        for column in columns.start..columns.end.min(self.area.width) {
            self.sign(column, line, sign, style);
        }
    }

    /// Adds `style` to a stretch of a line and leaves its signs.
    pub fn tint(&mut self, columns: std::ops::Range<u16>, line: u16, style: Style) {
        for column in columns.start..columns.end.min(self.area.width) {
            let at = Position::new(self.area.x + column, self.area.y.saturating_add(line));
            if self.area.contains(at) {
                self.buffer[at].set_style(style);
            }
        }
    }

    /// Says at the right end of the first and the last line how many rows lie above and below the window, and keeps those
    /// columns free of what is written later.
    pub fn more(&mut self, above: usize, below: usize, style: Style) {
        let last = self.height().saturating_sub(1);
        for (end, (line, sign, count)) in [(0, '▴', above), (last, '▾', below)].into_iter().enumerate() {
            if count > 0 {
                let words = format!(" {sign} {} more", text::grouped(count as u64));
                self.put_right(line, &words, style);
                self.kept[end] = text::width(&words) as u16;
            }
        }
    }

    /// Writes `words` at the right end of the first line and keeps their columns free of what is written later.
    pub fn keep_right(&mut self, words: &str, style: Style) {
        self.put_right(0, words, style);
        self.kept[0] = text::width(words) as u16;
    }

    /// Columns of a line that are not kept free.
    pub fn line_width(&self, line: u16) -> u16 {
        let first = if line == 0 { self.kept[0] } else { 0 };
        let last = if line + 1 == self.area.height { self.kept[1] } else { 0 };
        self.area.width.saturating_sub(first.max(last))
    }

    /// Writes `words` so that they end at the right edge.
    pub fn put_right(&mut self, line: u16, words: &str, style: Style) {
        let column = self.width().saturating_sub(text::width(words) as u16);
        self.put(column, line, words, style);
    }
}

/// `style` with nothing left of what was drawn there before.
fn alone(style: Style) -> Style {
    Style::reset().patch(style)
}
