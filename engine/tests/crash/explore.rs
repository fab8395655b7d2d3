//! Every instant of a workload, every model, every plan; and the same again inside the recovery, and inside that one's.

use crate::oracle::{number_of, recover};
use crate::shrink::{Case, script_of, shrink};
use crate::watch::{Promise, Seen, Watching};
use crate::workload::{Setup, Step, Workload, watch_workload};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use tosumu::vfs::{CrashModel, CrashPlan, PendingUnit, PlanBounds};

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
    deeper_one_in: [usize; 2],
    /// No more disks than this are opened.
    states: usize,
}

impl Bounds {
    /// `TOSUMU_CRASH_STATES=1000` sets the samples an instant, and crashes every recovery at every subset of up to eight units.
    pub fn read() -> Bounds {
        let bounds = |exhaustive_units, samples| PlanBounds { exhaustive_units, samples, seed: 1 };
        match std::env::var("TOSUMU_CRASH_STATES").ok().and_then(|text| text.parse().ok()) {
            Some(samples) => Bounds {
                plans: [bounds(EXHAUSTIVE_UNITS, samples), bounds(8, samples), bounds(3, 3)],
                deeper_one_in: [1, 1],
                states: usize::MAX,
            },
            None => Bounds {
                plans: [bounds(EXHAUSTIVE_UNITS, 24), bounds(3, 3), bounds(1, 1)],
                deeper_one_in: [2, 16],
                states: usize::MAX,
            },
        }
    }

    /// A quick look for a failure that is known to be near.
    pub fn quick() -> Bounds {
        let bounds = |exhaustive_units, samples| PlanBounds { exhaustive_units, samples, seed: 1 };
        Bounds { plans: [bounds(7, 16), bounds(5, 8), bounds(1, 1)], deeper_one_in: [1, 1 << 20], states: 20_000 }
    }

    /// Every recovery is crashed, and every second one.
    fn thorough(mut self) -> Bounds {
        self.deeper_one_in = [1, 1];
        self
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

/// A crash on the way to a failure.
#[derive(Clone, Debug)]
pub struct Cut {
    /// The step it struck (of a recovery, 0 is the opening and 1 the commit behind it), and before which of its calls.
    pub step: usize,
    pub call: u64,
    pub plan: CrashPlan,
    /// What was pending.
    pub units: Vec<PendingUnit>,
}

/// What went wrong, and the crashes that led there.
#[derive(Clone, Debug)]
pub struct Failure {
    pub cuts: Vec<Cut>,
    pub model: CrashModel,
    /// What had been promised when the first of them struck.
    pub promise: Promise,
    pub error: String,
}

impl Failure {
    pub fn new(now: &Seen, model: CrashModel, plan: &CrashPlan, error: String) -> Failure {
        let cut = Failure::cut(now, plan);
        Failure { cuts: vec![cut], model, promise: now.promise.clone(), error }
    }

    /// The failure as it looks from the crash before it.
    pub fn behind(mut self, now: &Seen, plan: &CrashPlan) -> Failure {
        self.cuts.insert(0, Failure::cut(now, plan));
        self.promise = now.promise.clone();
        self
    }

    fn cut(now: &Seen, plan: &CrashPlan) -> Cut {
        Cut { step: now.step, call: now.call, plan: plan.clone(), units: now.image.pending_units() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a {} disk", self.model.name())?;
        for (cut, of) in self.cuts.iter().zip(["the workload", "the recovery", "the second recovery"]) {
            writeln!(f, "step {} of {of}, before call {}: {:?} of {:?}", cut.step, cut.call, cut.plan, cut.units)?;
        }
        f.write_str(&self.error)
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

    /// Crashes at every instant, up to the first failure.
    pub fn explore(&mut self, seen: &[Seen], depth: usize) -> Result<(), Failure> {
        for now in seen {
            for &model in self.models {
                for plan in model.plans(&now.image, &self.bounds.plans[depth]) {
                    if self.counts.total() < self.bounds.states {
                        self.crash(now, model, &plan, depth)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn crash(&mut self, now: &Seen, model: CrashModel, plan: &CrashPlan, depth: usize) -> Result<(), Failure> {
        let survivors = now.image.after_crash(plan).0;
        if !self.met.insert(number_of(&survivors, &now.promise)) {
            return Ok(());
        }
        *self.counts.states.entry((model.name(), depth)).or_default() += 1;
        let one_in = self.bounds.deeper_one_in.get(depth);
        let goes_deeper = one_in.is_some_and(|&one_in| self.counts.total().is_multiple_of(one_in));
        let watching = if goes_deeper { Watching::Instants } else { Watching::Promises };
        let mut is_new = false;
        let mut is_known = |number| {
            is_new = self.arrived.insert(number);
            !is_new
        };
        let recovery = recover(self.setup, &now.promise, &survivors, watching, &mut is_known)
            .map_err(|error| Failure::new(now, model, plan, error))?;
        if goes_deeper && is_new {
            self.explore(&recovery, depth + 1).map_err(|failure| failure.behind(now, plan))?;
        }
        Ok(())
    }
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

/// As [`explore_models`], for short workloads.
pub fn explore_thoroughly(setup: Setup, models: &'static [CrashModel], name: &str, workloads: &[Workload]) {
    explore_within(Bounds::read().thorough(), setup, models, name, workloads);
}

/// As [`explore_in`], for workloads whose every state takes long.
pub fn explore_shallow(setup: Setup, name: &str, workloads: &[Workload]) {
    explore_within(Bounds::read().shallow(), setup, HONEST, name, workloads);
}

/// A script that shows the failure, where a script has words for the workload.
fn smaller(setup: Setup, workload: &Workload, mut failure: Failure) -> String {
    let is_script = workload.steps.iter().all(|step| matches!(step, Step::Op(_)));
    if !is_script || setup.has_witness || setup.has_archive {
        return String::new();
    }
    // The store of a script is there before its first line.
    let mut steps = workload.steps.clone();
    steps.insert(0, Step::WatchFromHere);
    failure.cuts[0].step += 1;
    let (script, said) = script_of(&shrink(Case { setup, workload: Workload::of(steps), failure }));
    format!("made smaller:\n{script}# {}", said.unwrap_or_default())
}

fn explore_within(bounds: Bounds, setup: Setup, models: &'static [CrashModel], name: &str, workloads: &[Workload]) {
    let mut all = Counts::default();
    for workload in workloads {
        let seen = watch_workload(setup, &workload.steps).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut explorer = Explorer::new(setup, models, bounds);
        if let Err(failure) = explorer.explore(&seen, 0) {
            panic!("{name}: {failure}\n{workload}\n{}", smaller(setup, workload, failure.clone()));
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
