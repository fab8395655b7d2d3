//! What can be wrong with a file: the stable codes, and a finding that says which of them stands where.
//!
//! A finding is the one shape in which damage is told, by `verify`, by an [`Error`](crate::Error) and by the inspector alike.

use crate::types::PageNo;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad a finding is. The exit status of `verify` follows from the worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth saying; nothing is wrong. What a crash leaves is info.
    Info,
    /// A spare is damaged or a protection is weak; every record is there.
    Warning,
    /// Something acknowledged is damaged or missing.
    Error,
    /// Nothing can be read, or nothing can be judged.
    Fatal,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Fatal => "fatal",
        })
    }
}

/// Something that can bring a finding about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cause {
    /// What may have happened: `a lost write`.
    pub what: &'static str,
    /// What speaks for it.
    pub sign: &'static str,
}

macro_rules! codes {
    ($($name:ident $text:literal $severity:ident $meaning:literal [$(($cause:literal, $sign:literal)),+];)*) => {
        /// The stable code of a finding. Codes are never reused; DESIGN.md lists them.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "each code's meaning stands in the same table and is printed by `explain`")]
        #[non_exhaustive]
pub enum Code { $(#[serde(rename = $text)] $name,)* }

        impl Code {
            /// Every code, in the order of DESIGN.md.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code as it is printed: `PAGE-STALE`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// The severity the code has unless the place says otherwise.
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }

            /// One sentence: what it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$name => $meaning,)* }
            }

            /// What can bring it about, likeliest first when nothing more is known, each with what speaks for it.
            pub fn causes(self) -> &'static [Cause] {
                match self { $(Code::$name => &[$(Cause { what: $cause, sign: $sign }),+],)* }
            }
        }
    };
}

