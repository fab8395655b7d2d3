//! Breakpoints: what a run stops at. They are asked of the recorded events; the engine never knows of them.

use crate::timeline::Mark;
use tosumu::escape::{escape_word, unescape};
use tosumu::trace::Event;
use tosumu::types::PageNo;

/// How a breakpoint is written.
pub const FORM: &str = "break KIND, break key K, break page N or break tx N";

/// What a run stops at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BreakAt {
    /// An event of a kind: a mark's word, or an event's word on the strip in small letters.
    Kind(String),
    /// An event that a key has a part in.
    Key(Vec<u8>),
    /// A change of a page.
    Page(PageNo),
    /// The beginning and the end of a transaction.
    Transaction(u64),
}

/// A breakpoint and the number it goes by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breakpoint {
    /// Counted from 1; never given twice.
    pub number: usize,
    /// What it stops at.
    pub at: BreakAt,
}

impl BreakAt {
    /// Reads `KIND`, `key K`, `page N` or `tx N`. The error says what would be right.
    pub fn parse(words: &[&str]) -> Result<BreakAt, String> {
        let wrong = |what: &str| format!("{what} The forms are {FORM}.");
        match words {
            // As one would say it: `break on split`, `break when page 7 changes`.
            ["on" | "at" | "when", rest @ ..] if !rest.is_empty() => BreakAt::parse(rest),
            [rest @ .., "changes"] if rest.len() == 2 => BreakAt::parse(rest),
            ["key", key] => match unescape(key) {
                Ok(key) => Ok(BreakAt::Key(key)),
                Err(why) => Err(wrong(&format!("`{key}` is no key: {why}."))),
            },
            ["page", number] => match number.parse() {
                Ok(number) if number > 0 => Ok(BreakAt::Page(PageNo(number))),
                _ => Err(wrong("A page's number is counted from 1.")),
            },
            ["tx", number] => match number.parse() {
                Ok(number) if number > 0 => Ok(BreakAt::Transaction(number)),
                _ => Err(wrong("A transaction's number is counted from 1.")),
            },
            [kind] => {
                let kind = kind.to_lowercase();
                match is_kind(&kind) {
                    true => Ok(BreakAt::Kind(kind)),
                    false => Err(wrong(&format!(
                        "No event is of the kind `{kind}`; some are {}; every word on the strip is one.",
                        Mark::ALL.map(Mark::word).join(" ")
                    ))),
                }
            }
            _ => Err(wrong("Say what to stop at.")),
        }
    }

    /// The breakpoint as it is written.
    pub fn words(&self) -> String {
        match self {
            BreakAt::Kind(kind) => kind.clone(),
            BreakAt::Key(key) => format!("key {}", escape_word(key)),
            BreakAt::Page(page) => format!("page {page}"),
            BreakAt::Transaction(number) => format!("tx {number}"),
        }
    }

    /// Whether `event` meets it.
    pub fn is_met_by(&self, event: &Event) -> bool {
        match self {
            BreakAt::Kind(kind) => {
                Mark::of(event).is_some_and(|mark| mark.word() == kind) || event.word().eq_ignore_ascii_case(kind)
            }
            BreakAt::Key(key) => part_of_key(key, event).is_some(),
            BreakAt::Page(page) => changes_page(event, *page),
            BreakAt::Transaction(number) => end_of_transaction(event, *number).is_some(),
        }
    }

    /// What `event`, which meets it, does to what it names.
    pub fn why(&self, event: &Event) -> String {
        match self {
            BreakAt::Kind(_) => String::new(),
            BreakAt::Key(key) => part_of_key(key, event).unwrap_or_default(),
            BreakAt::Page(page) => format!("page {page} changes"),
            BreakAt::Transaction(number) => end_of_transaction(event, *number).unwrap_or_default().to_owned(),
        }
    }
}

/// The word of an event as a breakpoint names it.
pub fn kind_of(event: &Event) -> String {
    event.word().to_lowercase()
}

