//! The verbs that change who can open a database, and the witness file, as outside programs see them.

mod common;

use common::{CANNOT, DAMAGE, MISUSE, Place};
use std::fs;

/// A place with `x.tsm` in it, opened by the passphrase in `old`, a record in its log; `new` and `key` are key files.
fn with_passphrase() -> Place {
    let place = Place::empty();
    place.write("old", "old passphrase\n");
    place.write("new", "new passphrase\n");
    place.write("key", [7; 40]);
    assert_eq!(place.run("init x.tsm --passphrase-file old --kdf test").status, 0);
    assert_eq!(place.run("put x.tsm a 1 --passphrase-file old").status, 0);
    place
}

#[test]
fn keys_are_added_listed_rewrapped_and_removed() {
    let place = with_passphrase();
    place.run("key add x.tsm --passphrase-file old --new-keyfile key").gives("x.tsm: key slot 1 added: keyfile\n");
    let listed = "slot 0  passphrase    Argon2id 256 KiB, 1 pass, 1 lane\nslot 1  keyfile       (opened by the key given)\n\
                  6 of 8 key slots are free\n";
    place.run("key list x.tsm --keyfile key").gives(listed);
    let json: serde_json::Value =
        serde_json::from_str(&place.run("key list x.tsm --json --passphrase-file old").text()).unwrap();
    assert_eq!(json["slots"][0]["kdf"]["memory_kib"], 256);
    assert_eq!((&json["slots"][0]["opened"], &json["slots"][1]["kind"]), (&true.into(), &"keyfile".into()));
    assert_eq!(json["free"], 6);

    let rewrapped = place.run("key rewrap x.tsm --slot 0 --keyfile key --new-passphrase-file new --kdf test");
    rewrapped.gives("x.tsm: key slot 0 rewrapped: passphrase\n");
    assert!(rewrapped.stderr.contains("old copies of x.tsm still open with the old key: only `rekey` revokes it"));
    place.run("get x.tsm a --passphrase-file old").fails(CANNOT, "KEY-WRONG");
    place.run("get x.tsm a --passphrase-file new").gives("1\n");

    let removed = place.run("key remove x.tsm --slot 1 --keyfile key");
    removed.gives("x.tsm: key slot 1 removed: keyfile\n");
    assert!(removed.stderr.contains("that was the slot which the key given opens"), "{}", removed.stderr);
    place.run("get x.tsm a --keyfile key").fails(CANNOT, "KEY-NO-SLOT");
    let last = place.run("key remove x.tsm --slot 0 --passphrase-file new");
    last.fails(MISUSE, "MISUSE");
    assert!(last.stderr.contains("add another key first"), "{}", last.stderr);
    place.run("verify x.tsm --level deep --passphrase-file new").text().contains("KDF-WEAK");
}

#[test]
fn the_first_line_of_standard_input_opens_and_the_second_is_the_new_passphrase() {
    let place = with_passphrase();
    place
        .run_with(
            "key add x.tsm --passphrase-stdin --new-passphrase-stdin --kdf test",
            "old passphrase\nanother one\nrest\n",
        )
        .gives("x.tsm: key slot 1 added: passphrase\n");
    place.run_with("get x.tsm a --passphrase-stdin", "another one\n").gives("1\n");
}

#[test]
fn a_recovery_key_is_printed_once_opens_the_file_and_its_slips_are_told_by_group() {
    let place = with_passphrase();
    let added = place.run("key add x.tsm --passphrase-file old --new-recovery-key");
    assert_eq!(added.status, 0, "{}", added.stderr);
    assert!(added.stderr.contains("not confirmed"), "{}", added.stderr);
    let text = added.text();
    let (key, rest) = text.split_once('\n').unwrap();
    assert_eq!(rest, "x.tsm: key slot 1 added: recovery key\n");
    assert_eq!(key.split('-').map(str::len).collect::<Vec<_>>(), [4; 14]);
    let write = |text: &str| fs::write(place.path("paper"), text).unwrap();
    write(&key.to_lowercase().replace('-', " "));
    place.run("get x.tsm a --recovery-key-file paper").gives("1\n");
    let other = if key.as_bytes()[11] == b'7' { "8" } else { "7" };
    write(&[&key[..11], other, &key[12..]].concat());
    let slip = place.run("get x.tsm a --recovery-key-file paper");
    slip.fails(CANNOT, "KEY-WRONG");
    assert!(slip.stderr.contains("mistyped") && slip.stderr.contains("group 3"), "{}", slip.stderr);
    write(&key[5..]);
    place.run("get x.tsm a --recovery-key-file paper").fails(CANNOT, "KEY-WRONG");
    assert!(!slip.stderr.contains(&key[..9]));
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let place = with_passphrase();
    let before = fs::read(place.path("x.tsm")).unwrap();
    place.run("key add x.tsm --new-keyfile key").fails(CANNOT, "KEY-NO-SLOT");
    place.run("key add x.tsm --passphrase-file new --new-keyfile key").fails(CANNOT, "KEY-WRONG");
    place.run("key list x.tsm --passphrase-file new").fails(CANNOT, "KEY-WRONG");
    place.run("key add y.tsm --passphrase-file old --new-keyfile key").fails(CANNOT, "NOT-FOUND");
    place.run("key add x.tsm --passphrase-file old --new-keyfile none").fails(CANNOT, "NOT-FOUND");
    place.run("key add x.tsm --passphrase-file old").fails(MISUSE, "MISUSE");
    place.run("key add x.tsm --passphrase-file old --new-keyfile key --new-keyless").fails(MISUSE, "MISUSE");
    place.run("key remove x.tsm --passphrase-file old").fails(MISUSE, "MISUSE");
    place.run("key remove x.tsm --passphrase-file old --slot 9").fails(MISUSE, "MISUSE");
    place.run("key remove x.tsm --passphrase-file old --slot 3").fails(MISUSE, "MISUSE");
    place.run("key rewrap x.tsm --passphrase-file old --slot 3 --new-keyless").fails(MISUSE, "MISUSE");
    place.run("key").fails(MISUSE, "MISUSE");
    fs::write(place.path("empty"), "").unwrap();
    place.run("key add x.tsm --passphrase-file old --new-passphrase-file empty").fails(MISUSE, "MISUSE");
    place.run("key add x.tsm --passphrase-file old --new-keyfile empty").fails(MISUSE, "MISUSE");
    // Opening for writing rewrites superblocks, but the key slots are those of before.
    assert_eq!(fs::read(place.path("x.tsm")).unwrap()[256..2304], before[256..2304]);
    for _ in 0..7 {
        assert_eq!(place.run("key add x.tsm --passphrase-file old --new-keyless").status, 0);
    }
    place.run("key add x.tsm --passphrase-file old --new-recovery-key").fails(CANNOT, "LIMIT");
    assert_eq!(place.run("get x.tsm a").text(), "1\n");
}

