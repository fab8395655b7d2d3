//! A strip of film: frames side by side between two rows of holes, the chosen one inverted. Frames are asked for only where
//! they are seen; what lies beside is counted.
//!
//! ```text
//!  ▪ ▪ ▪ ▪ ▪ ▪ ▪ ▪ ▪ ▪ ▪ ▪ ▪ ▪ ▪
//! ┌v1──────────┬v2──────────┬v3─
//! │ event 12   │ event 67   │
//! │ █████░  84 │ ███░░░  55 │
//! ```

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// One frame.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FilmFrame {
    /// `v3`.
    pub title: String,
    /// What is told of it, a line each.
    pub lines: [String; 4],
    /// How full it is.
    pub fill_percent: Option<u8>,
    /// How far it came: `sealed`, `durable`.
    pub foot: String,
}

/// The strip.
pub struct FilmStrip<'a> {
    /// Number of frames.
    pub total: usize,
    /// The chosen frame.
    pub selected: usize,
    /// The frame of the present instant; those behind it are still to come.
    pub present: Option<usize>,
    /// The frame of an index.
    pub frame: &'a dyn Fn(usize) -> FilmFrame,
    /// The colours.
    pub theme: &'a Theme,
}

/// Columns of a frame, its left border counted.
const FRAME_COLUMNS: u16 = 15;

impl FilmStrip<'_> {
    /// The frames that are seen.
    pub fn window(&self, width: u16) -> std::ops::Range<usize> {
        let fit = usize::from(width.saturating_sub(2) / FRAME_COLUMNS).max(1);
        text::window(self.total, self.selected, fit)
    }

    /// The frame under a column.
    pub fn frame_at(&self, column: u16, width: u16) -> Option<usize> {
        let at = self.window(width).start + usize::from(column.checked_sub(1)? / FRAME_COLUMNS);
        self.window(width).contains(&at).then_some(at)
    }
}

impl Widget for &FilmStrip<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(area, buffer);
        if pen.height() < 8 || self.total == 0 {
            return;
        }
        let shown = self.window(pen.width());
        let end = 1 + FRAME_COLUMNS * shown.len() as u16;
        let border = self.theme.style(Family::Frame);
        pen.fill(1..end + 1, 0, '─', border);
        pen.fill(1..end + 1, 7, '─', border);
        for line in 1..7 {
            pen.sign(end, line, '│', border);
        }
        for (place, at) in shown.clone().enumerate() {
            self.draw_frame(&mut pen, at, 1 + FRAME_COLUMNS * place as u16);
        }
        for (line, corners) in [(0, ['┬', '┐']), (7, ['┴', '┘'])] {
            for place in 1..shown.len() as u16 {
                pen.sign(1 + FRAME_COLUMNS * place, line, corners[0], border);
            }
            pen.sign(end, line, corners[1], border);
            pen.sign(1, line, if line == 0 { '┌' } else { '└' }, border);
        }
        let (before, behind) = (shown.start, self.total - shown.end);
        for (place, at) in shown.enumerate() {
            let column = 3 + FRAME_COLUMNS * place as u16;
            pen.put(column, 0, &format!(" {} ", (self.frame)(at).title), self.title_style(at));
        }
        if before + behind > 0 {
            let words = format!(" ◂ {before} before, {behind} behind ▸ ");
            let column = end.saturating_sub(text::width(&words) as u16 + 1).max(2);
            pen.put(column, 7, &words, self.theme.style(Family::Quiet));
        }
    }
}

impl FilmStrip<'_> {
    fn title_style(&self, at: usize) -> ratatui::style::Style {
        let family = if self.is_to_come(at) { Family::Quiet } else { Family::Title };
        if at == self.selected { self.theme.selected(family) } else { self.theme.style(family) }
    }

    fn is_to_come(&self, at: usize) -> bool {
        self.present.is_some_and(|present| at > present)
    }

    fn draw_frame(&self, pen: &mut Pen<'_>, at: usize, column: u16) {
        let frame = (self.frame)(at);
        let quiet = self.is_to_come(at);
        let style = |family| self.theme.style(if quiet { Family::Quiet } else { family });
        for line in 1..7 {
            pen.sign(column, line, '│', self.theme.style(Family::Frame));
        }
        let room = FRAME_COLUMNS - 2;
        let families = [Family::Plain, Family::Identity, Family::Payload, Family::Length];
        for (line, (words, family)) in (1..).zip(frame.lines.iter().zip(families)) {
            pen.put_within(column + 2, line, room - 1, words, style(family));
        }
        if let Some(percent) = frame.fill_percent {
            let full = (u16::from(percent.min(100)) * 6).div_ceil(100);
            pen.fill(column + 2..column + 2 + full, 5, '█', style(Family::Payload));
            pen.fill(column + 2 + full..column + 8, 5, '░', style(Family::Free));
            pen.put(column + 9, 5, &format!("{percent:>3}%"), style(Family::Length));
        }
        pen.put_within(column + 2, 6, room - 1, &frame.foot, style(Family::Good));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    fn frame(at: usize) -> FilmFrame {
        FilmFrame {
            title: format!("v{}", at + 1),
            lines: [format!("event {}", at * 7 + 3), "leaf".into(), format!("{at} records"), "commit 2".into()],
            fill_percent: Some((at * 9 % 101) as u8),
            foot: "durable".into(),
        }
    }

    #[test]
    fn frames_stand_side_by_side_and_those_out_of_sight_are_counted() {
        let theme = Theme::dark();
        let strip = |total, selected| FilmStrip { total, selected, present: Some(4), frame: &frame, theme: &theme };
        let pictures = [drawn(&strip(3, 1), 78, 8), drawn(&strip(1_000_000, 500), 60, 8), drawn(&strip(2, 0), 10, 3)];
        insta::assert_snapshot!(pictures.join("-----\n"));
        assert_eq!(strip(3, 1).frame_at(17, 78), Some(1));
        assert_eq!(strip(3, 1).frame_at(77, 78), None);
    }
}
