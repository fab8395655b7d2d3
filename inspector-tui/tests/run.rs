//! `tosumu run` as outside programs see it.

use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;
use tosumu::trace::read_trace;

fn run(script: &str, options: &[&str]) -> (TempDir, Output) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.txt"), script).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tosumu"));
    let output = command.current_dir(folder.path()).args(["run", "s.txt"]).args(options).output().unwrap();
    (folder, output)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn operations_are_printed_with_what_they_print() {
    let (_, output) = run("# hello\nput a 1\nget a\nexpect get a 1\nget b\n", &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stdout),
        "# hello\nput a 1\n= commit 1\nget a\n= 1\nexpect get a 1\nget b\n= no such key\n"
    );
}

#[test]
fn an_expectation_that_does_not_hold_and_text_that_differs_end_with_1() {
    let (_, output) = run("put a 1\nexpect get a 2\n", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "tosumu: EXPECT: s.txt: line 2: `expect get a 2`: not as expected: 1\n");
    let (_, output) = run("put a 1\n= commit 7\n", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("line 1: "));
}

#[test]
fn a_line_that_cannot_be_ends_with_64_and_its_number() {
    let (_, output) = run("put a 1\nputt b 2\n", &[]);
    assert_eq!(output.status.code(), Some(64));
    assert!(text(&output.stderr).starts_with("tosumu: MISUSE: s.txt: line 2: `putt` is no operation"));
    let missing = Command::new(env!("CARGO_BIN_EXE_tosumu")).args(["run", "there-is-none.txt"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(3));
}

#[test]
fn events_come_as_sentences_as_json_and_as_a_trace() {
    let script = "seed 4\nput a 1\ncrash after wal-sync\nput b 2\nreopen\nexpect get b 2\n";
    let (_, narrated) = run(script, &["--narrate"]);
    let narrated = text(&narrated.stdout);
    assert!(narrated.starts_with("1 "));
    assert!(narrated.lines().any(|line| line.contains("The power went") || line.contains("the power went")));
    let (folder, json) = run(script, &["--json", "--trace", "out.trace"]);
    let json = text(&json.stdout);
    assert!(json.lines().all(|line| line.starts_with("{\"seq\":") && line.ends_with('}')));
    let bytes = fs::read(folder.path().join("out.trace")).unwrap();
    let trace = read_trace(&mut bytes.as_slice()).unwrap();
    assert_eq!(trace.events.len(), json.lines().count());
    assert_eq!(trace.events.len(), narrated.lines().count());
}
