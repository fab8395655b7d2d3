//! What a power cut leaves of a disk.
//!
//! The unit is a sector of 512 bytes. A sector's pending versions are what the operating system held of it after each
//! pending write that touched it; after a cut the disk has its durable version or one of these. So a kept write carries
//! along what earlier writes left in the same sector, and a file's length follows from the sectors kept: what was lost
//! before the last of them reads as zeros.

use super::image::{self, DiskImage, FileImage};
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
}

impl DiskImage {
    /// The disk after a power cut, all of it durable, and what became of the pending writes.
    pub fn after_crash(&self, plan: &CrashPlan) -> (DiskImage, CrashSummary) {
        let pending = self.pending_in_order();
        let mut chooser = Chooser { plan, writes: pending.len(), chance: Chance::new(plan), units: 0 };
        let kept: Vec<Vec<bool>> =
            (0..).zip(&pending).map(|(index, (_, write))| chooser.sectors(index, write)).collect();
        let summary = summarise(&kept);
        let mut fates: BTreeMap<u64, Vec<(&PendingWrite, Vec<bool>)>> = BTreeMap::new();
        for ((file, write), kept) in pending.into_iter().zip(kept) {
            fates.entry(file).or_default().push((write, kept));
        }
        let names = self.surviving_names(&mut chooser);
        (self.survivors(names, &fates), summary)
    }

    fn surviving_names(&self, chooser: &mut Chooser<'_>) -> BTreeMap<String, u64> {
        let mut names = self.durable_names.clone();
        for change in &self.pending_names {
            if chooser.name() {
                change.apply(&mut names);
            }
        }
        names
    }

    fn survivors(
        &self,
        names: BTreeMap<String, u64>,
        fates: &BTreeMap<u64, Vec<(&PendingWrite, Vec<bool>)>>,
    ) -> DiskImage {
        let mut files = BTreeMap::new();
        for number in names.values() {
            let Some(file) = self.files.get(number) else { continue };
            let left = surviving_bytes(file, fates.get(number).map_or(&[], Vec::as_slice));
            files.insert(*number, FileImage { system: left.clone(), durable: left, pending: Vec::new() });
        }
        DiskImage { files, durable_names: names.clone(), names, pending_names: Vec::new(), changes: self.changes }
    }
}

fn surviving_bytes(file: &FileImage, fates: &[(&PendingWrite, Vec<bool>)]) -> Vec<u8> {
    let mut left = file.durable.clone();
    if fates.iter().all(|(_, kept)| !kept.contains(&true)) {
        return left;
    }
    let mut system = file.durable.clone();
    for (write, kept) in fates {
        image::apply(write, &mut system);
        match write {
            PendingWrite::Length { .. } if kept.contains(&true) => image::apply(write, &mut left),
            PendingWrite::Length { .. } => {}
            PendingWrite::Data { .. } => {
                let sectors = write.sectors().zip(kept).filter(|(_, kept)| **kept);
                sectors.for_each(|(sector, _)| copy_sector(sector, &system, &mut left));
            }
        }
    }
    left
}

fn copy_sector(sector: u64, from: &[u8], to: &mut Vec<u8>) {
    let start = sector as usize * SECTOR_BYTES;
    let end = from.len().min(start + SECTOR_BYTES);
    if let Some(bytes) = from.get(start..end) {
        bytes::write(to, start as u64, bytes).expect("the system image holds this sector already");
    }
}

fn summarise(kept: &[Vec<bool>]) -> CrashSummary {
    let count = |test: fn(&[bool]) -> bool| kept.iter().filter(|kept| test(kept)).count() as u32;
    CrashSummary {
        pending: kept.len() as u32,
        lost: count(|kept| !kept.contains(&true)),
        torn: count(|kept| kept.contains(&true) && kept.contains(&false)),
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
    fn sectors(&mut self, index: usize, write: &PendingWrite) -> Vec<bool> {
        (0..image::sector_count(write)).map(|sector| self.sector(index, sector)).collect()
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
            CrashPlan::Lost => false,
            CrashPlan::Kept | CrashPlan::Losing(_) | CrashPlan::Torn { .. } => true,
            CrashPlan::Sectors(kept) => kept.get(self.units - 1).copied().unwrap_or(false),
            CrashPlan::Seeded(_) => self.chance.coin(),
        }
    }
}

/// SplitMix64: small, the same everywhere, and good enough to toss coins.
struct Chance(u64);

impl Chance {
    fn new(plan: &CrashPlan) -> Chance {
        Chance(if let CrashPlan::Seeded(seed) = plan { *seed } else { 0 })
    }

    fn coin(&mut self) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) & 1 == 1
    }
}
