//! Every verb that reads, given what is no database or was made to hurt: a clear error with a code, the exit status that fits it,
//! within a moment and within a gigabyte of memory, which the operating system sees to.

#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A verb takes a few milliseconds; a machine that builds something beside takes longer.
const MOMENT: Duration = Duration::from_secs(30);
/// Address space of a run, in KiB: what is mapped, not only what is used.
const MEMORY_KIB: u32 = 1 << 20;

/// Verbs that take a file, and what they take besides.
const VERBS: &[(&str, &[&str])] = &[
    ("verify", &[]),
    ("verify", &["--level", "deep"]),
    ("dump", &[]),
    ("get", &["a"]),
    ("put", &["a", "1"]),
    ("del", &["a"]),
    ("scan", &[]),
    ("stat", &[]),
    ("fingerprint", &[]),
    ("export", &[]),
    ("import", &[]),
    ("checkpoint", &[]),
    ("hex", &["--page", "1"]),
    ("open", &[]),
    ("feed", &[]),
    ("backup", &["copy.tsm"]),
    ("compact", &["copy.tsm"]),
    ("rekey", &["copy.tsm"]),
    ("key", &["list"]),
    ("inspect", &["superblock"]),
    ("inspect", &["tree"]),
    ("inspect", &["log"]),
    ("inspect", &["freelist"]),
];

fn arguments(verb: &str, rest: &[&str], file: &str) -> Vec<String> {
    let words: Vec<&str> = match verb {
        // What is looked at comes before the file.
        "inspect" | "key" => [&[verb], rest, &[file]].concat(),
        _ => [&[verb, file], rest].concat(),
    };
    words.into_iter().map(str::to_owned).collect()
}

/// Runs the program inside `folder` with a bound to its memory.
fn run(folder: &Path, arguments: &[String], stdin: Stdio) -> Output {
    let started = Instant::now();
    let limited = format!("ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_tosumu")]).args(arguments);
    let output = command.current_dir(folder).stdin(stdin).output().unwrap();
    assert!(started.elapsed() < MOMENT, "{arguments:?} took {:?}", started.elapsed());
    output
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, words: &[&str]) -> Output {
        run(self.0.path(), &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), Stdio::null())
    }

    /// A database with a record in its log.
    fn with_database(self, name: &str) -> Place {
        assert!(self.run(&["init", name]).status.success());
        assert!(self.run(&["put", name, "a", "1"]).status.success());
        self
    }
}

/// Every verb refuses `name` with one of these statuses, and a code when it is not a report that it prints.
fn refused_by_all(place: &Place, name: &str, statuses: &[i32]) {
    for (verb, rest) in VERBS {
        let words = arguments(verb, rest, name);
        let output = run(place.0.path(), &words, Stdio::null());
        let (status, said) = (output.status.code(), stderr(&output));
        assert!(status.is_some_and(|status| statuses.contains(&status)), "{words:?}: {:?} {said}", output.status);
        let told = [said.as_str(), &String::from_utf8_lossy(&output.stdout)].concat();
        let has_code = ["HDR-", "IO", "NOT-A-FILE", "EXPORT"].iter().any(|code| told.contains(code));
        assert!(has_code, "{words:?}: no code: {told}");
        assert!(!told.contains("panicked"), "{words:?}: {told}");
    }
    assert!(!place.path("copy.tsm").exists());
}

#[test]
fn no_verb_takes_another_programs_file_for_a_database() {
    let place = Place::new();
    let sqlite = [b"SQLite format 3\0".as_slice(), &[0; 8176]].concat();
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[1; 300]].concat();
    let files: [(&str, &[u8]); 4] =
        [("a.sqlite", &sqlite), ("a.png", &png), ("empty", b""), ("text", b"a few words of text\n")];
    for (name, bytes) in files {
        fs::write(place.path(name), bytes).unwrap();
        refused_by_all(&place, name, &[2]);
        assert_eq!(fs::read(place.path(name)).unwrap(), bytes, "{name}");
    }
    File::create(place.path("hole")).unwrap().set_len(4 << 30).unwrap();
    refused_by_all(&place, "hole", &[2]);
}

