//! Failing on purpose: faults at counted calls, and the instant at which the power goes.

use crate::limits::{PAGES_START_BYTES, SECTOR_BYTES};
use std::io::{self, ErrorKind};

/// How a call is made to fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// An input/output error.
    Io,
    /// No space is left; strikes only calls that may need some.
    NoSpace,
    /// Half the bytes are read or written; strikes only reads and writes.
    Short,
    /// The sync fails, and what it was to write counts as written from then on: reads show it, a later sync succeeds without
    /// writing it, and a power cut takes it. Strikes only syncs of files.
    Forgotten,
    /// The call was interrupted and is to be made again; never more than once, or callers would try for ever.
    Interrupted,
}

/// For how long a fault stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultSpan {
    /// One call.
    Once,
    /// That call and every later one.
    Sticky,
}

/// A call that is made to fail. Counted over `read_at write_at set_len sync_data sync_dir rename link_new remove` of
/// the whole disk, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The call.
    pub at_call: u64,
    /// How it fails.
    pub kind: FaultKind,
    /// For how long.
    pub span: FaultSpan,
}

impl Fault {
    pub(super) fn strikes(&self, call: u64, site: &CallSite) -> bool {
        let sticky = self.span == FaultSpan::Sticky && self.kind != FaultKind::Interrupted;
        let due = if sticky { call >= self.at_call } else { call == self.at_call };
        due && match self.kind {
            FaultKind::Io | FaultKind::Interrupted => true,
            FaultKind::NoSpace => matches!(site, CallSite::Write { .. } | CallSite::Resize | CallSite::Name),
            FaultKind::Short => matches!(site, CallSite::Read | CallSite::Write { .. }),
            FaultKind::Forgotten => matches!(site, CallSite::Sync { .. }),
        }
    }
}

impl FaultKind {
    /// What the call ends with; none when it only does half.
    pub(super) fn error(self) -> Option<io::Error> {
        match self {
            FaultKind::Io | FaultKind::Forgotten => Some(io::Error::other("input/output error")),
            FaultKind::NoSpace => Some(io::Error::new(ErrorKind::StorageFull, "no space is left on the device")),
            FaultKind::Interrupted => Some(ErrorKind::Interrupted.into()),
            FaultKind::Short => None,
        }
    }

    /// What the caller is told, in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            FaultKind::Io => "input/output error",
            FaultKind::Forgotten => "input/output error, and what was to be synced is forgotten",
            FaultKind::NoSpace => "no space left",
            FaultKind::Short => "only half of the bytes were taken",
            FaultKind::Interrupted => "interrupted, try again",
        }
    }
}

/// The sort of call a stop point waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopEvent {
    /// Any call that changes something: every one that faults count but `read_at`.
    Change,
    /// `write_at`.
    Write,
    /// `sync_data`.
    Sync,
    /// `sync_data` while the whole disk has at least this many changes waiting.
    SyncWaiting(u32),
}

/// The file a stop point watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopFile {
    /// The page file: the name ends neither in `-wal` nor in `.tmp`.
    Pages,
    /// The name ends in `-wal`.
    Log,
    /// Any file.
    Any,
}

/// The part of the file a stop point watches; of a sync, a part that has a pending write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopRegion {
    /// The two superblock slots of the page file: bytes 0 … 8191.
    Superblock,
    /// What lies behind them.
    Pages,
    /// The records of a log: what lies behind its header, which has the first sector to itself.
    Records,
    /// Any place.
    Any,
}

/// On which side of the call the power goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopWhen {
    /// The call does nothing.
    Before,
    /// The call takes effect, but nobody hears of it.
    After,
}

/// The instant at which the power goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StopPoint {
    /// The sort of call.
    pub event: StopEvent,
    /// Of which file.
    pub file: StopFile,
    /// At which place.
    pub region: StopRegion,
    /// Before or after it.
    pub when: StopWhen,
    /// Which of the calls that fit, counted from 1 when the point was armed.
    pub count: u64,
}

impl StopPoint {
    /// Right after write number `write` to any file, counted from 1 when armed: it is then the last pending write.
    pub fn at_write(write: u64) -> StopPoint {
        StopPoint {
            event: StopEvent::Write,
            file: StopFile::Any,
            region: StopRegion::Any,
            when: StopWhen::After,
            count: write,
        }
    }

    /// Right before call number `call` that changes something, counted from 1 when armed.
    pub fn before_change(call: u64) -> StopPoint {
        StopPoint {
            event: StopEvent::Change,
            file: StopFile::Any,
            region: StopRegion::Any,
            when: StopWhen::Before,
            count: call,
        }
    }

    pub(super) fn fits(&self, site: &CallSite) -> bool {
        match (self.event, site) {
            (StopEvent::Change, site) => !matches!(site, CallSite::Read),
            (StopEvent::Write, CallSite::Write { file, offset }) => self.fits_file(file) && self.fits_place(*offset),
            (StopEvent::Sync, CallSite::Sync { file, pending, .. }) => {
                let place = self.region == StopRegion::Any || pending.iter().any(|&offset| self.fits_place(offset));
                self.fits_file(file) && place
            }
            (StopEvent::SyncWaiting(least), CallSite::Sync { file, waiting, .. }) => {
                self.fits_file(file) && *waiting >= least as usize
            }
            _ => false,
        }
    }

    fn fits_file(&self, file: &str) -> bool {
        match self.file {
            StopFile::Pages => !file.ends_with("-wal") && !file.ends_with(".tmp"),
            StopFile::Log => file.ends_with("-wal"),
            StopFile::Any => true,
        }
    }

    fn fits_place(&self, offset: u64) -> bool {
        match self.region {
            StopRegion::Superblock => offset < PAGES_START_BYTES,
            StopRegion::Pages => offset >= PAGES_START_BYTES,
            StopRegion::Records => offset >= SECTOR_BYTES as u64,
            StopRegion::Any => true,
        }
    }
}

/// What a call is about to do, as faults and stop points see it.
pub(super) enum CallSite {
    Read,
    Write {
        file: String,
        offset: u64,
    },
    Resize,
    /// `pending`: where this file's changes start; `waiting`: how many changes all files have.
    Sync {
        file: String,
        pending: Vec<u64>,
        waiting: usize,
    },
    SyncNames,
    Name,
    RemoveName,
}
