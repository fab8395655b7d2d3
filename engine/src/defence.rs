//! The defences of the engine, one by one: each sync, each sync of a folder, each MAC, seal and other comparison that stands
//! between a file and a wrong answer, each at one place of the code. A defence that nobody can take out is one that nobody
//! knows to work: single ones are taken out, for tests and lessons only.
//!
//! ```text
//! durable(Defence::SyncOfCommit, || file.sync_data())?;            // a sync that is done unless it is taken out
//! if !holds(Defence::RecordMac, computed == *view.mac()) { … }     // a comparison that then always holds
//! if is_off(Defence::CacheBySeal) { … }                            // a step done in the way that does harm
//! ```
//!
//! Without the feature `lab` [`is_off`] is a constant `false`, and nothing of this is in a program. With it, [`LeftOut::during`]
//! takes defences out of what one thread does: a [`Runner`](crate::script::Runner) whose script begins with `without NAME` does so,
//! and its disk is simulated. With the feature `weaken`, `TOSUMU_WITHOUT=name` takes a defence out of a whole process (several,
//! with commas). It never weakens anything by itself, and no option of a database reaches it.
//!
//! `cargo run -p tosumu --features weaken --example sabotage -- --named` takes out each in turn and says which test catches it
//! (`examples/sabotage.txt` names one for each); the example `attack_matrix` says which attack gets through.

use std::fmt;

/// What sort of thing a defence is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// A sync of a file.
    Sync,
    /// A sync of a folder, which makes names durable.
    DirectorySync,
    /// A keyed hash or a cipher's tag, compared.
    Mac,
    /// A seal compared with the one that vouches for it.
    Seal,
    /// Another comparison: a checksum, a number, an order, zeros, a bound.
    Comparison,
    /// A step of the protocol, or what goes under a MAC: without it something is done in an order, or left in a state, that
    /// does harm.
    Step,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Sync => "sync",
            Kind::DirectorySync => "directory sync",
            Kind::Mac => "MAC",
            Kind::Seal => "seal",
            Kind::Comparison => "comparison",
            Kind::Step => "step",
        })
    }
}

macro_rules! defences {
    ($( $variant:ident $name:literal $kind:ident $guards:literal $(implied by $by:ident, $why:literal)?; )*) => {
        /// A defence that can be taken out.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Defence {
            $(
                #[doc = $guards]
                $(#[doc = concat!("\n\nImplied by [`Defence::", stringify!($by), "`]: ", $why)])?
                $variant,
            )*
        }

        impl Defence {
            /// All of them, in the order in which a database meets them.
            pub const ALL: &[Defence] = &[$(Defence::$variant),*];

            /// Its stable name: what `TOSUMU_WITHOUT` takes.
            pub const fn name(self) -> &'static str {
                match self { $(Defence::$variant => $name),* }
            }

            /// What sort of thing it is.
            pub const fn kind(self) -> Kind {
                match self { $(Defence::$variant => Kind::$kind),* }
            }

            /// What it guards, in a sentence.
            pub const fn guards(self) -> &'static str {
                match self { $(Defence::$variant => $guards),* }
            }

            /// Another defence that also stops whoever has no key, and why. This one stands against those who have it, or gives
            /// what is wrong its right name; a test that fails without it shows which.
            pub const fn implied_by(self) -> Option<(Defence, &'static str)> {
                match self { $(Defence::$variant => defences!(@implied $($by $why)?)),* }
            }
        }
    };
    (@implied) => { None };
    (@implied $by:ident $why:literal) => { Some((Defence::$by, $why)) };
}

