//! The operations of a script as plain values, and their canonical text.

use super::crash::{Crash, Left};
use super::expect::Expect;
use super::forge::Forge;
use super::tamper::Tamper;
use crate::defence::Defence;
use crate::escape::{escape, escape_word};
use crate::types::{CommitNo, PageNo};
use std::fmt;

/// One operation: one line of a script. [`Op::parse`](super::Op::parse) reads what `Display` writes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    /// An empty line, or `# text`.
    Comment(String),
    /// `page-size 512`: before the first operation only.
    PageSize(u32),
    /// `seed 7`: before the first operation only.
    Seed(u64),
    /// `passphrase WORD`: before the first operation only. The database has no keyless slot, and the test profile of Argon2id.
    Passphrase(String),
    /// `without NAME`: before the first operation only. The engine of this script has all defences but this one.
    Without(Defence),
    /// `put K V`
    Put {
        /// The key.
        key: Vec<u8>,
        /// The value; may be empty.
        value: Vec<u8>,
    },
    /// `del K`
    Delete {
        /// The key.
        key: Vec<u8>,
    },
    /// `fill N ascending|descending|random [value N]`: that many puts in one transaction.
    Fill(Fill),
    /// `blob K N`: a value of that many bytes, drawn from the script's seed; a long one lies in pages of its own.
    Blob(Blob),
    /// `cas K OLD NEW`: puts the new value if the key has the old one.
    CompareAndSwap(CompareAndSwap),
    /// `tree NAME …`: a named tree.
    Tree {
        /// Its name.
        name: String,
        /// What is done with it.
        step: TreeStep,
    },
    /// `begin`
    Begin,
    /// `commit`
    Commit,
    /// `rollback`
    Rollback,
    /// `savepoint NAME`: in the open transaction.
    Savepoint {
        /// Its name.
        name: String,
    },
    /// `rollback-to NAME`: the open transaction is again what it was at that savepoint.
    RollbackTo {
        /// Its name.
        name: String,
    },
    /// `get …` or `scan …`, as the open transaction or the newest commit has it.
    Read(Read),
    /// `NAME: begin-read`, `NAME: get K`, `NAME: scan …`, `NAME: tree T get|scan …`, `NAME: end`: a snapshot with a name.
    Session {
        /// Its name.
        name: String,
        /// What it does.
        step: SessionStep,
    },
    /// `checkpoint`, `checkpoint full`
    Checkpoint(CheckpointKind),
    /// `crash …`: arms a power cut that strikes the next operation.
    Crash(Crash),
    /// `cut behind event N [LEFT]`: the power went behind that event of the operation above, counted from 1; the rest of it
    /// never happened.
    Cut {
        /// The event's number in its operation.
        event: usize,
        /// What is left of the writes not yet synced.
        left: Left,
    },
    /// `reopen`: the program ends, if it still runs, and the database is opened again.
    Reopen,
    /// `key …`: key slots of passphrases, made with the test profile.
    Key(KeyStep),
    /// `tamper …`: bytes are changed from outside, without the key.
    Tamper(Tamper),
    /// `forge …`: what is wrong is written with the key.
    Forge(Forge),
    /// `swap page A B`: two pages change places in the page file.
    Swap(PageNo, PageNo),
    /// `put-back page A B … from commit N`, `put-back all from commit N`: old versions return to the page file.
    PutBack {
        /// The pages; none of them named means all.
        pages: Vec<PageNo>,
        /// Each in its newest version that is not newer than this.
        commit: CommitNo,
    },
    /// `beside NAME …`: another database, on a disk of its own.
    Beside {
        /// Its name.
        name: String,
        /// What is done with it.
        step: BesideStep,
    },
    /// `verify`
    Verify,
    /// `salvage`: the store gives way to what can be saved of it.
    Salvage,
    /// `keep fingerprint`: it is kept where nobody who changes the files can reach it.
    KeepFingerprint,
    /// `verify anchored`: the same, held against the fingerprint that was kept.
    VerifyAnchored,
    /// `show …`
    Show(Show),
    /// `expect …`
    Expect(Expect),
}

/// What is done with another database, whose events are not told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BesideStep {
    /// `new [seed N]`: it is created; without a seed its own follows from the script's.
    New {
        /// The seed of everything random in it.
        seed: Option<u64>,
    },
    /// `copy`: it is a copy of this script's files as they are now.
    Copy,
    /// An operation.
    Do(Box<Op>),
}

/// What is done with key slots.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyStep {
    /// `add WORD`
    Add {
        /// The new passphrase.
        passphrase: String,
    },
    /// `remove N`
    Remove {
        /// The slot.
        slot: u8,
    },
    /// `rewrap N WORD`
    Rewrap {
        /// The slot.
        slot: u8,
        /// What opens it afterwards.
        passphrase: String,
    },
}

