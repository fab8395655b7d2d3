//! What a power cut leaves of a disk.
//!
//! What was not synced falls into units, each of which the disk has written or has not:
//!
//! - a *sector* of 512 bytes that a pending write touched. Its versions are what the operating system held of it after each
//!   such write; after a cut the disk has its durable version or one of these. So a kept write carries along what earlier
//!   writes left in the same sector;
//! - a *growth*: the new length of the file that a write behind its end brought along;
//! - a *length* that was set;
//! - a change of a *name*.
//!
//! Where lengths are units of their own, the last one kept counts: what was written behind it is gone, and what it promises and
//! nobody wrote is a hole. Elsewhere a file's length follows from the sectors kept, and holes are zeros.

use super::image::{DiskImage, FileImage, apply, sector_count, sector_of};
use crate::limits::SECTOR_BYTES;
use crate::trace::{CrashSummary, PendingWrite};
use crate::vfs::bytes;
use std::collections::BTreeMap;

/// What becomes of everything that was not synced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CrashPlan {
    /// All of it is lost, names too.
    Lost,
    /// All of it is kept.
    Kept,
    /// The pending writes with these numbers (from 1) are lost; the others and the names are kept.
    Losing(Vec<u32>),
    /// Of the last pending write only the first sectors are kept; the writes before it and the names are kept whole.
    Torn {
        /// How many sectors of it are kept.
        sectors: u64,
    },
    /// Each pending sector, then each pending change of a name, is kept where the list says true; behind its end, lost.
    Sectors(Vec<bool>),
    /// Each pending sector and each pending change of a name is kept or lost by chance, told by this seed.
    Seeded(u64),
    /// The program ends and the power stays: what was pending is pending still.
    Process,
    /// Of the pending units, in the order they were made, the first so many are kept. A file's length follows.
    Ordered {
        /// How many.
        units: u32,
    },
    /// Each pending unit has a fate of its own.
    Posix(PosixPlan),
}

/// What becomes of each of the [pending units](DiskImage::pending_units), which are numbered from 1. One that is not named
/// is lost.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PosixPlan {
    /// Those that are kept.
    pub kept: Vec<u32>,
    /// Sectors that the disk was writing when the power went, and which hold neither what they held nor what they were to
    /// hold. No disk that keeps its promises does this.
    pub damaged: Vec<u32>,
    /// What holes and damaged sectors hold.
    pub filling: Filling,
}

/// What stands where a file has a length and nobody's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Filling {
    /// Zeros; in a damaged sector bytes that are the same each time.
    #[default]
    Zeros,
    /// Whatever stood there of a file before it: bytes drawn from this seed.
    Junk(u64),
}

/// A part of what is pending that a power cut takes or leaves by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PendingUnit {
    /// A sector.
    Sector {
        /// The number of the change, as [`DiskImage::pending`] counts them.
        change: u32,
        /// Which sector of its file, counted from 0.
        sector: u64,
    },
    /// The length that a write gave its file.
    Growth {
        /// The number of the change.
        change: u32,
    },
    /// A length that was set.
    Length {
        /// The number of the change.
        change: u32,
    },
    /// A change of a name.
    Name {
        /// Its number among those, from 1.
        change: u32,
    },
}