codes! {
    HdrMagic "HDR-MAGIC" Fatal "The file does not begin with tosumu's mark." [("the file is another program's", "the rest of the file is no page of ours either"), ("its first sector was overwritten", "pages behind byte 8192 still read with the spare slot"), ("it was transferred as text", "the mark is there with another line ending, and bytes are missing or too many everywhere")];
    HdrVersion "HDR-VERSION" Fatal "The file's format is newer than this program reads." [("it was written by a newer release", "the other slot says the same version, and its checksum is right")];
    HdrFeature "HDR-FEATURE" Fatal "The file needs a feature this program does not have." [("it was written by a newer release", "the other slot asks for the same, and its checksum is right")];
    HdrCrc "HDR-CRC" Warning "A superblock slot does not have the bytes that were written." [("a torn or lost write of the slot", "a crash or a power cut before this; the other slot is one generation older"), ("rot", "the slot was sound at an earlier verification and nobody wrote since")];
    HdrForged "HDR-FORGED" Fatal "A superblock slot's checksum is right but its MAC is wrong: somebody without the key made it." [("an edit of the file with the checksum mended", "the checksum is right, which rot never leaves so"), ("the wrong data key", "every MAC of the file is wrong, not this one's alone")];
    HdrSlotLost "HDR-SLOT-LOST" Fatal "The superblock slot that the log continues is gone." [("rot in the newest slot after the log was reset", "the log begins where the lost slot would have"), ("an old slot put back", "the spare slot fits an older backup")];
    HdrSlotsDisagree "HDR-SLOTS-DISAGREE" Fatal "The two superblock slots cannot both come from one history." [("a slot of another time or database was put in", "one of the two slots is byte for byte that of a backup, or of another file at hand"), ("an edit", "a single field of one slot differs from what both must have alike")];
    HdrField "HDR-FIELD" Fatal "A field of the superblock holds what it cannot hold." [("an edit", "its checksum and MAC are wrong too"), ("a defect of the writer", "checksum and MAC are right: the writer meant it")];
    FileTruncated "FILE-TRUNCATED" Error "The file ends before pages it must hold." [("a copy cut short", "the length is that of an interrupted transfer, or a round number"), ("a full disk", "the disk was full at about that time"), ("a file system repaired after a crash", "`fsck` ran; the end of the file lies in lost+found")];
    FileTail "FILE-TAIL" Info "The page file goes on behind its last page." [("a checkpoint stopped half way", "a log stands beside the file, and its last commit has that many pages"), ("bytes appended to the file", "no log, or the bytes are no pages")];
    FileNotMultiple "FILE-NOT-MULTIPLE" Warning "The page file does not end at the end of a page." [("a checkpoint stopped half way", "a log stands beside the file"), ("a copy cut short", "the file was moved or downloaded just before")];
    FileReadError "FILE-READ-ERROR" Error "The operating system could not read these bytes." [("a failing disk", "the system's log names the disk; other files fail too")];
    KeyNoSlot "KEY-NO-SLOT" Fatal "No key slot of this kind is in use." [("another kind of key opens this file", "`inspect keys` lists slots of other kinds")];
    KeyWrong "KEY-WRONG" Fatal "The key given opens none of the key slots." [("a mistyped passphrase", "another spelling, keyboard or file opens it"), ("the wrong keyfile", "the right one is known to open a copy of the file")];
    KeySlotForged "KEY-SLOT-FORGED" Fatal "A key slot's key is right but the data key in it does not authenticate." [("the slot was edited", "its other slots, and older copies of the file, open")];
    KeySlotForeign "KEY-SLOT-FOREIGN" Fatal "A key slot was made for another database." [("the slot was copied from another database", "its key set is that of another database at hand")];
    KdfWeak "KDF-WEAK" Warning "A passphrase slot asks for less work than is safe." [("made with the test profile", "the parameters are exactly those of the test profile"), ("an edit", "the slot is not as it is in older copies")];
    KdfBomb "KDF-BOMB" Fatal "A passphrase slot asks for more work than any honest writer would." [("a hostile file", "the file came from somebody else")];
    PageUnauthentic "PAGE-UNAUTHENTIC" Error "The page's bytes are not what the engine sealed." [("rot", "few bits differ from a version that is known, or one bit turned back mends it"), ("a torn write", "whole sectors are not those asked for, and a power cut came before"), ("an edit", "no version resembles it; neighbouring pages are touched too")];
    PageStale "PAGE-STALE" Error "The page is real, but old: an earlier version of itself." [("a lost write", "it is the only such page, and its new version still stands in a folded log"), ("someone put an old copy of the page back", "several pages are of one older commit, or equal those of a backup")];
    PageMisplaced "PAGE-MISPLACED" Error "The page is real, but it is another page's." [("a misdirected write", "its own place holds an older version, or the same bytes twice"), ("two pages were swapped", "two pages stand in each other's place")];
    PageForeign "PAGE-FOREIGN" Error "The page comes from another file." [("a misdirected write", "one page only, and the other file lies on the same disk"), ("a page copied in from another database", "several pages are the other file's")];
    PageZero "PAGE-ZERO" Error "The page is all zero." [("a lost write into new space", "it stands at the end of the file, or was never written before"), ("a hole punched by a file system repair", "zeros fill whole blocks of the file system; `fsck` ran")];
    PageKind "PAGE-KIND" Error "The page is of another kind than its place asks for." [("a defect of the writer", "the page is authentic and current")];
    PageTorn "PAGE-TORN" Error "Some sectors of the page are of one version and some of another." [("power lost while the page was written", "the sectors up to one place are new, those behind it old; a power cut came before")];
    TreeOrder "TREE-ORDER" Error "Keys inside a page are not in order." [("a defect of the writer: the page is authentic", "the page authenticates with the seal asked for")];
    TreeRange "TREE-RANGE" Error "A key lies outside the range its parent gives the page." [("a defect of the writer: the page is authentic", "the page authenticates with the seal asked for")];
    TreeDepth "TREE-DEPTH" Error "A page's level does not fit its parent's." [("a defect of the writer: the page is authentic", "the page authenticates with the seal asked for")];
    TreeCycle "TREE-CYCLE" Error "A page is its own ancestor." [("a defect of the writer", "every page of the circle is authentic and current")];
    TreeDoubleRef "TREE-DOUBLE-REF" Error "Two pointers name one page." [("a defect of the writer", "both pages that point to it are authentic and current")];
    TreeLostPage "TREE-LOST-PAGE" Warning "A page is neither reached from the root nor free." [("a defect of the writer", "everything else adds up")];
    TreeSlot "TREE-SLOT" Error "A slot or cell of a page does not fit the page." [("a defect of the writer: the page is authentic", "the page authenticates with the seal asked for")];
    TreeCount "TREE-COUNT" Error "The number of records counted differs from the number stored." [("a defect of the writer", "every page is sound and none is missing")];
    OvfShort "OVF-SHORT" Error "An overflow chain ends before its value does." [("a defect of the writer", "every page of the chain is authentic and current")];
    OvfLong "OVF-LONG" Error "An overflow chain goes on behind its value." [("a defect of the writer", "every page of the chain is authentic and current")];
    OvfCycle "OVF-CYCLE" Error "An overflow chain returns to itself." [("a defect of the writer", "every page of the chain is authentic and current")];
    FreeCycle "FREE-CYCLE" Error "The free list returns to itself." [("a defect of the writer", "every trunk is authentic and current")];
    FreeLive "FREE-LIVE" Error "A page in use stands in the free list." [("a defect of the writer", "the trunk and the page are authentic and current")];
    FreeCount "FREE-COUNT" Error "The free list's length differs from the number stored." [("a defect of the writer", "every trunk is authentic and current")];
    DrillDiffers "DRILL-DIFFERS" Error "What came out of the file and went into another one is not the same." [("a defect of the engine", "it differs at the same record every time"), ("of the machine's memory", "it differs elsewhere, or not at all, when it is run again")];
    LogTornTail "LOG-TORN-TAIL" Info "The log ends in bytes that are no whole commit." [("a crash before the sync returned: nothing acknowledged is lost", "the program or the machine stopped during a commit"), ("damage to the newest commit, or a cut in it", "nothing stopped; a fingerprint kept elsewhere names a later commit")];
    LogRot "LOG-ROT" Fatal "A record in the committed middle of the log is damaged." [("rot", "few bits of the record differ; the records behind it are whole"), ("an edit: the commits behind it are there but cannot be vouched for", "the record's checksum is right and its MAC is wrong")];
    LogStale "LOG-STALE" Info "The log was folded into the page file already." [("a checkpoint and no commit since", "the superblock's generation is one higher, and every page is there"), ("a crash after one: nothing is lost", "the program stopped right behind a checkpoint")];
    LogForeign "LOG-FOREIGN" Fatal "The log belongs to another database." [("files renamed or copied so that two databases were mixed", "another page file at hand has this file id")];
    LogUnbound "LOG-UNBOUND" Fatal "The log does not continue this page file." [("the page file or the log was put back from another time", "one of the two files equals that of a backup")];
    LogMissing "LOG-MISSING" Fatal "The page file expects a log and there is none." [("the page file was copied or restored without its log", "a `-wal` file stands where the file was copied from")];
    LogChain "LOG-CHAIN" Fatal "A log record does not follow the one before it." [("records were removed, swapped or repeated", "each record is authentic by itself, and one of them stands elsewhere or twice")];
    LogGap "LOG-GAP" Fatal "The sequence numbers of the log have a gap." [("records were removed", "each record is authentic by itself, and numbers are left out")];
    LogRecord "LOG-RECORD" Fatal "A log record is authentic but cannot be." [("a defect of the writer", "the record's MAC is right"), ("bytes put into the padding behind a commit", "only padding differs, and every record is right")];
    FreshUnanchored "FRESH-UNANCHORED" Info "Whether the whole file was put back from an older copy was not checked." [("no fingerprint was given", "neither --anchor nor --witness was given")];
    FreshRollback "FRESH-ROLLBACK" Error "The file is older than the fingerprint given." [("an older copy of the whole file was put back", "the file equals a backup of that commit")];
    FreshFork "FRESH-FORK" Error "The file has another history than the fingerprint given." [("two copies were written to independently", "both copies have commits that the other one lacks")];
    FreshMainOlder "FRESH-MAIN-OLDER" Fatal "The page file is older than its log." [("the page file was put back from an older copy", "the page file equals a backup, and the log does not")];
}

