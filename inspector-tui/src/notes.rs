//! Notes and bookmarks: a line of text each, at a page, a byte of it, an event, or the whole store. They are kept as a text that a
//! person can read and write:
//!
//! ```text
//! page 3: the root since the split
//! page 2 byte 254: the record of m
//! page 2 sealed byte 24: here the tag begins
//! event 68: why does l stay?
//! file: copied from the old machine
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
    /// Something that is no note, kept as it is.
    Other(String),
}

impl Notes {
    /// The notes in a text.
    pub fn parse(text: &str) -> Notes {
        let line = |line: &str| {
            let parts = line.split_once(':').and_then(|(place, words)| Some((NotePlace::parse(place)?, words)));
            match parts {
                Some((place, words)) => Line::Note(PlacedNote { place, text: tame(words) }),
                None => Line::Other(line.to_owned()),
            }
        };
        Notes { lines: text.lines().map(line).collect() }
    }

    /// The text that they are kept as.
    pub fn to_text(&self) -> String {
        let text = |line: &Line| match line {
            Line::Note(note) => format!("{note}\n"),
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

    /// The first note behind a place; behind the last one the first.
    pub fn next(&self, place: Option<NotePlace>) -> Option<&PlacedNote> {
        let notes = self.sorted();
        let behind = notes.iter().find(|note| place.is_none_or(|place| note.place > place));
        behind.or(notes.first()).copied()
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
}