#[test]
fn rekey_writes_a_new_file_that_old_keys_do_not_open_and_says_which_slots_stayed_behind() {
    let place = with_passphrase();
    place.run("key add x.tsm --passphrase-file old --new-keyfile key");
    let ran = place.run("rekey x.tsm y.tsm --passphrase-file old --kdf test");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("key slot 1 (keyfile) did not come along"), "{}", ran.stderr);
    place.run("get y.tsm a --passphrase-file old").gives("1\n");
    place.run("get y.tsm a --keyfile key").fails(CANNOT, "KEY-NO-SLOT");
    let ran = place.run("rekey x.tsm z.tsm --passphrase-file old --new-keyfile key");
    assert!(ran.stderr.contains("key slot 0 (passphrase) did not come along"), "{}", ran.stderr);
    place.run("get z.tsm a --passphrase-file old").fails(CANNOT, "KEY-NO-SLOT");
    place.run("get z.tsm a --keyfile key").gives("1\n");
    place.run("rekey x.tsm y.tsm --passphrase-file old --kdf test").fails(CANNOT, "EXISTS");
    place.run("rekey x.tsm v.tsm --passphrase-file new").fails(CANNOT, "KEY-WRONG");
    assert!(!place.path("v.tsm").exists());
}

#[test]
fn an_anchor_tells_key_slots_that_were_put_back() {
    let place = with_passphrase();
    let copy = fs::read(place.path("x.tsm")).unwrap();
    let plain = place.run("fingerprint x.tsm --passphrase-file old").text();
    assert_eq!(plain.split_whitespace().count(), 5, "{plain}");
    place.run("key add x.tsm --passphrase-file old --new-keyfile key");
    let line = place.run("fingerprint x.tsm --passphrase-file old").text();
    assert!(line.starts_with(plain.trim_end()) && line.contains(" keys 2 "), "{line}");
    fs::write(place.path("anchor"), &line).unwrap();
    let verify = "verify x.tsm --passphrase-file old --anchor anchor";
    assert!(place.run(verify).status <= 1);
    fs::write(place.path("x.tsm"), copy).unwrap();
    let ran = place.run(verify);
    assert_eq!(ran.status, DAMAGE, "{}", ran.text());
    assert!(
        ran.text().contains("FRESH-ROLLBACK") && ran.text().contains("The key slots were put back"),
        "{}",
        ran.text()
    );
}

#[test]
fn a_witness_file_stops_every_verb_on_a_database_that_was_put_back() {
    let place = with_passphrase();
    let begun = place.run("put x.tsm b 2 --passphrase-file old --witness w");
    assert!(begun.status == 0 && begun.stderr.contains("w: begun as a witness file"), "{}", begun.stderr);
    let kept = [fs::read(place.path("x.tsm")).unwrap(), fs::read(place.path("x.tsm-wal")).unwrap()];
    let fed = place.run_with("feed x.tsm --passphrase-file old --witness w", "put c 3\nput d 4\n");
    assert_eq!((fed.status, &*fed.stderr), (0, ""));
    assert_eq!(fs::read_to_string(place.path("w")).unwrap().lines().count(), 4);
    for verb in ["get x.tsm a", "dump x.tsm", "stat x.tsm", "inspect tree x.tsm", "verify x.tsm"] {
        assert!(place.run(&format!("{verb} --passphrase-file old --witness w")).status <= 1, "{verb}");
    }
    fs::write(place.path("x.tsm"), &kept[0]).unwrap();
    fs::write(place.path("x.tsm-wal"), &kept[1]).unwrap();
    let verbs =
        ["get x.tsm a", "dump x.tsm", "scan x.tsm", "put x.tsm e 5", "del x.tsm a", "inspect tree x.tsm", "stat x.tsm"];
    for verb in verbs {
        place.run(&format!("{verb} --passphrase-file old --witness w")).fails(DAMAGE, "FRESH-ROLLBACK");
    }
    for anchor in ["--witness w", "--anchor w"] {
        let ran = place.run(&format!("verify x.tsm --passphrase-file old {anchor}"));
        assert!(ran.status == DAMAGE && ran.text().contains("FRESH-ROLLBACK"), "{}", ran.text());
    }
    place.run("get x.tsm a --passphrase-file old --witness none").fails(CANNOT, "IO");
    place.run("verify x.tsm --passphrase-file old --witness none").fails(CANNOT, "NOT-FOUND");
    fs::write(place.path("diary"), "today\n").unwrap();
    place.run("put x.tsm a 1 --passphrase-file old --witness diary").fails(DAMAGE, "FRESH-UNANCHORED");
}
