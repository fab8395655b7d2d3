//! The verbs that look at a file and judge it, run as a person runs them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tosumu::Database;

struct Folder(tempfile::TempDir);

impl Folder {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &str) -> (i32, String, String) {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_tosumu"))
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    fn json(&self, arguments: &str) -> (i32, serde_json::Value) {
        let (exit, stdout, stderr) = self.run(arguments);
        (exit, serde_json::from_str(&stdout).unwrap_or_else(|why| panic!("{arguments}: {why}: {stdout}{stderr}")))
    }
}

/// A checkpointed file of a few pages of 512 bytes. Another process makes it: one that was forked off meanwhile by another
/// test would hold a lock of this process for a moment.
fn folder() -> Folder {
    let folder = Folder(tempfile::tempdir().unwrap());
    let mut script = String::from("begin\n");
    (0..60).for_each(|n| script.push_str(&format!("put k{n:02} some value of it\n")));
    script.push_str("commit\ncheckpoint\n");
    let mut feed = Command::new(env!("CARGO_BIN_EXE_tosumu"))
        .args(["feed", "a.tsm", "--page-size", "512"])
        .current_dir(folder.0.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    feed.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(feed.wait().unwrap().success());
    folder
}

fn damage(path: &Path, offset: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[offset] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_sound_file_says_what_was_checked_and_what_was_not() {
    let folder = folder();
    let (exit, stdout, _) = folder.run("verify a.tsm");
    assert_eq!(exit, 0);
    assert!(stdout.starts_with("a.tsm: nothing found at level seal\nChecked: superblocks"), "{stdout}");
    assert!(stdout.contains("\nNot checked: key order"), "{stdout}");
    let (exit, json) = folder.json("verify a.tsm --json");
    assert_eq!((exit, &json["exit"], &json["level"]), (0, &0.into(), &"seal".into()));
    assert_eq!(json["findings"], serde_json::json!([]));
    assert!(json["checks"].as_array().unwrap().iter().any(|check| check["ran"] == false));
}

#[test]
fn damage_is_shown_by_every_verb_with_status_2_and_the_rest_is_shown_too() {
    let folder = folder();
    damage(&folder.path("a.tsm"), 8192 + 512 + 99);
    let (exit, stdout, _) = folder.run("verify a.tsm --explain");
    assert_eq!(exit, 2);
    for part in
        ["PAGE-UNAUTHENTIC   error   page 2   bytes 8704-9215 of a.tsm", "What     ", "Causes   ", "Lost     Keys k"]
    {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    assert!(stdout.contains("`tosumu scan a.tsm --to k"), "{stdout}");
    let (exit, json) = folder.json("verify a.tsm --json");
    assert_eq!((exit, &json["exit"]), (2, &2.into()));
    assert_eq!(json["findings"][0]["byte_end"], 9216);
    let (exit, json) = folder.json("inspect tree a.tsm --json");
    assert_eq!(exit, 2);
    let bad: Vec<_> = json["nodes"].as_array().unwrap().iter().filter(|node| node["status"] != "ok").collect();
    assert_eq!((bad.len(), &bad[0]["page"]), (1, &2.into()));
    assert_eq!(folder.run("hex a.tsm --page 2").0, 0);
    assert_eq!(folder.run("hex a.tsm --page 2 --opened").0, 2);
    assert_eq!(folder.run("inspect page 2 a.tsm").0, 2);
    assert_eq!(folder.run("inspect page 1 a.tsm").0, 0);
}

#[test]
fn every_part_is_shown_as_text_and_as_one_json_object() {
    let folder = folder();
    for part in ["superblock", "page 1", "pages", "tree", "log", "keys", "freelist"] {
        let (exit, stdout, stderr) = folder.run(&format!("inspect {part} a.tsm"));
        assert_eq!((exit, stderr.as_str()), (0, ""), "{part}");
        assert!(!stdout.is_empty());
        let (exit, json) = folder.json(&format!("inspect {part} a.tsm --json"));
        assert_eq!((exit, &json["findings"]), (0, &serde_json::json!([])), "{part}");
    }
    let (_, stat) = folder.json("stat a.tsm --json");
    assert_eq!((&stat["record_count"], &stat["page_size"]), (&60.into(), &512.into()));
    assert_eq!(folder.json("inspect freelist a.tsm --json").1["free_count"], 0);
    let (_, keys, _) = folder.run("inspect keys a.tsm");
    assert!(keys.starts_with("slot 0  keyless"), "{keys}");
}

#[test]
fn bytes_are_shown_sealed_and_opened_with_their_names() {
    let folder = folder();
    let (_, sealed, _) = folder.run("hex a.tsm --page 1");
    assert!(sealed.contains("nonce") && sealed.contains("ciphertext") && sealed.contains("tag"), "{sealed}");
    assert!(!sealed.contains("some value"), "{sealed}");
    let (_, opened, _) = folder.run("hex a.tsm --page 1 --opened");
    assert!(opened.contains("slot_count") && opened.contains("cell k00: value  some value of it"), "{opened}");
}

#[test]
fn the_fingerprint_is_an_anchor() {
    let folder = folder();
    std::fs::copy(folder.path("a.tsm"), folder.path("old.tsm")).unwrap();
    let (_, before, _) = folder.run("fingerprint a.tsm");
    std::fs::write(folder.path("anchors"), &before).unwrap();
    assert_eq!(folder.run("put a.tsm new value").0, 0);
    assert_eq!(folder.run("verify a.tsm --anchor anchors").0, 0);
    let (_, after, _) = folder.run("fingerprint a.tsm");
    std::fs::write(folder.path("anchors"), format!("{before}{after}")).unwrap();
    let (exit, json) = folder.json("verify old.tsm --anchor anchors --json");
    assert_eq!((exit, &json["findings"][0]["code"]), (2, &"FRESH-ROLLBACK".into()));
}

#[test]
fn a_file_that_is_being_written_can_be_looked_at_and_one_that_is_absent_is_no_verdict() {
    let folder = folder();
    let held = Database::open(folder.path("a.tsm")).unwrap();
    for verb in ["verify a.tsm", "inspect tree a.tsm", "hex a.tsm --page 1", "stat a.tsm", "fingerprint a.tsm"] {
        let (exit, _, stderr) = folder.run(verb);
        assert_eq!((exit, stderr.as_str()), (0, ""), "{verb}");
    }
    drop(held);
    for verb in ["verify b.tsm --json", "inspect log b.tsm", "hex b.tsm --page 1", "stat b.tsm", "fingerprint b.tsm"] {
        let (exit, _, stderr) = folder.run(verb);
        assert_eq!(exit, 3, "{verb}");
        assert!(stderr.starts_with("tosumu: NOT-FOUND: b.tsm"), "{stderr}");
    }
}

#[test]
fn wrong_use_is_status_64_and_no_verdict_is_3() {
    let folder = folder();
    for wrong in [
        "verify a.tsm --level nope",
        "verify a.tsm --level anchored",
        "verify a.tsm --anchor nothing",
        "verify",
        "inspect a.tsm",
        "inspect page 0 a.tsm",
        "hex a.tsm",
    ] {
        let (exit, stdout, _) = folder.run(wrong);
        assert_eq!((exit, stdout.as_str()), (64, ""), "{wrong}");
    }
    std::fs::write(folder.path("key"), [7; 32]).unwrap();
    assert_eq!(folder.run("init k.tsm --keyfile key").0, 0);
    let (exit, json) = folder.json("verify k.tsm --json");
    assert_eq!((exit, &json["exit"], &json["findings"][0]["code"]), (3, &3.into(), &"KEY-NO-SLOT".into()));
    assert_eq!(folder.run("verify k.tsm --keyfile key").0, 0);
    assert_eq!(folder.run("verify k.tsm --level scan").0, 0);
    assert_eq!(folder.run("inspect tree k.tsm").0, 3);
    std::fs::write(folder.path("text"), "hello\n").unwrap();
    let (exit, json) = folder.json("verify text --json");
    assert_eq!((exit, &json["findings"][0]["code"]), (2, &"HDR-MAGIC".into()));
    for verb in ["inspect superblock text", "inspect pages text", "inspect log text", "hex text --page 1", "stat text"]
    {
        assert_eq!(folder.run(verb).0, 2, "{verb}");
    }
}

#[test]
fn verify_answers_with_one_json_object_even_of_a_file_that_cannot_be_opened() {
    let folder = folder();
    std::fs::create_dir(folder.path("folder")).unwrap();
    let (_, sound) = folder.json("verify a.tsm --json");
    let names = |report: &serde_json::Value| -> Vec<String> {
        report["checks"].as_array().unwrap().iter().map(|check| check["name"].to_string()).collect()
    };
    for (file, status, code) in [("none.tsm", 3, "NOT-FOUND"), ("folder", 2, "NOT-A-FILE")] {
        let (exit, report) = folder.json(&format!("verify {file} --json"));
        assert_eq!((exit, &report["exit"]), (status, &status.into()), "{file}");
        assert_eq!(names(&report), names(&sound), "{file}");
        assert!(report["checks"].as_array().unwrap().iter().all(|check| check["ran"] == false), "{file}");
        let finding = &report["findings"][0];
        assert_eq!((&finding["code"], &finding["page"]), (&code.into(), &serde_json::Value::Null), "{file}");
        let fields: Vec<&String> = finding.as_object().unwrap().keys().collect();
        assert_eq!(fields.len(), 12, "{fields:?}");
        assert!(folder.run(&format!("verify {file} --json")).2.starts_with(&format!("tosumu: {code}: ")), "{file}");
    }
}

#[test]
fn a_key_that_does_not_fit_is_said_with_status_3_of_every_part_also_of_those_that_need_none() {
    let folder = folder();
    std::fs::write(folder.path("key"), "not of this file").unwrap();
    for part in ["superblock", "page 1", "pages", "tree", "log", "keys", "freelist"] {
        let (exit, report) = folder.json(&format!("inspect {part} a.tsm --keyfile key --json"));
        assert_eq!((exit, &report["findings"][0]["code"]), (3, &"KEY-NO-SLOT".into()), "{part}");
        assert_eq!(folder.run(&format!("inspect {part} a.tsm")).0, 0, "{part}");
    }
}

#[test]
fn a_page_that_cannot_be_looked_for_is_damage_and_one_beyond_the_last_is_not_to_be_had() {
    let folder = folder();
    for verb in ["inspect page 99 a.tsm", "hex a.tsm --page 99"] {
        assert_eq!(folder.run(verb).0, 3, "{verb}");
    }
    let mut bytes = std::fs::read(folder.path("a.tsm")).unwrap();
    bytes.copy_within(..4096, 4096);
    bytes.truncate(8192 + 512);
    std::fs::write(folder.path("a.tsm"), bytes).unwrap();
    for verb in ["inspect page 2 a.tsm", "hex a.tsm --page 2", "hex a.tsm --page 99 --opened"] {
        let (exit, stdout, stderr) = folder.run(verb);
        assert_eq!((exit, &*stdout), (2, ""), "{verb}: {stderr}");
        assert!(stderr.starts_with("tosumu: HDR-"), "{verb}: {stderr}");
    }
}
