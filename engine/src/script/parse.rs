//! From text to operations. Everything refused is refused with what would be right.

use super::crash::{Left, parse_crash, parse_left};
use super::expect::parse_expect;
use super::forge::Forge;
use super::op::{
    BesideStep, Blob, CheckpointKind, CompareAndSwap, Fill, FillOrder, KeyStep, Op, Read, Scan, SessionStep, Show,
    TreeStep,
};
use super::tamper::Tamper;
use crate::defence::{Defence, LeftOut};
use crate::escape::{escape, unescape};
use crate::limits::LINE_BYTES_MAX;
use crate::types::{CommitNo, PageNo, PageSize};
use std::str::SplitAsciiWhitespace;

/// Most records of one `fill`: every one of them leaves events behind.
const FILL_COUNT_MAX: u32 = 100_000;
/// Most bytes of each of its values.
const FILL_VALUE_BYTES_MAX: usize = 1 << 16;

/// Most bytes of one `blob`: events carry all of its pages.
const BLOB_BYTES_MAX: usize = 1 << 20;

const OPERATIONS: &str = "put del get scan fill blob cas tree begin commit rollback savepoint rollback-to checkpoint crash \
                          cut reopen key tamper forge swap put-back beside keep verify salvage show expect, or NAME: begin-read|get|scan|tree|end";
const TREE_FORM: &str = "tree T create|drop|put K V|del K|get K|scan|fill|blob|cas";

pub(super) type Parsed<T> = Result<T, String>;

impl Op {
    /// Reads one line. The error says what is wrong and what would be right.
    pub fn parse(line: &str) -> Result<Op, String> {
        if line.len() > LINE_BYTES_MAX {
            return Err(format!("the line is longer than {LINE_BYTES_MAX} bytes"));
        }
        let line = line.trim_start();
        if line.trim_end().is_empty() {
            return Ok(Op::Comment(String::new()));
        }
        if let Some(text) = line.strip_prefix('#') {
            return Ok(Op::Comment(text.trim().to_owned()));
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line.trim_end(), ""));
        match word {
            "put" => {
                let (key, value) = key_and_value(rest, "put K V")?;
                Ok(Op::Put { key, value })
            }
            "expect" => parse_expect(rest).map(Op::Expect),
            "tree" => parse_tree(rest),
            "beside" => parse_beside(rest),
            _ => match word.strip_suffix(':') {
                Some(name) => parse_session(name, rest),
                None => parse_words(word, rest),
            },
        }
    }
}

fn parse_words(word: &str, rest: &str) -> Parsed<Op> {
    let mut words = Words::new(rest);
    let op = match word {
        "page-size" => Op::PageSize(page_size(words.number("page-size N")?)?),
        "seed" => Op::Seed(words.number("seed N")?),
        "without" => Op::Without(parse_without(&mut words)?),
        "del" => Op::Delete { key: words.key("del K")? },
        "get" | "scan" => Op::Read(parse_read(word, &mut words)?),
        "fill" => Op::Fill(parse_fill(&mut words)?),
        "blob" => Op::Blob(parse_blob(&mut words)?),
        "cas" => Op::CompareAndSwap(parse_swap_value(&mut words)?),
        "begin" => Op::Begin,
        "commit" => Op::Commit,
        "rollback" => Op::Rollback,
        "savepoint" => Op::Savepoint { name: words.name("savepoint NAME")? },
        "rollback-to" => Op::RollbackTo { name: words.name("rollback-to NAME")? },
        "checkpoint" => Op::Checkpoint(parse_checkpoint(&mut words)?),
        "crash" => Op::Crash(parse_crash(&mut words)?),
        "cut" => parse_cut(&mut words)?,
        "reopen" => Op::Reopen,
        "tamper" => Op::Tamper(Tamper::parse(&mut words)?),
        "forge" => Op::Forge(Forge::parse(&mut words)?),
        "key" => Op::Key(parse_key(&mut words)?),
        "passphrase" => Op::Passphrase(words.text("passphrase WORD")?),
        "swap" => parse_swap(&mut words)?,
        "put-back" => parse_put_back(&mut words)?,
        "verify" => match words.next() {
            None => Op::Verify,
            Some("anchored") => Op::VerifyAnchored,
            Some(other) => return Err(unexpected(other, "verify [anchored]")),
        },
        "salvage" => Op::Salvage,
        "keep" => {
            words.word("fingerprint", "keep fingerprint")?;
            Op::KeepFingerprint
        }
        "show" => Op::Show(parse_show(&mut words)?),
        _ => return Err(format!("`{}` is no operation; there are {OPERATIONS}", shown(word))),
    };
    words.end()?;
    Ok(op)
}