defences! {
    // Creating and naming.
    SyncOfCreate "sync-of-create" Sync "A new database is whole on the disk before it has its name.";
    DirectorySyncOfCreate "directory-sync-of-create" DirectorySync "A database that was said to be created keeps its name.";
    DirectorySyncAtOpening "directory-sync-at-opening" DirectorySync "A name that a killed process gave lasts before commits rely on it.";
    DirectorySyncOfCopy "directory-sync-of-copy" DirectorySync "A backup or compact file that was reported keeps its name.";

    // The superblock.
    SuperblockChecksum "superblock-checksum" Comparison "A superblock that was torn or has rotted is not read.";
    ChecksumCoversMac "checksum-covers-mac" Step "A torn superblock is told from a forged one: its checksum is over the MAC too.";
    SuperblockMac "superblock-mac" Mac "A superblock that counts was written with the file's key.";
    OtherSuperblockMac "other-superblock-mac" Mac "The other superblock, when it reads, was written with the file's key too.";
    SuperblockZeros "superblock-zeros" Comparison "Reserved bytes of a superblock are zero: nothing hides there.";
    SlotParity "slot-parity" Comparison "A superblock stands in the slot of its generation.";
    SlotNeighbours "slot-neighbours" Comparison "Two superblocks that read are neighbours: an older one was not put back.";
    UnreadableSlotStops "unreadable-slot-stops" Step "A whole superblock that cannot be read is a stop, not a reason to go back to the other.";
    ChosenSlotMadeDurable "chosen-slot-made-durable" Step "The superblock that was chosen is durable before the log or the other one is touched.";
    SyncOfChosenSlot "sync-of-chosen-slot" Sync "The superblock that was chosen, written again in place, is on the disk before the log is touched.";
    LengthAtOpening "length-at-opening" Comparison "A page file that was cut is not written: a checkpoint would fill the gap with zeros.";
    SyncOfPageFileAtOpening "sync-of-page-file-at-opening" Sync "The superblock that was chosen is on the disk before the other one is overwritten.";
    SyncOfNextSlotAtOpening "sync-of-next-slot-at-opening" Sync "The superblock published at opening is on the disk before the log goes on under it.";
    DifferingKeySlots "differing-key-slots" Comparison "Two superblocks with other key slots: the older one is written anew, so that a removed key is off the disk.";

    // Keys.
    NamedKindOfKey "named-kind-of-key" Comparison "Who names a passphrase or keyfile is not served by a key that stands in the file.";
    KdfCeiling "kdf-ceiling" Comparison "A file cannot ask for more work than the ceilings allow.";
    KeySlotReserved "key-slot-reserved" Comparison "A key slot has nothing in bytes that its kind does not use.";
    KeySlotZeros "key-slot-zeros" Comparison "Reserved bytes of a key slot are zero, as far as a superblock is read."
        implied by SuperblockMac, "a key slot stands under the superblock's MAC.";
    KeySlotCommitment "key-slot-commitment" Mac "A secret opens the slot that was made for it and no other: the cipher does not commit to its key.";
    KeySlotWrap "key-slot-wrap" Mac "The data key in a slot is the one that was put there.";
    KeySlotPlace "key-slot-place" Step "A key slot is bound to its place, its key set and its parameters.";
    KeysByFullContext "keys-by-full-context" Step "Two files, page sizes or ciphers never share a key.";
    SyncOfFirstKeySlotWrite "sync-of-first-key-slot-write" Sync "The first of two superblocks with new keys is on the disk before the second is touched.";
    SyncOfSecondKeySlotWrite "sync-of-second-key-slot-write" Sync "A removed key is off the disk when the change is acknowledged.";

    // The log beside its page file.
    LogHeaderChecksum "log-header-checksum" Comparison "A log header that was torn is not read.";
    LogHeaderZeros "log-header-zeros" Comparison "Reserved bytes of a log header are zero."
        implied by LogHeaderChecksum, "only who mends the checksum can set them, and nothing reads them.";
    LogFileId "log-file-id" Comparison "The log of another database is told as that.";
    LogShape "log-shape" Comparison "A log of another page size or format is not read as this one."
        implied by LogSeed, "page size and format stand under the seed.";
    OlderLogStops "older-log-stops" Comparison "An older log where commits are expected is a log that is missing.";
    NewerLogStops "newer-log-stops" Comparison "A log newer than the page file is a stop: the page file was put back.";
    LogSeed "log-seed" Mac "The log goes on from this very checkpoint of this very file.";
    LogExpected "log-expected" Comparison "A log that holds acknowledged commits and is gone is missed.";
    ExpectedCommit "expected-commit" Comparison "A log that is expected holds a commit.";

    // The records of the log.
    RecordChecksum "record-checksum" Comparison "A record that was torn or has rotted is told without the key."
        implied by RecordMac, "the MAC covers all but a page's inside, which the page's tag covers.";
    RecordZeros "record-zeros" Comparison "Reserved bytes of a record are zero."
        implied by RecordMac, "they stand under the MAC.";
    RecordGeneration "record-generation" Comparison "A record of an older log, left behind the end, is not taken for one of this.";
    RecordMac "record-mac" Mac "A record was written with the file's key.";
    SaltInRecordMac "salt-in-record-mac" Step "A record belongs to one log, also among logs of one number: the salt is in its MAC.";
    FrameNamesItsPage "frame-names-its-page" Comparison "The page in a frame is the one of the record's head.";
    RecordGap "record-gap" Comparison "Records before this one are there: told as a gap."
        implied by RecordChain, "a record behind a gap does not follow the one before it.";
    RecordSequence "record-sequence" Comparison "A record stands at its number."
        implied by RecordChain, "the MAC that it names is of one record, which has one number.";
    RecordChain "record-chain" Mac "A record follows the one before it: each names the MAC of the last.";
    CommitNumber "commit-number" Comparison "Commits follow each other by number."
        implied by RecordChain, "who cannot write records cannot make one that follows under another number.";
    FrameCount "frame-count" Comparison "A commit has as many frames as it says."
        implied by RecordChain, "a frame that is missing or was added breaks the chain.";
    FingerprintChain "fingerprint-chain" Mac "A commit's fingerprint follows from the one before."
        implied by RecordChain, "the chain begins with the seed, which is over the fingerprint of the page file.";
    PaddingIsZero "padding-is-zero" Comparison "Nothing is hidden behind a commit.";
    RotWitness "rot-witness" Step "A record that was synced and does not hold is rot, not a tail to be cut: what comes behind it says so.";
    DurableSequence "durable-sequence" Step "Records say of no commit that it was synced before its sync returned.";
    CommitNeedsRandom "random-in-commits" Step "Two commits are never equal: sixteen random bytes stand in each.";
    WholePointers "whole-pointers" Step "A commit record carries the seal of its root, also when the root is in no frame.";

    // Committing.
    SyncOfLogHeader "sync-of-log-header" Sync "A log's header is on the disk before records rely on it.";
    DirectorySyncOfLog "directory-sync-of-log" DirectorySync "A log keeps its name before commits rely on it.";
    DirectorySyncOfNewLog "directory-sync-of-new-log" DirectorySync "A log that took the name of one that is still read keeps it.";
    SyncOfCommit "sync-of-commit" Sync "A commit is on the disk before it is acknowledged.";
    SyncOfLogExpected "sync-of-log-expected" Sync "The superblock that expects a log is on the disk before the first commit is acknowledged.";
    LogExpectedIsWritten "log-expected-is-written" Step "With the first commit of a log the superblock begins to expect one.";
    LogExpectedFromSlot "log-expected-from-slot" Step "Whether the superblock expects a log is read from the superblock, not from the log.";
    CommitPadding "commit-padding" Step "A commit that was acknowledged shares no sector with the next one.";
    CutBack "cut-back" Step "What a failed commit wrote is cut off before anything else is written.";
    SyncOfCutBack "sync-of-cut-back" Sync "What a failed commit wrote is gone from the disk when the failure is told.";
    PoisonAfterFailedSync "poison-after-failed-sync" Step "After a sync that failed nothing more is written.";
    SnapshotSeesItsCommit "snapshot-sees-its-commit" Comparison "A snapshot sees no version that is newer than itself.";
    NonceForEveryPage "nonce-for-every-page" Step "No nonce is used twice.";

    // Recovery.
    KeptLogIsCopied "kept-log-is-copied" Step "What is kept of a log is written to a new file: a failed sync may have left the old one on the disk in part.";
    KeptLogIsRead "kept-log-is-read" Comparison "The copy of the log holds what was judged before it takes the name: a bit may flip on the way.";
    SyncOfKeptLog "sync-of-kept-log" Sync "The copy of the log is on the disk before it takes the name.";
    DirectorySyncOfKeptLog "directory-sync-of-kept-log" DirectorySync "The copy of the log keeps the name before commits rely on it.";
    BehindTheLastCommit "behind-the-last-commit" Step "Commits go on behind the last one that was kept, never behind frames of one that was not.";

    // Checkpoints.
    RenewedPointers "renewed-pointers" Step "Every pointer to a page of the log is given its seal before the page goes in place.";
    SealTransactionIsLast "seal-transaction-is-last" Step "A seal transaction that commits came behind is no longer the end of its log.";
    SyncOfSealTransaction "sync-of-seal-transaction" Sync "The seal transaction is on the disk before a page is overwritten.";
    WaitForSnapshots "wait-for-snapshots" Step "Pages are not overwritten while an older snapshot may read them.";
    StatsHoldSnapshots "stats-hold-snapshots" Step "Pages are not overwritten while figures are read from the root without a snapshot.";
    FrameChecksumWhileFolding "frame-checksum-while-folding" Comparison "A frame that rots before it is folded does not go in place.";
    FrameSealWhileFolding "frame-seal-while-folding" Seal "A frame that was changed before it is folded does not go in place.";
    SyncOfPageFile "sync-of-page-file" Sync "Pages are in place on the disk before a superblock says so.";
    SyncOfCheckpointSlot "sync-of-checkpoint-slot" Sync "The superblock that calls a log spent is on the disk before the log is overwritten.";
    EveryPageFolded "every-page-folded" Step "A checkpoint folds all of the log or leaves the superblock alone.";
    OldViewsKeepTheirLog "old-views-keep-their-log" Step "A log that somebody still reads in is not overwritten.";

    // Reading pages.
    LogBeforePageFile "log-before-page-file" Step "A page that the log has is read from the log.";
    CacheBySeal "cache-by-seal" Comparison "Two versions of a page are never taken for each other in the cache.";
    LogIndexSeal "log-index-seal" Seal "A frame is the one that the index remembers, also when the log was changed since it was read.";
    PageHeaderNumber "page-header-number" Comparison "A page stands in its place."
        implied by SealInPointer, "the number stands under the page's tag, which is the seal.";
    PageHeaderCommit "page-header-commit" Comparison "A page is of the commit that its pointer names."
        implied by SealInPointer, "the commit stands under the page's tag, which is the seal.";
    PageHeaderZeros "page-header-zeros" Comparison "Reserved bytes of a page header are zero."
        implied by PageTag, "the header stands under the page's tag.";
    SealInPointer "seal-in-pointer" Seal "A page is the very version that its pointer names: an older one is authentic too.";
    PageTag "page-tag" Mac "A page's bytes are those that were sealed.";
    PageNumberInAssociatedData "page-number-in-associated-data" Step "A page cannot be moved: its number is sealed with it.";
    CommitInAssociatedData "commit-in-associated-data" Step "A page's commit cannot be edited: it is sealed with it.";
    FileIdInAssociatedData "file-id-in-associated-data" Step "A page of a copy that has the same key does not open here."
        implied by KeysByFullContext, "the file id also goes into the key.";
    PageStructure "page-structure" Comparison "A page that was sealed by somebody with the key and cannot be is refused, not followed.";
    SealedKind "sealed-kind" Comparison "A page is of the kind that its header names.";
    AskedKind "asked-kind" Comparison "A page is of the kind that its place asks for.";
    TreeLevel "tree-level" Comparison "A child stands one level below its parent: this ends every cycle.";
    ChainRemaining "chain-remaining" Comparison "Each page of a long value has left what the way so far leaves.";
    FreeListBound "free-list-bound" Comparison "A free list that is folded has no more trunks than there are free pages.";
    FreeListBoundOfCopy "free-list-bound-of-copy" Comparison "A free list that is listed has no more trunks than there are free pages.";
    DamageSeenTwice "damage-seen-twice" Step "Beside a writer nothing is damage until it was seen twice.";
    SeenTwiceAtRest "seen-twice-at-rest" Step "What is wrong with a file at rest was seen twice, for somebody may be writing it.";
    SameSlotsAroundALook "same-slots-around-a-look" Comparison "What was read beside a writer counts only between equal superblocks.";
    LastCommitStands "last-commit-stands" Mac "Who follows a log goes on behind the very commit that was read last, not behind another in its place.";
    ReadAgainBeforeDamage "read-again-before-damage" Step "A page that was folded under a reader is overtaken, not damaged.";

    // What is kept outside.
    AnchorDatabase "anchor-database" Comparison "A fingerprint of another database is told.";
    AnchorCommit "anchor-commit" Comparison "A file older than its fingerprint is told.";
    AnchorFingerprint "anchor-fingerprint" Mac "A file of another history than its fingerprint's is told.";
    AnchorKeyCounter "anchor-key-counter" Comparison "Key slots that were put back are told.";
    AnchorKeySlots "anchor-key-slots" Mac "Key slots of another history are told.";
    WitnessComparison "witness-comparison" Step "At opening the file is held against its witness.";
    SyncOfWitness "sync-of-witness" Sync "Lines of a witness are on the disk after a checkpoint and a close.";
    SyncOfNewWitness "sync-of-new-witness" Sync "A witness that is begun or written anew is on the disk before it has its name.";
    DirectorySyncOfWitness "directory-sync-of-witness" DirectorySync "A witness that was begun or written anew keeps its name.";

    // A file at rest, looked at by the inspector and by verify.
    WalkExists "walk-exists" Comparison "A pointer that names no page of the file is told, not followed.";
    WalkReturns "walk-returns" Comparison "A tree, a chain or a free list that leads back to itself is told as that, and ends there.";
    WalkReachedOnce "walk-reached-once" Comparison "A page that two pointers name is told at the second.";
    WalkAskedKind "walk-asked-kind" Comparison "A page of another kind than its place asks for is told.";
    WalkLevel "walk-level" Comparison "A page whose level does not fit its parent's is told.";
    WalkChain "walk-chain" Comparison "A chain that is shorter or longer than its value is told.";
    VerifyShape "verify-shape" Comparison "Without the key: a page that says it is another is told.";
    VerifyShapeRot "verify-shape-rot" Comparison "Without the key: a record that had been synced and does not hold is rot, not a torn tail.";
    VerifyPlace "verify-place" Comparison "An authentic page in another one's place is told, also where no pointer is asked.";
    VerifyRange "verify-range" Comparison "A key outside the range that its page's parents give it is told.";
    VerifyCounts "verify-counts" Comparison "Records, trees and free pages are counted, and held against what is stored.";
    VerifyFree "verify-free" Comparison "A page that is in use and free, or free twice, is told.";
    VerifyEveryPage "verify-every-page" Comparison "A page that nothing accounts for is told.";
    VerifyLength "verify-length" Comparison "A page file that ends too early, or goes on behind its last page, is told.";
    VerifyKeySlots "verify-key-slots" Comparison "A passphrase that is too cheap to guess, or dear beyond reason to try, is told.";
    DrillDigest "drill-digest" Comparison "A drill tells when what came out of a file is not what went in again.";

    // Salvage.
    SalvageReachedOnce "salvage-reached-once" Comparison "A page that two pointers name gives its records once.";
    SalvageLevel "salvage-level" Comparison "A page whose level does not fit its place is lost, not followed.";
    SalvageRange "salvage-range" Comparison "Records outside the range that a page's parents give it are not certain.";
    SalvageChain "salvage-chain" Comparison "A part of a value is never put for the whole.";
    SalvageLogChain "salvage-log-chain" Mac "A log without its superblock is believed as far as it is one chain.";
    SalvageFinished "salvage-finished" Comparison "Pages of a commit that was never finished are not saved.";
    SalvageStale "salvage-stale" Comparison "A record of an older version than the lost one is said to be stale.";
    SalvageFree "salvage-free" Comparison "What a free page holds is dead, and is never said to be more than stale.";
    SalvageLostKeys "salvage-lost-keys" Comparison "Only keys that may be missing are looked for among pages without a place.";

    // Other files.
    SyncOfArchivedPart "sync-of-archived-part" Sync "A log is in the archive, on the disk, before it is called spent.";
    DirectorySyncOfArchive "directory-sync-of-archive" DirectorySync "An archived log keeps its name before the log is called spent.";
    ArchivedLogIsTheSame "archived-log-is-the-same" Comparison "An archived log of another history is not overwritten.";
    ArchivedPartIsRead "archived-part-is-read" Comparison "What went into the archive is read again before it has its name.";
    ArchivedName "archived-name" Comparison "A base of an archive is the one that its name says.";
    ArchivedLogGoesOn "archived-log-goes-on" Comparison "A log of an archive that does not go on where the one before ended is told.";
    ArchiveGap "archive-gap" Comparison "A log that is missing in an archive is told, not passed over.";
    CopyDigest "copy-digest" Comparison "A copy that was read back holds what was copied.";
    CopyIsVerified "copy-is-verified" Step "A copy is verified before it has its name.";
    ImportAgrees "import-agrees" Comparison "An import never writes over a record that differs without being told to.";
    ExportDigest "export-digest" Comparison "An export that was changed on the way is told.";
    ExportCount "export-count" Comparison "An export that lost lines is told as that."
        implied by ExportDigest, "the digest is over every record and counts them.";
}