fn is_kind(word: &str) -> bool {
    Mark::named(word).is_some() || Event::WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// What an event does to a key.
fn part_of_key(key: &[u8], event: &Event) -> Option<String> {
    let is = |other: &[u8]| other == key;
    match event {
        Event::LeafSearched { key, page, .. } if is(key) => Some(format!("it is looked for in page {page}")),
        Event::RecordWritten { key, page, .. } if is(key) => Some(format!("it is written into page {page}")),
        Event::RecordRemoved { key, page, .. } if is(key) => Some(format!("it leaves page {page}")),
        Event::PageSplit { separator, .. } if is(separator) => Some("it goes up".to_owned()),
        Event::PageSplit { moved, new_page, .. } if moved.iter().any(|key| is(key)) => {
            Some(format!("it moves to page {new_page}"))
        }
        Event::CellsMoved { moved, to, .. } if moved.iter().any(|key| is(key)) => {
            Some(format!("it moves to page {to}"))
        }
        Event::PagesMerged { moved, page, .. } if moved.iter().any(|key| is(key)) => {
            Some(format!("it moves to page {page}"))
        }
        Event::SeparatorWritten { key, page, .. } if is(key) => Some(format!("page {page} has it as a separator")),
        Event::SeparatorReplaced { key, page, .. } if is(key) => Some(format!("page {page} has it as a separator")),
        Event::SeparatorReplaced { old, page, .. } if is(old) => Some(format!("it is no separator of page {page} now")),
        Event::SeparatorRemoved { key, page, .. } if is(key) => Some(format!("it is no separator of page {page} now")),
        _ => None,
    }
}

/// Whether the content of a page becomes another: not by reading or sealing it.
fn changes_page(event: &Event, page: PageNo) -> bool {
    match event {
        Event::PageOpened { .. } => false,
        Event::PageSplit { page: full, new_page, .. } => [*full, *new_page].contains(&page),
        Event::CellsMoved { from, to, .. } => [*from, *to].contains(&page),
        Event::PagesMerged { page: kept, emptied, .. } => [*kept, *emptied].contains(&page),
        Event::PageAllocated { page: about, .. }
        | Event::RecordWritten { page: about, .. }
        | Event::RecordRemoved { page: about, .. }
        | Event::PageCompacted { page: about, .. }
        | Event::SeparatorWritten { page: about, .. }
        | Event::SeparatorReplaced { page: about, .. }
        | Event::SeparatorRemoved { page: about, .. }
        | Event::RootGrew { new_root: about, .. }
        | Event::OverflowWritten { page: about, .. }
        | Event::PointersRefreshed { page: about, .. } => *about == page,
        Event::PageFreed { page: about, trunk, .. } | Event::PageTaken { page: about, trunk, .. } => {
            *about == page || *trunk == page && !event.images().is_empty()
        }
        _ => false,
    }
}

fn end_of_transaction(event: &Event, number: u64) -> Option<&'static str> {
    match event {
        Event::TransactionStarted { transaction, .. } if *transaction == number => Some("it begins"),
        Event::TransactionCommitted { transaction, .. } if *transaction == number => Some("it is published"),
        Event::TransactionRolledBack { transaction, .. } if *transaction == number => Some("it is rolled back"),
        _ => None,
    }
}

/// The breakpoints that are set, and which events of the timeline in front meet one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Breakpoints {
    /// Those that are set, in the order they were set.
    pub set: Vec<Breakpoint>,
    /// How many were ever set.
    numbered: usize,
    /// The events that meet one, in order.
    hits: Vec<usize>,
    /// How many events were looked at.
    looked_at: usize,
}

impl Breakpoints {
    /// Sets one, unless it is there; returns it.
    pub fn add(&mut self, at: BreakAt) -> Breakpoint {
        if let Some(known) = self.set.iter().find(|known| known.at == at) {
            return known.clone();
        }
        self.numbered += 1;
        let new = Breakpoint { number: self.numbered, at };
        self.set.push(new.clone());
        self.forget();
        new
    }

    /// Takes one away.
    pub fn remove(&mut self, number: usize) -> Option<Breakpoint> {
        let at = self.set.iter().position(|known| known.number == number)?;
        self.forget();
        Some(self.set.remove(at))
    }

    /// Takes all away; returns how many there were.
    pub fn clear(&mut self) -> usize {
        self.forget();
        std::mem::take(&mut self.set).len()
    }

    /// Another timeline is in front, or events were taken back: all of them are looked at again.
    pub fn forget(&mut self) {
        self.hits.clear();
        self.looked_at = 0;
    }

    /// Looks at the events that are new.
    pub fn look_at(&mut self, events: &[std::sync::Arc<Event>]) {
        if self.looked_at > events.len() {
            self.forget();
        }
        let first = self.looked_at;
        self.looked_at = events.len();
        if self.set.is_empty() {
            return;
        }
        for (index, event) in events.iter().enumerate().skip(first) {
            if self.set.iter().any(|known| known.at.is_met_by(event)) {
                self.hits.push(index);
            }
        }
    }

    /// Whether event `index` meets one.
    pub fn is_hit(&self, index: usize) -> bool {
        self.hits.binary_search(&index).is_ok()
    }

    /// The first event from event `index` on that meets one.
    pub fn hit_from(&self, index: usize) -> Option<usize> {
        self.hits.get(self.hits.partition_point(|&hit| hit < index)).copied()
    }

    /// The last event before event `index` that meets one.
    pub fn hit_before(&self, index: usize) -> Option<usize> {
        self.hits.partition_point(|&hit| hit < index).checked_sub(1).map(|at| self.hits[at])
    }