fn parse_without(words: &mut Words<'_>) -> Parsed<Defence> {
    let name = words.text("without NAME, as in `without sync-of-commit`")?;
    if !LeftOut::IS_POSSIBLE {
        return Err("this build cannot leave a defence out; the feature `lab` can".to_owned());
    }
    Defence::parse(&name).ok_or_else(|| no_defence(&name))
}

fn no_defence(name: &str) -> String {
    let like = |defence: &&Defence| !name.is_empty() && defence.name().contains(name);
    let like: Vec<&str> = Defence::ALL.iter().filter(like).map(|defence| defence.name()).take(5).collect();
    let what = format!("`{}` is no defence", shown(name));
    match like[..] {
        [] => format!("{what}; `sync-of-commit` is one, SECURITY.md lists them"),
        _ => format!("{what}; did you mean {}?", like.join(", ")),
    }
}

fn parse_cut(words: &mut Words<'_>) -> Parsed<Op> {
    const FORM: &str = "cut behind event N";
    match (words.next(), words.next()) {
        (Some("behind"), Some("event")) => {
            let event = words.number(FORM)?;
            Ok(Op::Cut { event, left: parse_left(words)?.unwrap_or(Left::Nothing) })
        }
        (Some("behind"), None) | (None, _) => Err(missing(FORM)),
        (Some("behind"), Some(other)) | (Some(other), _) => Err(unexpected(other, FORM)),
    }
}

/// `beside NAME …`: what is done there may be any operation, so the line is taken apart from the left.
fn parse_beside(rest: &str) -> Parsed<Op> {
    const FORM: &str = "beside NAME new [seed N]|copy|OPERATION";
    let (name, rest) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
    if !is_name(name) {
        return Err(format!("`{}` is no name; letters and digits make one; the form is `{FORM}`", shown(name)));
    }
    let mut words = Words::new(rest);
    let step = match words.next() {
        None => return Err(missing(FORM)),
        Some("new") => {
            let seed = match words.next() {
                None => None,
                Some("seed") => Some(words.number(FORM)?),
                Some(other) => return Err(unexpected(other, FORM)),
            };
            words.end()?;
            BesideStep::New { seed }
        }
        Some("copy") => {
            words.end()?;
            BesideStep::Copy
        }
        Some(word @ ("beside" | "cut" | "page-size" | "seed" | "passphrase" | "without" | "keep" | "#")) => {
            return Err(unexpected(word, FORM));
        }
        Some(_) => match Op::parse(rest)? {
            Op::Comment(_) => return Err(unexpected("#", FORM)),
            op => BesideStep::Do(Box::new(op)),
        },
    };
    Ok(Op::Beside { name: name.to_owned(), step })
}

fn parse_key(words: &mut Words<'_>) -> Parsed<KeyStep> {
    const FORM: &str = "key add WORD|remove N|rewrap N WORD";
    Ok(match words.next() {
        Some("add") => KeyStep::Add { passphrase: words.text(FORM)? },
        Some("remove") => KeyStep::Remove { slot: words.number(FORM)? },
        Some("rewrap") => KeyStep::Rewrap { slot: words.number(FORM)?, passphrase: words.text(FORM)? },
        Some(other) => return Err(unexpected(other, FORM)),
        None => return Err(missing(FORM)),
    })
}

