//! The verbs that move data from file to file, as outside programs see them: backup, compact, restore, export, import, and the
//! drill.

mod common;

use common::{CANNOT, DAMAGE, MISUSE, NOTHING, Place};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use tosumu::{Database, Options};

fn export(place: &Place, name: &str) -> Vec<u8> {
    let ran = place.run(["export", name]);
    ran.done();
    ran.stdout
}

fn dump(place: &Place, name: &str) -> String {
    place.run(["dump", name]).done()
}

/// A database with named trees, keys of any bytes, empty values and one of 200 KB.
fn with_everything(place: &Place, name: &str) {
    let long: Vec<u8> = (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let db = Options::new().create(true).open(place.path(name)).unwrap();
    db.write(|tx| {
        (0..=255u8).try_for_each(|byte| tx.put(&[byte, 0, 255 - byte], &[byte; 3][..byte as usize % 4 % 3]))?;
        tx.put(b"long", &long)?;
        for name in ["empty", "tags \u{1f33f}\"\n"] {
            tx.create_tree(name)?;
        }
        let mut tags = tx.tree("tags \u{1f33f}\"\n")?.unwrap();
        tags.put(b"\x00\xff\n\"", b"")?;
        tags.put(b"long too", &long[7..])
    })
    .unwrap();
}

#[test]
fn an_export_of_an_import_of_an_export_is_the_same_to_the_byte() {
    let place = Place::empty();
    with_everything(&place, "x.tsm");
    let text = export(&place, "x.tsm");
    let told = place.run_with("import y.tsm", &text).done();
    assert!(
        told.starts_with("y.tsm: 259 records put, 0 were there with the same value\ntrees     2 named ones\n"),
        "{told}"
    );
    assert!(export(&place, "y.tsm") == text);
    // Twice is once; and nothing of it was damaged.
    let told = place.run_with("import y.tsm", &text).done();
    assert!(told.starts_with("y.tsm: 0 records put, 259 were there with the same value\n"), "{told}");
    place.run("verify y.tsm --level deep").done();
}

#[test]
fn a_backup_a_compact_file_and_a_restored_one_hold_the_same() {
    let place = Place::empty();
    with_everything(&place, "x.tsm");
    let text = export(&place, "x.tsm");
    for verb in ["backup", "compact", "restore"] {
        let told = place.run(&format!("{verb} x.tsm {verb}.tsm")).done();
        assert!(told.contains("records   259 in the main tree and 2 named ones\n"), "{told}");
        assert!(told.contains("verified  the copy was read back"), "{told}");
        assert!(export(&place, &format!("{verb}.tsm")) == text, "{verb}");
        place.run(&format!("{verb} x.tsm {verb}.tsm")).fails(CANNOT, "EXISTS");
        place.run(&format!("{verb} nothing.tsm new.tsm")).fails(CANNOT, "NOT-FOUND");
        place.run(&format!("{verb} x.tsm no/such/folder.tsm")).fails(CANNOT, "IO");
        place.run(&format!("{verb} x.tsm")).fails(MISUSE, "MISUSE");
        fs::write(place.path("other"), "not a database, but long enough to be looked at").unwrap();
        place.run(&format!("{verb} other new.tsm")).fails(DAMAGE, "HDR-MAGIC");
        assert!(!place.path("new.tsm").exists() && !place.path("new.tsm.tmp").exists());
    }
    let told = |text: &str| text.lines().find(|line| line.starts_with("digest")).unwrap().to_owned();
    let [backup, restore] = ["b.tsm", "r.tsm"].map(|name| {
        let verb = if name == "b.tsm" { "backup" } else { "restore" };
        told(&place.run(&format!("{verb} x.tsm {name}")).done())
    });
    assert_eq!(backup, restore);
}

#[test]
fn a_copy_of_a_damaged_file_is_not_made() {
    let place = Place::empty();
    place.run("init x.tsm --page-size 512").done();
    let lines: String = (0..400).map(|n| format!("put k{n} {}\n", "v".repeat(50))).collect();
    place.run_with("feed x.tsm", format!("begin\n{lines}commit\ncheckpoint\n").as_bytes()).done();
    let mut bytes = fs::read(place.path("x.tsm")).unwrap();
    bytes[8192 + 100] ^= 1;
    fs::write(place.path("x.tsm"), bytes).unwrap();
    for verb in ["backup", "compact", "restore"] {
        place.run(&format!("{verb} x.tsm new.tsm")).fails(DAMAGE, "PAGE-UNAUTHENTIC");
        assert!(!place.path("new.tsm").exists() && !place.path("new.tsm.tmp").exists());
    }
    place.run("export x.tsm").fails(DAMAGE, "PAGE-UNAUTHENTIC");
}

#[test]
fn an_import_that_was_cut_short_is_run_again_and_ends_the_same() {
    let place = Place::empty();
    with_everything(&place, "x.tsm");
    let text = export(&place, "x.tsm");
    for cut in [1, 60, text.len() / 3, text.len() / 2, text.len() - 3] {
        let name = format!("cut-{cut}.tsm");
        let told = place.run_with(&format!("import {name}"), &text[..cut]);
        told.fails(DAMAGE, "EXPORT");
        place.run_with(&format!("import {name}"), &text).done();
        assert!(export(&place, &name) == text, "{cut}");
    }
    place.run_with("import z.tsm", b"").fails(DAMAGE, "EXPORT");
    assert!(!place.path("z.tsm").exists());
    place.run("put y.tsm k mine").fails(CANNOT, "NOT-FOUND");
    place.run("init y.tsm").done();
    place.run("put y.tsm long mine").done();
    place.run_with("import y.tsm", &text).fails(CANNOT, "CONFLICT");
    assert_eq!(place.run("get y.tsm long").done().trim_end(), "mine");
    place.run_with("import y.tsm --merge", &text).done();
    assert!(export(&place, "y.tsm") == text);
    place.run_with("import x.tsm --bogus", &text).fails(MISUSE, "MISUSE");
}

#[test]
fn any_of_a_hundred_commits_is_brought_back_from_the_log_and_from_the_archive() {
    let place = Place::empty();
    fs::create_dir(place.path("kept")).unwrap();
    let mut model = BTreeMap::new();
    let mut dumps = vec![String::new()];
    let mut lines = String::new();
    for commit in 0..100u32 {
        let key = |commit: u32| format!("k{:02}", commit * 7 % 31);
        if commit % 9 == 8 {
            let key = key(commit - 1);
            model.remove(&key);
            lines.push_str(&format!("begin\ndel {key}\ncommit\n"));
        } else {
            let (key, value) = (key(commit), format!("{commit}-{}", "x".repeat(commit as usize % 50 * 60)));
            lines.push_str(&format!("put {key} {value}\n"));
            model.insert(key, value);
        }
        dumps.push(model.iter().map(|(key, value)| format!("{key}\t{value}\n")).collect());
    }
    place.run("init log.tsm --page-size 512").done();
    // Without a checkpoint at its end the log holds all: the run is cut off behind its last commit.
    let mut feed = place.spawn("feed log.tsm");
    feed.stdin.as_mut().unwrap().write_all(lines.as_bytes()).unwrap();
    let acknowledged = BufReader::new(feed.stdout.as_mut().unwrap()).lines().take(100).count();
    feed.kill().unwrap();
    feed.wait().unwrap();
    assert_eq!(acknowledged, 100);
    for commit in (0..=100).step_by(11) {
        place.run(&format!("restore log.tsm log-{commit}.tsm --to-commit {commit}")).done();
        assert!(dump(&place, &format!("log-{commit}.tsm")) == dumps[commit], "commit {commit}");
    }
    // The same with checkpoints, each a seal transaction with a number of its own.
    let mut numbered = vec![0];
    let mut with_checkpoints = String::new();
    let mut next = 1;
    for (position, line) in lines.lines().enumerate() {
        with_checkpoints.push_str(&format!("{line}\n"));
        if line.starts_with("put") || line == "commit" {
            numbered.push(next);
            next += 1;
        }
        if position % 25 == 24 && line != "begin" && !line.starts_with("del") {
            with_checkpoints.push_str("checkpoint\n");
            next += 1;
        }
    }
    // The last one leaves nothing in the log, so that the archive holds all.
    with_checkpoints.push_str("checkpoint\n");
    place.run("init a.tsm --page-size 512").done();
    place.run_with("feed a.tsm --archive kept", with_checkpoints.as_bytes()).done();
    for commit in (0..=100).step_by(7) {
        let number = numbered[commit];
        place.run(&format!("restore a.tsm a-{commit}.tsm --archive kept --to-commit {number}")).done();
        assert!(dump(&place, &format!("a-{commit}.tsm")) == dumps[commit], "commit {commit} is {number}");
    }
    let told = place.run("restore a.tsm never.tsm --archive kept --to-commit 999");
    assert!(told.fails(CANNOT, "NO-COMMIT").contains("there are commits 0 to"), "{}", told.stderr);
    place.run("restore a.tsm never.tsm --archive nowhere").fails(CANNOT, "IO");
    place.run("restore a.tsm never.tsm --to-commit x").fails(MISUSE, "MISUSE");
    // The database is gone: the message names what to restore from.
    fs::remove_file(place.path("a.tsm")).unwrap();
    let told = place.run("restore a.tsm back.tsm --archive kept").fails(CANNOT, "NOT-FOUND").to_owned();
    let base = told.trim_end().rsplit(' ').next().unwrap();
    place.run(&format!("restore {base} back.tsm --archive kept")).done();
    assert_eq!(dump(&place, "back.tsm"), dumps[100]);
}

/// One process writes without pause, another makes backups: each is one commit, whole.
#[test]
fn a_backup_of_a_file_that_another_process_writes_is_one_commit_whole() {
    let place = Place::empty();
    place.run("init x.tsm --page-size 512").done();
    let mut feed = place.spawn("feed x.tsm");
    let mut pipe = feed.stdin.take().unwrap();
    let mut acknowledged = BufReader::new(feed.stdout.take().unwrap()).lines();
    let writer = std::thread::spawn(move || {
        for commit in 0u32.. {
            let lines: String =
                (0..12).map(|key| format!("put k{key} {commit}-{}\n", "v".repeat(commit as usize % 900))).collect();
            let checkpoint = if commit % 40 == 39 { "checkpoint\n" } else { "" };
            if pipe.write_all(format!("begin\n{lines}commit\n{checkpoint}").as_bytes()).is_err() {
                return;
            }
        }
    });
    for _ in 0..20 {
        acknowledged.next().unwrap().unwrap();
    }
    let reader = std::thread::spawn(move || acknowledged.map_while(Result::ok).count());
    for number in 0..6 {
        let ran = place.run(&format!("backup x.tsm b{number}.tsm"));
        ran.done();
        place.run(&format!("verify b{number}.tsm --level deep")).done();
        let dump = dump(&place, &format!("b{number}.tsm"));
        let mut values = dump.lines().map(|line| line.split_once('\t').unwrap().1);
        let first = values.next().unwrap().to_owned();
        assert!(values.clone().count() == 11 && values.all(|value| value == first));
    }
    feed.kill().unwrap();
    feed.wait().unwrap();
    writer.join().unwrap();
    assert!(reader.join().unwrap() > 0);
}

#[test]
fn a_drill_is_a_check_of_its_own() {
    let place = Place::empty();
    with_everything(&place, "x.tsm");
    place.run("checkpoint x.tsm").done();
    let before = fs::read(place.path("x.tsm")).unwrap();
    let told = place.run("verify x.tsm --level drill").done();
    assert!(told.replace('\n', " ").contains("drill (259 records, digest"), "{told}");
    let json: serde_json::Value = serde_json::from_str(&place.run("verify x.tsm --level drill --json").done()).unwrap();
    let checks = json["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["name"] == "drill" && check["ran"] == true), "{json}");
    assert_eq!(json["level"], "drill");
    let report = place.run("verify x.tsm --level deep --json").done();
    assert!(!report.contains("\"drill\""), "{report}");
    assert!(fs::read(place.path("x.tsm")).unwrap() == before, "nothing is written");
    let mut bytes = before;
    let end = bytes.len() - 100;
    bytes[end] ^= 1;
    fs::write(place.path("x.tsm"), bytes).unwrap();
    let ran = place.run("verify x.tsm --level drill");
    let told = String::from_utf8_lossy(&ran.stdout).replace('\n', " ");
    assert!(ran.status == DAMAGE && told.contains("drill (there is PAGE-UNAUTHENTIC to mend first)"), "{told}");
}

#[test]
fn the_witness_file_goes_along() {
    let place = Place::empty();
    with_everything(&place, "x.tsm");
    let text = export(&place, "x.tsm");
    let ran = place.run_with("import y.tsm --witness kept", &text);
    ran.done();
    assert!(ran.stderr.contains("kept: begun as a witness file"), "{}", ran.stderr);
    let old = [fs::read(place.path("y.tsm")).unwrap(), fs::read(place.path("y.tsm-wal")).unwrap_or_default()];
    for line in
        ["put y.tsm k v --witness kept", "backup y.tsm b.tsm --witness kept", "restore y.tsm r.tsm --witness kept"]
    {
        place.run(line).done();
    }
    fs::write(place.path("y.tsm"), &old[0]).unwrap();
    fs::write(place.path("y.tsm-wal"), &old[1]).unwrap();
    place.run("backup y.tsm c.tsm --witness kept").fails(DAMAGE, "FRESH-ROLLBACK");
    place.run_with("import y.tsm --witness kept", &text).fails(DAMAGE, "FRESH-ROLLBACK");
    // What is left is better than nothing: it is brought back, and told.
    let ran = place.run("restore y.tsm older.tsm --witness kept");
    assert!(ran.status == NOTHING && ran.stderr.contains("is in none of these files"), "{}", ran.stderr);
    assert!(export(&place, "older.tsm") == text);
    place.run("restore y.tsm never.tsm --witness none").fails(CANNOT, "NOT-FOUND");
    // A disk that refuses the witness does not refuse the import; it is told.
    fs::create_dir(place.path("held")).unwrap();
    place.run_with("import z.tsm --witness held", &text).fails(DAMAGE, "NOT-A-FILE");
    drop(Database::open(place.path("older.tsm")).unwrap());
}
