//! The bar of a whole timeline: a column stands for one event or for many, and shows the weightiest mark among them.
//!
//! ```text
//! ├··c──·c─s─·c█───f──┤ f fold  s split  c commit  · sync
//! ```

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use std::ops::Range;

/// A mark on the bar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScrubMark {
    /// Its glyph.
    pub glyph: char,
    /// What it stands for, in a word.
    pub word: &'static str,
    /// Its colour.
    pub family: Family,
    /// The first event of the range that is one.
    pub event: usize,
}

/// The bar; marks are asked for column by column.
pub struct Scrub<'a> {
    /// How many events there are.
    pub total: usize,
    /// The present one, counted from 0.
    pub present: Option<usize>,
    /// The weightiest mark among some events.
    pub mark: &'a dyn Fn(Range<usize>) -> Option<ScrubMark>,
    /// Every mark there is on the timeline, weightiest first.
    pub legend: &'a [ScrubMark],
    /// The colours.
    pub theme: &'a Theme,
}

impl Scrub<'_> {
    /// The words behind the bar: as many of the legend as fit into less than half of it; `…` where some do not.
    fn shown_legend(&self, width: usize) -> Vec<(String, Family)> {
        let mut room = width * 2 / 5;
        let mut shown = Vec::new();
        for mark in self.legend {
            let words = format!(" {} {} ", mark.glyph, mark.word);
            if text::width(&words) > room {
                shown.push((" …".to_owned(), Family::Quiet));
                break;
            }
            room -= text::width(&words);
            shown.push((words, mark.family));
        }
        shown
    }

    fn columns(&self, width: usize) -> usize {
        let legend: usize = self.shown_legend(width).iter().map(|(words, _)| text::width(words)).sum();
        width.saturating_sub(legend + 2)
    }

    /// The events that a column stands for; none between two that stand apart.
    fn events(&self, column: usize, columns: usize) -> Range<usize> {
        let first = |column: usize| (column as u128 * self.total as u128).div_ceil(columns.max(1) as u128) as usize;
        first(column)..first(column + 1)
    }

    /// The event under a column: a mark there before anything else, else the last event up to there.
    pub fn event_at(&self, column: u16, width: u16) -> Option<usize> {
        let columns = self.columns(usize::from(width));
        let column = usize::from(column).checked_sub(1)?;
        if column >= columns || self.total == 0 {
            return None;
        }
        let events = self.events(column, columns);
        let marked = (self.mark)(events.clone()).map(|mark| mark.event);
        marked.or((!events.is_empty()).then_some(events.start)).or(events.start.checked_sub(1))
    }
}

impl Widget for &Scrub<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let width = usize::from(area.width);
        let columns = self.columns(width);
        if self.total == 0 || columns < 4 {
            return;
        }
        let mut pen = Pen::new(area, buffer);
        let quiet = self.theme.style(Family::Frame);
        let mut at = pen.put(0, 0, "├", quiet);
        for column in 0..columns {
            let events = self.events(column, columns);
            let (glyph, style) = match self.present {
                Some(present) if events.contains(&present) => ('█', self.theme.style(Family::Title)),
                _ => match (self.mark)(events) {
                    Some(mark) => (mark.glyph, self.theme.style(mark.family)),
                    None => ('─', quiet),
                },
            };
            at = pen.put(at, 0, glyph.encode_utf8(&mut [0; 4]), style);
        }
        at = pen.put(at, 0, "┤", quiet);
        for (words, family) in self.shown_legend(width) {
            at = pen.put(at, 0, &words, self.theme.style(family));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    const COMMIT: ScrubMark = ScrubMark { glyph: 'c', word: "commit", family: Family::Good, event: 0 };
    const CRASH: ScrubMark = ScrubMark { glyph: 'x', word: "crash", family: Family::Bad, event: 0 };

    /// A commit at every tenth event, a crash at event 55.
    fn mark(events: Range<usize>) -> Option<ScrubMark> {
        let commit = events.clone().find(|event| event % 10 == 9).map(|event| ScrubMark { event, ..COMMIT });
        if events.contains(&55) { Some(ScrubMark { event: 55, ..CRASH }) } else { commit }
    }

    fn bar(total: usize, present: usize) -> Scrub<'static> {
        static THEME: std::sync::LazyLock<Theme> = std::sync::LazyLock::new(Theme::dark);
        Scrub { total, present: Some(present), mark: &mark, legend: &[CRASH, COMMIT], theme: &THEME }
    }

    #[test]
    fn few_events_stand_apart_and_many_share_a_column() {
        let pictures: Vec<String> = [(20, 3, 70), (100, 30, 70), (5000, 2500, 70), (5000, 2500, 24)]
            .into_iter()
            .map(|(total, present, width)| drawn(&bar(total, present), width, 1))
            .collect();
        insta::assert_snapshot!(pictures.concat());
    }

    #[test]
    fn a_click_goes_to_the_mark_that_is_seen_and_every_event_has_its_column() {
        for total in [1, 7, 20, 100, 100_000] {
            let bar = bar(total, 0);
            let columns = bar.columns(70);
            let mut all: Vec<usize> = (0..columns).flat_map(|column| bar.events(column, columns)).collect();
            all.dedup();
            assert_eq!(all, (0..total).collect::<Vec<_>>());
        }
        let bar = bar(100, 0);
        let picture = drawn(&bar, 70, 1);
        let crash = picture.chars().position(|glyph| glyph == 'x').unwrap() as u16;
        assert_eq!(bar.event_at(crash, 70), Some(55));
        assert_eq!(bar.event_at(1, 70), Some(0));
        assert_eq!(bar.event_at(0, 70), None);
        assert_eq!(bar.event_at(69, 70), None, "the legend is no event");
    }
}