impl Defence {
    /// The defence of this name.
    pub fn parse(name: &str) -> Option<Defence> {
        Defence::ALL.iter().copied().find(|defence| defence.name() == name)
    }
}

impl fmt::Display for Defence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Defences that are left out: one bit for each.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut([u128; 2]);

const _: () = assert!(Defence::ALL.len() <= 256, "a defence has a bit of its own");

impl LeftOut {
    /// None.
    pub const NONE: LeftOut = LeftOut([0; 2]);
    /// Whether any can be left out: whether this was built with the feature `lab`.
    pub const IS_POSSIBLE: bool = cfg!(feature = "lab");

    /// These and one more.
    #[must_use]
    pub const fn and(mut self, defence: Defence) -> LeftOut {
        let number = defence as usize;
        self.0[number / 128] |= 1 << (number % 128);
        self
    }

    /// Whether this one is among them.
    pub const fn has(self, defence: Defence) -> bool {
        let number = defence as usize;
        self.0[number / 128] >> (number % 128) & 1 == 1
    }

    /// Whether all defences stand.
    pub const fn is_none(self) -> bool {
        self.0[0] == 0 && self.0[1] == 0
    }

    /// All that are left out, in the order of [`Defence::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Defence> {
        Defence::ALL.iter().copied().filter(move |defence| self.has(*defence))
    }

    /// Does something on this thread without these defences, beside those that are out already. Threads that it starts have
    /// all of them. Without the feature `lab` they stand all the same.
    ///
    /// ```
    /// use tosumu::defence::{Defence, LeftOut, is_off};
    /// let out = LeftOut::NONE.and(Defence::RecordMac).during(|| is_off(Defence::RecordMac));
    /// assert_eq!(out, LeftOut::IS_POSSIBLE);
    /// assert!(!is_off(Defence::RecordMac));
    /// ```
    pub fn during<T>(self, action: impl FnOnce() -> T) -> T {
        #[cfg(feature = "lab")]
        let _before = (!self.is_none()).then(|| weakened::Before::leaving_out(self));
        action()
    }
}

