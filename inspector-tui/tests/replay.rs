//! `tosumu replay`: what a trace shows is what its run printed, as far as the trace is good.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const DAMAGE: i32 = 2;
const CANNOT: i32 = 3;
const SCRIPT: &str = "put a 1\nput b 2\nscan\ncrash before wal-sync\nput c 3\nreopen\nexpect no c\nverify\n";

struct Place(TempDir);

impl Place {
    /// A place with a script and the trace of its run.
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        fs::write(place.path("s"), SCRIPT).unwrap();
        assert_eq!(place.run("run s --trace t").0, 0);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, line: &str) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tosumu"));
        let output = command.current_dir(self.0.path()).args(line.split_whitespace()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

#[test]
fn a_trace_prints_what_its_run_printed() {
    let place = Place::new();
    let (_, printed, _) = place.run("run s");
    assert_eq!(place.run("replay t --plain"), (0, printed, String::new()));
    let (_, json, _) = place.run("run s --json");
    assert_eq!(place.run("replay t --json"), (0, json, String::new()));
    let (_, sentences, _) = place.run("run s --narrate");
    assert_eq!(place.run("replay t --narrate"), (0, sentences, String::new()));
}

#[test]
fn off_a_terminal_the_first_screen_is_printed_and_every_view_can_be_drawn() {
    let place = Place::new();
    let (status, screen, _) = place.run("replay t");
    assert_eq!(status, 0);
    assert!(screen.starts_with(" tosumu replay   t") && screen.contains("event 1 of"), "{screen}");
    assert!(screen.contains("events were recorded"), "{screen}");
    for view in ["tree", "page", "log", "disk", "snapshots", "verify", "events", "branches", "help", "lab"] {
        for form in ["", "--plain", "--json"] {
            let (status, drawn, told) = place.run(&format!("shot {view} --trace t {form}"));
            assert_eq!((status, told.as_str()), (0, ""), "{view} {form}");
            assert!(drawn.len() > 20, "{view} {form}");
        }
    }
    let (of_trace, of_script) =
        (place.run("shot tree --trace t --at 40 --plain"), place.run("shot tree --script s --at 40 --plain"));
    assert_eq!(of_trace, of_script);
    assert_eq!(place.run("shot tree --trace t --at 4000").0, 64);
}

#[test]
fn what_stands_before_a_bad_line_is_shown_and_the_reason_told() {
    let place = Place::new();
    let whole = fs::read(place.path("t")).unwrap();
    fs::write(place.path("cut"), &whole[..whole.len() * 2 / 3]).unwrap();
    let (status, printed, told) = place.run("replay cut --plain");
    assert_eq!(status, DAMAGE);
    assert!(printed.starts_with("put a 1\n= commit 1\nput b 2\n"), "{printed}");
    assert!(told.starts_with("tosumu: TRACE: cut: line ") && told.contains("was shown"), "{told}");
    let (status, screen, _) = place.run("replay cut");
    assert!(status == DAMAGE && screen.contains("The trace is good for"), "{screen}");

    let mut lines: Vec<&str> = std::str::from_utf8(&whole).unwrap().lines().collect();
    lines[20] = "{\"seq\":20,\"event\":\"\\u001b[2Jnonsense\"}";
    fs::write(place.path("wrong"), lines.join("\n")).unwrap();
    let (status, sentences, told) = place.run("replay wrong --narrate");
    assert_eq!((status, sentences.lines().count()), (DAMAGE, 19));
    assert!(told.contains("line 21: ") && !told.contains('\x1b'), "{told}");

    let (status, _, told) = place.run("replay s");
    assert!(status == DAMAGE && told.contains("this is not a trace"), "{told}");
    assert_eq!(place.run("replay nothing").0, CANNOT);
}

/// Every view, with what it must speak of: of a trace the same as of the run itself, at every instant.
#[test]
fn every_view_of_a_trace_says_what_it_says_of_the_run_and_where_it_is_empty_why() {
    let place = Place::new();
    let views = [
        "tree",
        "page",
        "map",
        "log",
        "disk",
        "seals",
        "snapshots",
        "verify",
        "receipt",
        "events",
        "diff",
        "life",
        "help",
        "branches",
        "marks",
    ];
    let (_, events, _) = place.run("run s --json");
    let total = events.lines().count();
    for at in [1, 7, total / 3, total / 2, 2 * total / 3, total - 1, total] {
        for view in views {
            let draw = |source: &str| place.run(&format!("shot {view} --{source} --at {at} --plain"));
            let (of_trace, of_run) = (draw("trace t"), draw("script s"));
            assert_eq!(of_trace.0, 0, "{view} at {at}: {}", of_trace.2);
            assert!(
                of_trace.1.split_whitespace().count() > 2,
                "{view} at {at} is empty without a reason: {}",
                of_trace.1
            );
            for lie in ["Press r", "type `reopen`"] {
                assert!(!of_trace.1.contains(lie), "{view} at {at}: nobody opens a recording\n{}", of_trace.1);
            }
            // The trace knows how the run ended, and that nobody can go on with it.
            if at < total && !matches!(view, "help" | "tree" | "events" | "branches" | "marks" | "life") {
                assert_eq!(of_trace.1, of_run.1, "{view} at {at}");
            }
        }
    }
    let facts = [
        ("tree", 60, "page 1: leaf"),
        ("page", 60, "cell"),
        ("map", 60, "leaf: 1 page"),
        ("log", 60, "page 1, commit"),
        ("disk", 60, "page 1: "),
        ("seals", 60, "Key slot 0"),
        ("snapshots", 60, "commit 1 in the log"),
        ("receipt", 30, "bytes given"),
        ("events", 60, "was asked for"),
        ("diff", 30, "+ a"),
        ("life", 60, "version 2"),
        ("marks", 60, "commit, a transaction was published: 2 times"),
    ];
    for (view, at, words) in facts {
        let (_, drawn, _) = place.run(&format!("shot {view} --trace t --at {at} --plain"));
        assert!(drawn.contains(words), "{words:?} in {view}:\n{drawn}");
    }
    let (_, verify, _) = place.run(&format!("shot verify --trace t --at {} --plain", total - 2));
    assert!(verify.contains("Checked: everything of level") && !verify.contains("Nothing was checked"), "{verify}");
}
