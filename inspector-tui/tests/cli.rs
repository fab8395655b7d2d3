//! The command line as outside programs see it: output, exit statuses, files.

mod common;

use common::{CANNOT, DAMAGE, MISUSE, NOTHING, Place, Ran};
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A place with `x.tsm` in it, keyless.
fn with_database() -> Place {
    let place = Place::empty();
    assert_eq!(place.run("init x.tsm").status, 0);
    place
}

fn feed(place: &Place, lines: impl AsRef<[u8]>) -> Ran {
    place.run_with("feed x.tsm", lines)
}

fn spawn_feed(place: &Place, arguments: &[&str]) -> Child {
    place.command().args(["feed", "x.tsm"]).args(arguments).stdin(Stdio::piped()).spawn().unwrap()
}

// ---- init, put, get, del

#[test]
fn init_says_which_kind_of_slot_it_made_and_that_keyless_is_not_secret() {
    let place = Place::empty();
    let ran = place.run(["init", "x.tsm", "--page-size", "512"]);
    ran.gives("created x.tsm: pages of 512 bytes, key slot 0: keyless\n");
    assert!(ran.stderr.contains("not secret"), "{}", ran.stderr);
    place.write("pw", "secret\n");
    let ran = place.run(["init", "y.tsm", "--passphrase-file", "pw", "--kdf", "test"]);
    ran.gives("created y.tsm: pages of 4096 bytes, key slot 0: passphrase\n");
    assert_eq!(ran.stderr, "");
}

#[test]
fn init_does_not_touch_a_file_that_is_there() {
    let place = Place::empty();
    place.write("x.tsm", "mine");
    place.run(["init", "x.tsm"]).fails(CANNOT, "EXISTS");
    assert_eq!(fs::read(place.path("x.tsm")).unwrap(), b"mine");
}

#[test]
fn the_gallery_lists_shows_makes_and_checks_its_files_within_eighty_columns() {
    let place = Place::empty();
    let text = |arguments: &[&str]| {
        let ran = place.run(arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.stderr);
        let text = ran.text();
        // Commands and recipes are not folded.
        let folded = |line: &&str| !line.contains("verify") && !arguments.contains(&"--recipe");
        for line in text.lines().filter(folded) {
            assert!(line.chars().count() <= 80, "{line}");
        }
        text
    };
    assert!(text(&["fixture", "list"]).contains("\n  one-page-rolled-back                 PAGE-STALE\n"));
    assert!(text(&["fixture", "list", "--stories"]).contains("Two leaves stand in each other's"));
    let shown = text(&["fixture", "show", "wrong-passphrase"]);
    assert!(shown.contains("KEY-WRONG fatal") && shown.contains("verify is given: passphrase"), "{shown}");
    let recipe = text(&["fixture", "show", "two-pages-swapped", "--recipe"]);
    assert!(recipe.ends_with("swap page 1 2\n"), "{recipe}");
    place.run(["fixture", "show", "two-page-swaped"]).fails(CANNOT, "NOT-FOUND");
    assert!(place.run(["fixture", "show", "two-page-swaped"]).stderr.contains("did you mean two-pages-swapped"));
    text(&["fixture", "make", "kept"]);
    assert_eq!(fs::metadata(place.path("kept/damaged/an-empty-file.tsm")).unwrap().len(), 0);
    assert!(fs::read_to_string(place.path("kept/KEYS.md")).unwrap().contains("passphrase `correct-horse`"));
    let made = place.path("kept/damaged/one-page-rolled-back.tsm");
    let made = made.to_str().unwrap();
    assert_eq!(place.run(["verify", made]).status, 2);
    assert!(text(&["fixture", "check"]).contains("fixtures are as their recipes make them"));
}

#[test]
fn page_sizes_that_cannot_be_are_wrong_use() {
    let place = Place::empty();
    for size in ["0", "511", "1000", "131072", "many", "-1"] {
        place.run(["init", "x.tsm", "--page-size", size]).fails(MISUSE, "MISUSE");
    }
    assert!(!place.path("x.tsm").exists());
}

#[test]
fn a_record_put_is_got_back_and_a_record_deleted_is_not() {
    let place = with_database();
    place.run(["put", "x.tsm", "greeting", "hello world"]).gives("");
    place.run(["get", "x.tsm", "greeting"]).gives("hello world\n");
    place.run(["put", "x.tsm", "greeting", ""]).gives("");
    place.run(["get", "x.tsm", "greeting"]).gives("\n");
    place.run(["del", "x.tsm", "greeting"]).gives("");
    place.run(["del", "x.tsm", "greeting"]).gives("");
    let ran = place.run(["get", "x.tsm", "greeting"]);
    assert_eq!((ran.status, ran.stdout.len(), &*ran.stderr), (NOTHING, 0, ""));
}