impl fmt::Debug for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Whether a defence is taken out: never, without the feature `lab`.
#[cfg(not(feature = "lab"))]
#[inline(always)]
pub const fn is_off(_: Defence) -> bool {
    false
}

#[cfg(feature = "lab")]
pub use weakened::is_off;

/// Does something on this thread without a defence: [`LeftOut::during`] of one.
#[cfg(feature = "lab")]
pub fn without<T>(defence: Defence, action: impl FnOnce() -> T) -> T {
    LeftOut::NONE.and(defence).during(action)
}

/// Whether any defence is out on this thread, whose others have them all.
pub(crate) fn any_is_off() -> bool {
    #[cfg(feature = "lab")]
    return weakened::any_is_off();
    #[cfg(not(feature = "lab"))]
    false
}

/// Does a sync, unless it is taken out.
#[inline]
pub(crate) fn durable<E>(defence: Defence, sync: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
    if is_off(defence) { Ok(()) } else { sync() }
}

/// What a comparison said; `true` when it is taken out.
#[inline]
pub(crate) fn holds(defence: Defence, said: bool) -> bool {
    said || is_off(defence)
}

/// Fails as a check did, unless it is taken out.
#[inline]
pub(crate) fn checked<E>(defence: Defence, check: Result<(), E>) -> Result<(), E> {
    if is_off(defence) { Ok(()) } else { check }
}