fn parse_session(name: &str, rest: &str) -> Parsed<Op> {
    if !is_name(name) {
        return Err(format!("`{}:` is no name of a snapshot; letters and digits make one, as in `t1:`", shown(name)));
    }
    let mut words = Words::new(rest);
    let step = match words.next() {
        Some("begin-read") => SessionStep::Begin,
        Some(word @ ("get" | "scan")) => SessionStep::Read(parse_read(word, &mut words)?),
        Some("tree") => parse_session_tree(&mut words)?,
        Some("end") => SessionStep::End,
        _ => return Err(format!("a snapshot takes `{name}: begin-read`, `get K`, `scan`, `tree T get|scan` or `end`")),
    };
    words.end()?;
    Ok(Op::Session { name: name.to_owned(), step })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '-' || char == '_')
}

fn parse_session_tree(words: &mut Words<'_>) -> Parsed<SessionStep> {
    const FORM: &str = "NAME: tree T get K|scan";
    let name = words.tree(FORM)?;
    match words.next() {
        Some(word @ ("get" | "scan")) => Ok(SessionStep::Tree { name, read: parse_read(word, words)? }),
        Some(other) => Err(unexpected(other, FORM)),
        None => Err(missing(FORM)),
    }
}

/// `tree T …`: a value may hold spaces, so the line is taken apart from the left.
fn parse_tree(rest: &str) -> Parsed<Op> {
    let split = |text: &'_ str| -> (String, String) {
        let (word, rest) = text.trim_start().split_once(' ').unwrap_or((text.trim(), ""));
        (word.to_owned(), rest.to_owned())
    };
    let (name, rest) = split(rest);
    let (word, rest) = split(&rest);
    let mut words = Words::new(&rest);
    let name = tree_name(Some(&name), TREE_FORM)?;
    let step = match word.as_str() {
        "put" => {
            let (key, value) = key_and_value(&rest, "tree T put K V")?;
            return Ok(Op::Tree { name, step: TreeStep::Put { key, value } });
        }
        "create" => TreeStep::Create,
        "drop" => TreeStep::Drop,
        "del" => TreeStep::Delete { key: words.key("tree T del K")? },
        "fill" => TreeStep::Fill(parse_fill(&mut words)?),
        "blob" => TreeStep::Blob(parse_blob(&mut words)?),
        "cas" => TreeStep::CompareAndSwap(parse_swap_value(&mut words)?),
        "get" | "scan" => TreeStep::Read(parse_read(&word, &mut words)?),
        "" => return Err(missing(TREE_FORM)),
        other => return Err(unexpected(other, TREE_FORM)),
    };
    words.end()?;
    Ok(Op::Tree { name, step })
}

fn parse_blob(words: &mut Words<'_>) -> Parsed<Blob> {
    const FORM: &str = "blob K N";
    let blob = Blob { key: words.key(FORM)?, value_bytes: words.number(FORM)? };
    if blob.value_bytes > BLOB_BYTES_MAX {
        return Err(format!("`blob` takes at most {BLOB_BYTES_MAX} bytes"));
    }
    Ok(blob)
}

fn parse_swap_value(words: &mut Words<'_>) -> Parsed<CompareAndSwap> {
    const FORM: &str = "cas K OLD NEW, with `-` for no record";
    let key = words.key(FORM)?;
    let mut value = || match words.next() {
        Some("-") => Ok(None),
        Some(word) => unescape(word).map(Some),
        None => Err(missing(FORM)),
    };
    Ok(CompareAndSwap { key, expected: value()?, new: value()? })
}

fn parse_checkpoint(words: &mut Words<'_>) -> Parsed<CheckpointKind> {
    match words.next() {
        None | Some("passive") => Ok(CheckpointKind::Passive),
        Some("full") => Ok(CheckpointKind::Full),
        Some(other) => Err(unexpected(other, "checkpoint [passive|full]")),
    }
}

fn parse_read(word: &str, words: &mut Words<'_>) -> Parsed<Read> {
    if word == "get" {
        return Ok(Read::Get { key: words.key("get K")? });
    }
    const FORM: &str = "scan [from K] [to K] [limit N]";
    let mut scan = Scan::default();
    while let Some(word) = words.next() {
        match word {
            "from" => scan.from = Some(words.key(FORM)?),
            "to" => scan.to = Some(words.key(FORM)?),
            "limit" => scan.limit = Some(words.number(FORM)?),
            other => return Err(unexpected(other, FORM)),
        }
    }
    Ok(Read::Scan(scan))
}