#[test]
fn no_verb_waits_for_a_pipe_or_reads_a_device_a_folder_or_a_socket() {
    let place = Place::new();
    assert!(Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    fs::create_dir(place.path("folder")).unwrap();
    let _listening = UnixListener::bind(place.path("socket")).unwrap();
    symlink("/dev/zero", place.path("zeros")).unwrap();
    for name in ["pipe", "folder", "socket", "zeros"] {
        refused_by_all(&place, name, &[2]);
    }
}

#[test]
fn a_file_that_may_not_be_read_or_a_folder_that_may_not_be_written_is_told_in_plain_words() {
    let place = Place::new().with_database("x.tsm");
    fs::set_permissions(place.path("x.tsm"), fs::Permissions::from_mode(0o0)).unwrap();
    if File::open(place.path("x.tsm")).is_ok() {
        println!("not tried: who runs this may read everything");
        return;
    }
    refused_by_all(&place, "x.tsm", &[3]);
    fs::set_permissions(place.path("x.tsm"), fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o555)).unwrap();
    assert_eq!(place.run(&["get", "x.tsm", "a"]).stdout, b"1\n");
    let output = place.run(&["put", "x.tsm", "a", "2"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs these one after the other on a database, one of whose files goes on with a hole.
fn read_with_a_hole(longer: &str, bytes: u64, runs: &[&[&str]]) {
    let place = Place::new().with_database("x.tsm");
    File::options().write(true).open(place.path(longer)).unwrap().set_len(bytes).unwrap();
    for words in runs {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(0), "{longer}, {words:?}: {}", stderr(&output));
    }
}

#[test]
fn a_page_file_of_four_gigabytes_with_a_hole_is_read_in_a_moment_and_in_bounded_memory() {
    let runs: [&[&str]; 10] = [
        &["get", "x.tsm", "a"],
        &["dump", "x.tsm"],
        &["verify", "x.tsm"],
        &["verify", "--level", "deep", "x.tsm"],
        &["inspect", "superblock", "x.tsm"],
        &["fingerprint", "x.tsm"],
        &["stat", "x.tsm"],
        &["put", "x.tsm", "b", "2"],
        &["get", "x.tsm", "b"],
        &["checkpoint", "x.tsm"],
    ];
    read_with_a_hole("x.tsm", 4 << 30, &runs);
}

#[test]
fn a_log_with_a_hole_of_four_gigabytes_is_read_in_a_moment_and_in_bounded_memory() {
    let runs: [&[&str]; 10] = [
        &["get", "x.tsm", "a"],
        &["dump", "x.tsm"],
        &["verify", "--level", "scan", "x.tsm"],
        &["verify", "--level", "deep", "x.tsm"],
        &["inspect", "superblock", "x.tsm"],
        &["inspect", "tree", "x.tsm"],
        &["inspect", "log", "x.tsm"],
        &["fingerprint", "x.tsm"],
        &["put", "x.tsm", "b", "2"],
        &["get", "x.tsm", "b"],
    ];
    read_with_a_hole("x.tsm-wal", 4 << 30, &runs);
}

#[test]
fn input_that_never_ends_is_refused_by_what_reads_lines() {
    let place = Place::new().with_database("x.tsm");
    for verb in ["import", "feed"] {
        let zeros = Stdio::from(File::open("/dev/zero").unwrap());
        let output = run(place.0.path(), &[verb.to_owned(), "x.tsm".to_owned()], zeros);
        assert!(matches!(output.status.code(), Some(2 | 3 | 64)), "{verb}: {:?} {}", output.status, stderr(&output));
    }
    assert_eq!(place.run(&["dump", "x.tsm"]).stdout, b"a\t1\n");
}