impl Code {
    /// Its causes in one line: `a lost write; or someone put an old copy of the page back.`
    pub fn causes_text(self) -> String {
        let whats: Vec<&str> = self.causes().iter().map(|cause| cause.what).collect();
        match &whats[..] {
            [one] => format!("{one}."),
            [first @ .., last] => format!("{}; or {last}.", first.join("; ")),
            [] => String::new(),
        }
    }

    /// The code that [`Code::as_str`] prints as `text`.
    pub fn parse(text: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What to do when something is lost or cannot be vouched for, in the order in which nothing more is lost by it. One text:
/// findings, stories and manuals say the same.
pub const REMEDY: &str = "Keep a copy of both files. Restore a backup, or a commit from the archive; without either, `tosumu salvage FILE NEW` saves what is left.";

/// One thing found: what, where, why it is believed, what is lost by it, what to do.
///
/// Serialised, the place is flat: `code severity file page byte_start byte_end path expected found why lost next`, with
/// `null` where there is none; `byte_start` and `byte_end` are offsets into `file`, the end not included.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// The stable code.
    pub code: Code,
    /// How bad it is here.
    pub severity: Severity,
    /// The file's name, without folders.
    pub file: Option<String>,
    /// The page, where one is meant.
    pub page: Option<PageNo>,
    /// First byte of the place in `file`.
    pub byte_start: Option<u64>,
    /// The byte behind the place.
    pub byte_end: Option<u64>,
    /// From the superblock to the place: `superblock A > page 3, slot 0 (l) > page 2`.
    pub path: Option<String>,
    /// What should be there.
    pub expected: Option<String>,
    /// What is there.
    pub found: Option<String>,
    /// One sentence: how this was told.
    pub why: String,
    /// What is lost, or may be.
    pub lost: Option<String>,
    /// What to do now.
    pub next: Option<String>,
}

impl Finding {
    /// A finding of `code` with its usual severity, no place yet.
    pub fn new(code: Code, why: impl Into<String>) -> Finding {
        Finding {
            code,
            severity: code.severity(),
            file: None,
            page: None,
            byte_start: None,
            byte_end: None,
            path: None,
            expected: None,
            found: None,
            why: why.into(),
            lost: None,
            next: None,
        }
    }

