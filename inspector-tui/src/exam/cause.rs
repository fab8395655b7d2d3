//! What can have happened to a case of the exam.

use super::truth::{Place, Truth};
use tosumu::Code;

/// What happened, one cause a case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs, reason = "each is told in its row of the table")]
pub enum Cause {
    Sound,
    LeafRot,
    BranchRot,
    ValueRot,
    LogRot,
    TornTail,
    TornPage,
    PagesSwapped,
    PageBack,
    PagesBack,
    FileBack,
    MainBack,
    LogMissing,
    LogForeign,
    LogOlder,
    CutShort,
    Zeroed,
    SlotTorn,
    SlotForged,
    KeySlotChanged,
    PageForeign,
    KeysOutOfOrder,
    Miscounted,
}

/// A row of the table: the word, what it means in a list, what `verify` can find first.
struct Row {
    cause: Cause,
    slug: &'static str,
    words: &'static str,
    codes: &'static [Code],
    story: &'static str,
    remedy: &'static str,
}

const SALVAGE: &str = "Keep a copy; restore a backup, or salvage what is left and compare.";
const SYNC: &str = "Nothing. The next commit writes over it.";

macro_rules! row {
    ($cause:ident, $slug:literal, $words:literal, [$($code:ident),*], $story:literal, $remedy:expr) => {
        Row { cause: Cause::$cause, slug: $slug, words: $words, codes: &[$(Code::$code),*], story: $story, remedy: $remedy }
    };
}

