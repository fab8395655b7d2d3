//! Takes out every defence of the engine in turn and says which test catches it: a defence that no test misses is one that
//! somebody may break unseen.
//!
//! ```text
//! cargo run -p tosumu --features weaken --example sabotage                     all of them
//! cargo run -p tosumu --features weaken --example sabotage -- sync-of-commit   these
//! cargo run -p tosumu --features weaken --example sabotage -- --named          all, by the tests of sabotage.txt alone: minutes
//! ```
//!
//! The tests are built once, as `cargo test` builds them, with the feature `weaken`; each run is a process of its own with
//! `TOSUMU_WITHOUT=name`. The test that caught a defence the last time (`examples/sabotage.txt`) is tried first: it must pass
//! with all defences and fail without this one. Else all files are run, the quickest first, and the first failure ends it.
//! What takes five times as long as with all defences, and half a minute more, hangs, which is a failure too, and so is
//! taking all memory.

#![allow(clippy::disallowed_types, reason = "that a test hangs is told by a clock; the engine itself reads none")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tosumu::defence::Defence;

/// Address space of one test process, in KiB: a loop without an end runs into it before it takes the machine.
const MEMORY_KIB: u64 = 6 << 20;

/// A file of tests, built, and how long it takes with all defences.
struct Tests {
    name: String,
    program: PathBuf,
    takes: Duration,
}

/// How a run of tests ended.
enum Ended {
    Passed,
    Failed { test: String },
}

fn main() -> ExitCode {
    let mut named: Vec<String> = std::env::args().skip(1).collect();
    let only_named = named.iter().any(|name| name == "--named");
    named.retain(|name| name != "--named");
    let unknown = named.iter().find(|name| Defence::parse(name).is_none());
    if let Some(name) = unknown {
        eprintln!("there is no defence {name}; there are:");
        Defence::ALL.iter().for_each(|defence| eprintln!("  {:32} {}", defence.name(), defence.guards()));
        return ExitCode::from(64);
    }
    let begun = Instant::now();
    let mut files = Files { tests: build(), only_named, are_sound: false, sound: BTreeMap::new() };
    let mut known = Known::read();
    let (mut caught, mut tried) = (0, 0);
    for &defence in Defence::ALL {
        if !named.is_empty() && !named.iter().any(|name| name == defence.name()) {
            continue;
        }
        tried += 1;
        let found = caught_by(defence, &mut files, &mut known);
        caught += u32::from(found.is_some());
        let verdict = found.map_or("NOT CAUGHT".to_owned(), |by| format!("caught by {by}"));
        println!("{:32} {:14} {verdict}", defence.name(), defence.kind().to_string());
    }
    println!("{caught} of {tried} caught, in {:.0} minutes", begun.elapsed().as_secs_f64() / 60.0);
    ExitCode::from(u8::from(caught < tried))
}

/// The test that fails without a defence: the one that did the last time, or the first of all.
fn caught_by(defence: Defence, files: &mut Files, known: &mut Known) -> Option<String> {
    let without = defence.name();
    if let Some((file, test)) = known.0.get(without).cloned()
        && let Some(ended) = files.fails_without(without, &file, &test)
    {
        return Some(format!("{file}::{ended}"));
    }
    for tests in files.sound() {
        if let Ended::Failed { test } = run(tests, without, None) {
            known.keep(without, &tests.name, &test);
            return Some(format!("{}::{test}", tests.name));
        }
    }
    None
}

/// The files of tests. That all pass with all defences is found out before the first of them is run without one.
struct Files {
    tests: Vec<Tests>,
    /// Nothing is run but the tests that caught something the last time.
    only_named: bool,
    are_sound: bool,
    /// How long single tests take that were run with all defences, and passed; none for one that failed.
    sound: BTreeMap<(String, String), Option<Duration>>,
}

impl Files {
    /// Whether one test passes with all defences and fails without this one: then its name, and how it ended if not by itself.
    fn fails_without(&mut self, without: &str, file: &str, test: &str) -> Option<String> {
        let tests = self.tests.iter().find(|tests| tests.name == file)?;
        let takes = self.sound.entry((file.to_owned(), test.to_owned())).or_insert_with(|| {
            let begun = Instant::now();
            matches!(run(tests, "", Some(test)), Ended::Passed).then(|| begun.elapsed())
        });
        let one = Tests { name: tests.name.clone(), program: tests.program.clone(), takes: (*takes)? };
        match run(&one, without, Some(test)) {
            Ended::Failed { test: ended } if ended.starts_with('(') => Some(format!("{test} {ended}")),
            Ended::Failed { test } => Some(test),
            Ended::Passed => None,
        }
    }