    /// Names the file and the bytes of it.
    pub fn at(mut self, file: &str, bytes: std::ops::Range<u64>) -> Finding {
        self.file = Some(file.to_owned());
        self.byte_start = Some(bytes.start);
        self.byte_end = Some(bytes.end);
        self
    }

    /// Names the page.
    pub fn page(mut self, page: PageNo) -> Finding {
        self.page = Some(page);
        self
    }

    /// Says what was expected and what was found instead.
    pub fn expected(mut self, expected: impl Into<String>, found: impl Into<String>) -> Finding {
        self.expected = Some(expected.into());
        self.found = Some(found.into());
        self
    }

    /// The path from the superblock.
    pub fn path(mut self, path: impl Into<String>) -> Finding {
        self.path = Some(path.into());
        self
    }

    /// What is lost.
    pub fn lost(mut self, lost: impl Into<String>) -> Finding {
        self.lost = Some(lost.into());
        self
    }

    /// What to do now.
    pub fn next(mut self, next: impl Into<String>) -> Finding {
        self.next = Some(next.into());
        self
    }

    /// Something is lost, or cannot be vouched for: [`REMEDY`].
    pub fn remedy(self) -> Finding {
        self.next(REMEDY)
    }

    /// As [`Finding::remedy`], where one thing may mend it outright and is to be tried first.
    pub fn remedy_unless(self, first: &str) -> Finding {
        self.next(format!("{first} Nothing was changed. Where that cannot be: {}", lower_first(REMEDY)))
    }

    /// As [`Finding::remedy`], where some of it can be read all the same.
    pub fn remedy_and(self, sound: &str) -> Finding {
        self.next(format!("{REMEDY} {sound}"))
    }

    /// The same finding with another severity than the code's usual one.
    pub fn severity(mut self, severity: Severity) -> Finding {
        self.severity = severity;
        self
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.severity)?;
        if let Some(file) = &self.file {
            write!(f, ", {file}")?;
        }
        if let Some(page) = self.page {
            write!(f, ", page {page}")?;
        }
        if let (Some(start), Some(end)) = (self.byte_start, self.byte_end)
            && start < end
        {
            write!(f, ", bytes {start}-{}", end - 1)?;
        }
        write!(f, ": {}", self.why)?;
        if let Some(next) = &self.next {
            write!(f, " {next}")?;
        }
        Ok(())
    }
}
