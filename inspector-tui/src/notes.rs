//! Notes and bookmarks: a line of text each, at a page, a byte of it, an event, or the whole store. They are kept as a text that a
//! person can read and write:
//!
//! ```text
//! page 3: the root since the split
//! page 2 byte 254: the record of m
//! page 2 sealed byte 24: here the tag begins
//! event 68: why does l stay?
//! file: copied from the old machine
//! mark before-the-split: event 66
//! ```
//! Lines that are none of these stay as they are.

use std::fmt;
use tosumu::types::PageNo;

/// What a note is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum NotePlace {
    /// The whole store.
    File,
    /// A page.
    Page(PageNo),
    /// A byte of a page's plain form.
    Byte(PageNo, usize),
    /// A byte of its sealed form.
    SealedByte(PageNo, usize),
    /// An event of the time line in front, from 1.
    Event(usize),
}

impl NotePlace {
    /// The page it is on.
    pub fn page(self) -> Option<PageNo> {
        match self {
            NotePlace::Page(page) | NotePlace::Byte(page, _) | NotePlace::SealedByte(page, _) => Some(page),
            NotePlace::File | NotePlace::Event(_) => None,
        }
    }

    fn parse(text: &str) -> Option<NotePlace> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let page = |number: &str| number.parse().ok().map(PageNo);
        match words[..] {
            ["file"] => Some(NotePlace::File),
            ["page", number] => page(number).map(NotePlace::Page),
            ["page", number, "byte", byte] => Some(NotePlace::Byte(page(number)?, byte.parse().ok()?)),
            ["page", number, "sealed", "byte", byte] => Some(NotePlace::SealedByte(page(number)?, byte.parse().ok()?)),
            ["event", number] => number.parse().ok().map(NotePlace::Event),
            _ => None,
        }
    }
}

impl fmt::Display for NotePlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotePlace::File => write!(out, "file"),
            NotePlace::Page(page) => write!(out, "page {page}"),
            NotePlace::Byte(page, byte) => write!(out, "page {page} byte {byte}"),
            NotePlace::SealedByte(page, byte) => write!(out, "page {page} sealed byte {byte}"),
            NotePlace::Event(event) => write!(out, "event {event}"),
        }
    }
}

/// A note.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlacedNote {
    /// What it is about.
    pub place: NotePlace,
    /// What it says, without anything that steers a terminal.
    pub text: String,
}

impl fmt::Display for PlacedNote {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.text)
    }
}

/// All notes on one store.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notes {
    lines: Vec<Line>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Line {
    Note(PlacedNote),
    /// A place that has a name.
    Mark(String, NotePlace),
    /// Something that is no note, kept as it is.
    Other(String),
}

impl Notes {
    /// The notes in a text.
    pub fn parse(text: &str) -> Notes {
        let line = |line: &str| {
            let parts = line.split_once(':').and_then(|(place, words)| Some((NotePlace::parse(place)?, words)));
            let mark = line.strip_prefix("mark ").and_then(|rest| rest.split_once(": "));
            let mark = mark.and_then(|(name, place)| Some((tame(name), NotePlace::parse(place)?)));
            match (parts, mark) {
                (Some((place, words)), _) => Line::Note(PlacedNote { place, text: tame(words) }),
                (None, Some((name, place))) => Line::Mark(name, place),
                (None, None) => Line::Other(line.to_owned()),
            }
        };
        Notes { lines: text.lines().map(line).collect() }
    }

    /// The text that they are kept as.
    pub fn to_text(&self) -> String {
        let text = |line: &Line| match line {
            Line::Note(note) => format!("{note}\n"),
            Line::Mark(name, place) => format!("mark {name}: {place}\n"),
            Line::Other(line) => format!("{line}\n"),
        };
        self.lines.iter().map(text).collect()
    }

