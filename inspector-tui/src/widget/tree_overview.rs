//! A tree of any size on one picture: a line for each level, a sign for each node or for neighbours that share one.
//!
//! ```text
//! root, level 2       1   ═
//! level 1            12   ▆▆═▇▅▆▆▆▅▆▆▃
//! leaves            140   ▆▅▆▅▅▆═*▆▅▆▅▅▆▅▆ …
//! ```
//! Its cost depends on the area: only nodes with a sign of their own are asked how full they are.

use super::{
    TreePlace,
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// What stands out among the nodes; the more remarkable comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum OverviewMark {
    /// Something was found in it.
    Bad,
    /// Made by the present transaction.
    New,
    /// Changed in memory.
    Changed,
    /// On the path of the search.
    Path,
}

/// Gives how full the node at a level and a place there is, in percent.
pub type FillOf<'a> = Box<dyn Fn(usize, usize) -> Option<u8> + 'a>;

/// The picture.
pub struct TreeOverview<'a> {
    /// Number of nodes of each level, from the root.
    pub levels: Vec<usize>,
    /// How full a node is.
    pub fill: FillOf<'a>,
    /// What stands out.
    pub marks: Vec<(TreePlace, OverviewMark)>,
    /// The node under the cursor.
    pub selected: Option<TreePlace>,
    /// The colours.
    pub theme: &'a Theme,
}

/// Columns before the signs, and where there are few.
const LABEL_COLUMNS: u16 = 28;
const FEW_LABEL_COLUMNS: u16 = 16;
/// Below this width the labels are short.
const NARROW: u16 = 60;
/// Eighths of a full cell.
const FILLS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One level: how many nodes share a sign, and over how many lines its signs run.
struct Band {
    line: u16,
    lines: u16,
    nodes_a_sign: usize,
}

impl TreeOverview<'_> {
    /// Signs of nodes that stand on a line of this width.
    pub fn signs_a_line(width: u16) -> usize {
        usize::from(width.saturating_sub(label_columns(width) + 1)).max(1)
    }

    /// Level and place of the node under a place of the picture: the first of those that share the sign.
    pub fn place_at(&self, column: u16, line: u16, area: Rect) -> Option<(usize, usize)> {
        let columns = TreeOverview::signs_a_line(area.width);
        let bands = self.bands(area.width, area.height);
        let (level, band) =
            bands.iter().enumerate().find(|(_, band)| (band.line..band.line + band.lines).contains(&line))?;
        let column = usize::from(column.checked_sub(label_columns(area.width))?);
        let sign = usize::from(line - band.line) * columns + column;
        let index = sign * band.nodes_a_sign;
        (column < columns && index < self.levels[level]).then_some((level, index))
    }

    /// The leaves get the lines that the levels above leave.
    fn bands(&self, width: u16, height: u16) -> Vec<Band> {
        let columns = TreeOverview::signs_a_line(width);
        // A line for the legend, and a line apart for each level.
        let room = usize::from(height.saturating_sub(2));
        let mut lines: Vec<usize> = self.levels.iter().map(|nodes| nodes.div_ceil(columns).max(1)).collect();
        let apart = if lines.iter().sum::<usize>() + lines.len() <= room { 1 } else { 0 };
        while lines.iter().sum::<usize>() + apart * lines.len() > room.max(lines.len()) {
            let Some(longest) = lines.iter_mut().max_by_key(|lines| **lines).filter(|lines| **lines > 1) else { break };
            *longest -= 1;
        }
        let mut line = 0;
        let mut bands = Vec::with_capacity(lines.len());
        for (nodes, lines) in self.levels.iter().zip(lines) {
            bands.push(Band { line, lines: lines as u16, nodes_a_sign: nodes.div_ceil(columns * lines).max(1) });
            line += (lines + apart) as u16;
        }
        bands
    }

    fn sign(&self, level: usize, nodes: std::ops::Range<usize>) -> (char, Family) {
        let here = |(place, _): &&(TreePlace, OverviewMark)| place.level == level && nodes.contains(&place.index);
        match self.marks.iter().filter(here).map(|(_, mark)| *mark).min() {
            Some(OverviewMark::Bad) => ('×', Family::Bad),
            Some(OverviewMark::New) => ('+', Family::Fresh),
            Some(OverviewMark::Changed) => ('*', Family::Changed),
            Some(OverviewMark::Path) => ('═', Family::Path),
            None if nodes.len() > 1 => ('▒', Family::Payload),
            None => match (self.fill)(level, nodes.start) {
                Some(percent) => (FILLS[usize::from(percent.min(99)) * 8 / 100], Family::Payload),
                None => ('?', Family::Quiet),
            },
        }
    }
}