#[test]
fn values_may_begin_with_a_hyphen_and_keys_may_be_negative_numbers() {
    let place = with_database();
    place.run(["put", "x.tsm", "-5", "-minus"]).gives("");
    place.run(["get", "x.tsm", "-5"]).gives("-minus\n");
    place.run(["put", "x.tsm", "--", "--hex", "v"]).gives("");
    place.run(["get", "x.tsm", "--", "--hex"]).gives("v\n");
}

#[test]
fn escapes_stand_for_their_bytes_and_are_printed_back_by_dump_alone() {
    let place = with_database();
    place.run(["put", "x.tsm", "a\\tb\\\\\\x00", "é\\xff\\n"]).gives("");
    place.run(["dump", "x.tsm"]).gives("a\\x09b\\\\\\x00\t\\xc3\\xa9\\xff\\x0a\n");
    assert_eq!(place.run(["get", "x.tsm", "a\\x09b\\x5c\\x00"]).stdout, b"\xc3\xa9\xff\n\n");
    for wrong in ["\\", "\\q", "\\x1", "\\xzz"] {
        place.run(["get", "x.tsm", wrong]).fails(MISUSE, "MISUSE");
        place.run(["put", "x.tsm", "k", wrong]).fails(MISUSE, "MISUSE");
    }
}

