//! The map of a file under verification: a sign for some neighbouring pages, in the order of the file.
//!
//! ```text
//! ▓▓▓▓▓▓▓▓▓▓▓▓×▓▓▓▓▒······
//! one sign is 12 pages: ▓ sound, ▒ begun, × bad, · not looked at
//! ```

use super::theme::{Family, Theme};
use ratatui::style::Style;
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// Neighbouring pages that were looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MapPart {
    /// Those found sound.
    pub sound: u32,
    /// Those found not to be.
    pub bad: u32,
}

/// The map; cells are asked for only as the area needs them.
pub struct PageMap<'a> {
    /// Number of cells.
    pub cells: usize,
    /// Pages to a cell.
    pub pages: u32,
    /// What is known of a cell.
    pub part: &'a dyn Fn(usize) -> MapPart,
    /// The colours.
    pub theme: &'a Theme,
}

impl Widget for PageMap<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        if area.width < 4 || area.height < 2 || self.cells == 0 {
            return;
        }
        let columns = usize::from(area.width - 2);
        let room = columns * usize::from(area.height - 1);
        let joined = self.cells.div_ceil(room);
        let pages = u64::from(self.pages) * joined as u64;
        for (at, first) in (0..self.cells).step_by(joined).enumerate() {
            let (sign, family) = self.sign(first, joined);
            let (x, y) = (area.x + 1 + (at % columns) as u16, area.y + (at / columns) as u16);
            buffer.set_string(x, y, sign, Style::reset().patch(self.theme.style(family)));
        }
        let what = if pages == 1 { "one sign is one page".to_owned() } else { format!("one sign is {pages} pages") };
        let words = format!("{what}: ▓ sound, ▒ begun, × bad, · not looked at");
        let quiet = Style::reset().patch(self.theme.style(Family::Quiet));
        buffer.set_stringn(area.x + 1, area.bottom() - 1, words, columns, quiet);
    }
}

impl PageMap<'_> {
    fn sign(&self, first: usize, joined: usize) -> (&'static str, Family) {
        let last = (first + joined).min(self.cells);
        let all = (first..last)
            .map(self.part)
            .fold(MapPart::default(), |all, part| MapPart { sound: all.sound + part.sound, bad: all.bad + part.bad });
        let pages = (last - first) as u32 * self.pages;
        match all {
            MapPart { bad: 1.., .. } => ("×", Family::Bad),
            MapPart { sound: 0, .. } => ("·", Family::Quiet),
            MapPart { sound, .. } if sound < pages => ("▒", Family::Good),
            _ => ("▓", Family::Good),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_pages_share_a_sign_and_one_bad_page_marks_it() {
        let part = |cell: usize| match cell {
            0..40 => MapPart { sound: 2, bad: 0 },
            40 => MapPart { sound: 1, bad: 1 },
            41 => MapPart { sound: 1, bad: 0 },
            _ => MapPart::default(),
        };
        let theme = Theme::plain();
        let draw = |width, height| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
            PageMap { cells: 60, pages: 2, part: &part, theme: &theme }.render(buffer.area, &mut buffer);
            crate::picture::to_text(&buffer)
        };
        let roomy = draw(32, 4);
        assert!(roomy.contains(&format!("{}×▒····", "▓".repeat(10))), "{roomy}");
        assert!(roomy.contains("one sign is 2 pages"), "{roomy}");
        let narrow = draw(22, 3);
        assert!(narrow.contains("one sign is 4 pages"), "{narrow}");
        assert!(narrow.contains(" ×·········"), "{narrow}");
    }
}
