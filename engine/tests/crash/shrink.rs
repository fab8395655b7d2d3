//! From a failure to the smallest workload and crash that show one, and to a script that shows it in the lab.

use crate::explore::{Bounds, Cut, Explorer, Failure};
use crate::oracle::recover;
use crate::watch::{Model, Promise, Seen, Watching};
use crate::workload::{Setup, Step, Workload, watch_workload};
use std::fmt::Write;
use tosumu::script::{Crash, Instant, Left, Op, Runner, RunnerOptions, Script, TreeStep};
use tosumu::vfs::{CrashModel, CrashPlan, Filling, PosixPlan};

/// How often a smaller workload is tried.
const TRIES: usize = 400;

/// A workload and the failure it has.
pub struct Case {
    pub setup: Setup,
    pub workload: Workload,
    pub failure: Failure,
}

/// The smallest failing workload that leaving out steps and shortening values leads to, and the smallest crash of it.
pub fn shrink(case: Case) -> Case {
    let setup = case.setup;
    let models = models_of(case.failure.model);
    let mut tries = TRIES;
    let mut smallest = case;
    // What was done before the watch began is no part of a script.
    let first = usize::from(smallest.workload.steps.first() == Some(&Step::WatchFromHere));
    let mut piece = smallest.workload.steps.len().div_ceil(2);
    while piece > 0 && tries > 0 {
        let mut has_shrunk = false;
        let mut start = first;
        while start < smallest.workload.steps.len() && tries > 0 {
            let mut steps = smallest.workload.steps.clone();
            steps.drain(start..(start + piece).min(steps.len()));
            tries -= 1;
            match fails(setup, models, steps) {
                Some(case) => (smallest, has_shrunk) = (case, true),
                None => start += piece,
            }
        }
        if !has_shrunk || piece > 1 {
            piece /= 2;
        }
    }
    let smallest = shorten_values(setup, models, smallest);
    shrink_cuts(smallest)
}

/// A disk that fails under a kinder model is the better example.
fn models_of(model: CrashModel) -> &'static [CrashModel] {
    match model {
        CrashModel::Damaging => &[CrashModel::Process, CrashModel::Damaging],
        _ => &[CrashModel::Process, CrashModel::Ordered, CrashModel::Posix],
    }
}

fn shorten_values(setup: Setup, models: &'static [CrashModel], mut smallest: Case) -> Case {
    for step in 0..smallest.workload.steps.len() {
        for bytes in [1, 20, 90, 300] {
            let mut steps = smallest.workload.steps.clone();
            let Some(value) = value_of(&mut steps[step]).filter(|value| value.len() > bytes) else { continue };
            value.truncate(bytes);
            if let Some(case) = fails(setup, models, steps) {
                smallest = case;
                break;
            }
        }
    }
    smallest
}

fn value_of(step: &mut Step) -> Option<&mut Vec<u8>> {
    match step {
        Step::Op(Op::Put { value, .. } | Op::Tree { step: TreeStep::Put { value, .. }, .. }) => Some(value),
        _ => None,
    }
}

/// Whether a workload can be run at all, and fails after some crash.
fn fails(setup: Setup, models: &'static [CrashModel], steps: Vec<Step>) -> Option<Case> {
    let workload = Workload::of(steps);
    let run = || watch_workload(setup, &workload.steps).ok();
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).ok()??;
    let failure = Explorer::new(setup, models, Bounds::quick()).explore(&seen, 0).err()?;
    Some(Case { setup, workload, failure })
}

/// Takes one unit after the other off each plan: first those that are damaged or junk, then those that are lost.
fn shrink_cuts(mut case: Case) -> Case {
    let setup = case.setup;
    let Ok(seen) = watch_workload(setup, &case.workload.steps) else { return case };
    for number in 0..case.failure.cuts.len() {
        let units = case.failure.cuts[number].units.len() as u32;
        let all = PosixPlan { kept: (1..=units).collect(), ..PosixPlan::default() };
        for plan in [CrashPlan::Lost, CrashPlan::Posix(all)] {
            case = with_plan(&seen, case, number, plan);
        }
        for unit in 1..=units {
            let CrashPlan::Posix(plan) = case.failure.cuts[number].plan.clone() else { break };
            let mut kinder = plan;
            kinder.damaged.retain(|&damaged| damaged != unit);
            if !kinder.kept.contains(&unit) {
                kinder.kept.push(unit);
                kinder.kept.sort_unstable();
            }
            case = with_plan(&seen, case, number, CrashPlan::Posix(kinder));
        }
        if let CrashPlan::Posix(plan) = case.failure.cuts[number].plan.clone() {
            let zeros = PosixPlan { filling: Filling::Zeros, ..plan };
            case = with_plan(&seen, case, number, CrashPlan::Posix(zeros));
        }
    }
    case
}