/// A question that changes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Read {
    /// `get K`
    Get {
        /// The key.
        key: Vec<u8>,
    },
    /// `scan [from K] [to K] [limit N]`
    Scan(Scan),
}

/// Which records a scan names: `from` is included, `to` is not.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scan {
    /// The first key.
    pub from: Option<Vec<u8>>,
    /// The key behind the last.
    pub to: Option<Vec<u8>>,
    /// At most so many records.
    pub limit: Option<usize>,
}

/// What a checkpoint does about snapshots that stand in its way. Nobody can end one meanwhile: a script does one thing at a
/// time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckpointKind {
    /// `checkpoint`: it gives up before anything is written.
    Passive,
    /// `checkpoint full`: it goes as far as it can without waiting.
    Full,
}

/// A value drawn from the script's seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blob {
    /// The key.
    pub key: Vec<u8>,
    /// The value's length, in bytes.
    pub value_bytes: usize,
}

/// A value that is put if the key has another one. Neither has a space in it; `-` means that there is no record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompareAndSwap {
    /// The key.
    pub key: Vec<u8>,
    /// What it must have; none: it must not be there.
    pub expected: Option<Vec<u8>>,
    /// What it is given; none: it is deleted.
    pub new: Option<Vec<u8>>,
}

/// What is done with a named tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TreeStep {
    /// `create`
    Create,
    /// `drop`
    Drop,
    /// `put K V`
    Put {
        /// The key.
        key: Vec<u8>,
        /// The value; may be empty.
        value: Vec<u8>,
    },
    /// `del K`
    Delete {
        /// The key.
        key: Vec<u8>,
    },
    /// `fill …`
    Fill(Fill),
    /// `blob K N`
    Blob(Blob),
    /// `cas K OLD NEW`
    CompareAndSwap(CompareAndSwap),
    /// `get …` or `scan …`, as the open transaction or the newest commit has it.
    Read(Read),
}

/// What a named snapshot does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SessionStep {
    /// `begin-read`: takes the snapshot.
    Begin,
    /// `get …` or `scan …` in it.
    Read(Read),
    /// `tree T get …`, `tree T scan …`: in a named tree of it.
    Tree {
        /// The tree's name.
        name: String,
        /// The question.
        read: Read,
    },
    /// `end`: gives it up.
    End,
}

/// Many puts in one transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fill {
    /// How many.
    pub count: u32,
    /// Which keys, in which order.
    pub order: FillOrder,
    /// The length of each value, in bytes.
    pub value_bytes: usize,
}

impl Fill {
    /// Length of a filled value when the line does not say, in bytes.
    pub const VALUE_BYTES: usize = 20;
}

/// Which keys a fill puts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FillOrder {
    /// `k0001`, `k0002`, …
    Ascending,
    /// The same, the last one first.
    Descending,
    /// Six letters each, drawn from the script's seed.
    Random,
}

