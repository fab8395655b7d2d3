//! The scrubber: the events of one operation, a word each, the present one in brackets.
//!
//! ```text
//! ├…12─look─split─[UP]─seal─seal─SYNC─31…┤
//! ```
//! Where a side is cut, the number of events left out stands beside `…`.

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use std::ops::Range;

/// One event on the strip.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StripMark {
    /// One word; syncs and commits in capitals.
    pub word: String,
    /// Its colour.
    pub family: Family,
}

/// The strip; marks are asked for only where they are seen.
pub struct Strip<'a> {
    /// Number of events of the operation.
    pub total: usize,
    /// The present one, counted from 0.
    pub present: usize,
    /// The mark of an event.
    pub mark: &'a dyn Fn(usize) -> StripMark,
    /// The colours.
    pub theme: &'a Theme,
}

/// The words that will be drawn and how.
struct Plan {
    shown: Range<usize>,
    words: Vec<(String, Family)>,
    joint: &'static str,
}

impl Strip<'_> {
    fn plan(&self, width: usize) -> Option<Plan> {
        if self.total == 0 || width < 6 {
            return None;
        }
        let present = self.present.min(self.total - 1);
        let shown = self.range_that_fits(present, width);
        let words: Vec<_> = shown.clone().map(|at| self.word(at, present)).collect();
        let needed: usize = words.iter().map(|(word, _)| text::width(word)).sum();
        let roomy = shown.len() == self.total && needed + 3 * words.len() + 3 <= width;
        Some(Plan { shown, words, joint: if roomy { " ─ " } else { "─" } })
    }

    fn word(&self, at: usize, present: usize) -> (String, Family) {
        let StripMark { word, family } = (self.mark)(at);
        if at == present { (format!("[{}]", word.to_uppercase()), family) } else { (word, family) }
    }

    /// Grows from the present event to both sides while there is room; room for both counts is kept until it proves
    /// unneeded.
    fn range_that_fits(&self, present: usize, width: usize) -> Range<usize> {
        let cost = |at: usize| text::width(&self.word(at, present).0) + 1;
        let ends = 3;
        let side = |hidden: usize| if hidden == 0 { 0 } else { hidden.to_string().len() + 2 };
        let mut shown = present..present + 1;
        let mut used = cost(present) + ends;
        loop {
            let before = shown.clone();
            if shown.end < self.total {
                let cost = cost(shown.end);
                if used + cost + side(shown.start) + side(self.total - shown.end - 1) <= width {
                    used += cost;
                    shown.end += 1;
                }
            }
            if shown.start > 0 {
                let cost = cost(shown.start - 1);
                if used + cost + side(shown.start - 1) + side(self.total - shown.end) <= width {
                    used += cost;
                    shown.start -= 1;
                }
            }
            if shown == before {
                return shown;
            }
        }
    }

    /// The event under a column of the strip: where a click goes. A click on a cut end goes to the nearest hidden event.
    pub fn event_at(&self, column: u16, width: u16) -> Option<usize> {
        let plan = self.plan(usize::from(width))?;
        let mut end = text::width(&plan.head());
        if usize::from(column) < end {
            return Some(plan.shown.start.saturating_sub(1));
        }
        for (at, (word, _)) in plan.shown.clone().zip(&plan.words) {
            end += text::width(word) + text::width(plan.joint);
            if usize::from(column) < end {
                return Some(at);
            }
        }
        Some(plan.shown.end.min(self.total - 1))
    }
}

impl Plan {
    fn head(&self) -> String {
        let space = if self.joint == "─" { "" } else { " " };
        match self.shown.start {
            0 => format!("├─{space}"),
            hidden => format!("├…{hidden}─"),
        }
    }

    fn tail(&self, total: usize) -> String {
        let space = if self.joint == "─" { "" } else { " " };
        match total - self.shown.end {
            0 => format!("{space}─┤"),
            hidden => format!("─{hidden}…┤"),
        }
    }
}

impl Widget for &Strip<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let Some(plan) = self.plan(usize::from(area.width)) else { return };
        let mut pen = Pen::new(area, buffer);
        let quiet = self.theme.style(Family::Frame);
        let mut column = pen.put(0, 0, &plan.head(), quiet);
        for (at, (word, family)) in plan.shown.clone().zip(&plan.words) {
            if at > plan.shown.start {
                column = pen.put(column, 0, plan.joint, quiet);
            }
            let style = match at == self.present {
                true => self.theme.selected(*family),
                false => self.theme.style(*family),
            };
            column = pen.put(column, 0, word, style);
        }
        pen.put(column, 0, &plan.tail(self.total), quiet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    const WORDS: [&str; 14] = [
        "put", "begin", "look", "look", "split", "cell", "up", "seal", "seal", "seal", "write", "SYNC", "COMMIT", "end",
    ];

    fn mark(at: usize) -> StripMark {
        StripMark { word: WORDS[at % WORDS.len()].into(), family: Family::Plain }
    }

    #[test]
    fn a_strip_is_roomy_tight_or_cut_as_the_width_allows() {
        let theme = Theme::dark();
        let mut pictures = String::new();
        for (total, present, width) in
            [(14, 6, 118), (14, 6, 78), (14, 6, 40), (14, 0, 40), (14, 13, 40), (5000, 2500, 60)]
        {
            pictures.push_str(&drawn(&Strip { total, present, mark: &mark, theme: &theme }, width, 1));
        }
        insta::assert_snapshot!(pictures);
    }

    #[test]
    fn a_strip_never_outgrows_its_width() {
        let theme = Theme::plain();
        for width in 6..130 {
            for present in [0, 3, 50, 98, 99] {
                let text = drawn(&Strip { total: 100, present, mark: &mark, theme: &theme }, width + 20, 1);
                assert!(text.contains('┤'), "{text}");
                let strip = Strip { total: 100, present, mark: &mark, theme: &theme };
                let plan = strip.plan(usize::from(width)).unwrap();
                let middle: usize = plan.words.iter().map(|(word, _)| text::width(word) + 1).sum();
                let whole = text::width(&plan.head()) + middle - 1 + text::width(&plan.tail(100));
                assert!(whole <= usize::from(width).max(18), "{whole} in {width}");
            }
        }
    }

    #[test]
    fn a_click_finds_the_event_under_it() {
        let theme = Theme::plain();
        let strip = Strip { total: 14, present: 6, mark: &mark, theme: &theme };
        let picture = drawn(&strip, 78, 1);
        let column = |word: &str| picture.split(word).next().unwrap().chars().count() as u16;
        assert_eq!(strip.event_at(column("begin"), 78), Some(1));
        assert_eq!(strip.event_at(column("SYNC") + 1, 78), Some(11));
        assert_eq!(strip.event_at(77, 78), Some(13));
    }
}
