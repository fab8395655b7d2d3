//! What surrounds the screens: the configuration file, completions, manual pages, and the narrator, as outside programs see them.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use tempfile::TempDir;

struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

fn run_in(folder: &TempDir, arguments: &[&str], stdin: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tosumu"));
    command.args(arguments).current_dir(folder.path()).env("HOME", folder.path());
    command.env("XDG_CONFIG_HOME", folder.path().join("config")).env("XDG_STATE_HOME", folder.path().join("state"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn the_configuration_is_printed_as_a_file_that_brings_it_about_and_what_is_wrong_is_said_with_its_place() {
    let folder = folder();
    let printed = run_in(&folder, &["config"], "");
    assert_eq!(printed.status, 0, "{}", printed.stderr);
    assert!(printed.stdout.contains("config/tosumu/config.toml (not there yet)"), "{}", printed.stdout);
    assert!(printed.stdout.contains("# next-mark-split = \"s\""), "{}", printed.stdout);
    fs::create_dir_all(folder.path().join("config/tosumu")).unwrap();
    let path = folder.path().join("config/tosumu/config.toml");
    fs::write(&path, printed.stdout.replace("theme = \"dark\"", "theme = \"light\"")).unwrap();
    let again = run_in(&folder, &["config"], "");
    assert!(again.stdout.contains("theme = \"light\""), "{}", again.stdout);
    assert!(run_in(&folder, &["config", "--theme", "plain"], "").stdout.contains("theme = \"plain\""));
    fs::write(&path, "[keys]\nnext-mark-split = \"q\"\n").unwrap();
    for verb in [&["config"][..], &["lab"]] {
        let refused = run_in(&folder, verb, "");
        assert_eq!(refused.status, 64);
        let told = &refused.stderr;
        assert!(
            told.starts_with("tosumu: CONFIG: ") && told.contains("config.toml, line 2: `q` cannot mean"),
            "{told}"
        );
    }
    fs::write(folder.path().join("mine"), "mouse = false\n").unwrap();
    assert!(run_in(&folder, &["config", "--config", "mine"], "").stdout.contains("mouse = false"));
    let missing = run_in(&folder, &["lab", "--config", "none"], "");
    assert!(missing.status == 3 && missing.stderr.contains("NOT-FOUND: none"), "{}", missing.stderr);
}

#[test]
fn every_shell_gets_its_completions_and_every_verb_its_manual_page() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run_in(&folder, &["completions", shell], "");
        assert!(ran.status == 0 && ran.stdout.contains("fingerprint"), "{shell}: {}", ran.stderr);
    }
    assert_eq!(run_in(&folder, &["completions", "sh"], "").status, 64);
    let page = run_in(&folder, &["man"], "");
    assert!(page.stdout.contains(".TH tosumu 1") && page.stdout.contains("Exit status"), "{}", page.stdout);
    assert_eq!(run_in(&folder, &["man", "pages"], "").status, 0);
    let names: Vec<String> = fs::read_dir(folder.path().join("pages"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for name in ["tosumu.1", "tosumu-verify.1", "tosumu-key-add.1", "tosumu-man.1"] {
        assert!(names.iter().any(|there| there == name), "{name} in {names:?}");
    }
}

#[test]
fn the_narrator_tells_a_split_a_power_cut_and_recovery_to_a_pipe() {
    let folder = folder();
    let told = run_in(&folder, &["lab", "--narrate"], "put m 13\n[\ns\nx\nr\nget m\nput\nquit\n");
    assert_eq!(told.status, 0, "{}", told.stderr);
    let text = &told.stdout;
    assert!(text.starts_with("The lab: sample store, 512-byte pages.\n"), "{text}");
    for words in [
        "`put m 13` was asked for.",
        "split",
        "Power off now:",
        "The power went",
        "`reopen` was asked for",
        "no such key",
    ] {
        assert!(text.to_lowercase().contains(&words.to_lowercase()), "{words:?} in {text}");
    }
    assert!(!text.contains('\x1b') && !text.contains('│'));
}

#[test]
fn the_narrator_tells_of_a_damaged_file_and_nearly_right_words() {
    let folder = folder();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/damaged/one-page-rolled-back.tsm");
    let told = run_in(&folder, &["open", path, "--narrate"], "tre\npage 2\nlog\n");
    assert_eq!(told.status, 0, "{}", told.stderr);
    for words in ["PAGE-STALE", "Did you mean `tree`?", "Page 2, "] {
        assert!(told.stdout.contains(words), "{words:?} in {}", told.stdout);
    }
}