#[rustfmt::skip]
static TABLE: &[Row] = &[
    row!(Sound, "sound", "nothing: the file is sound", [],
        "Nothing happened. Not every file that somebody brings is damaged.", "Nothing."),
    row!(LeafRot, "leaf-rot", "rot in a leaf", [PageUnauthentic],
        "Some bits of a leaf are not what was written: the disk forgot them.", SALVAGE),
    row!(BranchRot, "branch-rot", "rot in a branch", [PageUnauthentic],
        "Some bits of a branch are not what was written. The pages below it are whole, and nothing vouches for them.", SALVAGE),
    row!(ValueRot, "value-rot", "rot in a long value", [PageUnauthentic],
        "Some bits of a page of a long value are not what was written.", SALVAGE),
    row!(LogRot, "log-rot", "rot in the middle of the log", [LogRot],
        "Some bits in the committed middle of the log are not what was written; commits behind it had been synced.", SALVAGE),
    row!(TornTail, "torn-tail", "a power cut while a commit was written to the log", [LogTornTail],
        "The power went while a commit was being written. It was never acknowledged: nothing that was is lost.", SYNC),
    row!(TornPage, "torn-page", "a page written by half", [PageTorn],
        "A leaf is half of one version and half of another: the power went while it was written, or the disk lied, and the log \
         that would mend it is gone.", SALVAGE),
    row!(PagesSwapped, "pages-swapped", "two pages in each other's place", [PageMisplaced],
        "Two leaves stand in each other's place. Both are authentic, each in the wrong place.", SALVAGE),
    row!(PageBack, "page-back", "one page put back to an older version", [PageStale],
        "One leaf was put back as it was before: real, but old.", SALVAGE),
    row!(PagesBack, "pages-back", "several pages put back, the root among them", [PageStale],
        "The root and the leaves below it that had changed were put back as one commit left them. Among themselves they fit \
         together; the superblock does not name this root.", SALVAGE),
    row!(FileBack, "file-back", "the whole file put back, and its log with it", [FreshRollback],
        "Page file and log were put back together from an older copy. All of it fits together: only the fingerprint that was noted \
         elsewhere tells.", "Restore a newer backup, if there is one. What was committed since the copy is not in these files."),
    row!(MainBack, "main-back", "the page file put back, and not its log", [FreshMainOlder],
        "The page file was put back from before a checkpoint; the log beside it begins behind that checkpoint.",
        "Restore page file and log of the same time."),
    row!(LogMissing, "log-missing", "a log that was lost", [LogMissing],
        "The page file was copied without its log.", "Look for the log; what it held is nowhere else."),
    row!(LogForeign, "log-foreign", "the log of another database", [LogForeign],
        "The log beside it belongs to another database.", "Look for its own log; what it held is nowhere else."),
    row!(LogOlder, "log-older", "an older log of its own", [LogMissing, LogStale, LogUnbound],
        "An older log of this same database stands where its newest should be.",
        "Look for its newest log; what it held is nowhere else."),
    row!(CutShort, "cut-short", "a page file cut short", [FileTruncated],
        "The page file ends before its last pages: a copy was cut short.", SALVAGE),
    row!(Zeroed, "zeroed", "pages that became zeros", [PageZero],
        "Some bytes of the file are zeros: a write that never came, or a hole that a repair punched.", SALVAGE),
    row!(SlotTorn, "slot-torn", "a superblock slot that is not what was written", [HdrCrc],
        "One of the two superblock slots does not have the bytes that were written.",
        "If the other slot says all, a checkpoint writes this one anew; else salvage."),
    row!(SlotForged, "slot-forged", "a superblock edited without the key", [HdrForged],
        "Somebody without the key wrote another number into the newest superblock and mended its checksum. The MAC they could not make.",
        SALVAGE),
    row!(KeySlotChanged, "key-slot-changed", "a key slot that was changed", [KeySlotForged],
        "The wrapped key in the one key slot was changed, and the checksums mended: nobody gets at the data key any more.",
        "Restore the superblocks from any copy of the file: every copy has the same slot."),
    row!(PageForeign, "page-foreign", "a page of another database", [PageForeign],
        "A leaf of another database stands in this one: a misdirected write, or a page that was copied in.", SALVAGE),
    row!(KeysOutOfOrder, "keys-out-of-order", "a writer that put keys in a wrong order", [TreeOrder],
        "Two neighbouring keys of a leaf stand in each other's place, and the page is authentic: whoever wrote it had the key. A \
         writer's defect.", "Export and import into a new file, and find the defect."),
    row!(Miscounted, "miscounted", "a writer that counted its records wrongly", [TreeCount],
        "The superblocks count another number of records than there are, and their MACs are right: whoever wrote them had the key. A \
         writer's defect.", "Export and import into a new file, and find the defect."),
];

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 23] = [
        Cause::Sound,
        Cause::LeafRot,
        Cause::BranchRot,
        Cause::ValueRot,
        Cause::LogRot,
        Cause::TornTail,
        Cause::TornPage,
        Cause::PagesSwapped,
        Cause::PageBack,
        Cause::PagesBack,
        Cause::FileBack,
        Cause::MainBack,
        Cause::LogMissing,
        Cause::LogForeign,
        Cause::LogOlder,
        Cause::CutShort,
        Cause::Zeroed,
        Cause::SlotTorn,
        Cause::SlotForged,
        Cause::KeySlotChanged,
        Cause::PageForeign,
        Cause::KeysOutOfOrder,
        Cause::Miscounted,
    ];

    fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.cause == self).expect("invariant: every cause has its row")
    }

    /// The word for it in a sheet of answers.
    pub fn slug(self) -> &'static str {
        self.row().slug
    }

    /// What it is, as an answer to choose.
    pub fn words(self) -> &'static str {
        self.row().words
    }

    /// What happened, in a sentence or two.
    pub fn story(self) -> &'static str {
        self.row().story
    }

    /// What to do.
    pub fn remedy(self) -> &'static str {
        self.row().remedy
    }

    /// What `verify` can find first; nothing for a sound file.
    pub fn codes(self) -> &'static [Code] {
        self.row().codes
    }

    /// Whether what was found is what this cause must bring about.
    pub fn claims(self, truth: &Truth) -> bool {
        let code = match truth.code {
            None => return self.codes().is_empty(),
            Some(code) => code,
        };
        let has_page = matches!(truth.place, Place::Page(_));
        let wants_page = code.as_str().starts_with("PAGE-");
        self.codes().contains(&code) && has_page >= wants_page
    }

    /// The cause called so in a sheet of answers.
    pub fn named(slug: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| cause.slug() == slug)
    }
}
