//! `expect`: what must be so, as a plain value, its canonical text, and how it is read.

use super::parse::{Parsed, Words, key_and_value, missing, shown, unexpected};
use crate::escape::{escape, escape_word};
use crate::finding::Code;
use crate::types::PageNo;
use std::fmt;

const EXPECTS: &str = "`expect get K V`, `no K`, `NAME: get K V`, `NAME: no K`, `page N free|gap|slots N`, \
                       `records|height|pages|commit|free|trees|fill|key-slots|splits|syncs|writes|bytes|seals|opens N`, \
                       `event NAME`, `seen NAME`, `fails CODE`, `open fails CODE`, `finding CODE [page N]`, \
                       `only CODE [page N]`, `cause CODE WORDS`, `clean`, `anchored CODE`, `anchored clean`";

/// What must be so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expect {
    /// `get K V`: the key has this value.
    Value {
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// `no K`: there is no such key.
    NoKey {
        /// The key.
        key: Vec<u8>,
    },
    /// `NAME: get K V`: the snapshot of that name reads this value.
    ReaderValue {
        /// The snapshot's name.
        reader: String,
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// `NAME: no K`: the snapshot of that name has no such key.
    ReaderNoKey {
        /// The snapshot's name.
        reader: String,
        /// The key.
        key: Vec<u8>,
    },
    /// `page 1 free >= 60`: a count of one branch or leaf that the main tree leads to.
    Page {
        /// The page.
        page: PageNo,
        /// What is counted.
        measure: PageMeasure,
        /// How it must compare.
        relation: Relation,
        /// With what.
        number: u64,
    },
    /// `records 12`, `splits 1`, `syncs <= 1`: a count.
    Count {
        /// What is counted.
        measure: Measure,
        /// How it must compare.
        relation: Relation,
        /// With what.
        number: u64,
    },
    /// `event page-split`: the operation before this line had such an event.
    Event {
        /// Its name in a trace.
        name: String,
    },
    /// `seen page-split`: there was such an event at any time since the store was made.
    Seen {
        /// Its name in a trace.
        name: String,
    },
    /// `fails CODE`: the operation before this line failed with this code.
    Fails {
        /// The code.
        code: String,
    },
    /// `open fails CODE`: opening a copy of the files as they are fails with this code.
    OpenFails {
        /// The code.
        code: String,
    },
    /// `finding CODE [page N]`: verification finds this.
    Finding {
        /// The code.
        code: Code,
        /// Of this page.
        page: Option<PageNo>,
    },
    /// `only CODE [page N]`: verification finds this, and nothing else that is worse than info.
    Only {
        /// The code.
        code: Code,
        /// Of this page.
        page: Option<PageNo>,
    },
    /// `cause CODE WORDS`: verification finds this, and of its causes the first is one of these words, which something in the
    /// files speaks for.
    Cause {
        /// The code.
        code: Code,
        /// How the cause begins.
        words: String,
    },
    /// `clean`: verification finds nothing worse than info.
    Clean,
    /// `anchored CODE`: verification finds this when it is held against the fingerprint that was kept.
    Anchored {
        /// The code.
        code: Code,
    },
    /// `anchored clean`: so held, it finds nothing worse than info.
    AnchoredClean,
}

/// What an `expect` counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    /// Records, as the open transaction or the newest commit has them.
    Records,
    /// Levels of the tree.
    Height,
    /// Pages of the tree.
    Pages,
    /// The newest commit.
    Commit,
    /// Free pages, as the open transaction or the newest commit has them.
    Free,
    /// Named trees, likewise.
    Trees,
    /// How full the leaves of the main tree are on average, in percent.
    Fill,
    /// Key slots in use.
    KeySlots,
    /// Page splits of the operation before.
    Splits,
    /// Its syncs of files.
    Syncs,
    /// Its writes.
    Writes,
    /// The bytes of its writes.
    Bytes,
    /// Pages it sealed.
    Seals,
    /// Pages it opened.
    Opens,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Measure; 14] = [
        Measure::Records,
        Measure::Height,
        Measure::Pages,
        Measure::Commit,
        Measure::Free,
        Measure::Trees,
        Measure::Fill,
        Measure::KeySlots,
        Measure::Splits,
        Measure::Syncs,
        Measure::Writes,
        Measure::Bytes,
        Measure::Seals,
        Measure::Opens,
    ];

    /// The word in the script.
    pub fn word(self) -> &'static str {
        match self {
            Measure::Records => "records",
            Measure::Height => "height",
            Measure::Pages => "pages",
            Measure::Commit => "commit",
            Measure::Free => "free",
            Measure::Trees => "trees",
            Measure::Fill => "fill",
            Measure::KeySlots => "key-slots",
            Measure::Splits => "splits",
            Measure::Syncs => "syncs",
            Measure::Writes => "writes",
            Measure::Bytes => "bytes",
            Measure::Seals => "seals",
            Measure::Opens => "opens",
        }
    }
}

