//! The little Markdown that lessons use, as lines of words: headings, paragraphs, lists, `code`, **strong** and *new* words, tables.

use crate::widget::text;

/// How a word is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ink {
    /// As it is.
    Plain,
    /// A heading, a **strong** word, or a *new* one.
    Strong,
    /// Something of the script language or of the bytes.
    Code,
    /// Said aside.
    Quiet,
    /// Something that was right.
    Good,
    /// Something that was not.
    Bad,
}

/// A line: pieces of text one after the other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line {
    /// The pieces.
    pub pieces: Vec<(String, Ink)>,
}

impl Line {
    /// A line of one piece.
    pub fn of(words: impl Into<String>, ink: Ink) -> Line {
        Line { pieces: vec![(words.into(), ink)] }
    }

    /// Its text.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(words, _)| words.as_str()).collect()
    }
}

/// Markdown as lines of at most so many columns.
pub fn lines(markdown: &str, columns: usize) -> Vec<Line> {
    let mut all = Vec::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    let close = |paragraph: &mut String, all: &mut Vec<Line>| {
        if !paragraph.is_empty() {
            all.extend(wrapped(paragraph, columns));
            paragraph.clear();
        }
    };
    let mut rows = Vec::new();
    for line in markdown.lines() {
        let trimmed = line.trim();
        if !trimmed.starts_with('|') {
            all.extend(table(&std::mem::take(&mut rows), columns));
        }
        if trimmed.starts_with("```") {
            close(&mut paragraph, &mut all);
            in_code = !in_code;
        } else if in_code {
            all.extend(code(line, columns));
        } else if trimmed.starts_with('|') {
            close(&mut paragraph, &mut all);
            rows.push(trimmed);
        } else if trimmed.is_empty() {
            close(&mut paragraph, &mut all);
            if all.last().is_some_and(|line| !line.pieces.is_empty()) {
                all.push(Line::default());
            }
        } else if trimmed.starts_with('#') {
            close(&mut paragraph, &mut all);
            let words = trimmed.trim_start_matches('#').trim();
            all.extend(text::wrap(words, columns).into_iter().map(|line| Line::of(line, Ink::Strong)));
        } else {
            if is_item(trimmed, &paragraph) {
                close(&mut paragraph, &mut all);
            }
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(trimmed);
        }
    }
    close(&mut paragraph, &mut all);
    all.extend(table(&rows, columns));
    while all.last().is_some_and(|line| line.pieces.is_empty()) {
        all.pop();
    }
    all
}

/// A few words, whose marks are turned into inks; what has no mark is written in `ink`. `before` stands in front of them, and
/// the other lines under what follows it.
pub fn said(words: &str, columns: usize, ink: Ink, before: &str) -> Vec<Line> {
    let indent = text::width(before);
    let mut lines = wrapped(words, columns.saturating_sub(indent).max(1));
    for (at, line) in lines.iter_mut().enumerate() {
        line.pieces.iter_mut().filter(|(_, plain)| *plain == Ink::Plain).for_each(|piece| piece.1 = ink);
        if indent > 0 {
            line.pieces.insert(0, (if at == 0 { before.to_owned() } else { " ".repeat(indent) }, ink));
        }
    }
    lines
}

/// A table: its cells under each other, without its bars. Where it is too wide, the words of its first column are wrapped.
fn table(rows: &[&str], columns: usize) -> Vec<Line> {
    let is_ruler = |row: &&str| row.chars().all(|letter| matches!(letter, '|' | '-' | ':' | ' '));
    let cells = |row: &str| -> Vec<String> {
        let inside = row.trim_matches('|').split('|');
        inside.map(|cell| inked(cell.trim()).into_iter().map(|(word, _)| word).collect()).collect()
    };
    let rows: Vec<Vec<String>> = rows.iter().filter(|row| !is_ruler(row)).map(|row| cells(row)).collect();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| text::width(cell)).max().unwrap_or(0);
    let behind: usize = (1..count).map(|at| width(at) + 2).sum();
    let first = width(0).min(columns.saturating_sub(behind)).max(1);
    let mut lines = Vec::new();
    for row in &rows {
        let mut words = text::wrap(row.first().map_or("", String::as_str), first).into_iter();
        let mut line = format!("{:first$}", words.next().unwrap_or_default());
        for (at, cell) in row.iter().enumerate().skip(1) {
            line.push_str(&format!("  {cell:wide$}", wide = width(at)));
        }
        lines.push(line);
        lines.extend(words);
    }
    lines.into_iter().map(|line| Line::of(text::clip(line.trim_end(), columns).into_owned(), Ink::Plain)).collect()
}