#[test]
fn with_hex_keys_and_values_are_digits_in_and_out() {
    let place = with_database();
    place.run(["put", "x.tsm", "--hex", "00ff", "5C0a"]).gives("");
    place.run(["get", "x.tsm", "00FF", "--hex"]).gives("5c0a\n");
    place.run(["dump", "x.tsm", "--hex"]).gives("00ff\t5c0a\n");
    place.run(["scan", "x.tsm", "--hex", "--prefix", "00"]).gives("00ff\t5c0a\n");
    place.run(["dump", "x.tsm"]).gives("\\x00\\xff\t\\\\\\x0a\n");
    place.run_with(["feed", "x.tsm", "--hex"], "put 6b 7620\nput 6c \ndel 00ff\n").gives("ACK 1\nACK 2\nACK 3\n");
    place.run(["dump", "x.tsm"]).gives("k\tv \nl\t\n");
    for wrong in ["0", "xy", "0 1"] {
        place.run(["del", "x.tsm", "--hex", wrong]).fails(MISUSE, "MISUSE");
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_are_wrong_use_but_a_path_may_be_any_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let place = with_database();
    let odd = OsStr::from_bytes(b"\xff\xfe");
    for arguments in [[OsStr::new("put"), OsStr::new("x.tsm"), odd, OsStr::new("v")], [odd, odd, odd, odd]] {
        place.run(arguments).fails(MISUSE, "MISUSE");
    }
    let path = OsStr::from_bytes(b"\xff .tsm");
    assert_eq!(place.run([OsStr::new("init"), path]).status, 0);
    place.run([OsStr::new("put"), path, OsStr::new("k"), OsStr::new("v")]).gives("");
    place.run([OsStr::new("get"), path, OsStr::new("k")]).gives("v\n");
}

#[test]
fn keys_over_the_limit_are_refused_and_change_nothing() {
    let place = with_database();
    let long = "k".repeat(5000);
    place.run(["put", "x.tsm", &long, "v"]).fails(CANNOT, "LIMIT");
    place.run(["dump", "x.tsm"]).gives("");
}

// ---- scan

#[test]
fn scan_takes_prefix_ends_limit_and_direction() {
    let place = with_database();
    feed(&place, "begin\nput a 1\nput b1 2\nput b2 3\nput b3 4\nput c 5\ncommit\n").gives("ACK 1\n");
    let scan = |arguments: &[&str]| {
        let ran = place.run(&[&["scan", "x.tsm"], arguments].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let text = ran.text();
        text.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(scan(&[]), "a b1 b2 b3 c");
    assert_eq!(scan(&["--prefix", "b"]), "b1 b2 b3");
    assert_eq!(scan(&["--prefix", "b", "--from", "b2"]), "b2 b3");
    assert_eq!(scan(&["--from", "b1", "--to", "b3"]), "b1 b2");
    assert_eq!(scan(&["--from", "b", "--to", "bz", "--reverse"]), "b3 b2 b1");
    assert_eq!(scan(&["--reverse", "--limit", "2"]), "c b3");
    assert_eq!(scan(&["--limit", "0"]), "");
    assert_eq!(scan(&["--from", "c", "--to", "a"]), "");
    assert_eq!(scan(&["--from", "b1", "--to", "b1"]), "");
    assert_eq!(scan(&["--prefix", "z"]), "");
    place.run(["scan", "x.tsm", "--limit", "-1"]).fails(MISUSE, "MISUSE");
}

// ---- feed

#[test]
fn feed_creates_the_file_and_acknowledges_each_commit() {
    let place = Place::empty();
    feed(&place, "begin\nput a 1\nput b 2\ncommit\n").gives("ACK 1\n");
    feed(&place, "put c three words\ndel a\nbegin\ncommit\ncheckpoint\ndel zz\n").gives("ACK 1\nACK 2\nACK 3\nACK 4\n");
    place.run(["dump", "x.tsm"]).gives("b\t2\nc\tthree words\n");
    feed(&place, "begin\nput q 1\nrollback\n# a comment\n\nput d ").gives("ACK 1\n");
    place.run(["dump", "x.tsm"]).gives("b\t2\nc\tthree words\nd\t\n");
    feed(&place, "").gives("");
}

#[test]
fn feed_takes_bytes_that_are_no_text_as_they_are() {
    let place = Place::empty();
    feed(&place, b"put \xff\\x00 \xc3 \\xe9\\n\r\n").gives("ACK 1\n");
    place.run(["dump", "x.tsm", "--hex"]).gives("ff00\tc320e90a0d\n");
}

#[test]
fn a_line_that_cannot_be_ends_the_run_with_its_number_and_rolls_back() {
    for line in [
        "frobnicate",
        "put",
        "put k",
        "del",
        "del a b",
        "commit now",
        "begin ",
        "begin",
        " put a 1",
        "put \\q v",
        "checkpoint",
        "Put a 1",
    ] {
        let place = Place::empty();
        let ran = feed(&place, format!("put before 1\nbegin\nput inside 1\n{line}\nput after 1\ncommit\n"));
        ran.fails(MISUSE, "MISUSE");
        assert!(ran.stderr.contains("line 4"), "{line}: {}", ran.stderr);
        assert_eq!(ran.stdout, b"ACK 1\n", "{line}");
        place.run(["dump", "x.tsm"]).gives("before\t1\n");
    }
    for line in ["commit", "rollback"] {
        let ran = feed(&Place::empty(), format!("{line}\nput a 1\n"));
        ran.fails(MISUSE, "MISUSE");
        assert!(ran.stderr.contains("line 1"), "{}", ran.stderr);
    }
}

#[test]
fn an_end_of_input_inside_a_transaction_is_wrong_use_and_rolls_back() {
    let place = Place::empty();
    feed(&place, "put a 1\nbegin\nput b 2\n").fails(MISUSE, "MISUSE");
    place.run(["dump", "x.tsm"]).gives("a\t1\n");
}

#[test]
fn a_key_over_the_limit_ends_the_run_with_its_line() {
    let place = Place::empty();
    let ran = feed(&place, format!("put a 1\nbegin\nput b 2\nput {} 3\ncommit\nput d 4\n", "k".repeat(9000)));
    ran.fails(CANNOT, "LIMIT");
    assert!(ran.stderr.contains("line 4"), "{}", ran.stderr);
    place.run(["dump", "x.tsm"]).gives("a\t1\n");
}

#[test]
fn a_line_over_the_limit_is_an_error_and_not_memory() {
    let place = Place::empty();
    let ran = feed(&place, "x".repeat(3 << 20));
    ran.fails(CANNOT, "LIMIT");
    assert!(ran.stderr.contains("line 1"), "{}", ran.stderr);
}

#[test]
fn an_acknowledgement_arrives_before_the_next_line_is_sent() {
    let place = Place::empty();
    let mut child = spawn_feed(&place, &[]);
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for number in 1..=3 {
        writeln!(stdin, "put k{number} v").unwrap();
        assert_eq!(answers.next().unwrap().unwrap(), format!("ACK {number}"));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn after_a_kill_every_acknowledged_commit_is_there_and_at_most_one_more() {
    use std::os::unix::process::ExitStatusExt;
    const FILL: &str = "the value is long enough to split a page of 512 bytes now and then";
    let place = Place::empty();
    // The lengths of the runs are spread without a clock: a step that shares no factor with the span.
    let mut committed = 0;
    for round in 0..20_u64 {
        let mut child = spawn_feed(&place, &["--page-size", "512"]);
        let mut stdin = child.stdin.take().unwrap();
        let first = committed;
        let writer = std::thread::spawn(move || {
            for number in first.. {
                let checkpoint = if number % 37 == 36 { "checkpoint\n" } else { "" };
                let lines = format!("begin\nput {number:06}a {FILL}\nput {number:06}b {FILL}\ncommit\n{checkpoint}");
                if stdin.write_all(lines.as_bytes()).is_err() {
                    return;
                }
            }
        });
        let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let wanted = 1 + (round * 29) % 53;
        let mut acknowledged = 0;
        while acknowledged < wanted {
            acknowledged += 1;
            assert_eq!(answers.next().unwrap().unwrap(), format!("ACK {acknowledged}"));
        }
        child.kill().unwrap();
        // What the pipe still holds was acknowledged too.
        acknowledged += answers.map_while(Result::ok).filter(|line| line.starts_with("ACK ")).count() as u64;
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        writer.join().unwrap();

        let ran = place.run(["dump", "x.tsm"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let text = ran.text();
        let found = text.lines().count() as u64;
        assert_eq!(found % 2, 0, "half a transaction");
        let more = (found / 2).checked_sub(committed + acknowledged).expect("an acknowledged commit is lost");
        assert!(more <= 1, "{more} commits that were never acknowledged");
        for (index, line) in text.lines().enumerate() {
            let letter = if index % 2 == 0 { 'a' } else { 'b' };
            assert_eq!(line, format!("{:06}{letter}\t{FILL}", index / 2));
        }
        committed = found / 2;
    }
    feed(&place, "put last 1\n").gives("ACK 1\n");
    place.run(["checkpoint", "x.tsm"]);
    place.run(["get", "x.tsm", "last"]).gives("1\n");
}

// ---- keys

#[test]
fn one_newline_at_the_end_of_a_passphrase_file_is_not_part_of_it() {
    let place = Place::empty();
    place.write("with", "secret\n");
    place.write("without", "secret");
    place.write("two", "secret\n\n");
    assert_eq!(place.run(["init", "x.tsm", "--passphrase-file", "with", "--kdf", "test"]).status, 0);
    place.run(["put", "x.tsm", "a", "1", "--passphrase-file", "without"]).gives("");
    place.run(["get", "x.tsm", "a", "--passphrase-file", "with"]).gives("1\n");
    place.run(["get", "x.tsm", "a", "--passphrase-file", "two"]).fails(CANNOT, "KEY-WRONG");
}

#[test]
fn the_first_line_of_standard_input_is_the_passphrase_and_data_follow_it() {
    let place = Place::empty();
    let feed = ["feed", "x.tsm", "--passphrase-stdin", "--kdf", "test"];
    place.run_with(feed, "secret\nput a 1\nput b 2\n").gives("ACK 1\nACK 2\n");
    place.run_with(["dump", "x.tsm", "--passphrase-stdin"], "secret").gives("a\t1\nb\t2\n");
    place.run_with(["dump", "x.tsm", "--passphrase-stdin"], "wrong\n").fails(CANNOT, "KEY-WRONG");
    place.run_with(["dump", "x.tsm", "--passphrase-stdin"], "").fails(CANNOT, "KEY-WRONG");
    let ran = place.run_with(feed, "secret\nput c 3\nnonsense\n");
    assert!(ran.stderr.contains("line 2"), "{}", ran.stderr);
    place.run(["dump", "x.tsm"]).fails(CANNOT, "KEY-NO-SLOT");
}

#[test]
fn a_keyfile_opens_what_it_made_and_nothing_else_does() {
    let place = Place::empty();
    place.write("key", [7; 32]);
    place.write("other", [8; 32]);
    place.write("short", [7; 31]);
    place.write("pw", "secret");
    place.run(["init", "x.tsm", "--keyfile", "key"]).gives("created x.tsm: pages of 4096 bytes, key slot 0: keyfile\n");
    place.run(["put", "x.tsm", "a", "1", "--keyfile", "key"]).gives("");
    place.run(["get", "x.tsm", "a", "--keyfile", "key"]).gives("1\n");
    place.run(["get", "x.tsm", "a", "--keyfile", "other"]).fails(CANNOT, "KEY-WRONG");
    place.run(["get", "x.tsm", "a", "--keyfile", "short"]).fails(CANNOT, "KEY-WRONG");
    place.run(["get", "x.tsm", "a", "--keyfile", "none"]).fails(CANNOT, "NOT-FOUND");
    place.run(["get", "x.tsm", "a", "--keyfile", "."]).fails(CANNOT, "IO");
    place.run(["get", "x.tsm", "a", "--passphrase-file", "pw"]).fails(CANNOT, "KEY-NO-SLOT");
    place.run(["get", "x.tsm", "a"]).fails(CANNOT, "KEY-NO-SLOT");
    place.run(["init", "y.tsm", "--keyfile", "short"]).fails(CANNOT, "KEY-WRONG");
    assert!(!place.path("y.tsm").exists());
}

#[test]
fn a_keyless_file_is_not_opened_for_one_who_gives_a_key() {
    let place = with_database();
    place.write("pw", "secret");
    place.run(["dump", "x.tsm", "--passphrase-file", "pw"]).fails(CANNOT, "KEY-NO-SLOT");
    place.run(["dump", "x.tsm", "--recovery-key-file", "pw"]).fails(CANNOT, "KEY-NO-SLOT");
}

#[test]
fn two_keys_at_once_are_wrong_use() {
    let place = with_database();
    place.run(["dump", "x.tsm", "--passphrase-file", "pw", "--keyfile", "k"]).fails(MISUSE, "MISUSE");
}

// ---- files that cannot be opened, and files that are not ours

#[test]
fn verbs_other_than_init_and_feed_want_a_file_that_is_there() {
    let place = Place::empty();
    for arguments in [
        vec!["put", "sub/none.tsm", "k", "v"],
        vec!["get", "sub/none.tsm", "k"],
        vec!["del", "sub/none.tsm", "k"],
        vec!["scan", "sub/none.tsm"],
        vec!["dump", "sub/none.tsm"],
        vec!["checkpoint", "sub/none.tsm"],
    ] {
        let ran = place.run(&arguments);
        ran.fails(CANNOT, "NOT-FOUND");
        assert!(ran.stderr.contains(": sub/none.tsm: "), "{}", ran.stderr);
    }
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_not_ours_is_told_at_once_and_not_touched() {
    let place = Place::empty();
    place.write("picture.png", [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 9000]].concat());
    place.write("empty.tsm", "");
    place.write("zeros.tsm", [0; 20000]);
    place.write("text.tsm", "hello");
    for file in ["picture.png", "empty.tsm", "zeros.tsm", "text.tsm"] {
        let before = fs::read(place.path(file)).unwrap();
        place.run(["dump", file]).fails(DAMAGE, "HDR-MAGIC");
        place.run(["get", file, "k"]).fails(DAMAGE, "HDR-MAGIC");
        place.run(["put", file, "k", "v"]).fails(DAMAGE, "HDR-MAGIC");
        place.run_with(["feed", file], "put k v\n").fails(DAMAGE, "HDR-MAGIC");
        assert_eq!(fs::read(place.path(file)).unwrap(), before);
    }
    assert!(place.run(["dump", "picture.png"]).stderr.contains("PNG"));
}

#[test]
fn a_folder_is_not_ours() {
    let place = Place::empty();
    for arguments in [vec!["dump", "."], vec!["put", ".", "k", "v"], vec!["feed", "."]] {
        place.run(&arguments).fails(DAMAGE, "NOT-A-FILE");
    }
    place.run(["init", "."]).fails(CANNOT, "EXISTS");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_ours_and_nobody_waits_for_its_writer() {
    let place = Place::empty();
    let made = Command::new("mkfifo").arg(place.path("pipe")).status().is_ok_and(|status| status.success());
    if made {
        place.run(["dump", "pipe"]).fails(DAMAGE, "NOT-A-FILE");
        place.run(["feed", "pipe"]).fails(DAMAGE, "NOT-A-FILE");
    }
}

#[test]
fn dump_prints_what_comes_before_the_damage_and_then_stops_with_2() {
    let place = Place::empty();
    let lines: String = (0..200).map(|number| format!("put {number:03} {}\n", "v".repeat(40))).collect();
    let ran = place.run_with(["feed", "x.tsm", "--page-size", "512"], format!("begin\n{lines}commit\ncheckpoint\n"));
    ran.gives("ACK 1\n");
    let whole = place.run(["dump", "x.tsm"]).stdout;
    let mut bytes = fs::read(place.path("x.tsm")).unwrap();
    // Keys went in ascending: the page allocated last holds the last of them.
    let last = bytes.len() - 512;
    bytes[last + 200] ^= 1;
    place.write("x.tsm", bytes);
    let ran = place.run(["dump", "x.tsm"]);
    ran.fails(DAMAGE, "PAGE-UNAUTHENTIC");
    assert!(!ran.stdout.is_empty() && whole.starts_with(&ran.stdout) && ran.stdout.len() < whole.len());
    assert!(ran.stdout.ends_with(b"\n"));
}

// ---- who writes, and who waits

fn bytes_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// A database whose writer was killed in the middle of its work.
fn killed(place: &Place) {
    let mut child = spawn_feed(place, &[]);
    child.stdin.as_mut().unwrap().write_all(b"put a 1\nput b 2\nbegin\nput c 3\n").unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(answers.nth(1).unwrap().unwrap(), "ACK 2");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn readers_read_through_a_log_left_by_a_crash_and_change_no_byte() {
    let place = Place::empty();
    killed(&place);
    // A torn tail too: half a record behind the last commit.
    let mut log = fs::OpenOptions::new().append(true).open(place.path("x.tsm-wal")).unwrap();
    log.write_all(&[0x5a; 700]).unwrap();
    let before = bytes_of(place.0.path());
    place.run(["dump", "x.tsm"]).gives("a\t1\nb\t2\n");
    place.run(["scan", "x.tsm", "--reverse"]).gives("b\t2\na\t1\n");
    place.run(["get", "x.tsm", "b"]).gives("2\n");
    assert!(bytes_of(place.0.path()) == before);
    assert_eq!(place.run(["put", "x.tsm", "c", "3"]).status, 0);
    assert_eq!(place.run(["checkpoint", "x.tsm"]).status, 0);
    place.run(["dump", "x.tsm"]).gives("a\t1\nb\t2\nc\t3\n");
}

#[cfg(unix)]
#[test]
fn readers_work_on_read_only_files_and_folders() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::empty();
    killed(&place);
    let allow = |path: PathBuf, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    allow(place.path("x.tsm"), 0o444);
    allow(place.path("x.tsm-wal"), 0o444);
    allow(place.path("."), 0o555);
    let dump = place.run(["dump", "x.tsm"]);
    let get = place.run(["get", "x.tsm", "a"]);
    let ignores_permissions = fs::OpenOptions::new().append(true).open(place.path("x.tsm")).is_ok();
    let put = (!ignores_permissions).then(|| place.run(["put", "x.tsm", "a", "2"]));
    let init = (!ignores_permissions).then(|| place.run(["init", "new.tsm"]));
    allow(place.path("."), 0o755);
    dump.gives("a\t1\nb\t2\n");
    get.gives("1\n");
    if let (Some(put), Some(init)) = (put, init) {
        put.fails(CANNOT, "IO");
        init.fails(CANNOT, "IO");
    }
}

#[test]
fn a_file_that_another_process_writes_takes_no_second_writer_and_any_number_of_readers() {
    let place = Place::empty();
    let mut child = spawn_feed(&place, &[]);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"put a 1\n").unwrap();
    let mut answer = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut answer).unwrap();
    place.run(["get", "x.tsm", "a"]).gives("1\n");
    place.run(["dump", "x.tsm"]).gives("a\t1\n");
    place.run(["scan", "x.tsm", "--limit", "1"]).gives("a\t1\n");
    for arguments in [
        vec!["stat", "x.tsm"],
        vec!["fingerprint", "x.tsm"],
        vec!["verify", "x.tsm", "--level", "deep"],
        vec!["inspect", "tree", "x.tsm"],
        vec!["hex", "x.tsm", "--page", "1"],
        vec!["shot", "tree", "x.tsm"],
    ] {
        let ran = place.run(&arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.stderr);
    }
    for arguments in [vec!["put", "x.tsm", "a", "2"], vec!["checkpoint", "x.tsm"]] {
        place.run(&arguments).fails(CANNOT, "IN-USE");
    }
    if cfg!(target_os = "linux") {
        let refused = place.run(["put", "x.tsm", "a", "2"]).stderr;
        let holder = format!("in use by process {} (tosumu)", child.id());
        assert!(refused.contains(&holder), "{refused}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
    place.run(["get", "x.tsm", "a"]).gives("1\n");
}

#[cfg(unix)]
#[test]
fn a_database_reached_through_a_symbolic_link_keeps_its_log_beside_itself() {
    let place = Place::empty();
    fs::create_dir(place.path("real")).unwrap();
    place.run_with(["feed", "real/x.tsm"], "put a 1\n").gives("ACK 1\n");
    std::os::unix::fs::symlink("real/x.tsm", place.path("link.tsm")).unwrap();
    place.run(["put", "link.tsm", "b", "2"]).gives("");
    place.run(["dump", "real/x.tsm"]).gives("a\t1\nb\t2\n");
    place.run(["dump", "link.tsm"]).gives("a\t1\nb\t2\n");
    assert!(!place.path("link.tsm-wal").exists());
}

// ---- the frame

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_a_verb_quietly() {
    let place = Place::empty();
    let lines: String = (0..5000).map(|number| format!("put {number:05} {}\n", "v".repeat(60))).collect();
    feed(&place, format!("begin\n{lines}commit\n")).gives("ACK 1\n");
    for verb in ["dump", "scan"] {
        let mut child = place.command().args([verb, "x.tsm"]).spawn().unwrap();
        let mut first = String::new();
        BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.starts_with("00000\t"));
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let place = with_database();
    place.run(["put", "x.tsm", "a", "1"]).gives("");
    let full = || Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    for arguments in [vec!["dump", "x.tsm"], vec!["get", "x.tsm", "a"], vec!["--help"], vec![]] {
        let output = place.command().args(arguments).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(CANNOT));
    }
}

#[test]
fn help_and_version_are_data_and_what_the_parser_refuses_is_64() {
    let place = Place::empty();
    for arguments in [vec!["--help"], vec!["-h"], vec!["--version"], vec!["feed", "--help"], vec![]] {
        let ran = place.run(&arguments);
        assert_eq!((ran.status, &*ran.stderr), (0, ""), "{arguments:?}");
        assert!(!ran.stdout.is_empty());
    }
    for arguments in [vec!["frobnicate"], vec!["get"], vec!["get", "x.tsm"], vec!["dump", "x.tsm", "--nope"]] {
        let ran = place.run(&arguments);
        ran.fails(MISUSE, "MISUSE");
        assert!(ran.stdout.is_empty());
    }
}

#[test]
fn a_file_of_format_1_is_read_and_refused_for_writing_and_its_bytes_are_named_as_they_were() {
    let place = Place::empty();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/formats/1");
    for name in ["several-hundred.tsm", "several-hundred.tsm-wal"] {
        place.write(name, fs::read(golden.join(name)).unwrap());
    }
    place.run(["dump", "several-hundred.tsm"]).gives(&fs::read_to_string(golden.join("several-hundred.dump")).unwrap());
    let refused = place.run(["put", "several-hundred.tsm", "k", "v"]);
    refused.fails(CANNOT, "FORMAT-OLD");
    assert_eq!(refused.stderr.matches("several-hundred.tsm").count(), 1, "{}", refused.stderr);
    let superblock = String::from_utf8(place.run(["inspect", "superblock", "several-hundred.tsm"]).stdout).unwrap();
    assert!(superblock.contains("format") && !superblock.contains("key_set"), "{superblock}");
    let log = String::from_utf8(place.run(["inspect", "log", "several-hundred.tsm"]).stdout).unwrap();
    assert!(log.contains("commit: root page") && log.contains("ends behind its last commit"), "{log}");
}

#[test]
fn named_trees_are_created_read_listed_and_dropped() {
    let place = with_database();
    let before = place.run(["dump", "x.tsm"]).stdout.clone();
    place.run(["put", "x.tsm", "--tree", "notes", "k", "v"]).gives("");
    place.run(["put", "x.tsm", "--tree", "notes", "l", "w"]).gives("");
    place.run(["get", "x.tsm", "--tree", "notes", "k"]).gives("v\n");
    place.run(["dump", "x.tsm", "--tree", "notes"]).gives("k\tv\nl\tw\n");
    place.run(["scan", "x.tsm", "--tree", "notes", "--from", "l"]).gives("l\tw\n");
    assert_eq!(place.run(["dump", "x.tsm"]).stdout, before, "the main tree is untouched");
    place.run(["tree", "list", "x.tsm"]).gives("notes\t2 records\t1 page\n");
    place.run(["tree", "create", "x.tsm", "notes"]).fails(CANNOT, "EXISTS");
    place.run(["get", "x.tsm", "--tree", "other", "k"]).fails(CANNOT, "NO-TREE");
    place.run(["del", "x.tsm", "--tree", "notes", "k"]).gives("");
    place.run(["dump", "x.tsm", "--tree", "notes"]).gives("l\tw\n");
    place.run(["tree", "drop", "x.tsm", "notes"]).gives("");
    assert_eq!(place.run(["tree", "drop", "x.tsm", "notes"]).status, 1);
    place.run(["tree", "list", "x.tsm"]).gives("");
}

// ---- salvage

/// A database of 300 records in pages of 512 bytes, folded, and the same with one page damaged.
fn place_to_salvage() -> Place {
    let place = Place::empty();
    let puts: String = (1..=300).map(|number| format!("put k{number:04} value-{number}\n")).collect();
    let lines = format!("begin\n{puts}commit\ncheckpoint\n");
    assert_eq!(place.run_with(["feed", "x.tsm", "--page-size", "512"], lines).status, 0);
    let mut bytes = fs::read(place.path("x.tsm")).unwrap();
    // More than one bit, for one is turned back.
    bytes[8192 + 2 * 512 + 100] ^= 3;
    place.write("y.tsm", bytes);
    place
}

#[test]
fn salvage_of_a_sound_file_says_that_nothing_is_lost() {
    let place = place_to_salvage();
    let ran = place.run(["salvage", "x.tsm", "saved.tsm"]);
    let told = ran.text();
    assert_eq!((ran.status, &*ran.stderr), (0, ""));
    assert!(told.starts_with("saved.tsm: salvaged from x.tsm: nothing is lost\n"), "{told}");
    assert!(told.contains("saved     300 records, certain"), "{told}");
    assert_eq!(place.run(["dump", "saved.tsm"]).stdout, place.run(["dump", "x.tsm"]).stdout);
}

#[test]
fn salvage_of_a_damaged_file_names_the_keys_that_are_lost_and_what_to_do() {
    let place = place_to_salvage();
    let before = fs::read(place.path("y.tsm")).unwrap();
    let ran = place.run(["salvage", "y.tsm", "saved.tsm", "--report", "all.jsonl"]);
    let told = ran.text();
    assert_eq!((ran.status, &*ran.stderr), (DAMAGE, ""), "{told}");
    for said in ["records are lost", "lost      keys before k0151", "page 3, PAGE-UNAUTHENTIC", "next      keep y.tsm"]
    {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert_eq!(fs::read(place.path("y.tsm")).unwrap(), before);
    assert_eq!(place.run(["verify", "saved.tsm", "--level", "deep"]).status, 0);

    let lines = fs::read_to_string(place.path("all.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let end = lines.last().unwrap();
    let certain = lines.iter().filter(|line| line["status"] == "certain").count() as u64;
    assert_eq!((&end["line"], end["totals"]["certain"].as_u64()), (&"end".into(), Some(certain)));
    assert_eq!(end["totals"]["lost_records"].as_u64(), Some(300 - certain));

    let ran = place.run(["salvage", "y.tsm", "again.tsm", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!((ran.status, &report["exit"], &report["verdict"]), (DAMAGE, &2.into(), &"lost".into()));
    assert_eq!(report["lost_ranges"][0]["finding"]["code"], "PAGE-UNAUTHENTIC");
}

#[test]
fn salvage_touches_no_file_that_is_there_and_makes_none_without_a_key() {
    let place = place_to_salvage();
    place.write("mine", "mine");
    place.run(["salvage", "y.tsm", "mine"]).fails(CANNOT, "EXISTS");
    place.run(["salvage", "y.tsm", "y.tsm"]).fails(CANNOT, "EXISTS");
    place.run(["salvage", "y.tsm", "z.tsm", "--report", "mine"]).fails(CANNOT, "EXISTS");
    place.run(["salvage", "absent.tsm", "z.tsm"]).fails(CANNOT, "NOT-FOUND");
    place.run(["salvage", "mine", "z.tsm", "--report", "r"]).fails(DAMAGE, "HDR-MAGIC");
    place.write("pw", "secret");
    assert_eq!(place.run(["init", "p.tsm", "--passphrase-file", "pw", "--kdf", "test"]).status, 0);
    place.run(["salvage", "p.tsm", "z.tsm", "--report", "r"]).fails(CANNOT, "KEY-NO-SLOT");
    place.run(["salvage", "p.tsm", "z.tsm", "--keyfile", "y.tsm"]).fails(CANNOT, "KEY-NO-SLOT");
    place.run(["salvage", "y.tsm", "z.tsm", "--include", "certain"]).fails(MISUSE, "MISUSE");
    assert_eq!(fs::read(place.path("mine")).unwrap(), b"mine");
    assert!(!place.path("z.tsm").exists() && !place.path("r").exists() && !place.path("z.tsm.tmp").exists());
    assert_eq!(place.run(["salvage", "p.tsm", "q.tsm", "--passphrase-file", "pw"]).status, 0);
    assert_eq!(place.run(["get", "q.tsm", "k", "--passphrase-file", "pw"]).status, NOTHING);
}
