//! `tosumu shot` and the tour, driven as a program: exit status, streams, and files left as they were.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use tosumu_inspector::describe::Subject;

fn tosumu(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tosumu"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).env_remove("NO_COLOR").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder with a script, a store of three pages, and a file that is none.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("run.txt"), "page-size 512\nput a 1\nput b \\x1b[31m\nget a\n").unwrap();
    std::fs::write(folder.path().join("junk"), "hello world, not ours").unwrap();
    assert!(tosumu(folder.path(), &["init", "store.tsm", "--page-size", "512"]).status.success());
    for key in ["a", "b", "c", "d", "e", "f", "g"] {
        assert!(tosumu(folder.path(), &["put", "store.tsm", key, &"7".repeat(60)]).status.success());
    }
    folder
}

#[test]
fn a_word_that_is_no_view_is_refused_with_those_that_are() {
    let folder = folder();
    let answer = tosumu(folder.path(), &["shot", "zebra", "store.tsm"]);
    assert_eq!(answer.status.code(), Some(64));
    let words = "tree page map log disk seals snapshots verify receipt events diff life branches help grid tamper marks twin home lab";
    assert!(text(&answer.stderr).contains(words), "{}", text(&answer.stderr));
    assert!(answer.stdout.is_empty());
}

#[test]
fn every_view_of_a_file_and_of_a_script_is_drawn_and_the_file_stays_as_it_was() {
    let folder = folder();
    let files = || {
        let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
        (read("store.tsm"), read("store.tsm-wal"))
    };
    let mut broken = std::fs::read(folder.path().join("store.tsm")).unwrap();
    broken[20..8000].fill(0x5a);
    std::fs::write(folder.path().join("broken.tsm"), broken).unwrap();
    let before = files();
    for (word, _) in Subject::ALL {
        for source in
            [&["store.tsm"][..], &["broken.tsm"], &["--script", "run.txt"], &["--script", "run.txt", "--at", "9"]]
        {
            for form in [&[][..], &["--plain"], &["--json"], &["--size", "120x40"], &["--ascii"]] {
                let is_lab = ["grid", "tamper", "twin"].contains(&word);
                if is_lab && source[0] != "--script" {
                    let answer = tosumu(folder.path(), &[&["shot", word], source, form].concat());
                    assert_eq!(answer.status.code(), Some(64), "a lab is about a run");
                    continue;
                }
                let answer = tosumu(folder.path(), &[&["shot", word], source, form].concat());
                if is_lab && source.contains(&"--at") {
                    assert!(matches!(answer.status.code(), Some(0 | 3)), "{}", text(&answer.stderr));
                    continue;
                }
                assert_eq!(answer.status.code(), Some(0), "{word} {source:?} {form:?}: {}", text(&answer.stderr));
                let drawn = text(&answer.stdout);
                assert!(drawn.chars().all(|sign| sign == '\n' || !sign.is_control()), "{drawn}");
                assert!(form != ["--ascii"] || drawn.is_ascii(), "{drawn}");
            }
        }
    }
    assert!(files() == before);
}

#[test]
fn a_picture_goes_into_the_file_its_name_says() {
    let folder = folder();
    for (name, begins) in [("a.svg", "<svg"), ("a.ansi", "\u{1b}["), ("a.txt", " tosumu lab")] {
        let answer = tosumu(folder.path(), &["shot", "lab", "--script", "run.txt", "-o", name]);
        assert_eq!((answer.status.code(), answer.stdout.len()), (Some(0), 0), "{}", text(&answer.stderr));
        let written = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(written[..40].contains(begins), "{name}: {}", &written[..40]);
    }
    let wrong = tosumu(folder.path(), &["shot", "lab", "--script", "run.txt", "-o", "a.png"]);
    assert_eq!(wrong.status.code(), Some(64));
}

#[test]
fn what_is_not_there_is_said() {
    let folder = folder();
    let status = |arguments: &[&str]| tosumu(folder.path(), arguments).status.code();
    assert_eq!(status(&["shot", "tree", "none.tsm"]), Some(3));
    assert_eq!(status(&["shot", "tree"]), Some(64));
    assert_eq!(status(&["shot", "page", "store.tsm", "--page", "99"]), Some(3));
    assert_eq!(status(&["shot", "tree", "--script", "run.txt", "--at", "9999"]), Some(64));
    assert_eq!(status(&["shot", "tree", "--script", "junk"]), Some(64));
    assert_eq!(status(&["shot", "tree", "store.tsm", "--size", "0x9"]), Some(64));
    assert_eq!(status(&["shot", "tree", "store.tsm", "store.tsm"]), Some(64));
    assert_eq!(status(&["shot", "diff", "store.tsm", "none.tsm"]), Some(3));
    assert_eq!(status(&["shot", "diff", "--script", "run.txt", "--from", "9999"]), Some(64));
    std::fs::write(folder.path().join("key"), "wrong").unwrap();
    std::fs::write(folder.path().join("empty"), "").unwrap();
    for verb in [&["shot", "tree"][..], &["open"]] {
        let with = |rest: &[&'static str]| status(&[verb, rest].concat());
        assert_eq!(with(&["store.tsm", "--passphrase-file", "key"]), Some(3), "{verb:?}");
        assert_eq!(with(&["store.tsm", "--passphrase-file", "empty"]), Some(3), "{verb:?}");
        assert_eq!(with(&["junk"]), Some(2), "{verb:?}");
    }
    assert_eq!(status(&["shot", "tree", "store.tsm", "--at", "1"]), Some(64));
}

#[test]
fn without_a_verb_and_a_terminal_the_tour_is_told() {
    let folder = folder();
    let answer = tosumu(folder.path(), &[]);
    assert_eq!(answer.status.code(), Some(0), "{}", text(&answer.stderr));
    let tour = text(&answer.stdout);
    assert!(tour.lines().all(|line| line.chars().count() <= 80 && !line.chars().any(char::is_control)), "{tour}");
    let story = tour.split("== What it can do ==").next().unwrap();
    insta::assert_snapshot!(story);
    assert!(tour.contains("shot"), "the verbs are listed");
}

#[test]
fn the_labs_are_drawn_with_what_the_engine_answered() {
    let folder = folder();
    let script = format!("{}put m 13\n", tosumu::script::SAMPLE_STORE);
    std::fs::write(folder.path().join("put.script"), &script).unwrap();
    std::fs::write(folder.path().join("checkpoint.script"), format!("{script}checkpoint\n")).unwrap();
    let mut drawn = String::new();
    for lab in ["grid", "tamper", "twin"] {
        for script in ["put.script", "checkpoint.script"] {
            for form in [
                &["--size", "60x16"][..],
                &["--size", "80x24"],
                &["--size", "120x40"],
                &["--size", "200x60"],
                &["--plain"],
            ] {
                let answer = tosumu(folder.path(), &[&["shot", lab, "--script", script], form].concat());
                assert_eq!(answer.status.code(), Some(0), "{}", text(&answer.stderr));
                drawn.push_str(&format!("--- {lab} {script} {}\n{}", form.join(" "), text(&answer.stdout)));
            }
        }
    }
    assert!(!drawn.contains("WRONG: "), "{drawn}");
    insta::assert_snapshot!("the_labs", drawn);
}

#[test]
fn the_twins_differ_in_what_is_said_and_in_nothing_else() {
    let folder = folder();
    std::fs::write(folder.path().join("fill.script"), "fill 200 random value 30\nput z 1\nput zz 2\n").unwrap();
    let mut drawn = String::new();
    for what in [&[][..], &["order", "3"], &["commits"], &["page-size", "4096"]] {
        for form in [&["--size", "60x16"][..], &["--size", "80x24"], &["--size", "120x40"], &["--plain"]] {
            let answer = tosumu(folder.path(), &[&["shot", "twin", "--script", "fill.script"], what, form].concat());
            assert_eq!(answer.status.code(), Some(0), "{}", text(&answer.stderr));
            drawn.push_str(&format!("--- twin {} {}\n{}", what.join(" "), form.join(" "), text(&answer.stdout)));
        }
    }
    insta::assert_snapshot!("the_twins", drawn);
    let status = |arguments: &[&str]| tosumu(folder.path(), arguments).status.code();
    assert_eq!(status(&["shot", "twin", "--script", "fill.script", "page-size", "512"]), Some(3));
    assert_eq!(status(&["shot", "twin", "--script", "fill.script", "peaks"]), Some(64));
    assert_eq!(status(&["shot", "twin", "store.tsm"]), Some(64));
    assert_eq!(status(&["shot", "tree", "--script", "fill.script", "store.tsm"]), Some(64));
}

#[test]
fn the_matrix_of_attacks_and_defences_shows_what_is_open_as_open() {
    let folder = folder();
    let script = format!("{}put m 13\ncheckpoint\nput v 2\n", tosumu::script::SAMPLE_STORE);
    std::fs::write(folder.path().join("put.script"), &script).unwrap();
    let mut drawn = String::new();
    for form in [
        &["--size", "60x16"][..],
        &["--size", "80x24"],
        &["--size", "120x40"],
        &["--size", "200x60"],
        &["--size", "80x24", "--ascii"],
        &["--plain"],
    ] {
        let answer = tosumu(folder.path(), &[&["shot", "tamper", "--matrix", "--script", "put.script"], form].concat());
        assert_eq!(answer.status.code(), Some(0), "{}", text(&answer.stderr));
        drawn.push_str(&format!("--- matrix {}\n{}", form.join(" "), text(&answer.stdout)));
    }
    insta::assert_snapshot!("the_matrix", drawn);
}