/// What becomes of one pending change of a file.
struct Fate {
    /// Of each sector; of a length that was set, one.
    sectors: Vec<SectorFate>,
    length: LengthFate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SectorFate {
    Lost,
    Kept,
    Damaged,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LengthFate {
    Lost,
    Kept,
    /// As far as the last sector that is kept.
    Follows,
}

impl DiskImage {
    /// The disk after a power cut, all of it durable, and what became of the pending writes.
    /// ([`CrashPlan::Process`] is none: it leaves all as it was.)
    pub fn after_crash(&self, plan: &CrashPlan) -> (DiskImage, CrashSummary) {
        let pending = self.pending_in_order();
        if *plan == CrashPlan::Process {
            return (self.clone(), CrashSummary { pending: pending.len() as u32, lost: 0, torn: 0 });
        }
        let (fates, names_kept) = match plan {
            CrashPlan::Ordered { .. } | CrashPlan::Posix(_) => self.fates_of_units(plan),
            _ => self.fates_of_writes(plan),
        };
        let summary = summarise(&fates);
        let mut by_file: BTreeMap<u64, Vec<(&PendingWrite, Fate)>> = BTreeMap::new();
        for ((file, write), fate) in pending.into_iter().zip(fates) {
            by_file.entry(file).or_default().push((write, fate));
        }
        let filling = if let CrashPlan::Posix(plan) = plan { plan.filling } else { Filling::Zeros };
        (self.survivors(&names_kept, &by_file, filling), summary)
    }

    /// The parts of what is pending that a power cut takes or leaves each by itself, in the order they were made; of one write
    /// its sectors, then its growth. Plans number them from 1.
    pub fn pending_units(&self) -> Vec<PendingUnit> {
        let mut lengths: BTreeMap<u64, u64> = BTreeMap::new();
        let mut names = (1..).zip(&self.name_places).peekable();
        let mut units = Vec::new();
        for (change, (file, write)) in (1..).zip(self.pending_in_order()) {
            while let Some((change, _)) = names.next_if(|&(_, &place)| place <= write.order()) {
                units.push(PendingUnit::Name { change });
            }
            let length = lengths.entry(file).or_insert_with(|| self.files[&file].base().len() as u64);
            match write {
                PendingWrite::Length { length: set, .. } => {
                    *length = *set;
                    units.push(PendingUnit::Length { change });
                }
                PendingWrite::Data { .. } => {
                    units.extend(write.sectors().map(|sector| PendingUnit::Sector { change, sector }));
                    let end = write.offset() + write.bytes();
                    if end > *length {
                        *length = end;
                        units.push(PendingUnit::Growth { change });
                    }
                }
            }
        }
        units.extend(names.map(|(change, _)| PendingUnit::Name { change }));
        units
    }

    fn fates_of_units(&self, plan: &CrashPlan) -> (Vec<Fate>, Vec<bool>) {
        let fate_of = |number: u32| match plan {
            CrashPlan::Ordered { units } if number <= *units => SectorFate::Kept,
            CrashPlan::Posix(plan) if plan.damaged.contains(&number) => SectorFate::Damaged,
            CrashPlan::Posix(plan) if plan.kept.contains(&number) => SectorFate::Kept,
            _ => SectorFate::Lost,
        };
        let of_data = if matches!(plan, CrashPlan::Posix(_)) { LengthFate::Lost } else { LengthFate::Follows };
        let mut fates: Vec<Fate> = Vec::new();
        let mut names = Vec::new();
        for (number, unit) in (1..).zip(self.pending_units()) {
            let fate = fate_of(number);
            let is_kept = fate == SectorFate::Kept;
            match unit {
                PendingUnit::Name { .. } => names.push(is_kept),
                PendingUnit::Length { .. } => {
                    let length = if is_kept { LengthFate::Kept } else { LengthFate::Lost };
                    let sector = if is_kept { SectorFate::Kept } else { SectorFate::Lost };
                    fates.push(Fate { sectors: vec![sector], length });
                }
                PendingUnit::Sector { change, .. } => {
                    if fates.len() < change as usize {
                        fates.push(Fate { sectors: Vec::new(), length: of_data });
                    }
                    fates.last_mut().expect("invariant: a fate was just pushed").sectors.push(fate);
                }
                PendingUnit::Growth { .. } if is_kept && of_data == LengthFate::Lost => {
                    fates.last_mut().expect("invariant: sectors come before a growth").length = LengthFate::Kept;
                }
                PendingUnit::Growth { .. } => {}
            }
        }
        (fates, names)
    }

    fn fates_of_writes(&self, plan: &CrashPlan) -> (Vec<Fate>, Vec<bool>) {
        let pending = self.pending_in_order();
        let mut chooser = Chooser { plan, writes: pending.len(), chance: Chance::of(plan), units: 0 };
        let fates = pending.iter().enumerate().map(|(index, (_, write))| chooser.fate(index, write)).collect();
        let names = self.pending_names.iter().map(|_| chooser.name()).collect();
        (fates, names)
    }

    fn survivors(
        &self,
        names_kept: &[bool],
        fates: &BTreeMap<u64, Vec<(&PendingWrite, Fate)>>,
        filling: Filling,
    ) -> DiskImage {
        let mut names = self.durable_names.clone();
        for (change, _) in self.pending_names.iter().zip(names_kept).filter(|(_, kept)| **kept) {
            change.apply(&mut names);
        }
        let mut files = BTreeMap::new();
        for number in names.values() {
            let Some(file) = self.files.get(number) else { continue };
            let left = surviving_bytes(file, fates.get(number).map_or(&[], Vec::as_slice), filling.junk(*number));
            files.insert(*number, FileImage::settled(left));
        }
        DiskImage { files, durable_names: names.clone(), names, changes: self.changes, ..DiskImage::default() }
    }
}

fn surviving_bytes(file: &FileImage, fates: &[(&PendingWrite, Fate)], junk: Junk) -> Vec<u8> {
    let mut left = Left { bytes: file.durable.clone(), length: file.durable.len(), junk };
    let lost =
        |fate: &Fate| fate.length != LengthFate::Kept && fate.sectors.iter().all(|&fate| fate == SectorFate::Lost);
    if fates.iter().all(|(_, fate)| lost(fate)) {
        return left.bytes;
    }
    let mut system = file.base().to_vec();
    for (write, fate) in fates {
        apply(write, &mut system);
        if let PendingWrite::Length { length, .. } = write {
            if fate.length == LengthFate::Kept {
                left.set_len(*length as usize);
            }
            continue;
        }
        for (sector, &sector_fate) in write.sectors().zip(&fate.sectors) {
            match sector_fate {
                SectorFate::Lost => {}
                SectorFate::Kept => left.put(sector, sector_of(sector, &system)),
                SectorFate::Damaged => left.damage(sector),
            }
            if sector_fate == SectorFate::Kept && fate.length == LengthFate::Follows {
                left.length = left.length.max(system.len().min(end_of(sector)));
            }
        }
        if fate.length == LengthFate::Kept {
            left.length = system.len();
        }
    }
    left.whole()
}

fn end_of(sector: u64) -> usize {
    (sector as usize + 1) * SECTOR_BYTES
}

/// A file after a power cut, while it is put together.
struct Left {
    /// What was written; may go on behind the length.
    bytes: Vec<u8>,
    length: usize,
    junk: Junk,
}

impl Left {
    fn put(&mut self, sector: u64, data: &[u8]) {
        let start = sector as usize * SECTOR_BYTES;
        self.fill_to(start);
        // One that does not fit was refused when it was written.
        let _ = bytes::write(&mut self.bytes, start as u64, data);
    }

    fn damage(&mut self, sector: u64) {
        let start = sector as usize * SECTOR_BYTES;
        let junk: Vec<u8> = (start..end_of(sector)).map(|place| self.junk.damage(place)).collect();
        self.put(sector, &junk);
    }

    fn set_len(&mut self, length: usize) {
        self.bytes.truncate(length);
        self.length = length;
    }

    fn fill_to(&mut self, end: usize) {
        let holes = self.bytes.len()..end;
        self.bytes.extend(holes.map(|place| self.junk.hole(place)));
    }

    fn whole(mut self) -> Vec<u8> {
        self.fill_to(self.length);
        self.bytes.truncate(self.length);
        self.bytes
    }
}

/// The bytes of holes and of damaged sectors of one file.
#[derive(Clone, Copy)]
struct Junk {
    filling: Filling,
    file: u64,
}

impl Filling {
    fn junk(self, file: u64) -> Junk {
        Junk { filling: self, file }
    }
}

impl Junk {
    fn hole(self, place: usize) -> u8 {
        match self.filling {
            Filling::Zeros => 0,
            Filling::Junk(seed) => self.byte(seed, place),
        }
    }

    fn damage(self, place: usize) -> u8 {
        match self.filling {
            Filling::Zeros => self.byte(0, place),
            Filling::Junk(seed) => self.byte(!seed, place),
        }
    }

    fn byte(self, seed: u64, place: usize) -> u8 {
        let word = Chance(seed ^ self.file.rotate_left(48) ^ (place as u64 / 8).rotate_left(8)).next();
        word.to_le_bytes()[place % 8]
    }
}

fn summarise(fates: &[Fate]) -> CrashSummary {
    let kept = |fate: &Fate| fate.sectors.contains(&SectorFate::Kept);
    let hurt = |fate: &Fate| fate.sectors.iter().any(|&fate| fate != SectorFate::Kept);
    CrashSummary {
        pending: fates.len() as u32,
        lost: fates.iter().filter(|fate| !kept(fate)).count() as u32,
        torn: fates.iter().filter(|fate| kept(fate) && hurt(fate)).count() as u32,
    }
}

/// Decides sector by sector, then name by name; `units` counts what was decided.
struct Chooser<'a> {
    plan: &'a CrashPlan,
    writes: usize,
    chance: Chance,
    units: usize,
}

impl Chooser<'_> {
    fn fate(&mut self, index: usize, write: &PendingWrite) -> Fate {
        let sectors: Vec<SectorFate> = (0..sector_count(write))
            .map(|sector| if self.sector(index, sector) { SectorFate::Kept } else { SectorFate::Lost })
            .collect();
        let length = match write {
            PendingWrite::Data { .. } => LengthFate::Follows,
            PendingWrite::Length { .. } if sectors.contains(&SectorFate::Kept) => LengthFate::Kept,
            PendingWrite::Length { .. } => LengthFate::Lost,
        };
        Fate { sectors, length }
    }

    fn sector(&mut self, index: usize, sector: u64) -> bool {
        match self.plan {
            CrashPlan::Losing(numbers) => !numbers.iter().any(|&number| number as usize == index + 1),
            CrashPlan::Torn { sectors } => index + 1 < self.writes || sector < *sectors,
            _ => self.name(),
        }
    }

    fn name(&mut self) -> bool {
        self.units += 1;
        match self.plan {
            CrashPlan::Sectors(kept) => kept.get(self.units - 1).copied().unwrap_or(false),
            CrashPlan::Seeded(_) => self.chance.coin(),
            CrashPlan::Kept | CrashPlan::Losing(_) | CrashPlan::Torn { .. } => true,
            CrashPlan::Lost | CrashPlan::Process | CrashPlan::Ordered { .. } | CrashPlan::Posix(_) => false,
        }
    }
}

/// SplitMix64: small, the same everywhere, and good enough to toss coins.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn of(plan: &CrashPlan) -> Chance {
        Chance(if let CrashPlan::Seeded(seed) = plan { *seed } else { 0 })
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }
}
