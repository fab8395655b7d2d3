//! Changes files in a hundred thousand ways without the key, and counts what `verify` and a dump say: nothing may pass for
//! what it is not. `cargo run --release -p tosumu --example mutants -- [COUNT] [SEED] [PROGRAM]`
//!
//! The table has a row for each kind of change. With PROGRAM, the path of the `tosumu` binary, every 300th mutant is written
//! to a folder and given to that as well. Ends with 1 when something was silent, panicked or hung.

#[path = "../tests/mutants/mod.rs"]
mod mutants;

use mutants::draw::Draw;
use mutants::judge::{Verdict, judge};
use mutants::world::{LOG, PATH, World, worlds};
use mutants::{Mutant, shrink};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};
use tosumu::Unlock;
use tosumu::forge::Files;

const COUNT: u64 = 100_000;
/// One mutant in so many goes to the program too.
const STRIDE: u64 = 300;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (count, seed) = (number(0, COUNT), number(1, 1));
    let program = arguments.get(2);
    std::panic::set_hook(Box::new(|_| {}));
    let worlds = worlds();
    let mut table = Table::default();
    let mut differs = 0;
    for index in 0..count {
        let mut draw = Draw::seeded(seed << 32 | index);
        let mutant = Mutant::draw(&worlds, &mut draw);
        let world = &worlds[mutant.world];
        let files = mutant.files(&worlds);
        let verdict = judge(&files, world, &world.states[mutant.state]);
        table.count(mutant.kind(), verdict);
        if let Some(program) = program.filter(|_| index % STRIDE == 0) {
            let agrees = ask(program, &files, world, verdict);
            differs += u64::from(!agrees);
            table.asked += 1;
        }
        if verdict.is_failure() {
            tell(&worlds, mutant, verdict, seed, index);
        }
    }
    table.print(count, seed);
    if table.asked > 0 {
        println!("{} of them given to the program: {differs} times it said something else", table.asked);
    }
    match table.failures() + differs {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Counts by kind of change and verdict.
#[derive(Default)]
struct Table {
    rows: BTreeMap<&'static str, BTreeMap<Verdict, u64>>,
    asked: u64,
}

impl Table {
    fn count(&mut self, kind: &'static str, verdict: Verdict) {
        *self.rows.entry(kind).or_default().entry(verdict).or_default() += 1;
    }

    fn sum(&self, verdict: Verdict) -> u64 {
        self.rows.values().filter_map(|row| row.get(&verdict)).sum()
    }

    fn failures(&self) -> u64 {
        Verdict::ALL.into_iter().filter(|verdict| verdict.is_failure()).map(|verdict| self.sum(verdict)).sum()
    }

    fn print(&self, count: u64, seed: u64) {
        let headings: Vec<&str> = Verdict::ALL.iter().map(|verdict| verdict.heading()).collect();
        println!("| change | {} |\n|---|{}", headings.join(" | "), "--:|".repeat(headings.len()));
        for (kind, row) in &self.rows {
            let cells = Verdict::ALL.map(|verdict| row.get(&verdict).unwrap_or(&0).to_string());
            println!("| {kind} | {} |", cells.join(" | "));
        }
        let sums = Verdict::ALL.map(|verdict| self.sum(verdict).to_string());
        println!("| all {count}, seed {seed} | {} |", sums.join(" | "));
    }
}

fn tell(worlds: &[World], mutant: Mutant, verdict: Verdict, seed: u64, index: u64) {
    let world = &worlds[mutant.world];
    let state = &world.states[mutant.state];
    let fewest = shrink(worlds, mutant, |files, _| judge(files, world, state) == verdict);
    println!("{}: seed {seed}, number {index}: {}, state {}", verdict.heading(), world.name, fewest.state);
    fewest.edits.iter().for_each(|edit| println!("    {edit:?}"));
}

/// Whether the program says of these files what was found here: by its exit status.
fn ask(program: &str, files: &Files, world: &World, verdict: Verdict) -> bool {
    let folder = std::env::temp_dir().join(format!("tosumu-mutants-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    for name in [PATH, LOG] {
        let path = folder.join(name);
        match files.get(name) {
            Some(bytes) => std::fs::write(path, bytes).expect("a file written"),
            None => drop(std::fs::remove_file(path)),
        }
    }
    let mut keys = Vec::new();
    if let Unlock::Passphrase(secret) = &world.unlock {
        let path = folder.join("passphrase");
        std::fs::write(&path, secret.expose()).expect("a file written");
        keys.extend(["--passphrase-file".to_owned(), path.to_string_lossy().into_owned()]);
    }
    let run = |verb: &[&str]| status(program, verb, &folder, &keys);
    let verified = run(&["verify", "--level", "seal"]).max(run(&["verify", "--level", "deep"]));
    let dumped = run(&["dump"]);
    // A sound file has status 0, also where its passphrase was made with the test profile; a warning is a detection.
    let agrees = match verdict {
        Verdict::Detected => verified > 0 || dumped > 0,
        _ => verified == 0,
    };
    std::fs::remove_dir_all(&folder).expect("the folder removed");
    agrees
}

fn status(program: &str, verb: &[&str], folder: &Path, keys: &[String]) -> i32 {
    let output = Command::new(program).args(verb).arg(folder.join(PATH)).args(keys).output().expect("the program");
    // A signal, or a panic of the program: never a right answer.
    output.status.code().filter(|code| *code != 101).unwrap_or(i32::MIN)
}
