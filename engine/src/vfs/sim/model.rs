//! What kinds of crashes there are, and which plans each of them allows for a disk.

use super::crash::Chance;
use super::{CrashPlan, DiskImage, Filling, PendingUnit, PosixPlan};

/// A kind of crash: what may become of everything that was not synced.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CrashModel {
    /// Nothing is lost: the program dies and the operating system goes on. A power cut may follow.
    Process,
    /// Writes, lengths and names survive as a prefix of the order they were made in; the last write is torn at a sector.
    Ordered,
    /// Sectors, lengths and names survive each by themselves; a hole in a file that grew holds zeros or junk.
    Posix,
    /// As `Posix`, and each sector that was being written may hold junk. No disk should; the log is laid out so that even then
    /// no acknowledged commit is lost.
    Damaging,
}

/// How many plans are tried for one disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlanBounds {
    /// Up to so many pending units every subset of them is tried; over this a sample.
    pub exhaustive_units: usize,
    /// How many plans of a sample are drawn by chance; nothing, everything, and each unit alone come on top.
    pub samples: u32,
    /// The seed of that chance, and of junk.
    pub seed: u64,
}

impl CrashModel {
    /// Every model, the kindest first.
    pub const ALL: [CrashModel; 4] =
        [CrashModel::Process, CrashModel::Ordered, CrashModel::Posix, CrashModel::Damaging];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            CrashModel::Process => "process",
            CrashModel::Ordered => "ordered",
            CrashModel::Posix => "posix",
            CrashModel::Damaging => "damaging",
        }
    }

    /// What can become of the disk: every plan there is, or a sample where they are many.
    pub fn plans(self, disk: &DiskImage, bounds: &PlanBounds) -> Vec<CrashPlan> {
        let units = disk.pending_units();
        match self {
            CrashModel::Process => vec![CrashPlan::Process],
            CrashModel::Ordered => ordered(units.len(), bounds),
            CrashModel::Posix if units.len() <= bounds.exhaustive_units => every_subset(&units, bounds.seed),
            CrashModel::Posix => sampled(&units, bounds),
            CrashModel::Damaging => damaging(&units, bounds),
        }
    }

    /// One of the plans, by chance.
    pub fn draw(self, disk: &DiskImage, seed: u64) -> CrashPlan {
        let units = disk.pending_units();
        let mut chance = Chance(seed);
        match self {
            CrashModel::Process => CrashPlan::Process,
            CrashModel::Ordered => CrashPlan::Ordered { units: (chance.next() % (units.len() as u64 + 1)) as u32 },
            CrashModel::Posix | CrashModel::Damaging => self.drawn(&units, &mut chance),
        }
    }

    fn drawn(self, units: &[PendingUnit], chance: &mut Chance) -> CrashPlan {
        let filling = if chance.coin() { Filling::Zeros } else { Filling::Junk(chance.next()) };
        let mut plan = PosixPlan { filling, ..PosixPlan::default() };
        // A disk that had time for almost all, or for almost nothing, is as likely as one in the middle.
        let density = chance.next() % 9;
        for (number, unit) in (1..).zip(units) {
            let is_sector = matches!(unit, PendingUnit::Sector { .. });
            if self == CrashModel::Damaging && is_sector && chance.next().is_multiple_of(4) {
                plan.damaged.push(number);
            } else if chance.next() % 8 < density {
                plan.kept.push(number);
            }
        }
        CrashPlan::Posix(plan)
    }
}

fn ordered(units: usize, bounds: &PlanBounds) -> Vec<CrashPlan> {
    let most = bounds.samples.max(bounds.exhaustive_units as u32).max(2);
    let step = (units as u32).div_ceil(most).max(1);
    let mut plans: Vec<CrashPlan> =
        (0..units as u32).step_by(step as usize).map(|units| CrashPlan::Ordered { units }).collect();
    plans.push(CrashPlan::Ordered { units: units as u32 });
    plans
}

fn every_subset(units: &[PendingUnit], seed: u64) -> Vec<CrashPlan> {
    let subsets = (0..1_u64 << units.len()).map(|mask| subset(units.len(), |unit| mask >> unit & 1 == 1));
    subsets.flat_map(|kept| with_holes(units, kept, seed)).collect()
}

fn subset(units: usize, is_kept: impl Fn(usize) -> bool) -> Vec<u32> {
    (0..units).filter(|&unit| is_kept(unit)).map(|unit| unit as u32 + 1).collect()
}

/// The plan with zeros in its holes and, if it can have any, the one with junk.
fn with_holes(units: &[PendingUnit], kept: Vec<u32>, seed: u64) -> Vec<CrashPlan> {
    let is_kept = |number: u32| kept.binary_search(&number).is_ok();
    let grows = (1..).zip(units).any(|(number, unit)| {
        is_kept(number) && matches!(unit, PendingUnit::Growth { .. } | PendingUnit::Length { .. })
    });
    let loses = (1..).zip(units).any(|(number, unit)| !is_kept(number) && matches!(unit, PendingUnit::Sector { .. }));
    let plan = |filling| CrashPlan::Posix(PosixPlan { kept: kept.clone(), damaged: Vec::new(), filling });
    let mut plans = vec![plan(Filling::Zeros)];
    if grows && loses {
        plans.push(plan(Filling::Junk(seed)));
    }
    plans
}

/// Nothing, all, each unit alone lost, each alone kept, and some by chance.
fn sampled(units: &[PendingUnit], bounds: &PlanBounds) -> Vec<CrashPlan> {
    let count = units.len();
    let mut plans = with_holes(units, Vec::new(), bounds.seed);
    plans.extend(with_holes(units, subset(count, |_| true), bounds.seed));
    for odd in 0..count.min(bounds.samples as usize) {
        plans.extend(with_holes(units, subset(count, |unit| unit != odd), bounds.seed));
        plans.extend(with_holes(units, vec![odd as u32 + 1], bounds.seed));
    }
    let mut chance = Chance(bounds.seed);
    plans.extend((0..bounds.samples).map(|_| CrashModel::Posix.drawn(units, &mut chance)));
    plans
}

/// Each sector alone damaged, with the others kept, lost, or written before it; all of them damaged; and some by chance.
fn damaging(units: &[PendingUnit], bounds: &PlanBounds) -> Vec<CrashPlan> {
    let count = units.len();
    let plan = |kept, damaged| CrashPlan::Posix(PosixPlan { kept, damaged, filling: Filling::Zeros });
    let sectors: Vec<usize> = (0..count).filter(|&unit| matches!(units[unit], PendingUnit::Sector { .. })).collect();
    let mut plans = Vec::new();
    for &odd in sectors.iter().take(bounds.samples.max(1) as usize) {
        let damaged = vec![odd as u32 + 1];
        plans.push(plan(subset(count, |unit| unit != odd), damaged.clone()));
        plans.push(plan(subset(count, |unit| unit < odd), damaged.clone()));
        plans.push(plan(Vec::new(), damaged));
    }
    let all: Vec<u32> = sectors.iter().map(|&unit| unit as u32 + 1).collect();
    let others = subset(count, |unit| !sectors.contains(&unit));
    plans.push(plan(others, all));
    let mut chance = Chance(bounds.seed);
    plans.extend((0..bounds.samples).map(|_| CrashModel::Damaging.drawn(units, &mut chance)));
    plans
}
