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

macro_rules! codes {
    ($($name:ident $text:literal $severity:ident $meaning:literal $causes:literal;)*) => {
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

            /// What can bring it about, likeliest first.
            pub fn causes(self) -> &'static str {
                match self { $(Code::$name => $causes,)* }
            }
        }
    };
}

codes! {
    HdrMagic "HDR-MAGIC" Fatal "The file does not begin with tosumu's mark." "the file is another program's; or its first sector was overwritten.";
    HdrVersion "HDR-VERSION" Fatal "The file's format is newer than this program reads." "it was written by a newer release.";
    HdrFeature "HDR-FEATURE" Fatal "The file needs a feature this program does not have." "it was written by a newer release.";
    HdrCrc "HDR-CRC" Warning "A superblock slot does not have the bytes that were written." "a torn or lost write of the slot; or rot.";
    HdrForged "HDR-FORGED" Fatal "A superblock slot's checksum is right but its MAC is wrong: somebody without the key made it." "an edit of the file with the checksum mended; or the wrong data key.";
    HdrSlotLost "HDR-SLOT-LOST" Fatal "The superblock slot that the log continues is gone." "rot in the newest slot after the log was reset; or an old slot put back.";
    HdrSlotsDisagree "HDR-SLOTS-DISAGREE" Fatal "The two superblock slots cannot both come from one history." "a slot of another time or place was put in.";
    HdrField "HDR-FIELD" Fatal "A field of the superblock holds what it cannot hold." "an edit; or a defect of the writer.";
    FileTruncated "FILE-TRUNCATED" Error "The file ends before pages it must hold." "a copy cut short; a full disk; a file system repaired after a crash.";
    FileTail "FILE-TAIL" Info "The page file goes on behind its last page." "a checkpoint stopped half way; or bytes appended to the file.";
    FileNotMultiple "FILE-NOT-MULTIPLE" Warning "The page file does not end at the end of a page." "a checkpoint stopped half way; or a copy cut short.";
    FileReadError "FILE-READ-ERROR" Error "The operating system could not read these bytes." "a failing disk.";
    KeyNoSlot "KEY-NO-SLOT" Fatal "No key slot of this kind is in use." "another kind of key opens this file.";
    KeyWrong "KEY-WRONG" Fatal "The key given opens none of the key slots." "a mistyped passphrase; or the wrong keyfile.";
    KeySlotForged "KEY-SLOT-FORGED" Fatal "A key slot's key is right but the data key in it does not authenticate." "the slot was edited.";
    KeySlotForeign "KEY-SLOT-FOREIGN" Fatal "A key slot was made for another database." "the slot was copied from another database.";
    KdfWeak "KDF-WEAK" Warning "A passphrase slot asks for less work than is safe." "made with the test profile; or an edit.";
    KdfBomb "KDF-BOMB" Fatal "A passphrase slot asks for more work than any honest writer would." "a hostile file.";
    PageUnauthentic "PAGE-UNAUTHENTIC" Error "The page's bytes are not what the engine sealed." "rot; a torn write; or an edit.";
    PageStale "PAGE-STALE" Error "The page is real, but old: an earlier version of itself." "a lost write; or someone put an old copy of the page back.";
    PageMisplaced "PAGE-MISPLACED" Error "The page is real, but it is another page's." "a misdirected write; or two pages were swapped.";
    PageForeign "PAGE-FOREIGN" Error "The page comes from another file." "a misdirected write; or a page copied in from another database.";
    PageZero "PAGE-ZERO" Error "The page is all zero." "a lost write into new space; or a hole punched by a file system repair.";
    PageKind "PAGE-KIND" Error "The page is of another kind than its place asks for." "a defect of the writer.";
    PageTorn "PAGE-TORN" Error "Some sectors of the page are of one version and some of another." "power lost while the page was written.";
    TreeOrder "TREE-ORDER" Error "Keys inside a page are not in order." "a defect of the writer: the page is authentic.";
    TreeRange "TREE-RANGE" Error "A key lies outside the range its parent gives the page." "a defect of the writer: the page is authentic.";
    TreeDepth "TREE-DEPTH" Error "A page's level does not fit its parent's." "a defect of the writer: the page is authentic.";
    TreeCycle "TREE-CYCLE" Error "A page is its own ancestor." "a defect of the writer.";
    TreeDoubleRef "TREE-DOUBLE-REF" Error "Two pointers name one page." "a defect of the writer.";
    TreeLostPage "TREE-LOST-PAGE" Warning "A page is neither reached from the root nor free." "a defect of the writer.";
    TreeSlot "TREE-SLOT" Error "A slot or cell of a page does not fit the page." "a defect of the writer: the page is authentic.";
    TreeCount "TREE-COUNT" Error "The number of records counted differs from the number stored." "a defect of the writer.";
    OvfShort "OVF-SHORT" Error "An overflow chain ends before its value does." "a defect of the writer.";
    OvfLong "OVF-LONG" Error "An overflow chain goes on behind its value." "a defect of the writer.";
    OvfCycle "OVF-CYCLE" Error "An overflow chain returns to itself." "a defect of the writer.";
    FreeCycle "FREE-CYCLE" Error "The free list returns to itself." "a defect of the writer.";
    FreeLive "FREE-LIVE" Error "A page in use stands in the free list." "a defect of the writer.";
    FreeCount "FREE-COUNT" Error "The free list's length differs from the number stored." "a defect of the writer.";
    DrillDiffers "DRILL-DIFFERS" Error "What came out of the file and went into another one is not the same." "a defect of the engine, or of the machine's memory.";
    LogTornTail "LOG-TORN-TAIL" Info "The log ends in a commit that was never finished." "a crash before the sync returned: nothing acknowledged is lost.";
    LogRot "LOG-ROT" Fatal "A record in the committed middle of the log is damaged." "rot; or an edit: the commits behind it are there but cannot be vouched for.";
    LogStale "LOG-STALE" Info "The log was folded into the page file already." "a checkpoint and no commit since; or a crash after one: nothing is lost.";
    LogForeign "LOG-FOREIGN" Fatal "The log belongs to another database." "files renamed or copied so that two databases were mixed.";
    LogUnbound "LOG-UNBOUND" Fatal "The log does not continue this page file." "the page file or the log was put back from another time.";
    LogMissing "LOG-MISSING" Fatal "The page file expects a log and there is none." "the page file was copied or restored without its log.";
    LogChain "LOG-CHAIN" Fatal "A log record does not follow the one before it." "records were removed, swapped or repeated.";
    LogGap "LOG-GAP" Fatal "The sequence numbers of the log have a gap." "records were removed.";
    LogRecord "LOG-RECORD" Fatal "A log record is authentic but cannot be." "a defect of the writer; or bytes put into the padding behind a commit.";
    FreshUnanchored "FRESH-UNANCHORED" Info "Whether the whole file was put back from an older copy was not checked." "no fingerprint was given.";
    FreshRollback "FRESH-ROLLBACK" Error "The file is older than the fingerprint given." "an older copy of the whole file was put back.";
    FreshFork "FRESH-FORK" Error "The file has another history than the fingerprint given." "two copies were written to independently.";
    FreshMainOlder "FRESH-MAIN-OLDER" Fatal "The page file is older than its log." "the page file was put back from an older copy.";
}

impl Code {
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

    /// The same finding with another severity than the code's usual one.
    pub fn severity(mut self, severity: Severity) -> Finding {
        self.severity = severity;
        self
    }
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
