//! A page drawn to scale: one sign for so many bytes, with the regions' names above and their offsets below.
//!
//! ```text
//! head slots  free                      cells, filled from the end
//! HHSSSS··························mppppppppnnnnnnnnllllllll  a sign = 8 bytes
//! 0 16  48                        254      326     391   456
//! ```

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use std::ops::Range;

/// Bytes that belong together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region {
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// The sign it is drawn with.
    pub sign: char,
    /// Its colour.
    pub family: Family,
    /// What stands above it; neighbours of one name share it, and an empty one shows nothing.
    pub name: String,
    /// Whether the selection lies on it; it is then shown inverted, with `^` below.
    pub selection: Selection,
}

/// Whether a region is the chosen one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Selection {
    /// It is not.
    #[default]
    Other,
    /// It is.
    Chosen,
}

/// The ruler.
#[derive(Clone, Debug)]
pub struct ByteRuler<'a> {
    /// Bytes of the whole.
    pub size_bytes: usize,
    /// The regions in ascending order; bytes of none are drawn as free.
    pub regions: &'a [Region],
    /// The colours.
    pub theme: &'a Theme,
}

/// How many bytes a sign stands for, and over how many lines the signs run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Scale {
    bytes_a_sign: usize,
    signs_a_row: usize,
    rows: usize,
}

impl ByteRuler<'_> {
    /// The region under a place of the widget: where a click goes.
    pub fn region_at(&self, column: u16, line: u16, area: Rect) -> Option<usize> {
        let scale = self.scale(area.width, area.height)?;
        let (names, lines) = (lines_of_names(&scale, area.height), self.lines_a_row(&scale, area.height));
        let row = usize::from(line.checked_sub(names)?) / usize::from(lines);
        let at = usize::from(column).checked_sub(1)?;
        if row >= scale.rows || at >= scale.signs_a_row {
            return None;
        }
        *self.owners(scale.bytes_a_sign).get(row * scale.signs_a_row + at)?
    }

    /// The byte under a place of the widget: of those that the sign stands for the first that is of its region.
    pub fn byte_at(&self, column: u16, line: u16, area: Rect) -> Option<usize> {
        let region = &self.regions[self.region_at(column, line, area)?];
        let scale = self.scale(area.width, area.height)?;
        let lines = self.lines_a_row(&scale, area.height);
        let row = usize::from((line - lines_of_names(&scale, area.height)) / lines);
        let sign = row * scale.signs_a_row + usize::from(column - 1);
        Some((sign * scale.bytes_a_sign).clamp(region.start, region.end.saturating_sub(1).max(region.start)))
    }

    /// The smallest power of two of bytes a sign with which the page fits; two rows where the height allows both.
    fn scale(&self, width: u16, height: u16) -> Option<Scale> {
        let room = usize::from(width.saturating_sub(2));
        if room < 8 || height == 0 || self.size_bytes == 0 {
            return None;
        }
        let rows_max = if height >= 4 { 2 } else { 1 };
        let needed = |rows: usize| {
            let mut bytes = 1;
            while self.size_bytes.div_ceil(bytes) > room * rows {
                bytes *= 2;
            }
            bytes
        };
        // A row of sixteen bytes a sign or finer is clear enough; only a coarser one is worth a second.
        let rows = if needed(1) > 16 && needed(rows_max) < needed(1) { rows_max } else { 1 };
        let bytes_a_sign = needed(rows);
        Some(Scale { bytes_a_sign, signs_a_row: self.size_bytes.div_ceil(bytes_a_sign).div_ceil(rows), rows })
    }

    /// Which region each sign shows: the one with most bytes under it; but a region too small to win anywhere still gets
    /// the sign where it has most, or the next one, if what it displaces there has another.
    fn owners(&self, bytes_a_sign: usize) -> Vec<Option<usize>> {
        let signs = self.size_bytes.div_ceil(bytes_a_sign);
        let mut best: Vec<(usize, Option<usize>)> = vec![(0, None); signs];
        let mut counts = vec![0usize; self.regions.len()];
        for (index, region) in self.regions.iter().enumerate() {
            for sign in region.signs(bytes_a_sign, signs) {
                let share = region.share(sign, bytes_a_sign);
                if share > best[sign].0 {
                    best[sign] = (share, Some(index));
                }
            }
        }
        best.iter().filter_map(|(_, owner)| *owner).for_each(|owner| counts[owner] += 1);
        for (index, region) in self.regions.iter().enumerate() {
            if counts[index] > 0 {
                continue;
            }
            let best_place = region.signs(bytes_a_sign, signs).max_by_key(|sign| region.share(*sign, bytes_a_sign));
            let Some(sign) = best_place else { continue };
            let spare =
                |sign: &usize| best.get(*sign).is_some_and(|(_, owner)| owner.is_none_or(|own| counts[own] > 1));
            if let Some(sign) = [sign, sign + 1].into_iter().find(spare) {
                best[sign].1.into_iter().for_each(|owner| counts[owner] -= 1);
                best[sign] = (0, Some(index));
                counts[index] = 1;
            }
        }
        best.into_iter().map(|(_, owner)| owner).collect()
    }

    fn has_selection(&self) -> bool {
        self.regions.iter().any(|region| region.selection == Selection::Chosen)
    }

    /// Lines for each row: the signs, the carets under the selection if there is room, the offsets.
    fn lines_a_row(&self, scale: &Scale, height: u16) -> u16 {
        let rows = scale.rows as u16;
        let room = height - lines_of_names(scale, height);
        let wanted = if self.has_selection() { 3 } else { 2 };
        (room / rows).clamp(1, wanted)
    }
}