fn parse_fill(words: &mut Words<'_>) -> Parsed<Fill> {
    const FORM: &str = "fill N ascending|descending|random [value N]";
    let count = words.number(FORM)?;
    if count > FILL_COUNT_MAX {
        return Err(format!("`fill` takes at most {FILL_COUNT_MAX} records"));
    }
    let order = match words.next() {
        Some("ascending") => FillOrder::Ascending,
        Some("descending") => FillOrder::Descending,
        Some("random") => FillOrder::Random,
        Some(other) => return Err(unexpected(other, FORM)),
        None => return Err(missing(FORM)),
    };
    let value_bytes = match words.next() {
        Some("value") => words.number(FORM)?,
        Some(other) => return Err(unexpected(other, FORM)),
        None => Fill::VALUE_BYTES,
    };
    if value_bytes > FILL_VALUE_BYTES_MAX {
        return Err(format!("a value of `fill` has at most {FILL_VALUE_BYTES_MAX} bytes; `blob` makes a longer one"));
    }
    Ok(Fill { count, order, value_bytes })
}

fn parse_swap(words: &mut Words<'_>) -> Parsed<Op> {
    const FORM: &str = "swap page A B";
    words.word("page", FORM)?;
    Ok(Op::Swap(words.page(FORM)?, words.page(FORM)?))
}

fn parse_put_back(words: &mut Words<'_>) -> Parsed<Op> {
    const FORM: &str = "put-back page A B … from commit N, or put-back all from commit N";
    let mut pages = Vec::new();
    match words.next() {
        Some("all") => {}
        Some("page") => {
            pages.push(words.page(FORM)?);
            while words.peek().is_some_and(|word| word != "from") {
                pages.push(words.page(FORM)?);
            }
        }
        _ => return Err(missing(FORM)),
    }
    words.word("from", FORM)?;
    words.word("commit", FORM)?;
    Ok(Op::PutBack { pages, commit: CommitNo(words.number(FORM)?) })
}

fn parse_show(words: &mut Words<'_>) -> Parsed<Show> {
    const FORM: &str = "show tree [NAME]|trees|page N|free|log|disk|superblock|snapshots|keys|fingerprint";
    match words.next() {
        Some("tree") if words.peek().is_some() => Ok(Show::NamedTree(words.tree(FORM)?)),
        Some("tree") => Ok(Show::Tree),
        Some("trees") => Ok(Show::Trees),
        Some("free") => Ok(Show::Free),
        Some("snapshots") => Ok(Show::Snapshots),
        Some("keys") => Ok(Show::Keys),
        Some("page") => Ok(Show::Page(words.page(FORM)?)),
        Some("log") => Ok(Show::Log),
        Some("disk") => Ok(Show::Disk),
        Some("superblock") => Ok(Show::Superblock),
        Some("fingerprint") => Ok(Show::Fingerprint),
        Some(other) => Err(unexpected(other, FORM)),
        None => Err(missing(FORM)),
    }
}

pub(super) fn key_and_value(rest: &str, form: &str) -> Parsed<(Vec<u8>, Vec<u8>)> {
    let (key, value) = rest.split_once(' ').unwrap_or((rest, ""));
    if key.is_empty() {
        return Err(missing(form));
    }
    Ok((unescape(key)?, unescape(value)?))
}

/// The name of a tree: text, which any key of a catalog is.
fn tree_name(word: Option<&str>, form: &str) -> Parsed<String> {
    let word = word.filter(|word| !word.is_empty()).ok_or_else(|| missing(form))?;
    String::from_utf8(unescape(word)?).map_err(|_| format!("`{}` is no name of a tree: it is not UTF-8", shown(word)))
}

