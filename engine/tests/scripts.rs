//! Golden tests: every script of `tests/scripts` prints the text that stands under its operations.
//!
//! `TOSUMU_REWRITE=1 cargo test --test scripts` writes what is printed now into the scripts instead of comparing.

use std::fs;
use std::path::{Path, PathBuf};
use tosumu::script::{Op, Runner, RunnerOptions, Script};

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    paths
}

/// The script with what each operation prints under it; and the expectations that failed.
fn run(text: &str) -> (String, Vec<String>) {
    let script = Script::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let mut runner = Runner::new(script.options(RunnerOptions::default()));
    let (mut printed, mut failed) = (String::new(), Vec::new());
    for line in &script.lines {
        let outcome = runner.run(&line.op);
        if outcome.failed && matches!(line.op, Op::Expect(_)) {
            failed.push(format!("line {}: {}: {}", line.number, line.text, outcome.text));
        }
        printed.push_str(&line.text);
        printed.push('\n');
        for text in outcome.text.lines() {
            printed.push_str(&format!("= {text}\n"));
        }
    }
    (printed, failed)
}

#[test]
fn every_script_prints_what_stands_in_it_and_meets_what_it_expects() {
    let rewrite = std::env::var_os("TOSUMU_REWRITE").is_some();
    let mut failures = Vec::new();
    for path in scripts() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let (printed, failed) = run(&text);
        failures.extend(failed.into_iter().map(|failed| format!("{name} {failed}")));
        if rewrite {
            fs::write(&path, printed).unwrap();
        } else if printed != text {
            failures.push(first_difference(&name, &printed, &text));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn first_difference(name: &str, printed: &str, text: &str) -> String {
    let lines = (1..).zip(printed.lines().chain([""]).zip(text.lines().chain([""])));
    let mut different = lines.filter(|(_, (printed, text))| printed != text);
    let (number, (printed, text)) = different.next().unwrap_or((0, ("more lines", "fewer lines")));
    format!("{name} line {number}: `{text}` stands there and `{printed}` was printed")
}