    /// The notes in the order of their places.
    pub fn sorted(&self) -> Vec<&PlacedNote> {
        let mut notes: Vec<&PlacedNote> = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            if let Line::Note(note) = line {
                notes.push(note);
            }
        }
        notes.sort_by_key(|note| note.place);
        notes
    }

    /// The notes and the bookmarks in the order of their places, a line for each place.
    pub fn visited(&self) -> Vec<PlacedNote> {
        let all = self.lines.iter().filter_map(|line| match line {
            Line::Note(note) => Some(note.clone()),
            Line::Mark(name, place) => Some(PlacedNote { place: *place, text: format!("marked {name}") }),
            Line::Other(_) => None,
        });
        let mut visited: Vec<PlacedNote> = Vec::new();
        let mut all: Vec<PlacedNote> = all.collect();
        all.sort_by_key(|note| note.place);
        for note in all {
            match visited.last_mut().filter(|last| last.place == note.place) {
                Some(last) => last.text = format!("{}; {}", last.text, note.text),
                None => visited.push(note),
            }
        }
        visited
    }

    /// The events, from 1, that have a note or a name, in order.
    pub fn events(&self) -> impl Iterator<Item = usize> {
        self.visited().into_iter().filter_map(|note| match note.place {
            NotePlace::Event(event) if event > 0 => Some(event),
            _ => None,
        })
    }

    /// The names of the bookmarks.
    pub fn bookmarks(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| if let Line::Mark(name, _) = line { Some(name.as_str()) } else { None })
    }

    /// The place that is called so.
    pub fn bookmark(&self, name: &str) -> Option<NotePlace> {
        self.lines.iter().find_map(|line| match line {
            Line::Mark(known, place) if known == name => Some(*place),
            _ => None,
        })
    }

    /// Calls a place so, in the stead of what was called so; no place takes the name away.
    pub fn set_bookmark(&mut self, name: &str, place: Option<NotePlace>) {
        let name = tame(name);
        self.lines.retain(|line| !matches!(line, Line::Mark(known, _) if *known == name));
        self.lines.extend(place.map(|place| Line::Mark(name, place)));
    }

    /// What is noted at a place.
    pub fn at(&self, place: NotePlace) -> Option<&str> {
        self.sorted().into_iter().find(|note| note.place == place).map(|note| note.text.as_str())
    }

    /// What is noted on a page and its bytes.
    pub fn on_page(&self, page: PageNo) -> Vec<&PlacedNote> {
        self.sorted().into_iter().filter(|note| note.place.page() == Some(page)).collect()
    }

    /// Notes something at a place, in the stead of what was noted there; an empty text takes the note away.
    pub fn set(&mut self, place: NotePlace, text: &str) {
        self.lines.retain(|line| !matches!(line, Line::Note(note) if note.place == place));
        if !text.trim().is_empty() {
            self.lines.push(Line::Note(PlacedNote { place, text: tame(text) }));
        }
    }

    /// The first note or bookmark behind a place; behind the last one the first.
    pub fn next(&self, place: Option<NotePlace>) -> Option<PlacedNote> {
        let notes = self.visited();
        let behind = notes.iter().find(|note| place.is_none_or(|place| note.place > place));
        behind.or(notes.first()).cloned()
    }
}

fn tame(text: &str) -> String {
    text.trim().chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# my notes\npage 3: the root\npage 2 byte 254: the record: m\n\npage 2 sealed byte 24: tag\n\
                        event 68: why?\nfile: old machine\npage x: no note\n";

    #[test]
    fn notes_are_read_and_written_and_what_is_none_stays() {
        let mut notes = Notes::parse(TEXT);
        assert_eq!(notes.to_text(), TEXT);
        assert_eq!(notes.sorted().len(), 5);
        assert_eq!(notes.at(NotePlace::Byte(PageNo(2), 254)), Some("the record: m"));
        assert_eq!(notes.on_page(PageNo(2)).len(), 2);
        notes.set(NotePlace::Page(PageNo(3)), "  a \x1b[31mbranch ");
        notes.set(NotePlace::File, "");
        assert_eq!(notes.at(NotePlace::Page(PageNo(3))), Some("a  [31mbranch"));
        assert_eq!(notes.at(NotePlace::File), None);
        assert!(notes.to_text().contains("# my notes\n") && notes.to_text().contains("page x: no note\n"));
    }

    #[test]
    fn the_next_note_is_the_next_place_and_behind_the_last_the_first() {
        let notes = Notes::parse("page 3: c\npage 1: a\npage 1 byte 7: b\n");
        let text = |place| notes.next(place).unwrap().text.clone();
        assert_eq!(text(None), "a");
        assert_eq!(text(Some(NotePlace::Page(PageNo(1)))), "c");
        assert_eq!(text(Some(NotePlace::Page(PageNo(3)))), "b");
        assert_eq!(text(Some(NotePlace::Byte(PageNo(1), 7))), "a");
        assert_eq!(Notes::default().next(None), None);
    }

    #[test]
    fn a_place_can_have_a_name_and_is_visited_like_a_note() {
        let mut notes = Notes::parse("event 9: why?\nmark before-the-split: event 4\nmark broken: somewhere\n");
        assert_eq!(notes.bookmark("before-the-split"), Some(NotePlace::Event(4)));
        assert_eq!(notes.next(None).unwrap().to_string(), "event 4: marked before-the-split");
        notes.set_bookmark("here", Some(NotePlace::Event(9)));
        notes.set_bookmark("here", Some(NotePlace::Event(9)));
        assert_eq!(notes.next(Some(NotePlace::Event(4))).unwrap().to_string(), "event 9: why?; marked here");
        assert_eq!(notes.bookmarks().collect::<Vec<_>>(), ["before-the-split", "here"]);
        notes.set_bookmark("before-the-split", None);
        let text = "event 9: why?\nmark broken: somewhere\nmark here: event 9\n";
        assert_eq!(notes.to_text(), text);
        assert_eq!(notes.sorted().len(), 1, "a name is no note");
    }
}