fn page_size(bytes: u64) -> Parsed<u32> {
    let size = u32::try_from(bytes).ok().and_then(PageSize::new);
    size.map(PageSize::get)
        .ok_or_else(|| format!("a page of {bytes} bytes cannot be: a power of two from 512 to 65536"))
}

pub(super) fn missing(form: &str) -> String {
    format!("something is missing; the form is `{form}`")
}

pub(super) fn unexpected(word: &str, form: &str) -> String {
    format!("`{}` does not belong here; the form is `{form}`", shown(word))
}

pub(super) fn shown(word: &str) -> String {
    let short: String = word.chars().take(40).collect();
    escape(short.as_bytes())
}

/// The words of a line, one after the other.
pub(super) struct Words<'a> {
    words: std::iter::Peekable<SplitAsciiWhitespace<'a>>,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str) -> Words<'a> {
        Words { words: text.split_ascii_whitespace().peekable() }
    }

    pub(super) fn next(&mut self) -> Option<&'a str> {
        self.words.next()
    }

    pub(super) fn peek(&mut self) -> Option<&'a str> {
        self.words.peek().copied()
    }

    pub(super) fn word(&mut self, wanted: &str, form: &str) -> Parsed<()> {
        match self.next() {
            Some(word) if word == wanted => Ok(()),
            Some(other) => Err(unexpected(other, form)),
            None => Err(missing(form)),
        }
    }

    pub(super) fn text(&mut self, form: &str) -> Parsed<String> {
        self.next().map(str::to_owned).ok_or_else(|| missing(form))
    }

    pub(super) fn key(&mut self, form: &str) -> Parsed<Vec<u8>> {
        unescape(self.next().ok_or_else(|| missing(form))?)
    }

    /// A name of letters and digits.
    pub(super) fn name(&mut self, form: &str) -> Parsed<String> {
        let word = self.next().ok_or_else(|| missing(form))?;
        match is_name(word) {
            true => Ok(word.to_owned()),
            false => Err(format!("`{}` is no name; letters and digits make one; the form is `{form}`", shown(word))),
        }
    }

    fn tree(&mut self, form: &str) -> Parsed<String> {
        tree_name(self.next(), form)
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self, form: &str) -> Parsed<T> {
        let word = self.next().ok_or_else(|| missing(form))?;
        word.parse().map_err(|_| format!("`{}` is no number that fits here; the form is `{form}`", shown(word)))
    }

    pub(super) fn positive(&mut self, form: &str) -> Parsed<u64> {
        match self.number(form)? {
            0 => Err(format!("this is counted from 1; the form is `{form}`")),
            number => Ok(number),
        }
    }

    pub(super) fn page(&mut self, form: &str) -> Parsed<PageNo> {
        match self.number(form)? {
            0 => Err("pages are counted from 1".to_owned()),
            page => Ok(PageNo(page)),
        }
    }

    pub(super) fn end(&mut self) -> Parsed<()> {
        match self.next() {
            None => Ok(()),
            Some(word) => Err(format!("`{}` is too much; nothing more belongs on this line", shown(word))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(line: &str) {
        let op = Op::parse(line).unwrap_or_else(|why| panic!("{line}: {why}"));
        assert_eq!(Op::parse(&op.to_string()), Ok(op.clone()), "{line}");
    }

    #[test]
    fn every_form_survives_the_round_trip() {
        let lines = "page-size 512|seed 7|put a 1|put a|put a\\x20b  two  spaces |del a|get a|scan|scan from a to c limit 3|\
                     fill 1000 ascending|fill 40 random value 60|fill 3 descending|begin|commit|rollback|t1: begin-read|\
                     t1: get a|t1: scan from b|t1: end|checkpoint|crash before wal-write|crash after wal-sync|\
                     crash before page-write|crash after page-sync|crash before superblock-write losing 1|\
                     crash after superblock-sync|crash at write 7|crash at write 7 torn 3|crash losing 2,5|\
                     crash at call 4|crash at call 4 process|crash before wal-sync ordered 0|crash at call 9 posix|\
                     crash at call 9 posix keeping 1-3,5|crash at call 9 posix keeping 2 damaging 1,3 junk 7|\
                     crash at call 9 posix junk 18446744073709551615|\
                     crash after wal-write keeping all|crash at call 2 newest|crash at call 2 chance 9|\
                     cut behind event 7|cut behind event 7 torn 1|cut behind event 7 newest|cut behind event 7 chance 3|\
                     cut behind event 7 process|cut behind event 7 keeping all|reopen|tamper page 3 byte 100 xor 01|tamper log byte 600 xor 01ff|\
                     tamper superblock A byte 10 xor 01|tamper superblock B byte 10 xor 01|swap page 3 5|\
                     passphrase secret|key add second|key remove 1|key rewrap 0 third|beside old copy|beside x new seed 9|\
                     beside x new|beside x put a  1 2|beside old tree people put a b|beside x tamper page 1 zero|\
                     tamper page 2 byte 8 set 00ff|tamper page 2 byte 512 copy 1024 from old|tamper page 2 field commit 9|\
                     tamper superblock A field record_count 7 mended|tamper superblock B field file_id hex 00ff|\
                     tamper key-slot 0 from x mended|tamper key-slot 7 field kdf_passes 4000000000 mended|\
                     tamper page 3 from x page 4|tamper superblock A from old superblock B|tamper record 2 drop|\
                     tamper record 2 repeat|tamper record 2 swap 5|tamper record 2 cut|tamper record 2 from old record 3|\
                     tamper record 1 field commit 9 mended|tamper log field seed hex 00 mended|tamper log truncate 700|\
                     tamper pages extend 512|tamper log remove|tamper pages become sqlite|tamper files from old|\
                     tamper log zero|forge page 3 byte 7 xor 01|forge page 3 byte 7 set ff00|forge page 3 field level 2|\
                     forge page 3 swap 0 1|forge page 3 slot 0 key a\\x20b|forge page 3 slot 1 length 9|\
                     forge page 3 slot 1 page 4|forge page 3 next 0|forge page 3 next 4|forge page 3 entry 1 page 9|\
                     forge superblock A field commit 9|forge superblock B field file_id hex 00|\
                     forge superblocks field record_count 7|forge record 2 field commit 9|\
                     put-back page 3 from commit 2|put-back page 3 4 7 from commit 2|put-back all from commit 2|verify|\
                     show page 3|show tree|show log|show disk|show superblock|expect get a 1|expect get a|expect no a|\
                     expect records 12|expect height 3|expect pages 5|expect commit 4|expect open fails PAGE-STALE|\
                     expect finding PAGE-STALE page 2|expect finding LOG-ROT|expect clean|expect event page-split|\
                     savepoint s-1|rollback-to s-1|cas a 1 2|cas a - 2|cas a \\x2d -|cas a b\\x20c d|blob big 3000|\
                     tree people create|tree people drop|tree people put a 1  2|tree people put a|tree people get a|\
                     tree people del a|tree people scan from a limit 2|tree people fill 9 ascending|tree t blob b 700|\
                     tree t cas a 1 2|tree a\\x20b create|t1: tree people get a|t1: tree people scan|checkpoint full|\
                     show trees|show free|show snapshots|show keys|show fingerprint|show tree people|expect free 3|expect trees >= 1|\
                     expect seen page-split|expect page 1 free >= 60|expect page 2 gap 7|expect page 3 slots <= 2|expect fill >= 80|\
                     expect key-slots 2|expect t1: get a 1|expect t1: no a|expect only PAGE-STALE|expect cause PAGE-STALE a lost write|expect only LOG-ROT page 1|\
                     expect splits 1|expect syncs <= 1|expect writes >= 2|expect fails LIMIT|# a comment||#";
        lines.split('|').for_each(round_trip);
    }

    #[test]
    fn a_line_that_cannot_be_says_what_would_be_right() {
        for (line, part) in [
            ("putt a 1", "there are put del"),
            ("put", "put K V"),
            ("del", "del K"),
            ("del a b", "`b` is too much"),
            ("put \\q 1", "\\xNN"),
            ("crash", "crash before|after STEP"),
            ("crash torn 3", "crash before|after STEP"),
            ("crash before lunch", "wal-write wal-sync"),
            ("crash at write 0", "counted from 1"),
            ("crash at call", "crash at call N"),
            ("crash at call 2 posix keeping 3-1", "ascending"),
            ("crash at call 2 posix keeping 1-4000000000", "ascending"),
            ("crash at call 2 posix damaging", "ascending"),
            ("crash losing 0", "counted from 1"),
            ("tamper page 3 byte 100 xor 1", "in pairs"),
            ("tamper page 0 byte 1 xor 01", "counted from 1"),
            ("tamper", "tamper page N"),
            ("tamper page 1", "byte N xor|set HEX"),
            ("tamper page 1 melt", "is no change"),
            ("tamper page 1 drop", "cannot be done to `page 1`"),
            ("tamper files remove", "cannot be done to `files`"),
            ("tamper page 1 byte 3 set 00 mended", "`mended` is too much"),
            ("tamper page 1 from old superblock A", "cannot be done"),
            ("tamper key-slot 8 zero", "0 to 7"),
            ("tamper record 0 drop", "counted from 1"),
            ("tamper pages become mp3", "sqlite png text nothing"),
            ("tamper superblock A field commit many", "field NAME N"),
            ("beside", "no name"),
            ("beside x", "beside NAME new"),
            ("beside x #new seed 9", "beside NAME new"),
            ("beside x beside y copy", "beside NAME new"),
            ("key lose 1", "key add WORD"),
            ("forge", "forge page N EDIT"),
            ("forge page 3 melt", "swap A B"),
            ("forge page 3 slot 1 colour", "slot S key K"),
            ("forge superblock C field commit 1", "`superblock A`"),
            ("forge record 0 field commit 1", "counted from 1"),
            ("page-size 500", "a power of two"),
            ("fill 3 sideways", "ascending|descending|random"),
            ("fill 1000000 random", "at most"),
            ("t 1: get a", "is no operation"),
            (": get a", "no name of a snapshot"),
            ("t1: put a 1", "begin-read"),
            ("expect", "there are `expect get K V`"),
            ("expect finding PAGE-SALE", "no code of a finding"),
            ("expect records many", "no number"),
            ("expect page 1 colour 3", "free|gap|slots"),
            ("expect page", "free|gap|slots"),
            ("expect t 1: get a", "is not known"),
            ("expect t1: put a", "get K V|no K"),
            ("expect only PAGE-SALE", "no code of a finding"),
            ("expect cause PAGE-STALE", "a lost write"),
            ("expect anchored never", "no code of a finding"),
            ("keep", "keep fingerprint"),
            ("keep faith", "keep fingerprint"),
            ("verify never", "verify [anchored]"),
            ("without", "without NAME"),
            ("without record", if LeftOut::IS_POSSIBLE { "did you mean record-checksum" } else { "the feature `lab`" }),
            ("put-back page from commit 2", "no number"),
            ("cas a 1", "cas K OLD NEW"),
            ("blob a 9999999", "at most"),
            ("tree", "tree T create"),
            ("tree people", "tree T create"),
            ("tree people prune", "tree T create"),
            ("tree \\xff create", "UTF-8"),
            ("savepoint a b", "`b` is too much"),
            ("savepoint a:b", "letters and digits"),
            ("t1: tree people put a 1", "tree T get"),
            ("checkpoint half", "passive|full"),
            ("cut", "cut behind event N"),
            ("cut behind write 3", "cut behind event N"),
        ] {
            let why = Op::parse(line).unwrap_err();
            assert!(why.contains(part), "{line}: {why}");
        }
    }

    proptest! {
        #[test]
        fn any_key_and_value_survive_the_round_trip(
            key in proptest::collection::vec(any::<u8>(), 1..20),
            value in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let op = Op::Put { key, value };
            prop_assert_eq!(Op::parse(&op.to_string()), Ok(op));
        }

        #[test]
        fn no_line_makes_parsing_panic(line in "\\PC*") {
            let _ = Op::parse(&line);
        }
    }
}