    fn sound(&mut self) -> &[Tests] {
        if self.only_named {
            return &[];
        }
        if !self.are_sound {
            self.are_sound = with_all_defences(&mut self.tests);
            assert!(self.are_sound, "the tests say nothing while one fails with all defences");
        }
        &self.tests
    }
}

/// Builds the tests of the engine, and gives the programs.
fn build() -> Vec<Tests> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["test", "-p", "tosumu", "--features", "weaken", "--lib", "--tests", "--no-run"]);
    command.args(["--message-format=json"]).stderr(Stdio::inherit());
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "the tests do not build");
    let lines = output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let messages = lines.filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok());
    let tests = messages.filter(|message| message["profile"]["test"] == true).filter_map(|message| {
        let program = PathBuf::from(message["executable"].as_str()?);
        let is_library = message["target"]["kind"][0] == "lib";
        let name = if is_library { "lib" } else { message["target"]["name"].as_str()? };
        Some(Tests { name: name.to_owned(), program, takes: Duration::MAX })
    });
    tests.collect()
}

/// With all defences every test passes, which says nothing else matters; the quickest files come first.
fn with_all_defences(tests: &mut [Tests]) -> bool {
    for tests in tests.iter_mut() {
        let begun = Instant::now();
        if let Ended::Failed { test } = run(tests, "", None) {
            eprintln!("{}::{test} fails with all defences", tests.name);
            return false;
        }
        tests.takes = begun.elapsed();
        eprintln!("{:20} {:6.1} s", tests.name, tests.takes.as_secs_f64());
    }
    tests.sort_by_key(|tests| tests.takes);
    true
}

/// Runs a file of tests, or the one named, until the first failure.
fn run(tests: &Tests, without: &str, only: Option<&str>) -> Ended {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\"")).arg(&tests.program);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("TOSUMU_WITHOUT", without);
    if let Some(test) = only {
        command.args(["--exact", test]);
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a test runs");
    let (sender, lines) = mpsc::channel();
    let output = child.stdout.take().expect("standard output is piped");
    let reader = std::thread::spawn(move || read_lines(output, &sender));
    let deadline = Instant::now().checked_add(tests.takes.saturating_mul(5).saturating_add(Duration::from_secs(30)));
    let ended = loop {
        let left = deadline.map_or(Duration::from_secs(3600), |end| end.saturating_duration_since(Instant::now()));
        match lines.recv_timeout(left) {
            Ok(line) => {
                if let Some(test) = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED")) {
                    break Some(test.to_owned());
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => break Some("(it hangs)".to_owned()),
            Err(mpsc::RecvTimeoutError::Disconnected) => break None,
        }
    };
    if ended.is_some() {
        let _ = child.kill();
    }
    let status = child.wait().expect("a test ends");
    let _ = reader.join();
    match ended {
        Some(test) => Ended::Failed { test },
        None if status.success() => Ended::Passed,
        None => Ended::Failed { test: "(the process died)".to_owned() },
    }
}

fn read_lines(output: impl Read, sender: &mpsc::Sender<String>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if sender.send(line).is_err() {
            return;
        }
    }
}

/// The tests that caught what was out the last time: only a way to be quick.
struct Known(BTreeMap<String, (String, String)>);

impl Known {
    fn file() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/sabotage.txt")
    }

    fn read() -> Known {
        let text = std::fs::read_to_string(Known::file()).unwrap_or_default();
        let entries = text.lines().filter_map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            Some((words.next()?, (words.next()?, words.next()?)))
        });
        Known(entries.collect())
    }

    fn keep(&mut self, without: &str, file: &str, test: &str) {
        if !test.starts_with('(') {
            self.0.insert(without.to_owned(), (file.to_owned(), test.to_owned()));
        }
        let line = |defence: &Defence| {
            let (file, test) = self.0.get(defence.name())?;
            Some(format!("{defence} {file} {test}\n"))
        };
        let _ = std::fs::write(Known::file(), Defence::ALL.iter().filter_map(line).collect::<String>());
    }
}