/// What an `expect page` counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageMeasure {
    /// Bytes that no cell and no slot uses.
    Free,
    /// Those of them that lie together, between slots and cells.
    Gap,
    /// Slots.
    Slots,
}

impl PageMeasure {
    /// Every measure of a page.
    pub const ALL: [PageMeasure; 3] = [PageMeasure::Free, PageMeasure::Gap, PageMeasure::Slots];

    /// The word in the script.
    pub fn word(self) -> &'static str {
        match self {
            PageMeasure::Free => "free",
            PageMeasure::Gap => "gap",
            PageMeasure::Slots => "slots",
        }
    }
}

/// How a count must compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    /// Nothing, or `=`.
    Equal,
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
}

impl Relation {
    /// The relation with a space behind it; nothing for equality.
    fn text(self) -> &'static str {
        match self {
            Relation::Equal => "",
            Relation::AtMost => "<= ",
            Relation::AtLeast => ">= ",
        }
    }

    /// Whether `found` stands so to `wanted`.
    pub fn holds(self, found: u64, wanted: u64) -> bool {
        match self {
            Relation::Equal => found == wanted,
            Relation::AtMost => found <= wanted,
            Relation::AtLeast => found >= wanted,
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expect ")?;
        match self {
            Expect::Value { key, value } => write!(f, "get {} {}", escape_word(key), escape(value)),
            Expect::NoKey { key } => write!(f, "no {}", escape_word(key)),
            Expect::ReaderValue { reader, key, value } => {
                write!(f, "{reader}: get {} {}", escape_word(key), escape(value))
            }
            Expect::ReaderNoKey { reader, key } => write!(f, "{reader}: no {}", escape_word(key)),
            Expect::Page { page, measure, relation, number } => {
                write!(f, "page {page} {} {}{number}", measure.word(), relation.text())
            }
            Expect::Count { measure, relation, number } => write!(f, "{} {}{number}", measure.word(), relation.text()),
            Expect::Event { name } => write!(f, "event {name}"),
            Expect::Seen { name } => write!(f, "seen {name}"),
            Expect::Fails { code } => write!(f, "fails {code}"),
            Expect::OpenFails { code } => write!(f, "open fails {code}"),
            Expect::Finding { code, page: None } => write!(f, "finding {code}"),
            Expect::Finding { code, page: Some(page) } => write!(f, "finding {code} page {page}"),
            Expect::Only { code, page: None } => write!(f, "only {code}"),
            Expect::Only { code, page: Some(page) } => write!(f, "only {code} page {page}"),
            Expect::Cause { code, words } => write!(f, "cause {code} {words}"),
            Expect::Clean => f.write_str("clean"),
            Expect::Anchored { code } => write!(f, "anchored {code}"),
            Expect::AnchoredClean => f.write_str("anchored clean"),
        }
    }
}