#[cfg(feature = "lab")]
mod weakened {
    use super::{Defence, LeftOut};
    use std::cell::Cell;

    thread_local! {
        static OF_THREAD: Cell<LeftOut> = const { Cell::new(LeftOut::NONE) };
    }

    /// Whether a defence is taken out: out of this thread by [`LeftOut::during`], or out of this process by `TOSUMU_WITHOUT`.
    ///
    /// Panics when the variable names what is no defence: a slip there would look like a defence that nothing needs.
    #[inline]
    pub fn is_off(defence: Defence) -> bool {
        OF_THREAD.get().has(defence) || of_process().has(defence)
    }

    pub(super) fn any_is_off() -> bool {
        !OF_THREAD.get().is_none() || !of_process().is_none()
    }

    /// What was out before, and is again when this is dropped.
    pub(super) struct Before(LeftOut);

    impl Before {
        pub fn leaving_out(more: LeftOut) -> Before {
            let before = OF_THREAD.get();
            OF_THREAD.set(LeftOut([before.0[0] | more.0[0], before.0[1] | more.0[1]]));
            Before(before)
        }
    }

    impl Drop for Before {
        fn drop(&mut self) {
            OF_THREAD.set(self.0);
        }
    }

    #[cfg(not(feature = "weaken"))]
    const fn of_process() -> LeftOut {
        LeftOut::NONE
    }