/// What `show` prints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Show {
    /// `tree`: every page reached from the root.
    Tree,
    /// `tree NAME`: the same of a named tree.
    NamedTree(String),
    /// `trees`: the named trees.
    Trees,
    /// `free`: the free list, trunk by trunk.
    Free,
    /// `snapshots`: those that live, and the commit each sees.
    Snapshots,
    /// `keys`: the key slots.
    Keys,
    /// `page N`: one page, record by record.
    Page(PageNo),
    /// `log`: every record of the log.
    Log,
    /// `disk`: the files, and the writes not yet synced as `losing` counts them.
    Disk,
    /// `superblock`: both slots.
    Superblock,
    /// `fingerprint`: the line to keep elsewhere.
    Fingerprint,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Comment(text) if text.is_empty() => Ok(()),
            Op::Comment(text) => write!(f, "# {text}"),
            Op::PageSize(bytes) => write!(f, "page-size {bytes}"),
            Op::Seed(seed) => write!(f, "seed {seed}"),
            Op::Without(defence) => write!(f, "without {defence}"),
            Op::Put { key, value } => write!(f, "put {} {}", escape_word(key), escape(value)),
            Op::Delete { key } => write!(f, "del {}", escape_word(key)),
            Op::Fill(fill) => fill.fmt(f),
            Op::Blob(blob) => blob.fmt(f),
            Op::CompareAndSwap(swap) => swap.fmt(f),
            Op::Tree { name, step } => write!(f, "tree {} {step}", escape_word(name.as_bytes())),
            Op::Begin => f.write_str("begin"),
            Op::Commit => f.write_str("commit"),
            Op::Rollback => f.write_str("rollback"),
            Op::Savepoint { name } => write!(f, "savepoint {name}"),
            Op::RollbackTo { name } => write!(f, "rollback-to {name}"),
            Op::Read(read) => read.fmt(f),
            Op::Session { name, step: SessionStep::Begin } => write!(f, "{name}: begin-read"),
            Op::Session { name, step: SessionStep::Read(read) } => write!(f, "{name}: {read}"),
            Op::Session { name, step: SessionStep::Tree { name: tree, read } } => {
                write!(f, "{name}: tree {} {read}", escape_word(tree.as_bytes()))
            }
            Op::Session { name, step: SessionStep::End } => write!(f, "{name}: end"),
            Op::Checkpoint(CheckpointKind::Passive) => f.write_str("checkpoint"),
            Op::Checkpoint(CheckpointKind::Full) => f.write_str("checkpoint full"),
            Op::Crash(crash) => crash.fmt(f),
            Op::Cut { event, left } => write!(f, "cut behind event {event}{left}"),
            Op::Reopen => f.write_str("reopen"),
            Op::Passphrase(word) => write!(f, "passphrase {word}"),
            Op::Key(KeyStep::Add { passphrase }) => write!(f, "key add {passphrase}"),
            Op::Key(KeyStep::Remove { slot }) => write!(f, "key remove {slot}"),
            Op::Key(KeyStep::Rewrap { slot, passphrase }) => write!(f, "key rewrap {slot} {passphrase}"),
            Op::Tamper(tamper) => tamper.fmt(f),
            Op::Forge(forge) => forge.fmt(f),
            Op::Beside { name, step: BesideStep::New { seed: None } } => write!(f, "beside {name} new"),
            Op::Beside { name, step: BesideStep::New { seed: Some(seed) } } => {
                write!(f, "beside {name} new seed {seed}")
            }
            Op::Beside { name, step: BesideStep::Copy } => write!(f, "beside {name} copy"),
            Op::Beside { name, step: BesideStep::Do(op) } => write!(f, "beside {name} {op}"),
            Op::Swap(first, second) => write!(f, "swap page {first} {second}"),
            Op::PutBack { pages, commit } => write!(f, "put-back {} from commit {commit}", PagesText(pages)),
            Op::Salvage => f.write_str("salvage"),
            Op::Verify => f.write_str("verify"),
            Op::KeepFingerprint => f.write_str("keep fingerprint"),
            Op::VerifyAnchored => f.write_str("verify anchored"),
            Op::Show(show) => show.fmt(f),
            Op::Expect(expect) => expect.fmt(f),
        }
    }
}

struct PagesText<'a>(&'a [PageNo]);

impl fmt::Display for PagesText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("all");
        }
        f.write_str("page")?;
        self.0.iter().try_for_each(|page| write!(f, " {page}"))
    }
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Read::Get { key } => write!(f, "get {}", escape_word(key)),
            Read::Scan(scan) => {
                f.write_str("scan")?;
                for (word, key) in [("from", &scan.from), ("to", &scan.to)] {
                    if let Some(key) = key {
                        write!(f, " {word} {}", escape_word(key))?;
                    }
                }
                scan.limit.map_or(Ok(()), |limit| write!(f, " limit {limit}"))
            }
        }
    }
}

impl fmt::Display for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blob {} {}", escape_word(&self.key), self.value_bytes)
    }
}

impl fmt::Display for CompareAndSwap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |value: &Option<Vec<u8>>| match value.as_deref() {
            None => "-".to_owned(),
            Some(b"-") => "\\x2d".to_owned(),
            Some(value) => escape_word(value),
        };
        write!(f, "cas {} {} {}", escape_word(&self.key), word(&self.expected), word(&self.new))
    }
}

impl fmt::Display for TreeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TreeStep::Create => f.write_str("create"),
            TreeStep::Drop => f.write_str("drop"),
            TreeStep::Put { key, value } => write!(f, "put {} {}", escape_word(key), escape(value)),
            TreeStep::Delete { key } => write!(f, "del {}", escape_word(key)),
            TreeStep::Fill(fill) => fill.fmt(f),
            TreeStep::Blob(blob) => blob.fmt(f),
            TreeStep::CompareAndSwap(swap) => swap.fmt(f),
            TreeStep::Read(read) => read.fmt(f),
        }
    }
}

impl fmt::Display for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.order {
            FillOrder::Ascending => "ascending",
            FillOrder::Descending => "descending",
            FillOrder::Random => "random",
        };
        write!(f, "fill {} {order}", self.count)?;
        match self.value_bytes {
            Fill::VALUE_BYTES => Ok(()),
            bytes => write!(f, " value {bytes}"),
        }
    }
}

impl fmt::Display for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Show::Tree => f.write_str("show tree"),
            Show::NamedTree(name) => write!(f, "show tree {}", escape_word(name.as_bytes())),
            Show::Trees => f.write_str("show trees"),
            Show::Free => f.write_str("show free"),
            Show::Snapshots => f.write_str("show snapshots"),
            Show::Keys => f.write_str("show keys"),
            Show::Page(page) => write!(f, "show page {page}"),
            Show::Log => f.write_str("show log"),
            Show::Disk => f.write_str("show disk"),
            Show::Superblock => f.write_str("show superblock"),
            Show::Fingerprint => f.write_str("show fingerprint"),
        }
    }
}
