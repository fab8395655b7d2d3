//! Workloads by chance, crashed by chance, for as long as you like.
//!
//! ```text
//! cargo run --release -p tosumu --example crash_million -- [STATES] [SEED]
//! ```
//!
//! Each workload is a script drawn from the seed. It runs once on a watched disk; then the power goes at instants, and under
//! plans of every crash model, that chance draws; so it does in some of the recoveries, and in some of those of a second
//! one. What is held against what is `tests/crash/oracle.rs`, the same as in `cargo test`. A state counts when its disk was not met
//! before in the same workload. The first failure is made as small as it goes and printed as a script that
//! `tosumu lab --script F` opens and `tosumu run F` fails with.

#![allow(dead_code, reason = "the modules of the test are more than this needs")]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/crash/draw.rs"]
mod draw;
#[path = "../tests/crash/explore.rs"]
mod explore;
#[path = "../tests/crash/oracle.rs"]
mod oracle;
#[path = "../tests/crash/shrink.rs"]
mod shrink;
#[path = "../tests/crash/watch.rs"]
mod watch;
#[path = "../tests/crash/workload.rs"]
mod workload;

use draw::{Chance, drawn};
use explore::Failure;
use oracle::{number_of, recover};
use shrink::Case;
use std::collections::{BTreeMap, HashSet};
use std::process::ExitCode;
use tosumu::PageSize;
use tosumu::vfs::CrashModel;
use watch::{Seen, Watching};
use workload::{PLAIN, Setup, Step, Workload, watch_workload};

const STATES: u64 = 1_000_000;
/// Crashes drawn for one workload.
const CRASHES: u64 = 600;
/// How often it says how far it is.
const REPORT_EVERY: u64 = 50_000;
/// How deep: a crash, one of its recovery, one of that one's.
const DEPTHS: usize = 3;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number: [STATES] [SEED]"));
    let states = arguments.next().unwrap_or(STATES);
    let seed = arguments.next().unwrap_or(1);
    println!("{states} states from seed {seed}");
    let mut run = Run { chance: Chance(seed), ..Run::new() };
    let mut reported = 0;
    while run.total() < states {
        let number = run.chance.next();
        if let Err(case) = run.workload(number) {
            return fail(number, *case);
        }
        if run.total() / REPORT_EVERY > reported {
            reported = run.total() / REPORT_EVERY;
            println!("{}", run.told());
        }
    }
    println!("{}: nothing wrong", run.told());
    ExitCode::SUCCESS
}

fn fail(number: u64, case: Case) -> ExitCode {
    println!("workload {number}: {}", case.failure);
    println!("making it smaller …");
    // What panics on the way is caught, and need not be told each time.
    std::panic::set_hook(Box::new(|_| {}));
    let (script, said) = shrink::script_of(&shrink::shrink(case));
    println!("\n{script}");
    match said {
        Some(line) => println!("the lab says at {line}"),
        None => println!("the lab shows no failure of it"),
    }
    ExitCode::FAILURE
}

struct Run {
    chance: Chance,
    workloads: u64,
    instants: u64,
    states: BTreeMap<CrashModel, [u64; DEPTHS]>,
    /// Of the present workload.
    met: HashSet<u64>,
    arrived: HashSet<u64>,
}

impl Run {
    fn new() -> Run {
        let (states, met, arrived) = (BTreeMap::new(), HashSet::new(), HashSet::new());
        Run { chance: Chance(0), workloads: 0, instants: 0, states, met, arrived }
    }

    fn total(&self) -> u64 {
        self.states.values().flatten().sum()
    }

    fn told(&self) -> String {
        let of =
            |(model, counts): (&CrashModel, &[u64; DEPTHS])| format!("{} {}", model.name(), counts.iter().sum::<u64>());
        let by_model: Vec<String> = self.states.iter().map(of).collect();
        let at = |depth: usize| self.states.values().map(|counts| counts[depth]).sum::<u64>().to_string();
        let by_depth: Vec<String> = (0..DEPTHS).map(at).collect();
        format!(
            "{} states of {} workloads, {} instants: {}; by depth {}",
            self.total(),
            self.workloads,
            self.instants,
            by_model.join(", "),
            by_depth.join("/")
        )
    }

    /// Draws a workload and crashes it many times.
    fn workload(&mut self, number: u64) -> Result<(), Box<Case>> {
        let page_size = if number.is_multiple_of(4) { 1024 } else { 512 };
        let setup = Setup { page_size: PageSize::new(page_size).expect("a power of two"), ..PLAIN };
        // The store of a script is there before its first line.
        let mut steps = drawn(number).steps;
        steps.insert(0, Step::WatchFromHere);
        let workload = Workload::of(steps);
        let seen = match watch_workload(setup, &workload.steps) {
            Ok(seen) => seen,
            Err(error) => panic!("workload {number} does not run: {error}\n{workload}"),
        };
        self.workloads += 1;
        self.instants += seen.len() as u64;
        self.met.clear();
        self.arrived.clear();
        for _ in 0..CRASHES {
            let case = |failure| Box::new(Case { setup, workload: workload.clone(), failure });
            self.crash(setup, &seen, 0).map_err(case)?;
        }
        Ok(())
    }

    /// Crashes at one of these instants, and sometimes again in what follows.
    fn crash(&mut self, setup: Setup, seen: &[Seen], depth: usize) -> Result<(), Failure> {
        let now = &seen[self.chance.below(seen.len() as u64) as usize];
        let model = match self.chance.below(12) {
            0 => CrashModel::Process,
            1 | 2 => CrashModel::Ordered,
            3 | 4 => CrashModel::Damaging,
            _ => CrashModel::Posix,
        };
        let plan = model.draw(&now.image, self.chance.next());
        let survivors = now.image.after_crash(&plan).0;
        if !self.met.insert(number_of(&survivors, &now.promise)) {
            return Ok(());
        }
        self.states.entry(model).or_default()[depth] += 1;
        let goes_deeper = depth + 1 < DEPTHS && self.chance.below(4) == 0;
        let watching = if goes_deeper { Watching::Instants } else { Watching::Promises };
        let arrived = &mut self.arrived;
        let recovery = recover(setup, &now.promise, &survivors, watching, &mut |number| !arrived.insert(number))
            .map_err(|error| Failure::new(now, model, &plan, error))?;
        if goes_deeper {
            for _ in 0..6 {
                self.crash(setup, &recovery, depth + 1).map_err(|failure| failure.behind(now, &plan))?;
            }
        }
        Ok(())
    }
}
