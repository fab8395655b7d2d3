//! The frame round panes that stand one above the other and share their borders.
//!
//! ```text
//! ┌─ 1 TREE  2 page  4 log ─────────────── note ─┐
//! │ first section                                │
//! ├─ Page 2, leaf ─────────────────── 456 bytes ─┤
//! │ second section                               │
//! └──────────────────────────────────────────────┘
//! ```
//! It draws borders and titles only; [`Frame::inner`] says where the panes may draw.

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// What stands at the left of a section's upper border.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Title {
    /// A heading.
    Text(String),
    /// The views that can stand here, the present one in capitals.
    Tabs {
        /// The words, with the digit that chooses each: `1 tree`.
        names: Vec<String>,
        /// Which of them is shown.
        present: usize,
        /// How many further views there are that have no room: `+5 more`.
        more: usize,
    },
}

/// How many lines a section gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Height {
    /// So many lines, its upper border not counted.
    Lines(u16),
    /// A share of the lines that are left, by weight.
    Share(u16),
}

/// Columns that the count of views without a tab takes, at its shortest.
const MORE_COLUMNS: usize = 4;
/// Narrower than this, tabs stand close to each other.
const NARROW_COLUMNS: u16 = 72;

/// One pane of a frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// What it is.
    pub title: Title,
    /// A remark at the right of the border; empty for none.
    pub note: String,
    /// Its height.
    pub height: Height,
    /// Whether keys go to this pane; its title then stands after a heavy line.
    pub focus: Focus,
}

/// Whether keys go to a pane.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Focus {
    /// They go elsewhere.
    #[default]
    Elsewhere,
    /// They go here.
    Here,
}

/// The whole frame.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// The panes from top to bottom.
    pub sections: &'a [Section],
    /// The colours.
    pub theme: &'a Theme,
}

impl Frame<'_> {
    /// Where each section may draw: all inside the borders. Widgets keep the first column for their marks.
    pub fn inner(&self, area: Rect) -> Vec<Rect> {
        let mut top = area.y;
        let mut inner = Vec::with_capacity(self.sections.len());
        for height in self.heights(area) {
            let bottom = area.bottom().saturating_sub(1);
            let y = top.saturating_add(1).min(bottom);
            let height = height.min(bottom.saturating_sub(y));
            inner.push(Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height });
            top = y + height;
        }
        inner
    }

    /// Lines for each section: fixed ones first, then the shares; what is missing is taken from the last sections.
    fn heights(&self, area: Rect) -> Vec<u16> {
        let borders = self.sections.len() as u16 + 1;
        let mut left = area.height.saturating_sub(borders);
        let mut heights = vec![0; self.sections.len()];
        for (height, section) in heights.iter_mut().zip(self.sections) {
            if let Height::Lines(lines) = section.height {
                *height = lines.min(left);
                left -= *height;
            }
        }
        let mut weights: u32 = self.sections.iter().map(|section| section.weight()).sum();
        for (height, section) in heights.iter_mut().zip(self.sections) {
            let weight = section.weight();
            if weight > 0 {
                *height = (u32::from(left) * weight / weights) as u16;
                left -= *height;
                weights -= weight;
            }
        }
        heights
    }
}

impl Section {
    /// A section with a heading and no note.
    pub fn text(title: impl Into<String>, height: Height) -> Section {
        Section { title: Title::Text(title.into()), note: String::new(), height, focus: Focus::Elsewhere }
    }

    fn weight(&self) -> u32 {
        match self.height {
            Height::Lines(_) => 0,
            Height::Share(weight) => u32::from(weight.max(1)),
        }
    }
}

impl Widget for &Frame<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        if area.width < 4 || area.height < 2 {
            return;
        }
        let inner = self.inner(area);
        let mut pen = Pen::new(area, buffer);
        let (last_column, last_line) = (area.width - 1, area.height - 1);
        let border = self.theme.style(Family::Frame);
        for line in 1..last_line {
            pen.sign(0, line, '│', border);
            pen.sign(last_column, line, '│', border);
        }
        for (at, (section, inner)) in self.sections.iter().zip(&inner).enumerate() {
            let line = inner.y - 1 - area.y;
            if at > 0 && line == 0 {
                continue;
            }
            pen.fill(0..last_column, line, '─', border);
            let (left, right) = if at == 0 { ('┌', '┐') } else { ('├', '┤') };
            pen.sign(0, line, left, border);
            pen.sign(last_column, line, right, border);
            self.draw_title(&mut pen, section, line);
        }
        pen.fill(0..last_column, last_line, '─', border);
        pen.sign(0, last_line, '└', border);
        pen.sign(last_column, last_line, '┘', border);
    }
}

