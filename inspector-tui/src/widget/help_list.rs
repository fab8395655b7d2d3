//! Everything that can be done now: key, command, what it does; narrowed by a search.

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// One thing that can be done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HelpRow {
    /// The key, or empty.
    pub key: String,
    /// The command line's word for it, or empty.
    pub command: String,
    /// A sentence.
    pub what: String,
}

/// The list.
#[derive(Clone, Debug)]
pub struct HelpList<'a> {
    /// All rows.
    pub rows: &'a [HelpRow],
    /// Only rows that hold every word of this, in any column, whatever the case.
    pub search: &'a str,
    /// The chosen one among the rows found.
    pub selected: usize,
    /// The colours.
    pub theme: &'a Theme,
}

impl HelpList<'_> {
    /// The rows that the search finds.
    pub fn found(&self) -> Vec<&HelpRow> {
        let search = self.search.to_lowercase();
        let words: Vec<&str> = search.split_whitespace().collect();
        self.rows.iter().filter(|row| row.holds(&words)).collect()
    }
}

impl HelpRow {
    /// All of it in a sentence: ``e   or `explain`: say what the finding means.``
    pub fn whole(&self) -> String {
        match (self.key.is_empty(), self.command.is_empty()) {
            (false, false) => format!("{}   or `{}`: {}.", self.key, self.command, self.what),
            (false, true) => format!("{}: {}.", self.key, self.what),
            _ => format!("`{}`: {}.", self.command, self.what),
        }
    }

    fn holds(&self, words: &[&str]) -> bool {
        let text = format!("{} {} {}", self.key, self.command, self.what).to_lowercase();
        words.iter().all(|word| text.contains(word))
    }
}

impl Widget for &HelpList<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(area, buffer);
        let found = self.found();
        if found.is_empty() {
            let words = format!("Nothing that can be done now has to do with `{}`.", self.search);
            pen.put(1, 0, &words, self.theme.style(Family::Quiet));
            return;
        }
        let column =
            |of: fn(&HelpRow) -> &str| self.rows.iter().map(|row| text::width(of(row))).max().unwrap_or(0) as u16;
        let keys = column(|row| &row.key).min(12);
        let commands = column(|row| &row.command).min(24);
        let shown = text::window(found.len(), self.selected, usize::from(pen.height()));
        pen.more(shown.start, found.len() - shown.end, self.theme.style(Family::Quiet));
        for (line, at) in shown.clone().enumerate() {
            let (line, row) = (line as u16, found[at]);
            let chosen = at == self.selected;
            pen.sign(0, line, if chosen { '>' } else { ' ' }, self.theme.style(Family::Title));
            pen.put_within(2, line, keys, &row.key, self.theme.style(Family::Title));
            pen.put_within(4 + keys, line, commands, &row.command, self.theme.style(Family::Identity));
            let family = Family::Plain;
            let style = if chosen { self.theme.selected(family) } else { self.theme.style(family) };
            pen.put(6 + keys + commands, line, &row.what, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::testing::drawn;

    fn rows() -> Vec<HelpRow> {
        [
            ("→", "step", "One event forward"),
            ("←", "back", "One event back"),
            ("]", "step operation", "To the end of the operation"),
            ("x", "crash", "Take the power away here and open the store again"),
            ("", "verify", "Check every page that can be reached from the root"),
            ("q", "quit", "Leave"),
        ]
        .map(|(key, command, what)| HelpRow { key: key.into(), command: command.into(), what: what.into() })
        .to_vec()
    }

    #[test]
    fn help_is_a_table_that_a_search_narrows() {
        let (theme, rows) = (Theme::dark(), rows());
        let list = |search: &'static str, selected| HelpList { rows: &rows, search, selected, theme: &theme };
        let pictures = [
            drawn(&list("", 0), 76, 6),
            drawn(&list("", 3), 50, 3),
            drawn(&list("event ONE", 1), 60, 3),
            drawn(&list("zebra", 0), 60, 1),
        ];
        insta::assert_snapshot!(pictures.join("-----\n"));
    }
}