/// Names stand above a single row only, and only when signs and offsets have their lines.
fn lines_of_names(scale: &Scale, height: u16) -> u16 {
    u16::from(scale.rows == 1 && height >= 3)
}

impl Region {
    fn signs(&self, bytes_a_sign: usize, signs: usize) -> Range<usize> {
        let end = self.end.div_ceil(bytes_a_sign).min(signs);
        let start = (self.start / bytes_a_sign).min(end);
        if self.end <= self.start { start..start } else { start..end }
    }

    fn share(&self, sign: usize, bytes_a_sign: usize) -> usize {
        let (start, end) = (sign * bytes_a_sign, (sign + 1) * bytes_a_sign);
        self.end.min(end).saturating_sub(self.start.max(start))
    }
}

impl Widget for &ByteRuler<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let Some(scale) = self.scale(area.width, area.height) else { return };
        let owners = self.owners(scale.bytes_a_sign);
        let mut pen = Pen::new(area, buffer);
        let names = lines_of_names(&scale, area.height);
        self.draw_scale(&mut pen, &scale, names);
        if names > 0 {
            self.draw_names(&mut pen, &owners);
        }
        let lines = self.lines_a_row(&scale, area.height);
        for (row, owners) in owners.chunks(scale.signs_a_row).enumerate() {
            let line = names + row as u16 * lines;
            self.draw_signs(&mut pen, owners, line);
            if lines > 2 {
                self.draw_carets(&mut pen, owners, line + 1);
            }
            if lines > 1 {
                let first = row * scale.signs_a_row;
                self.draw_offsets(&mut pen, &scale, first, owners, line + lines - 1);
            }
        }
    }
}