impl Frame<'_> {
    fn draw_title(&self, pen: &mut Pen<'_>, section: &Section, line: u16) {
        let words = usize::from(pen.width().saturating_sub(6));
        if section.focus == Focus::Here {
            pen.sign(1, line, '━', self.theme.style(Family::Title));
        }
        let end = match &section.title {
            Title::Text(title) if title.is_empty() => 1,
            Title::Text(title) => {
                let title = format!(" {} ", text::clip(title, words));
                pen.put(2, line, &title, self.theme.style(Family::Title))
            }
            Title::Tabs { names, present, more } => self.draw_tabs(pen, names, *present, (*more, &section.note), line),
        };
        self.draw_note(pen, section, end, line);
    }

    /// As many tabs as fit round the present one; those that do not are counted with the views that have none.
    fn draw_tabs(
        &self,
        pen: &mut Pen<'_>,
        names: &[String],
        present: usize,
        (more, note): (usize, &str),
        line: u16,
    ) -> u16 {
        let room = usize::from(pen.width().saturating_sub(8));
        let gap = tab_gap(pen.width());
        let all = tabs_that_fit(names, present, gap, room);
        let is_whole = all.len() == names.len() && more == 0;
        let shown = if is_whole { all } else { tabs_that_fit(names, present, gap, room.saturating_sub(MORE_COLUMNS)) };
        let hidden = names.len() - shown.len() + more;
        let quiet = self.theme.style(Family::Quiet);
        let mut column = pen.put(2, line, " ", quiet);
        for at in shown.clone() {
            column = match at == present {
                true => pen.put(column, line, &in_front(&names[at]), self.theme.style(Family::Title)),
                false => pen.put(column, line, &names[at], self.theme.style(Family::Plain)),
            };
            let gap = if at + 1 < shown.end { " ".repeat(tab_gap(pen.width())) } else { " ".into() };
            column = pen.put(column, line, &gap, quiet);
        }
        if hidden > 0 {
            let lead = " ".repeat(gap - 1);
            let whole = format!("{lead}+{hidden} more ");
            let beside = if note.is_empty() { 1 } else { text::width(note) + 6 };
            let fits = usize::from(column) + whole.len() + beside <= usize::from(pen.width());
            column = pen.put(column, line, &if fits { whole } else { format!("{lead}+{hidden} ") }, quiet);
        }
        column
    }

    /// The note, or as many of its parts as there is room for; beside tabs rather none than half a word.
    fn draw_note(&self, pen: &mut Pen<'_>, section: &Section, title_end: u16, line: u16) {
        let note = &section.note;
        // Two border signs stand before the note and one after it, and a blank on each of its sides.
        let room = usize::from(pen.width().saturating_sub(title_end + 2 + 4));
        if note.is_empty() || room < 4 {
            return;
        }
        let parts = leading_parts(note, room);
        if matches!(section.title, Title::Tabs { .. }) && text::width(parts) > room {
            return;
        }
        let note = format!(" {} ", text::clip(parts, room));
        let column = pen.width() - 2 - text::width(&note) as u16;
        pen.put(column, line, &note, self.theme.style(Family::Plain));
    }
}

/// As many of a note's parts, which commas divide, as there is room for; the whole note when not even the first fits.
fn leading_parts(note: &str, room: usize) -> &str {
    let ends = note.match_indices(", ").map(|(at, _)| at).chain([note.len()]);
    let fitting = ends.map(|end| &note[..end]).take_while(|parts| text::width(parts) <= room).last();
    fitting.unwrap_or(note)
}

/// Blanks between two tabs: on a narrow screen the digits tell them apart.
pub fn tab_gap(width: u16) -> usize {
    if width < NARROW_COLUMNS { 1 } else { 2 }
}

/// The tab of the view in front: its word in capitals, its key as it is pressed.
fn in_front(name: &str) -> String {
    match name.split_once(' ') {
        Some((key, word)) => format!("{key} {}", word.to_uppercase()),
        None => name.to_uppercase(),
    }
}

fn tabs_that_fit(names: &[String], present: usize, gap: usize, room: usize) -> std::ops::Range<usize> {
    let mut shown = present.min(names.len())..(present + 1).min(names.len());
    let cost = |at: usize| text::width(&names[at]) + gap;
    let mut used: usize = shown.clone().map(cost).sum();
    loop {
        let before = shown.clone();
        if shown.end < names.len() && used + cost(shown.end) <= room {
            used += cost(shown.end);
            shown.end += 1;
        }
        if shown.start > 0 && used + cost(shown.start - 1) <= room {
            shown.start -= 1;
            used += cost(shown.start);
        }
        if shown == before {
            return shown;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    fn sections() -> Vec<Section> {
        let names = ["1 tree", "2 page", "4 log", "5 disk", "0 events"].map(String::from).to_vec();
        let mut page = Section::text("Page 2, leaf, in memory, not sealed yet", Height::Lines(2));
        page.note = "plain form, 456 bytes".into();
        page.focus = Focus::Here;
        vec![
            Section {
                title: Title::Tabs { names, present: 0, more: 5 },
                note: "3 pages changed in memory".into(),
                height: Height::Share(1),
                focus: Focus::Elsewhere,
            },
            page,
            Section::text("What just happened", Height::Lines(1)),
        ]
    }

    #[test]
    fn panes_share_borders_and_titles_give_way_to_a_small_width() {
        let theme = Theme::dark();
        let frame = Frame { sections: &sections(), theme: &theme };
        let pictures: Vec<String> = [(80, 10), (50, 9), (24, 8)].map(|(w, h)| drawn(&frame, w, h)).to_vec();
        insta::assert_snapshot!(pictures.join("\n"));
    }

    #[test]
    fn inner_areas_lie_between_the_borders() {
        let theme = Theme::plain();
        let frame = Frame { sections: &sections(), theme: &theme };
        let inner = frame.inner(Rect::new(0, 0, 80, 20));
        assert_eq!(inner[0], Rect::new(1, 1, 78, 13));
        assert_eq!(inner[1], Rect::new(1, 15, 78, 2));
        assert_eq!(inner[2], Rect::new(1, 18, 78, 1));
    }

    #[test]
    fn an_area_too_small_for_all_sections_is_no_panic() {
        let theme = Theme::plain();
        let frame = Frame { sections: &sections(), theme: &theme };
        for (width, height) in [(0, 0), (3, 3), (10, 2), (10, 4), (80, 5)] {
            drawn(&frame, width, height);
        }
    }
}
