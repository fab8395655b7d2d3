//! A card: labels at the left, their text beside them, wrapped between words.
//!
//! What does not fit is counted: `+3 more lines`. The last entries can be held at the bottom, so that the one a person must not
//! miss is never among what is counted.

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use std::ops::Range;

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
    /// At most how many of the last entries stand at the bottom whatever is scrolled, where not all fit; as many as there is
    /// room for beside the first two lines, but the last one always.
    pub foot: usize,
    /// What stands behind the count of hidden lines: the key that shows them.
    pub way: &'a str,
    /// The colours.
    pub theme: &'a Theme,
}

/// A line as it will stand: the label only on the first of its entry.
struct Drawn<'a> {
    label: &'a str,
    text: String,
    family: Family,
    entry: usize,
}

/// Where the drawn lines stand: those above, then the count of what is hidden, then those at the bottom.
struct Parts {
    above: Range<usize>,
    hidden: usize,
    below: Range<usize>,
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
        for (entry, line) in self.lines.iter().enumerate() {
            for (at, text) in text::wrap(&line.text, room).into_iter().enumerate() {
                let label = if at == 0 { line.label.as_str() } else { "" };
                drawn.push(Drawn { label, text, family: line.family, entry });
            }
        }
        drawn
    }

    /// How far it can be scrolled in an area of this size.
    pub fn last_top(&self, width: u16, height: u16) -> usize {
        let lines = self.drawn(width);
        let (head, room) = self.split(&lines, usize::from(height));
        // Scrolled to the end of its upper part, nothing of that part is hidden below: its count takes no line.
        head.saturating_sub(room + 1)
    }

    /// The lines that scroll, and how many of them there is room for beside the count and the foot.
    fn split(&self, lines: &[Drawn<'_>], height: usize) -> (usize, usize) {
        if lines.len() <= height {
            return (lines.len(), height);
        }
        // The first two lines and the count come before a foot that would leave nothing else.
        let room = height.saturating_sub(3);
        let lines_of = |entries: usize| {
            let begins = self.lines.len().saturating_sub(entries);
            lines.iter().filter(|line| line.entry >= begins).count()
        };
        let entries = (1..=self.foot).rev().find(|entries| lines_of(*entries) <= room);
        let foot = lines_of(entries.unwrap_or(self.foot.min(1)));
        (lines.len() - foot, height.saturating_sub(foot.min(room) + 1))
    }

    fn parts(&self, lines: &[Drawn<'_>], height: usize) -> Parts {
        let (head, room) = self.split(lines, height);
        if lines.len() <= height {
            return Parts { above: 0..lines.len(), hidden: 0, below: 0..0 };
        }
        let below = head..(head + height.saturating_sub(room + 1)).min(lines.len());
        let cut = lines.len() - below.end;
        let top = self.top.min(head.saturating_sub(room + 1));
        match head - top <= room + 1 && cut == 0 {
            true => Parts { above: top..head, hidden: 0, below },
            false => {
                let end = (top + room).min(head);
                Parts { above: top..end, hidden: head - end + cut, below }
            }
        }
    }
}

impl Widget for &Card<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(area, buffer);
        let lines = self.drawn(pen.width());
        let parts = self.parts(&lines, usize::from(pen.height()));
        let indent = self.indent() as u16;
        let mut put = |line: u16, drawn: &Drawn<'_>| {
            pen.put(1, line, drawn.label, self.theme.style(Family::Title));
            pen.put(1 + indent, line, &drawn.text, self.theme.style(drawn.family));
        };
        let mut line = 0;
        for drawn in &lines[parts.above.clone()] {
            put(line, drawn);
            line += 1;
        }
        let counted = line;
        line += u16::from(parts.hidden > 0);
        for drawn in &lines[parts.below.clone()] {
            put(line, drawn);
            line += 1;
        }
        if parts.hidden > 0 {
            let plural = if parts.hidden == 1 { "" } else { "s" };
            let words = format!("+{} more line{plural}{}", parts.hidden, self.way);
            pen.put(1, counted, &words, self.theme.style(Family::Quiet));
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
        let card = Card { lines: &lines, top: 0, foot: 0, way: "", theme: &theme };
        let pictures: Vec<String> = [(78, 8), (78, 4), (40, 6)].map(|(w, h)| drawn(&card, w, h)).to_vec();
        insta::assert_snapshot!(pictures.join("-----\n"));
        assert_eq!(card.lines_needed(78), 7);
    }

    #[test]
    fn a_scrolled_card_shows_its_end_and_never_runs_past_it() {
        let theme = Theme::plain();
        let lines = finding();
        let end = Card { lines: &lines, top: 99, foot: 0, way: "", theme: &theme };
        assert!(drawn(&end, 78, 2).contains("Causes  a lost write"));
        assert_eq!(drawn(&end, 78, 0), "");
    }

    #[test]
    fn the_last_entry_stands_at_the_bottom_however_little_room_there_is() {
        let theme = Theme::plain();
        let mut lines = finding();
        lines.push(CardLine::new("Next", "Keep a copy of this file. Restore a backup."));
        let card = |top| Card { lines: &lines, top, foot: 1, way: ": z", theme: &theme };
        let needed = card(0).lines_needed(78);
        for height in 4..needed as u16 {
            let last = card(0).last_top(78, height);
            for top in [0, 1, last, 99] {
                let picture = drawn(&card(top), 78, height);
                assert!(picture.lines().last().unwrap().contains("Next    Keep a copy"), "{height} {top}:\n{picture}");
                let counted = picture.contains("more line");
                assert_eq!(counted, top < last || last == 0 && height < needed as u16, "{height} {top}:\n{picture}");
            }
            assert!(drawn(&card(99), 78, height).contains("Causes"), "{height}");
        }
        assert!(drawn(&card(0), 78, 5).contains("+4 more lines: z"), "{}", drawn(&card(0), 78, 5));
    }

    #[test]
    fn a_card_without_labels_has_no_column_for_them() {
        let theme = Theme::plain();
        let lines = [CardLine::new("", "Nothing is on the disk yet.")];
        assert_eq!(
            drawn(&Card { lines: &lines, top: 0, foot: 0, way: "", theme: &theme }, 30, 1),
            " Nothing is on the disk yet.\n"
        );
    }
}
