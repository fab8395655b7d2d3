//! A card: labels at the left, their text beside them, wrapped between words.
//!
//! What does not fit is counted in its last line: `+3 more lines`.

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// One entry of a card.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CardLine {
    /// `What`, `Why`, `Lost`; empty for a sentence that stands alone.
    pub label: String,
    /// The text, of any length.
    pub text: String,
    /// How the text is coloured.
    pub family: Family,
}

impl CardLine {
    /// A labelled entry in ordinary colour.
    pub fn new(label: impl Into<String>, text: impl Into<String>) -> CardLine {
        CardLine { label: label.into(), text: text.into(), family: Family::Plain }
    }
}

/// The card.
#[derive(Clone, Debug)]
pub struct Card<'a> {
    /// The entries from top to bottom.
    pub lines: &'a [CardLine],
    /// How many drawn lines are scrolled away above.
    pub top: usize,
    /// The colours.
    pub theme: &'a Theme,
}

/// A line as it will stand: the label only on the first of its entry.
struct Drawn<'a> {
    label: &'a str,
    text: String,
    family: Family,
}

impl Card<'_> {
    /// How many lines the whole card needs at this width.
    pub fn lines_needed(&self, width: u16) -> usize {
        self.drawn(width).len()
    }

    /// The column at which texts begin: after the widest label and two blanks.
    fn indent(&self) -> usize {
        let widest = self.lines.iter().map(|line| text::width(&line.label)).max().unwrap_or(0);
        if widest == 0 { 0 } else { widest + 2 }
    }

    fn drawn(&self, width: u16) -> Vec<Drawn<'_>> {
        let room = usize::from(width).saturating_sub(self.indent() + 2);
        let mut drawn = Vec::new();
        for line in self.lines {
            for (at, text) in text::wrap(&line.text, room).into_iter().enumerate() {
                let label = if at == 0 { line.label.as_str() } else { "" };
                drawn.push(Drawn { label, text, family: line.family });
            }
        }
        drawn
    }
}

impl Widget for &Card<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(area, buffer);
        let lines = self.drawn(pen.width());
        let height = usize::from(pen.height());
        let top = self.top.min(lines.len().saturating_sub(height));
        let left = lines.len() - top;
        let shown = if left > height { height.saturating_sub(1) } else { left };
        let indent = self.indent() as u16;
        for (y, line) in lines[top..top + shown].iter().enumerate() {
            pen.put(1, y as u16, line.label, self.theme.style(Family::Title));
            pen.put(1 + indent, y as u16, &line.text, self.theme.style(line.family));
        }
        let hidden = left - shown;
        if hidden > 0 {
            let words = format!("+{hidden} more line{}", if hidden == 1 { "" } else { "s" });
            pen.put(1, shown as u16, &words, self.theme.style(Family::Quiet));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    fn finding() -> Vec<CardLine> {
        [
            ("What", "Page 2 is real, but old: an earlier version of itself was put back."),
            (
                "Why",
                "Page 3 names page 2 as of commit 3, seal 5d81 20c4; the file holds page 2 as of commit 1, seal \
                 9a07 e3b6. Its tag is right for that.",
            ),
            ("Path", "superblock A > page 3, slot 0 (l) > page 2"),
            (
                "Lost",
                "What changed in keys l up to (not including) r after commit 1; which keys, this file cannot tell. It \
                 still has r, t: now on page 4.",
            ),
            ("Causes", "a lost write; or someone put an old copy of the page back."),
        ]
        .map(|(label, text)| CardLine::new(label, text))
        .to_vec()
    }

    #[test]
    fn a_card_wraps_between_words_and_counts_what_does_not_fit() {
        let theme = Theme::dark();
        let lines = finding();
        let card = Card { lines: &lines, top: 0, theme: &theme };
        let pictures: Vec<String> = [(78, 8), (78, 4), (40, 6)].map(|(w, h)| drawn(&card, w, h)).to_vec();
        insta::assert_snapshot!(pictures.join("-----\n"));
        assert_eq!(card.lines_needed(78), 7);
    }

    #[test]
    fn a_scrolled_card_shows_its_end_and_never_runs_past_it() {
        let theme = Theme::plain();
        let lines = finding();
        let end = Card { lines: &lines, top: 99, theme: &theme };
        assert!(drawn(&end, 78, 2).contains("Causes  a lost write"));
        assert_eq!(drawn(&end, 78, 0), "");
    }

    #[test]
    fn a_card_without_labels_has_no_column_for_them() {
        let theme = Theme::plain();
        let lines = [CardLine::new("", "Nothing is on the disk yet.")];
        assert_eq!(drawn(&Card { lines: &lines, top: 0, theme: &theme }, 30, 1), " Nothing is on the disk yet.\n");
    }
}