pub(super) fn parse_expect(rest: &str) -> Parsed<Expect> {
    let rest = rest.trim_start();
    let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
    if word == "get" {
        let (key, value) = key_and_value(behind, "expect get K V")?;
        return Ok(Expect::Value { key, value });
    }
    if let Some(reader) = word.strip_suffix(':') {
        return parse_reader(reader, behind);
    }
    let mut words = Words::new(behind);
    let expect = match word.trim_end() {
        "no" => Expect::NoKey { key: words.key("expect no K")? },
        "event" => Expect::Event { name: words.text("expect event NAME, as in `expect event page-split`")? },
        "seen" => Expect::Seen { name: words.text("expect seen NAME, as in `expect seen page-split`")? },
        "page" => parse_page(&mut words)?,
        "fails" => Expect::Fails { code: words.text("expect fails CODE")? },
        "open" => {
            words.word("fails", "expect open fails CODE")?;
            Expect::OpenFails { code: words.text("expect open fails CODE")? }
        }
        "finding" => {
            let (code, page) = parse_finding("finding", &mut words)?;
            Expect::Finding { code, page }
        }
        "only" => {
            let (code, page) = parse_finding("only", &mut words)?;
            Expect::Only { code, page }
        }
        "cause" => {
            const FORM: &str = "expect cause CODE WORDS, as in `expect cause PAGE-STALE a lost write`";
            let code = parse_code(&mut words, FORM)?;
            let mut cause = vec![words.text(FORM)?];
            cause.extend(std::iter::from_fn(|| words.next().map(str::to_owned)));
            Expect::Cause { code, words: cause.join(" ") }
        }
        "clean" => Expect::Clean,
        "anchored" => match words.peek() {
            Some("clean") => {
                words.next();
                Expect::AnchoredClean
            }
            _ => Expect::Anchored { code: parse_code(&mut words, "expect anchored CODE|clean")? },
        },
        word => parse_count(word, &mut words)?,
    };
    words.end()?;
    Ok(expect)
}

/// `NAME: get K V`, `NAME: no K`.
fn parse_reader(reader: &str, rest: &str) -> Parsed<Expect> {
    const FORM: &str = "expect NAME: get K V|no K";
    let name = Words::new(reader).name(FORM)?;
    let (word, behind) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
    match word {
        "get" => {
            let (key, value) = key_and_value(behind, FORM)?;
            Ok(Expect::ReaderValue { reader: name, key, value })
        }
        "no" => {
            let mut words = Words::new(behind);
            let key = words.key(FORM)?;
            words.end()?;
            Ok(Expect::ReaderNoKey { reader: name, key })
        }
        "" => Err(missing(FORM)),
        other => Err(unexpected(other, FORM)),
    }
}

fn parse_page(words: &mut Words<'_>) -> Parsed<Expect> {
    const FORM: &str = "expect page N free|gap|slots [<=|>=] N";
    let page = words.page(FORM)?;
    let word = words.text(FORM)?;
    let measure = PageMeasure::ALL.into_iter().find(|measure| measure.word() == word);
    let measure = measure.ok_or_else(|| unexpected(&word, FORM))?;
    Ok(Expect::Page { page, measure, relation: parse_relation(words), number: words.number(FORM)? })
}

fn parse_finding(what: &str, words: &mut Words<'_>) -> Parsed<(Code, Option<PageNo>)> {
    let form = format!("expect {what} CODE [page N]");
    let code = parse_code(words, &form)?;
    let page = match words.next() {
        Some("page") => Some(words.page(&form)?),
        Some(other) => return Err(unexpected(other, &form)),
        None => None,
    };
    Ok((code, page))
}

fn parse_code(words: &mut Words<'_>, form: &str) -> Parsed<Code> {
    let text = words.text(form)?;
    let unknown = || format!("`{}` is no code of a finding; PAGE-STALE is one, DESIGN.md lists them", shown(&text));
    Code::parse(&text).ok_or_else(unknown)
}

fn parse_count(word: &str, words: &mut Words<'_>) -> Parsed<Expect> {
    let measure = Measure::ALL
        .into_iter()
        .find(|measure| measure.word() == word)
        .ok_or_else(|| format!("`expect {}` is not known; there are {EXPECTS}", shown(word)))?;
    let relation = parse_relation(words);
    let number = words.number(&format!("expect {word} [<=|>=] N"))?;
    Ok(Expect::Count { measure, relation, number })
}

fn parse_relation(words: &mut Words<'_>) -> Relation {
    let relation = match words.peek() {
        Some("<=") => Relation::AtMost,
        Some(">=") => Relation::AtLeast,
        _ => Relation::Equal,
    };
    if matches!(words.peek(), Some("<=" | ">=" | "=")) {
        words.next();
    }
    relation
}