    #[cfg(feature = "weaken")]
    fn of_process() -> LeftOut {
        static WITHOUT: std::sync::OnceLock<LeftOut> = std::sync::OnceLock::new();
        *WITHOUT.get_or_init(|| {
            let names = std::env::var("TOSUMU_WITHOUT").unwrap_or_default();
            names.split(',').filter(|name| !name.is_empty()).fold(LeftOut::NONE, |out, name| {
                let defence = Defence::parse(name);
                out.and(defence.unwrap_or_else(|| panic!("TOSUMU_WITHOUT names no defence: {name}")))
            })
        })
    }
}

/// Without the feature no defence can be out, and the compiler sees it.
#[cfg(not(feature = "lab"))]
const _: () = {
    let mut index = 0;
    while index < Defence::ALL.len() {
        assert!(!is_off(Defence::ALL[index]));
        index += 1;
    }
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_defence_has_a_name_of_its_own_that_reads_back() {
        let names: BTreeSet<&str> = Defence::ALL.iter().map(|defence| defence.name()).collect();
        assert_eq!(names.len(), Defence::ALL.len());
        for &defence in Defence::ALL {
            assert_eq!(Defence::parse(defence.name()), Some(defence));
            assert!(defence.guards().ends_with('.') && defence.guards().len() < 140, "{defence}");
            let is_kebab = |letter: char| letter.is_ascii_lowercase() || letter == '-';
            assert!(defence.name().chars().all(is_kebab), "{defence}");
        }
        assert_eq!(Defence::parse("no such"), None);
    }

    #[test]
    fn what_implies_a_defence_is_implied_by_nothing_itself() {
        for defence in Defence::ALL {
            if let Some((by, why)) = defence.implied_by() {
                assert!(by.implied_by().is_none() && by != *defence && why.ends_with('.'), "{defence}");
            }
        }
    }

    #[test]
    fn what_is_left_out_is_listed_in_order_and_nothing_else() {
        let out = LeftOut::NONE.and(Defence::SyncOfCommit).and(Defence::RecordMac);
        assert!(LeftOut::NONE.is_none() && !out.is_none());
        assert_eq!(out.iter().collect::<Vec<_>>(), [Defence::RecordMac, Defence::SyncOfCommit]);
        assert!(Defence::ALL.iter().all(|&defence| LeftOut::NONE.and(defence).iter().eq([defence])));
    }

    #[cfg(feature = "lab")]
    #[test]
    fn a_defence_is_out_on_one_thread_for_as_long_as_the_action_takes() {
        let out = || is_off(Defence::PageTag);
        if out() {
            return;
        }
        without(Defence::PageTag, || {
            without(Defence::RecordMac, || assert!(out() && is_off(Defence::RecordMac)));
            assert!(out() && !is_off(Defence::RecordMac));
            assert!(!std::thread::spawn(out).join().unwrap());
        });
        assert!(!out());
    }
}
