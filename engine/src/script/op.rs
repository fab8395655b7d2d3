//! The operations of a script as plain values, and their canonical text.

use super::expect::Expect;
use super::forge::Forge;
use super::tamper::Tamper;
use crate::escape::{escape, escape_word};
use crate::types::{CommitNo, PageNo};
use crate::vfs::{Filling, PosixPlan};
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
    /// `cut behind event N`: the power went behind that event of the operation above, counted from 1; the rest of it never
    /// happened, and nothing unsynced is left.
    Cut {
        /// The event's number in its operation.
        event: usize,
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

/// A power cut that is to strike the next operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crash {
    /// When.
    pub instant: Instant,
    /// What is left of the writes not yet synced.
    pub left: Left,
}

/// When the power goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instant {
    /// `before STEP`: the step does not happen.
    Before(Step),
    /// `after STEP`: it happened, and nobody heard of it.
    After(Step),
    /// `at write N`: right after the operation's N-th write, counted from 1.
    AtWrite(u64),
    /// `at call N`: right before the operation's N-th call that changes something on the disk, counted from 1: a write, a sync,
    /// a length, a name.
    AtCall(u64),
    /// `losing …` alone: right before the first sync at which so many writes wait.
    AtSyncWaiting(u32),
}

/// A step of the protocol at which the power can go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is the word in the script")]
pub enum Step {
    WalWrite,
    WalSync,
    PageWrite,
    PageSync,
    SuperblockWrite,
    SuperblockSync,
}

impl Step {
    /// Every step, in the order of the protocol.
    pub const ALL: [Step; 6] =
        [Step::WalWrite, Step::WalSync, Step::PageWrite, Step::PageSync, Step::SuperblockWrite, Step::SuperblockSync];

    /// The word in the script.
    pub fn word(self) -> &'static str {
        match self {
            Step::WalWrite => "wal-write",
            Step::WalSync => "wal-sync",
            Step::PageWrite => "page-write",
            Step::PageSync => "page-sync",
            Step::SuperblockWrite => "superblock-write",
            Step::SuperblockSync => "superblock-sync",
        }
    }
}

/// What a power cut leaves of the writes not yet synced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Left {
    /// Nothing, and of names neither: unless said otherwise.
    Nothing,
    /// `keeping all`
    All,
    /// `torn K`: of the last write its first sectors, of the others everything.
    Torn(u64),
    /// `losing 2,5`: all but the writes with these numbers.
    AllBut(Vec<u32>),
    /// `process`: everything, and it is pending still: the program was killed and the power stayed.
    Process,
    /// `ordered N`: the first so many units of what is pending, in the order they were made, each a sector or a name.
    Ordered(u32),
    /// `posix [keeping 1-3,5] [damaging 4] [junk SEED]`: of those units the ones kept; the ones damaged hold junk, and so do
    /// holes in files if a seed is named.
    Posix(PosixPlan),
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
            Op::Cut { event } => write!(f, "cut behind event {event}"),
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
            Op::Verify => f.write_str("verify"),
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

impl Crash {
    /// The instant in words: `after wal-sync`.
    pub fn place(&self) -> String {
        match self.instant {
            Instant::Before(step) => format!("before {}", step.word()),
            Instant::After(step) => format!("after {}", step.word()),
            Instant::AtWrite(number) => format!("at write {number}"),
            Instant::AtCall(number) => format!("at call {number}"),
            Instant::AtSyncWaiting(_) => "before a sync".to_owned(),
        }
    }
}

fn write_posix(f: &mut fmt::Formatter<'_>, plan: &PosixPlan) -> fmt::Result {
    f.write_str(" posix")?;
    for (word, numbers) in [("keeping", &plan.kept), ("damaging", &plan.damaged)] {
        if !numbers.is_empty() {
            write!(f, " {word} {}", ranges(numbers))?;
        }
    }
    match plan.filling {
        Filling::Zeros => Ok(()),
        Filling::Junk(seed) => write!(f, " junk {seed}"),
    }
}

/// Ascending numbers as `1-3,5`.
fn ranges(numbers: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let text = |(first, last): &(u32, u32)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    runs.iter().map(text).collect::<Vec<_>>().join(",")
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("crash")?;
        if !matches!(self.instant, Instant::AtSyncWaiting(_)) {
            write!(f, " {}", self.place())?;
        }
        match &self.left {
            Left::Nothing => Ok(()),
            Left::All => f.write_str(" keeping all"),
            Left::Torn(sectors) => write!(f, " torn {sectors}"),
            Left::AllBut(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
                write!(f, " losing {}", numbers.join(","))
            }
            Left::Process => f.write_str(" process"),
            Left::Ordered(units) => write!(f, " ordered {units}"),
            Left::Posix(plan) => write_posix(f, plan),
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