/// A line of code: as it is where it fits, else whole over several lines.
fn code(line: &str, columns: usize) -> Vec<Line> {
    if text::width(line) <= columns {
        return vec![Line::of(line, Ink::Code)];
    }
    let parts = text::wrap(line.trim_start(), columns.saturating_sub(4).max(1));
    let indent = |at: usize| if at == 0 { "" } else { "    " };
    parts.into_iter().enumerate().map(|(at, part)| Line::of(format!("{}{part}", indent(at)), Ink::Code)).collect()
}

/// `- …` or `1. …`. Inside a paragraph that is no item itself a number at a line's beginning is part of a sentence.
fn is_item(line: &str, paragraph: &str) -> bool {
    let may_count = paragraph.is_empty() || numbered(paragraph).is_some() || line.starts_with("1. ");
    line.starts_with("- ") || may_count && numbered(line).is_some()
}

fn numbered(line: &str) -> Option<usize> {
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    (digits > 0 && line[digits..].starts_with(". ")).then_some(digits + 2)
}

/// A paragraph, its marks turned into inks. What follows the first line of an item stands under its words.
fn wrapped(paragraph: &str, columns: usize) -> Vec<Line> {
    let (mark, words) = match (paragraph.strip_prefix("- "), numbered(paragraph)) {
        (Some(rest), _) => ("- ", rest),
        (None, Some(length)) => paragraph.split_at(length),
        (None, None) => ("", paragraph),
    };
    let indent = text::width(mark);
    let room = columns.saturating_sub(indent).max(1);
    let mut lines = vec![Line::default()];
    let mut used = 0;
    for unit in units(words) {
        let width: usize = unit.iter().map(|(word, _)| text::width(word)).sum();
        let last = unit.last().map_or(0, |(word, _)| text::width(word) - text::width(word.trim_end()));
        if used > 0 && used + width - last > room {
            lines.push(Line::default());
            used = 0;
        }
        for (word, ink) in unit {
            for part in parts(&word, room) {
                if used > 0 && used + text::width(part.trim_end()) > room {
                    lines.push(Line::default());
                    used = 0;
                }
                used += text::width(&part);
                let line = lines.last_mut().expect("invariant: there is a line");
                match line.pieces.last_mut().filter(|(_, last)| *last == ink) {
                    Some((before, _)) => before.push_str(&part),
                    None => line.pieces.push((part, ink)),
                }
            }
        }
    }
    for (at, line) in lines.iter_mut().enumerate() {
        let before = if at == 0 { mark.to_owned() } else { " ".repeat(indent) };
        if !before.is_empty() {
            line.pieces.insert(0, (before, Ink::Plain));
        }
        if let Some((last, _)) = line.pieces.last_mut() {
            last.truncate(last.trim_end().len());
        }
    }
    lines
}

/// What no line end may stand in: words up to the next space, of whatever inks.
fn units(words: &str) -> Vec<Vec<(String, Ink)>> {
    let mut units = vec![Vec::new()];
    for (word, ink) in inked(words) {
        let ends = word.ends_with(' ');
        units.last_mut().expect("invariant: there is a unit").push((word, ink));
        if ends {
            units.push(Vec::new());
        }
    }
    units
}

/// A word that is wider than a line, cut into pieces.
fn parts(word: &str, room: usize) -> Vec<String> {
    if text::width(word.trim_end()) <= room {
        return vec![word.to_owned()];
    }
    let mut parts = text::wrap(word.trim_end(), room);
    if word.ends_with(' ')
        && let Some(last) = parts.last_mut()
    {
        last.push(' ');
    }
    parts
}