fn label_columns(width: u16) -> u16 {
    if width < NARROW { FEW_LABEL_COLUMNS } else { LABEL_COLUMNS }
}

fn level_name(level: usize, levels: usize, width: u16) -> String {
    match levels - 1 - level {
        0 if level == 0 && width < NARROW => "one leaf".into(),
        height if level == 0 && height > 0 && width < NARROW => "root".into(),
        0 if level == 0 => "the root, a leaf".into(),
        0 => "leaves".into(),
        height if level == 0 => format!("root, level {height}"),
        height => format!("level {height}"),
    }
}

impl Widget for &TreeOverview<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(area, buffer);
        if self.levels.iter().sum::<usize>() == 0 {
            pen.put(1, 0, "There is no tree to look over.", self.theme.style(Family::Quiet));
            return;
        }
        let columns = TreeOverview::signs_a_line(pen.width());
        let labels = label_columns(pen.width());
        let counts = if labels == LABEL_COLUMNS { 9 } else { 6 };
        let bands = self.bands(pen.width(), pen.height());
        let mut shared = 1;
        for (level, band) in bands.iter().enumerate() {
            let nodes = self.levels[level];
            let name = level_name(level, self.levels.len(), pen.width());
            pen.put_within(1, band.line, labels - counts - 3, &name, self.theme.style(Family::Title));
            let count = format!("{:>1$}", text::grouped(nodes as u64), usize::from(counts));
            pen.put_within(labels - counts - 2, band.line, counts, &count, self.theme.style(Family::Length));
            shared = shared.max(band.nodes_a_sign);
            for (sign, first) in (0..nodes).step_by(band.nodes_a_sign).enumerate() {
                let range = first..(first + band.nodes_a_sign).min(nodes);
                let chosen = self.selected.is_some_and(|place| place.level == level && range.contains(&place.index));
                let (glyph, family) = self.sign(level, range);
                let style = if chosen { self.theme.selected(family) } else { self.theme.style(family) };
                let (column, line) = ((sign % columns) as u16, (sign / columns) as u16);
                pen.sign(labels + column, band.line + line, glyph, style);
            }
        }
        let last = pen.height().saturating_sub(1);
        let each = match shared {
            1 => "a sign is a node: ▁ to █ full".to_owned(),
            many => format!("▒ is up to {} nodes", text::grouped(many as u64)),
        };
        let marks = if self.marks.is_empty() { "" } else { "   ═ path  * changed  + new  × bad" };
        pen.put(1, last, &format!("{each}{marks}"), self.theme.style(Family::Quiet));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    fn overview(levels: &[usize], theme: &Theme) -> String {
        let marks = vec![
            (TreePlace { level: 0, index: 0 }, OverviewMark::Path),
            (TreePlace { level: levels.len() - 1, index: 3 }, OverviewMark::Changed),
            (TreePlace { level: levels.len() - 1, index: 3 }, OverviewMark::Path),
        ];
        let fill = Box::new(|_, index: usize| Some((index * 13 % 101) as u8));
        drawn(&TreeOverview { levels: levels.to_vec(), fill, marks, selected: None, theme }, 78, 9)
    }

    #[test]
    fn a_tree_of_a_hundred_thousand_nodes_fits_one_picture() {
        let theme = Theme::dark();
        insta::assert_snapshot!(
            [overview(&[1, 12, 140], &theme), overview(&[1, 90, 8_000, 100_000], &theme)].join("-----\n")
        );
    }

    #[test]
    fn only_nodes_with_a_sign_of_their_own_are_asked_how_full_they_are() {
        let theme = Theme::plain();
        let asked = std::cell::Cell::new(0);
        let fill: FillOf<'_> = Box::new(|_, _| {
            asked.set(asked.get() + 1);
            None
        });
        drawn(
            &TreeOverview { levels: vec![1, 1_000, 1_000_000], fill, marks: Vec::new(), selected: None, theme: &theme },
            200,
            60,
        );
        assert!(asked.get() <= 200 * 60, "{}", asked.get());
    }

    #[test]
    fn a_click_finds_its_node() {
        let theme = Theme::plain();
        let overview = TreeOverview {
            levels: vec![1, 12, 140],
            fill: Box::new(|_, _| None),
            marks: Vec::new(),
            selected: None,
            theme: &theme,
        };
        let area = Rect::new(0, 0, 78, 20);
        assert_eq!(overview.place_at(LABEL_COLUMNS + 5, 2, area), Some((1, 5)));
        assert_eq!(overview.place_at(LABEL_COLUMNS + 50, 2, area), None);
        assert_eq!(overview.place_at(3, 2, area), None);
    }
}