/// The case with another plan for one of its crashes, if it fails still.
fn with_plan(seen: &[Seen], case: Case, number: usize, plan: CrashPlan) -> Case {
    let mut cuts = case.failure.cuts.clone();
    cuts[number].plan = plan;
    match replay(case.setup, seen, &cuts) {
        Some(error) => Case { failure: Failure { cuts, error, ..case.failure }, ..case },
        None => case,
    }
}

/// Crashes just there; the error, if that fails.
fn replay(setup: Setup, seen: &[Seen], cuts: &[Cut]) -> Option<String> {
    let (cut, later) = cuts.split_first()?;
    let now = seen.iter().find(|now| (now.step, now.call) == (cut.step, cut.call))?;
    let survivors = now.image.after_crash(&cut.plan).0;
    match recover(setup, &now.promise, &survivors, Watching::Instants, &mut |_| false) {
        Err(error) if later.is_empty() => Some(error),
        Err(_) => None,
        Ok(recovery) => replay(setup, &recovery, later),
    }
}

/// The case as a script, and what the lab says of it: the first line that fails.
pub fn script_of(case: &Case) -> (String, Option<String>) {
    let mut text = String::new();
    let _ = writeln!(text, "# A failure after a crash, made as small as it goes:");
    for line in case.failure.to_string().lines() {
        let _ = writeln!(text, "# {line}");
    }
    let _ = writeln!(text, "page-size {}\nseed 1", case.setup.page_size.get());
    let (first, later) = case.failure.cuts.split_first().expect("a failure has a crash");
    for step in case.workload.steps.iter().take(first.step) {
        write_step(&mut text, step);
    }
    let _ = writeln!(text, "{}", crash_line(first));
    // Behind the last step: the power goes before the next program does anything.
    match case.workload.steps.get(first.step) {
        Some(step) => write_step(&mut text, step),
        None => text.push_str("reopen\n"),
    }
    for cut in later {
        match cut.step {
            0 => {
                let _ = writeln!(text, "{}\nreopen", crash_line(cut));
            }
            _ => {
                let _ = writeln!(text, "reopen\n{}\nput afterwards x", crash_line(cut));
            }
        }
    }
    text.push_str("reopen\nexpect clean\n");
    write_promise(&mut text, &case.failure.promise);
    text.push_str(
        "put afterwards x\ncrash at call 1\nreopen\nreopen\nexpect get afterwards x\ncheckpoint\nexpect clean\n",
    );
    let said = play(&text);
    (text, said)
}

fn write_step(text: &mut String, step: &Step) {
    if let Step::Op(op) = step {
        let _ = writeln!(text, "{op}");
    }
}

fn crash_line(cut: &Cut) -> Op {
    let left = match &cut.plan {
        CrashPlan::Process => Left::Process,
        CrashPlan::Ordered { units } => Left::Ordered(*units),
        CrashPlan::Posix(plan) => Left::Posix(plan.clone()),
        CrashPlan::Kept => Left::All,
        _ => Left::Nothing,
    };
    Op::Crash(Crash { instant: Instant::AtCall(cut.call), left })
}

/// Of the main tree, what every model that may be served has, and what none of them has.
fn write_promise(text: &mut String, promise: &Promise) {
    let allowed = promise.allowed();
    let is_main = |key: &[u8]| !key.contains(&b'/');
    for (key, value) in allowed[0].iter().filter(|(key, _)| is_main(key)) {
        if allowed.iter().all(|model| model.get(key) == Some(value)) {
            let expect = tosumu::script::Expect::Value { key: key.clone(), value: value.clone() };
            let _ = writeln!(text, "{}", Op::Expect(expect));
        }
    }
    let ever: Model = promise.models.iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    for key in ever.keys().filter(|key| is_main(key)) {
        if allowed.iter().all(|model| !model.contains_key(key)) {
            let _ = writeln!(text, "{}", Op::Expect(tosumu::script::Expect::NoKey { key: key.clone() }));
        }
    }
}

/// Runs a script as the lab does; the first line that did not do what it asks for, with what it said.
pub fn play(text: &str) -> Option<String> {
    let script = Script::parse(text).expect("a script that was written by its own printer");
    let mut runner = Runner::new(script.options(RunnerOptions::default()));
    for line in &script.lines {
        let outcome = runner.run(&line.op);
        if outcome.failed {
            return Some(format!("line {}, `{}`: {}", line.number, line.text, outcome.text));
        }
    }
    None
}
