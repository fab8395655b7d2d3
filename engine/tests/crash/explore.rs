//! Every instant of a workload, every model, every plan; and the same again inside the recovery, and inside that one's.

use crate::oracle::{number_of, recover};
use crate::watch::{Seen, Watching};
use crate::workload::{PATH, Setup, Workload, watch_workload};
use std::collections::{BTreeMap, HashSet};
use tosumu::vfs::{CrashModel, CrashPlan, DiskImage, PlanBounds};

/// The models of an ordinary disk.
pub const HONEST: &[CrashModel] = &[CrashModel::Process, CrashModel::Ordered, CrashModel::Posix];

/// Up to so many pending units every subset is tried.
const EXHAUSTIVE_UNITS: usize = 12;

/// How far an exploration goes.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// For a crash of the workload, of its recovery, and of that one's recovery.
    plans: [PlanBounds; 3],
    /// One in so many recoveries is crashed, and one in so many of those recoveries again.
    deeper_one_in: [u64; 2],
}

impl Bounds {
    /// `TOSUMU_CRASH_STATES=1000` sets the samples an instant, and crashes every recovery at every subset of up to eight units.
    pub fn read() -> Bounds {
        let bounds = |exhaustive_units, samples| PlanBounds { exhaustive_units, samples, seed: 1 };
        match std::env::var("TOSUMU_CRASH_STATES").ok().and_then(|text| text.parse().ok()) {
            Some(samples) => Bounds {
                plans: [bounds(EXHAUSTIVE_UNITS, samples), bounds(8, samples), bounds(3, 3)],
                deeper_one_in: [1, 1],
            },
            None => {
                Bounds { plans: [bounds(EXHAUSTIVE_UNITS, 24), bounds(3, 3), bounds(1, 1)], deeper_one_in: [2, 16] }
            }
        }
    }

    /// For workloads whose every state takes long: fewer recoveries are crashed.
    fn shallow(mut self) -> Bounds {
        self.deeper_one_in = self.deeper_one_in.map(|one_in| one_in * 4);
        self
    }
}

/// What was explored.
#[derive(Default)]
pub struct Counts {
    pub instants: usize,
    /// Instants of the workload at which every subset was tried.
    pub exhausted: usize,
    /// Different disks that were opened, by model and depth.
    pub states: BTreeMap<(&'static str, usize), usize>,
}

impl Counts {
    pub fn total(&self) -> usize {
        self.states.values().sum()
    }

    fn of(&self, model: CrashModel) -> usize {
        self.states.iter().filter(|((name, _), _)| *name == model.name()).map(|(_, count)| count).sum()
    }

    fn at_depth(&self, depth: usize) -> usize {
        self.states.iter().filter(|((_, at), _)| *at == depth).map(|(_, count)| count).sum()
    }
}

pub struct Explorer {
    setup: Setup,
    models: &'static [CrashModel],
    bounds: Bounds,
    /// Disks after a crash, and disks that recoveries arrived at.
    met: HashSet<u64>,
    arrived: HashSet<u64>,
    pub counts: Counts,
}

impl Explorer {
    pub fn new(setup: Setup, models: &'static [CrashModel], bounds: Bounds) -> Explorer {
        Explorer { setup, models, bounds, met: HashSet::new(), arrived: HashSet::new(), counts: Counts::default() }
    }

    /// Crashes at every instant; the first failure is told with the way that led to it.
    pub fn explore(&mut self, seen: &[Seen], depth: usize) -> Result<(), String> {
        for now in seen {
            for &model in self.models {
                let bounds = self.bounds.plans[depth];
                for plan in model.plans(&now.image, &bounds) {
                    let survivors = now.image.after_crash(&plan).0;
                    self.open(now, model, &survivors, depth).map_err(|error| told_with(now, &plan, depth, &error))?;
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, now: &Seen, model: CrashModel, survivors: &DiskImage, depth: usize) -> Result<(), String> {
        if !self.met.insert(number_of(survivors, &now.promise)) {
            return Ok(());
        }
        *self.counts.states.entry((model.name(), depth)).or_default() += 1;
        let one_in = self.bounds.deeper_one_in.get(depth);
        let goes_deeper = one_in.is_some_and(|&one_in| self.counts.total().is_multiple_of(one_in as usize));
        let watching = if goes_deeper { Watching::Instants } else { Watching::Promises };
        let arrived = &mut self.arrived;
        let mut is_new = false;
        let mut is_known = |number| {
            is_new = arrived.insert(number);
            !is_new
        };
        let recovery = recover(self.setup, &now.promise, survivors, watching, &mut is_known)?;
        if goes_deeper && is_new { self.explore(&recovery, depth + 1) } else { Ok(()) }
    }
}

fn told_with(now: &Seen, plan: &CrashPlan, depth: usize, error: &str) -> String {
    let pending: Vec<String> =
        now.image.pending().iter().map(|write| format!("{} {}+{}", write.file, write.offset, write.bytes)).collect();
    let depth = ["", " of the recovery", " of the second recovery"][depth];
    format!(
        "step {} call {}{depth}, {plan:?}, pending {pending:?} names {:?}:\n{error}",
        now.step, now.call, now.image.pending_names
    )
}

/// Explores workloads and prints what was explored; not silently little.
pub fn explore(name: &str, workloads: &[Workload]) {
    explore_in(crate::workload::PLAIN, name, workloads);
}

pub fn explore_in(setup: Setup, name: &str, workloads: &[Workload]) {
    explore_models(setup, HONEST, name, workloads);
}

pub fn explore_models(setup: Setup, models: &'static [CrashModel], name: &str, workloads: &[Workload]) {
    explore_within(Bounds::read(), setup, models, name, workloads);
}

/// As [`explore_in`], for workloads whose every state takes long.
pub fn explore_shallow(setup: Setup, name: &str, workloads: &[Workload]) {
    explore_within(Bounds::read().shallow(), setup, HONEST, name, workloads);
}

fn explore_within(bounds: Bounds, setup: Setup, models: &'static [CrashModel], name: &str, workloads: &[Workload]) {
    let mut all = Counts::default();
    for workload in workloads {
        let seen = watch_workload(setup, &workload.steps).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut explorer = Explorer::new(setup, models, bounds);
        if let Err(error) = explorer.explore(&seen, 0) {
            panic!("{name}, {PATH}: {error}\n{workload}");
        }
        all.instants += seen.len();
        all.exhausted += seen.iter().filter(|now| now.image.pending_units().len() <= EXHAUSTIVE_UNITS).count();
        for (what, count) in explorer.counts.states {
            *all.states.entry(what).or_default() += count;
        }
    }
    let by_model: Vec<String> = models.iter().map(|&model| format!("{} {}", model.name(), all.of(model))).collect();
    let by_depth: Vec<String> = (0..3).map(|depth| all.at_depth(depth).to_string()).collect();
    let is_shallow = bounds.deeper_one_in[1] > 16;
    let (instants, exhausted, states) = (all.instants, all.exhausted, all.total());
    println!(
        "{name}: {instants} instants, {exhausted} exhausted, {states} states: {}; by depth {}",
        by_model.join(", "),
        by_depth.join("/")
    );
    assert!(states > 4 * instants, "{name}: {states} states of {instants} instants are too few");
    assert!(all.at_depth(1) > 0 && (is_shallow || all.at_depth(2) > 0), "{name}: no recovery was crashed");
}