/// Words with the space behind them, each with its ink. Of a link its words stay.
fn inked(text: &str) -> Vec<(String, Ink)> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut ink = Ink::Plain;
    let unlinked = without_links(text);
    let mut letters = unlinked.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '`' => {
                flush(&mut words, &mut word, ink);
                ink = if ink == Ink::Code { Ink::Plain } else { Ink::Code };
            }
            '*' if ink != Ink::Code && letters.peek() == Some(&'*') => {
                letters.next();
                flush(&mut words, &mut word, ink);
                ink = if ink == Ink::Strong { Ink::Plain } else { Ink::Strong };
            }
            '*' if ink == Ink::Strong
                || (ink == Ink::Plain && letters.peek().is_some_and(|next| next.is_alphanumeric())) =>
            {
                flush(&mut words, &mut word, ink);
                ink = if ink == Ink::Strong { Ink::Plain } else { Ink::Strong };
            }
            ' ' => {
                word.push(' ');
                flush(&mut words, &mut word, ink);
            }
            letter => word.push(letter),
        }
    }
    flush(&mut words, &mut word, ink);
    words
}

fn flush(words: &mut Vec<(String, Ink)>, word: &mut String, ink: Ink) {
    if !word.is_empty() {
        words.push((std::mem::take(word), ink));
    }
}

/// `[words](target)` becomes `words`.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let link = rest[open..].find("](").and_then(|middle| {
            let close = rest[open + middle..].find(')')?;
            Some((middle, close))
        });
        let Some((middle, close)) = link else { break };
        out.push_str(&rest[..open]);
        out.push_str(&rest[open + 1..open + middle]);
        rest = &rest[open + middle + close + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_wrapped_and_its_marks_become_inks() {
        let lines =
            lines("# A title\n\nA **strong** word, a *soft* one,\nand `put m 13` of [lesson 4](04-the-split.md).", 24);
        let text: Vec<String> = lines.iter().map(Line::text).collect();
        assert_eq!(text, ["A title", "", "A strong word, a soft", "one, and put m 13 of", "lesson 4."]);
        assert!(lines[2].pieces.contains(&("strong ".to_owned(), Ink::Strong)) || lines[2].pieces[1].1 == Ink::Strong);
        assert!(lines[3].pieces.iter().any(|(words, ink)| *ink == Ink::Code && words == "put m 13"));
    }

    #[test]
    fn new_words_stand_out_and_a_star_between_numbers_is_a_star() {
        let lines = lines("first (*little endian*): 2 * 3, *n*th", 60);
        assert_eq!(lines[0].text(), "first (little endian): 2 * 3, nth");
        let strong: Vec<&str> =
            lines[0].pieces.iter().filter(|(_, ink)| *ink == Ink::Strong).map(|(words, _)| words.as_str()).collect();
        assert_eq!(strong, ["little endian", "n"]);
        let said: Vec<String> = said("is `put` allowed here?", 12, Ink::Strong, ">1 ").iter().map(Line::text).collect();
        assert_eq!(said, [">1 is put", "   allowed", "   here?"]);
    }

    #[test]
    fn lists_hang_and_a_number_in_a_sentence_begins_none() {
        let text = |markdown: &str| lines(markdown, 9).iter().map(Line::text).collect::<Vec<_>>();
        let all = text("- one two three\n- four\n\n1. five six\n2. seven");
        assert_eq!(all, ["- one two", "  three", "- four", "", "1. five", "   six", "2. seven"]);
        assert_eq!(text("in part\n14. That"), ["in part", "14. That"], "one paragraph, wrapped");
    }

    #[test]
    fn the_cells_of_a_table_stand_under_each_other() {
        let table = "| | `x` | `y` |\n|--|--|--|\n| `a`, began before | ? | old |\n| `b` | new | ? |";
        let text = |columns| lines(table, columns).iter().map(Line::text).collect::<Vec<_>>();
        assert_eq!(text(40), ["                 x    y", "a, began before  ?    old", "b                new  ?"]);
        assert_eq!(text(18), ["          x    y", "a, began  ?    old", "before", "b         new  ?"]);
    }

    #[test]
    fn code_keeps_its_lines_where_they_fit_and_is_never_cut() {
        let text: Vec<String> =
            lines("```text\n  two in\nrun one two three four\n```", 12).iter().map(Line::text).collect();
        assert_eq!(text, ["  two in", "run one", "    two", "    three", "    four"]);
    }

    #[test]
    fn a_word_wider_than_the_line_is_cut() {
        assert!(lines(&"x".repeat(30), 8).iter().all(|line| line.text().len() <= 8));
    }
}