    /// Which of them `event` meets and why: `Breakpoint 2, key m: it goes up.`
    pub fn told(&self, event: &Event) -> Option<String> {
        let met: Vec<String> =
            self.set.iter().filter(|known| known.at.is_met_by(event)).map(|known| told(known, event)).collect();
        (!met.is_empty()).then(|| met.join(" "))
    }

    /// All of them as they are written, each with its number.
    pub fn listed(&self) -> String {
        let lines: Vec<String> =
            self.set.iter().map(|known| format!("{} {}", known.number, known.at.words())).collect();
        lines.join("; ")
    }
}

fn told(known: &Breakpoint, event: &Event) -> String {
    let why = known.at.why(event);
    match why.is_empty() {
        true => format!("Breakpoint {}: {}.", known.number, known.at.words()),
        false => format!("Breakpoint {}, {}: {why}.", known.number, known.at.words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded;

    fn met(at: &str, lines: &[&str]) -> Vec<String> {
        let words: Vec<&str> = at.split(' ').collect();
        let mut breakpoints = Breakpoints::default();
        breakpoints.add(BreakAt::parse(&words).unwrap());
        let runner = recorded::sample_store(lines);
        let events = runner.recorder().events_from(0);
        breakpoints.look_at(&events);
        let hits: Vec<usize> = (0..events.len()).filter(|&index| breakpoints.is_hit(index)).collect();
        hits.into_iter().map(|index| breakpoints.told(&events[index]).unwrap()).collect()
    }

    #[test]
    fn each_form_is_met_by_what_it_names_and_says_why() {
        assert_eq!(met("split", &["put m 13"]).last().unwrap(), "Breakpoint 1: split.");
        let of_key = met("key m", &["put m 13", "del m"]);
        assert_eq!(of_key.first().unwrap(), "Breakpoint 1, key m: it is looked for in page 2.");
        assert!(of_key.iter().any(|told| told == "Breakpoint 1, key m: it is written into page 2."), "{of_key:?}");
        assert!(of_key.last().unwrap().starts_with("Breakpoint 1, key m: it leaves page "), "{of_key:?}");
        let of_page = met("page 4", &["put m 13"]);
        assert!(!of_page.is_empty() && of_page.iter().all(|told| told == "Breakpoint 1, page 4: page 4 changes."));
        let of_transaction = met("tx 1", &[]);
        assert_eq!(of_transaction, ["Breakpoint 1, tx 1: it begins.", "Breakpoint 1, tx 1: it is published."]);
    }

    #[test]
    fn a_breakpoint_can_be_said_as_one_would_say_it() {
        let parse = |words: &str| BreakAt::parse(&words.split(' ').collect::<Vec<_>>()).unwrap();
        assert_eq!(parse("on split"), parse("split"));
        assert_eq!(parse("when page 7 changes"), parse("page 7"));
    }

    #[test]
    fn what_cannot_be_is_answered_with_what_could() {
        for (words, part) in [
            (&["explosion"][..], "commit sync split merge"),
            (&["page", "0"], "counted from 1"),
            (&["tx", "x"], "counted from 1"),
            (&["key", "\\q"], "is no key"),
            (&[], "break key K"),
        ] {
            let why = BreakAt::parse(words).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
        for mark in Mark::ALL {
            assert!(BreakAt::parse(&[mark.word()]).is_ok());
        }
        assert!(BreakAt::parse(&["SYNC"]).is_ok() && BreakAt::parse(&["seal"]).is_ok());
    }

    #[test]
    fn a_breakpoint_is_set_once_keeps_its_number_and_is_found_in_both_directions() {
        let mut breakpoints = Breakpoints::default();
        let runner = recorded::sample_store(&["put m 13"]);
        let events = runner.recorder().events_from(0);
        breakpoints.look_at(&events);
        assert_eq!(breakpoints.hit_from(0), None);
        assert_eq!(breakpoints.add(BreakAt::Kind("commit".into())).number, 1);
        assert_eq!(breakpoints.add(BreakAt::Kind("split".into())).number, 2);
        assert_eq!(breakpoints.add(BreakAt::Kind("commit".into())).number, 1);
        breakpoints.look_at(&events);
        let first = breakpoints.hit_from(0).unwrap();
        let second = breakpoints.hit_from(first + 1).unwrap();
        assert_eq!(breakpoints.hit_before(second), Some(first));
        assert_eq!(breakpoints.hit_before(first), None);
        assert_eq!(breakpoints.remove(1).map(|known| known.number), Some(1));
        assert_eq!(breakpoints.listed(), "2 split");
        assert_eq!(breakpoints.add(BreakAt::Page(PageNo(2))).number, 3, "a number is never given twice");
        assert_eq!(breakpoints.clear(), 2);
        breakpoints.look_at(&events);
        assert_eq!(breakpoints.hit_from(0), None);
    }
}