impl ByteRuler<'_> {
    fn draw_signs(&self, pen: &mut Pen<'_>, owners: &[Option<usize>], line: u16) {
        for (at, owner) in owners.iter().enumerate() {
            let (sign, style) = match owner.map(|owner| &self.regions[owner]) {
                None => ('·', self.theme.style(Family::Free)),
                Some(region) if region.selection == Selection::Chosen => {
                    (region.sign, self.theme.selected(region.family))
                }
                Some(region) => (region.sign, self.theme.style(region.family)),
            };
            pen.sign(1 + at as u16, line, sign, style);
        }
    }

    fn draw_carets(&self, pen: &mut Pen<'_>, owners: &[Option<usize>], line: u16) {
        for (at, owner) in owners.iter().enumerate() {
            if owner.is_some_and(|owner| self.regions[owner].selection == Selection::Chosen) {
                pen.sign(1 + at as u16, line, '^', self.theme.style(Family::Title));
            }
        }
    }

    /// Each name at its first sign, if the name before it left room.
    fn draw_names(&self, pen: &mut Pen<'_>, owners: &[Option<usize>]) {
        let name = |at: usize| owners[at].map_or("", |owner| self.regions[owner].name.as_str());
        let mut free_from = 1;
        for at in 0..owners.len() {
            let column = 1 + at as u16;
            let begins = !name(at).is_empty() && (at == 0 || name(at) != name(at - 1));
            if begins && column >= free_from {
                let run = (at..owners.len()).take_while(|next| name(*next) == name(at)).count();
                let long = text::width(name(at));
                // A long name over a wide region stands in its middle.
                let shift = if run > long + 8 && at > 0 { (run - long) / 4 } else { 0 };
                // Half a word would be a riddle; the signs and the card say it too.
                if usize::from(column) + shift + long > usize::from(pen.width()) {
                    continue;
                }
                free_from = 1 + pen.put(column + shift as u16, 0, name(at), self.theme.style(Family::Quiet));
            }
        }
    }

    /// Offsets where regions begin, the chosen one's first of all; those that would touch another are left out.
    fn draw_offsets(&self, pen: &mut Pen<'_>, scale: &Scale, first: usize, owners: &[Option<usize>], line: u16) {
        let start = first * scale.bytes_a_sign;
        let end = ((first + owners.len()) * scale.bytes_a_sign).min(self.size_bytes);
        let width = usize::from(pen.width());
        let mut taken: Vec<Range<usize>> = Vec::new();
        let mut place = |offset: usize, column: usize| {
            let label = offset.to_string();
            let columns = column..column + label.len();
            let free = taken.iter().all(|other| columns.end < other.start || other.end < columns.start);
            if free && columns.end <= width {
                pen.put(column as u16, line, &label, self.theme.style(Family::Quiet));
                taken.push(columns);
            }
        };
        // The ends come first, so that the size of the whole is always there.
        place(end, (1 + owners.len()).saturating_sub(end.to_string().len()).max(1));
        place(start, 1);
        for selection in [Selection::Chosen, Selection::Other] {
            for (index, region) in self.regions.iter().enumerate() {
                let column = owners.iter().position(|owner| *owner == Some(index));
                if let Some(column) = column.filter(|_| region.selection == selection && region.start >= start) {
                    place(region.start, 1 + column);
                }
            }
        }
    }

    /// The scale stands after the signs, in fewer words if need be, or else on the line of the names.
    fn draw_scale(&self, pen: &mut Pen<'_>, scale: &Scale, line: u16) {
        let bytes = scale.bytes_a_sign;
        let unit = if bytes == 1 { "byte" } else { "bytes" };
        let words = format!("a sign = {bytes} {unit}");
        let style = self.theme.style(Family::Quiet);
        let after = 3 + scale.signs_a_row;
        let room = usize::from(pen.width()).saturating_sub(after);
        if let Some(words) = [&words, &format!("{bytes} B a sign")].into_iter().find(|words| words.len() <= room) {
            pen.put(after as u16, line, words, style);
        } else if line > 0 {
            pen.keep_right(&format!("  {words}"), style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    fn region(start: usize, end: usize, sign: char, name: &str) -> Region {
        Region { start, end, sign, family: Family::Plain, name: name.into(), selection: Selection::Other }
    }

    fn leaf() -> Vec<Region> {
        let mut regions = vec![
            region(0, 16, 'H', "head"),
            region(16, 48, 'S', "slots"),
            region(48, 254, '·', "free"),
            region(254, 261, 'm', "cells, filled from the end"),
            region(261, 326, 'p', "cells, filled from the end"),
            region(326, 391, 'n', "cells, filled from the end"),
            region(391, 456, 'l', "cells, filled from the end"),
        ];
        regions[3].selection = Selection::Chosen;
        regions
    }

    #[test]
    fn a_page_is_drawn_to_scale_with_names_above_and_offsets_below() {
        let (theme, regions) = (Theme::dark(), leaf());
        let ruler = ByteRuler { size_bytes: 456, regions: &regions, theme: &theme };
        let pictures: Vec<String> =
            [(78, 3), (78, 4), (40, 3), (40, 5), (78, 1)].map(|(w, h)| drawn(&ruler, w, h)).to_vec();
        insta::assert_snapshot!(pictures.join("-----\n"));
    }

    #[test]
    fn a_large_page_takes_two_rows_and_its_small_regions_stay_visible() {
        let theme = Theme::dark();
        let mut regions = vec![region(0, 16, 'H', "head"), region(16, 24, 'S', "slots"), region(24, 4000, '·', "free")];
        regions.push(region(4000, 4003, 'a', "cells"));
        regions.push(region(4003, 4040, 'b', "cells"));
        let ruler = ByteRuler { size_bytes: 4040, regions: &regions, theme: &theme };
        let (two, one) = (drawn(&ruler, 78, 4), drawn(&ruler, 78, 3));
        for sign in ['H', 'S', 'a', 'b'] {
            assert!(two.contains(sign) && one.contains(sign), "{sign} in\n{two}{one}");
        }
        insta::assert_snapshot!(format!("{two}-----\n{one}"));
    }

    #[test]
    fn a_click_finds_its_region_and_wrong_regions_are_no_panic() {
        let (theme, regions) = (Theme::plain(), leaf());
        let ruler = ByteRuler { size_bytes: 456, regions: &regions, theme: &theme };
        let area = Rect::new(0, 0, 78, 3);
        assert_eq!(ruler.region_at(1, 1, area), Some(0));
        assert_eq!(ruler.region_at(33, 1, area), Some(3));
        assert_eq!(ruler.region_at(77, 1, area), None);
        assert_eq!((ruler.byte_at(1, 1, area), ruler.byte_at(33, 1, area)), (Some(0), Some(256)));
        assert_eq!(
            ruler.byte_at(32, 1, area),
            Some(254).filter(|_| ruler.region_at(32, 1, area) == Some(3)).or(Some(248))
        );
        let wrong = [region(500, 900, 'x', ""), region(40, 10, 'y', ""), region(usize::MAX - 1, usize::MAX, 'z', "")];
        let ruler = ByteRuler { size_bytes: 456, regions: &wrong, theme: &theme };
        drawn(&ruler, 78, 4);
    }
}
