//! Moving data: copies, backups of a live database, the archive of logs, restoring to any commit, export and import.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::inspect::AtRest;
use tosumu::transfer::{
    Existing, Import, ImportFailure, ImportReport, Restore, RestoreReport, archived_databases, drill, export,
};
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{CrashPlan, Fault, FaultKind, FaultSpan, MemoryVfs, OpenMode, SimVfs, Vfs, read_exact_at};
use tosumu::{
    AutoCheckpoint, CheckpointMode, CheckpointOnClose, CommitNo, Database, Durability, Options, PageSize, Result,
    Unlock,
};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn options(vfs: &MemoryVfs, seed: u64) -> Options {
    Options::new()
        .vfs(Arc::new(vfs.clone()))
        .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
        .page_size(PageSize::TOY)
        .create(true)
}

fn dump(db: &Database) -> Model {
    let snapshot = db.read();
    let records = snapshot.range::<[u8]>(..);
    records.map(|record| record.map(|record| (record.key().to_vec(), record.value().to_vec())).unwrap()).collect()
}

fn restore(vfs: &MemoryVfs) -> Restore {
    Restore::new().vfs(Arc::new(vfs.clone())).entropy(Arc::new(InsecureSeededEntropy::new(99)))
}

/// Restores to `commit`, and gives what the new file holds.
fn restored(restore: Restore, vfs: &MemoryVfs, source: &str, commit: u64) -> (RestoreReport, Model) {
    let target = format!("restored-{commit}.tsm");
    let report = restore.to_commit(CommitNo(commit)).run(source, &target).unwrap();
    let held = dump(&Options::new().vfs(Arc::new(vfs.clone())).read_only(true).open(&target).unwrap());
    for name in [target.clone(), target + "-wal"] {
        let _ = vfs.remove(Path::new(&name));
    }
    (report, held)
}

/// Commits so many times, now and then through a checkpoint, and remembers what each commit held.
fn live(db: &Database, commits: u64, checkpoint_every: u64) -> BTreeMap<u64, Model> {
    let mut model = dump(db);
    let mut models = BTreeMap::from([(db.read().commit().0, model.clone())]);
    for number in 0..commits {
        let mut transaction = db.begin_write().unwrap();
        for step in 0..5 {
            let key = format!("key {:03}", (number * 7 + step * 31) % 97).into_bytes();
            match (number + step) % 6 {
                0 => {
                    transaction.delete(&key).unwrap();
                    model.remove(&key);
                }
                _ => {
                    let value = format!("{number} {step} {}", "v".repeat((number % 40) as usize)).into_bytes();
                    transaction.put(&key, &value).unwrap();
                    model.insert(key, value);
                }
            }
        }
        models.insert(transaction.commit().unwrap().0, model.clone());
        if number % checkpoint_every == checkpoint_every - 1 {
            db.checkpoint(CheckpointMode::Passive).unwrap();
        }
    }
    models
}

#[test]
fn a_backup_holds_the_snapshot_and_opens_with_the_same_key() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 1).open("a.tsm").unwrap();
    let models = live(&db, 60, 25);
    let report = db.backup("copy.tsm").unwrap();
    let copy = Options::new().vfs(Arc::new(vfs.clone())).open("copy.tsm").unwrap();
    assert_eq!(dump(&copy), *models.values().last().unwrap());
    assert_eq!(report.records, copy.read().record_count());
    assert_eq!(report.pages, copy.read().page_count());
    assert_eq!(report.source_commit, db.read().commit());
    assert_eq!(report.source_fingerprint, db.fingerprint());
    assert_eq!(report.fingerprint, copy.fingerprint());
    assert_ne!(copy.file_id(), db.file_id());
    assert!(!vfs.exists(Path::new("copy.tsm.tmp")).unwrap());
    assert!(!vfs.exists(Path::new("copy.tsm.tmp-wal")).unwrap());
    assert!(!vfs.exists(Path::new("copy.tsm-wal")).unwrap() || copy.stats().unwrap().log_bytes == 0);
}

#[test]
fn a_copy_never_replaces_a_file_and_clears_a_leftover_away() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 1).open("a.tsm").unwrap();
    db.write(|tx| tx.put(b"k", b"v")).unwrap();
    assert_eq!(db.backup("a.tsm").unwrap_err().code(), "EXISTS");
    let taken = vfs.open(Path::new("b.tsm-wal"), OpenMode::CreateNew).unwrap();
    assert_eq!(db.backup("b.tsm").unwrap_err().code(), "EXISTS");
    drop(taken);
    vfs.remove(Path::new("b.tsm-wal")).unwrap();
    for name in ["b.tsm.tmp", "b.tsm.tmp-wal"] {
        vfs.open(Path::new(name), OpenMode::CreateNew).unwrap().write_at(0, b"leftover").unwrap();
    }
    db.backup("b.tsm").unwrap();
    assert_eq!(dump(&db), dump(&Options::new().vfs(Arc::new(vfs.clone())).open("b.tsm").unwrap()));
}

#[test]
fn every_commit_can_be_brought_back_from_the_log_alone() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 2).open("a.tsm").unwrap();
    let models = live(&db, 100, u64::MAX);
    drop(db);
    for (&commit, model) in &models {
        let (report, held) = restored(restore(&vfs), &vfs, "a.tsm", commit);
        assert_eq!(held, *model, "commit {commit}");
        assert_eq!(report.commit.0, commit);
    }
}

#[test]
fn every_commit_can_be_brought_back_across_checkpoints_from_the_archive() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 3).archive("kept").open("a.tsm").unwrap();
    let mut models = live(&db, 50, 9);
    drop(db);
    let db = options(&vfs, 4).archive("kept").open("a.tsm").unwrap();
    models.extend(live(&db, 50, 13));
    drop(db);
    assert!(models.len() >= 100);
    let mut bases = std::collections::BTreeSet::new();
    for (&commit, model) in &models {
        let from = restore(&vfs).archive("kept");
        if !models.contains_key(&commit.saturating_sub(1)) && commit > 0 {
            // The state a handle begins on may be a seal transaction's; it is not offered.
            let refused = from.clone().to_commit(CommitNo(commit)).run("a.tsm", "never.tsm");
            if let Err(error) = refused {
                assert!(error.to_string().contains("seal transaction"), "{error}");
                continue;
            }
            vfs.remove(Path::new("never.tsm")).unwrap();
        }
        let (report, held) = restored(from, &vfs, "a.tsm", commit);
        assert_eq!(held, *model, "commit {commit}");
        bases.insert(report.files[0].clone());
    }
    assert!(bases.len() >= 2, "{bases:?}");
    let newest = restore(&vfs).archive("kept").run("a.tsm", "newest.tsm").unwrap();
    let newest_held = dump(&options(&vfs, 5).open("newest.tsm").unwrap());
    assert_eq!(newest_held, *models.values().last().unwrap());
    assert_eq!(newest.files[0], "a.tsm");
}

fn dump_of(vfs: &MemoryVfs, path: &str) -> Model {
    dump(&Options::new().vfs(Arc::new(vfs.clone())).read_only(true).open(path).unwrap())
}

#[test]
fn a_lost_page_file_comes_back_from_a_base_and_the_logs() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 6).archive("kept").open("a.tsm").unwrap();
    let models = live(&db, 40, 10);
    drop(db);
    for name in ["a.tsm", "a.tsm-wal"] {
        let _ = vfs.remove(Path::new(name));
    }
    assert_eq!(restore(&vfs).archive("kept").run("a.tsm", "b.tsm").unwrap_err().code(), "NOT-FOUND");
    let databases = archived_databases(&vfs, Path::new("kept")).unwrap();
    let base = format!("kept/{}", databases[0].bases[0]);
    let report = restore(&vfs).archive("kept").run(&base, "b.tsm").unwrap();
    assert_eq!(dump_of(&vfs, "b.tsm"), *models.values().last().unwrap());
    assert_eq!(report.files.len(), 5);
    assert_eq!(restore(&vfs).run(&base, "c.tsm").unwrap().commit.0, 0);
}

#[test]
fn a_commit_that_is_not_there_is_refused_with_the_range_of_those_that_are() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 7).archive("kept").open("a.tsm").unwrap();
    live(&db, 20, 10);
    db.write(|tx| tx.put(b"last", b"")).unwrap();
    drop(db);
    let told = |archive: bool, commit: u64| {
        let from = if archive { restore(&vfs).archive("kept") } else { restore(&vfs) };
        let error = from.to_commit(CommitNo(commit)).run("a.tsm", "b.tsm").unwrap_err();
        assert_eq!(error.code(), "NO-COMMIT");
        assert!(!vfs.exists(Path::new("b.tsm")).unwrap());
        error.to_string()
    };
    assert_eq!(told(true, 999), "commit 999 cannot be brought back: there are commits 0 to 23");
    let seal = "commit 11 cannot be brought back: it is a seal transaction, and the commit before it holds the same records; \
                there are commits 0 to 23";
    assert_eq!(told(true, 11), seal);
    assert_eq!(told(false, 3), "commit 3 cannot be brought back: there are commits 21 to 23; an archive may hold more");
}

fn bytes_of(vfs: &MemoryVfs, path: &str) -> Vec<u8> {
    let file = vfs.open(Path::new(path), OpenMode::Read).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    read_exact_at(&*file, 0, &mut bytes).unwrap();
    bytes
}

fn overwrite(vfs: &MemoryVfs, path: &str, bytes: &[u8]) {
    let file = vfs.open(Path::new(path), OpenMode::Write).unwrap();
    file.set_len(0).unwrap();
    file.write_at(0, bytes).unwrap();
}

#[test]
fn a_gap_and_a_foreign_log_in_the_archive_are_named() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 8).archive("kept").open("a.tsm").unwrap();
    let models = live(&db, 40, 10);
    let id = db.file_id();
    drop(db);
    let other = options(&vfs, 9).archive("other").open("o.tsm").unwrap();
    live(&other, 10, 10);
    let other_log = format!("other/{}-1.log", other.file_id());
    let log = |generation: u64| format!("kept/{id}-{generation}.log");
    let code = |commit: u64| {
        let error = restore(&vfs).archive("kept").to_commit(CommitNo(commit)).run("a.tsm", "b.tsm").unwrap_err();
        (error.code(), error.to_string())
    };
    let good = bytes_of(&vfs, &log(2));
    // Another database's log, another generation's, one flipped byte, no log at all.
    overwrite(&vfs, &log(2), &bytes_of(&vfs, &other_log));
    let (found, text) = code(25);
    assert!(found == "LOG-FOREIGN" && text.contains("-2.log"), "{text}");
    overwrite(&vfs, &log(2), &bytes_of(&vfs, &log(1)));
    let (found, text) = code(25);
    assert!(found == "LOG-FOREIGN" && text.contains("-2.log"), "{text}");
    overwrite(&vfs, &log(2), &bytes_of(&vfs, &log(3)));
    let (found, text) = code(25);
    assert!(found == "FRESH-MAIN-OLDER" && text.contains("-2.log"), "{text}");
    let mut rotten = good.clone();
    rotten[700] ^= 1;
    overwrite(&vfs, &log(2), &rotten);
    let (found, text) = code(20);
    assert!(found == "LOG-ROT" && text.contains("-2.log"), "{text}");
    vfs.remove(Path::new(&log(2))).unwrap();
    let (found, text) = code(25);
    assert!(found == "LOG-MISSING" && text.contains("-2.log"), "{text}");
    // What stands before the gap, and what the page file itself holds, comes back all the same.
    assert_eq!(restored(restore(&vfs).archive("kept"), &vfs, "a.tsm", 10).1, models[&10]);
    let last = *models.keys().last().unwrap();
    assert_eq!(restored(restore(&vfs).archive("kept"), &vfs, "a.tsm", last).1, models[&last]);
}

#[test]
fn an_archive_with_a_gap_gets_a_new_base() -> Result<()> {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 10).archive("kept").open("a.tsm")?;
    live(&db, 10, 5);
    drop(db);
    let db = options(&vfs, 11).open("a.tsm")?;
    live(&db, 5, 5);
    drop(db);
    let db = options(&vfs, 12).archive("kept").open("a.tsm")?;
    let models = live(&db, 10, 5);
    drop(db);
    assert_eq!(archived_databases(&vfs, Path::new("kept"))?[0].bases.len(), 2);
    let first = *models.keys().nth(1).unwrap();
    assert_eq!(restored(restore(&vfs).archive("kept"), &vfs, "a.tsm", first).1, models[&first]);
    Ok(())
}

fn exported(db: &Database) -> Vec<u8> {
    let mut text = Vec::new();
    export(&db.read(), db.page_size(), &mut text).unwrap();
    text
}

fn import(db: &Database, text: &[u8], existing: Existing) -> std::result::Result<ImportReport, ImportFailure> {
    Import::begin(text).map_err(|error| ImportFailure { error, line: 1, committed: 0 })?.run(db, existing)
}

#[test]
fn an_export_of_an_import_of_an_export_is_the_same_to_the_byte() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 20).open("a.tsm").unwrap();
    live(&db, 60, 20);
    db.write(|tx| tx.put(&[0xff, 0, b'"'], b"")).unwrap();
    let text = exported(&db);
    let page_size = Import::begin(&text[..]).unwrap().page_size();
    assert_eq!(page_size, db.page_size());
    let copy = options(&vfs, 21).page_size(page_size).open("b.tsm").unwrap();
    let report = import(&copy, &text, Existing::MustAgree).unwrap();
    assert_eq!(report.put, db.read().record_count());
    assert_eq!(exported(&copy), text);
    // Once more: all is there.
    let again = import(&copy, &text, Existing::MustAgree).unwrap();
    assert_eq!((again.put, again.passed_over), (0, report.put));
    let empty = options(&vfs, 22).open("c.tsm").unwrap();
    let other = options(&vfs, 23).open("d.tsm").unwrap();
    import(&other, &exported(&empty), Existing::MustAgree).unwrap();
}

#[test]
fn an_import_that_was_cut_short_anywhere_goes_on_and_ends_the_same() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 30).open("a.tsm").unwrap();
    live(&db, 10, 20);
    let text = exported(&db);
    for cut in (0..text.len()).step_by(101) {
        let path = format!("cut-{cut}.tsm");
        let copy = options(&vfs, 31).open(&path).unwrap();
        let failure = import(&copy, &text[..cut], Existing::MustAgree).unwrap_err();
        assert_eq!(failure.error.code(), "EXPORT", "{cut}: {}", failure.error);
        assert_eq!(copy.read().record_count(), failure.committed, "{cut}");
        import(&copy, &text, Existing::MustAgree).unwrap();
        assert_eq!(exported(&copy), text, "{cut}");
    }
}

#[test]
fn an_edited_export_is_told_with_the_line() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 40).open("a.tsm").unwrap();
    db.write(|tx| (0..9u8).try_for_each(|n| tx.put(&[b'k', b'0' + n], &[n; 40]))).unwrap();
    let text = String::from_utf8(exported(&db)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let told = |lines: &[&str]| {
        let text = lines.join("\n");
        let copy = options(&MemoryVfs::new(), 41).open("b.tsm").unwrap();
        let failure = import(&copy, text.as_bytes(), Existing::MustAgree).unwrap_err();
        (failure.error.code(), failure.error.to_string())
    };
    let edit = |line: usize, with: &str| {
        let mut edited = lines.clone();
        edited[line] = with;
        told(&edited)
    };
    let swapped = lines[3].replace("AgIC", "AwMD");
    for (line, with, said) in [
        (0, "{\"tosumu-export\":2,\"page_size\":512}", "line 1: this is version 2"),
        (0, "{\"tosumu-export\":1,\"page_size\":500}", "line 1: the page size"),
        (0, lines[1], "line 1: an export begins with"),
        (4, "", "line 5: a line begins with `{`"),
        (4, "nonsense", "line 5: a line begins with `{`"),
        (4, "{\"k\":\"a\",\"v\":\"\"}", "line 5: `k` is no base64"),
        (4, "{\"k\":\"azM=\",\"v\":\"AA=A\"}", "line 5: `v` is no base64"),
        (4, "{\"k\":\"azM=\"}", "line 5: `v` follows `k`"),
        (4, "{\"k\":\"azM=\",\"v\":\"\"} x", "line 5: something stands behind"),
        (4, "{\"k\":\"azM=\",\"v\":\"", "line 5: the line ends inside a string"),
        (1, "{\"k\":\"\",\"v\":\"\"}", "line 2: its key is empty"),
        (4, "{\"q\":1}", "line 5: `q` is no field"),
        (4, lines[2], "line 5: its key does not come after"),
        (3, &swapped, "line 11: the digest"),
    ] {
        let (code, text) = edit(line, with);
        assert!(code == "EXPORT" && text.starts_with(said), "{with}: {code}: {text}");
    }
    let mut less = lines.clone();
    less.remove(5);
    assert!(told(&less).1.contains("says 9 records and has 8"), "{}", told(&less).1);
    let mut more = lines.clone();
    more.push("{\"k\":\"\",\"v\":\"\"}");
    assert!(told(&more).1.contains("behind the last line"));
    let long = format!("{{\"tree\":\"{}\"}}", "n".repeat(600_000));
    assert!(edit(4, &long).1.starts_with("line 5: the line is longer than"));
}

#[test]
fn records_that_differ_or_are_foreign_are_refused_unless_merged() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 50).open("a.tsm").unwrap();
    db.write(|tx| ["a", "c", "e"].iter().try_for_each(|key| tx.put(key.as_bytes(), b"new"))).unwrap();
    let text = exported(&db);
    for (number, (key, value)) in [("c", "old"), ("b", "foreign"), ("f", "foreign")].into_iter().enumerate() {
        let copy = options(&vfs, 51).open(format!("b{number}.tsm")).unwrap();
        copy.write(|tx| tx.put(key.as_bytes(), value.as_bytes())).unwrap();
        let failure = import(&copy, &text, Existing::MustAgree).unwrap_err();
        assert_eq!(failure.error.code(), "CONFLICT");
        assert!(failure.error.to_string().contains("--merge"), "{}", failure.error);
        assert_eq!(copy.read().get(key.as_bytes()).unwrap().as_deref(), Some(value.as_bytes()));
        import(&copy, &text, Existing::Merge).unwrap();
        let mut expected = dump(&db);
        expected.entry(key.as_bytes().to_vec()).or_insert(value.as_bytes().to_vec());
        assert_eq!(dump(&copy), expected);
    }
}

#[test]
fn what_another_program_writes_with_blanks_and_escaped_slashes_is_read() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 60).open("a.tsm").unwrap();
    db.write(|tx| tx.put(b"k", &[0xff; 9])).unwrap();
    let text = String::from_utf8(exported(&db)).unwrap();
    let spaced = text.replace("\":", "\" : ").replace(',', " ,\t").replace('/', "\\/").replace('\n', " \r\n");
    let copy = options(&vfs, 61).open("b.tsm").unwrap();
    import(&copy, spaced.as_bytes(), Existing::MustAgree).unwrap();
    assert_eq!(dump(&copy), dump(&db));
}

/// Records, with a value over many pages, in the main tree and two named ones; free pages from what was deleted.
fn with_trees(vfs: &MemoryVfs, seed: u64, page_size: PageSize) -> Database {
    let db = options(vfs, seed).page_size(page_size).open(format!("trees-{seed}.tsm")).unwrap();
    db.write(|tx| {
        (0..300u32).try_for_each(|n| tx.put(&n.to_be_bytes(), &n.to_le_bytes().repeat(n as usize % 60)))?;
        tx.put(b"long", &long_value(200_000))?;
        tx.put(b"dropped", &long_value(50_000))?;
        for name in ["tags", "empty", "\u{e4}\"\\n"] {
            tx.create_tree(name)?;
        }
        (0..80u8).try_for_each(|n| tx.tree("tags")?.unwrap().put(&[0xff, n], &[n; 7]))?;
        tx.tree("\u{e4}\"\\n")?.unwrap().put(b"long too", &long_value(70_000))
    })
    .unwrap();
    db.write(|tx| tx.delete(b"dropped").map(drop)).unwrap();
    db
}

fn long_value(bytes: u32) -> Vec<u8> {
    (0..bytes).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[test]
fn named_trees_and_long_values_come_along_in_a_copy_and_through_an_export() {
    let vfs = MemoryVfs::new();
    let small = with_trees(&vfs, 70, PageSize::TOY);
    let large = with_trees(&vfs, 71, PageSize::DEFAULT);
    for (db, name) in [(&small, "small.tsm"), (&large, "large.tsm")] {
        let report = db.backup(name).unwrap();
        let copy = options(&vfs, 72).open(name).unwrap();
        assert_eq!((report.trees, report.records), (3, 300 + 1 + 80 + 1));
        assert_eq!(exported(&copy), exported(db));
        assert_eq!(copy.read().free_page_count(), 0);
        assert!(db.read().free_page_count() > 0 && report.pages < db.read().page_count());
        let counted = |db: &Database| -> Vec<_> {
            db.read().trees().unwrap().into_iter().map(|tree| (tree.name, tree.record_count)).collect()
        };
        assert_eq!(counted(&copy), counted(db));
        assert_eq!(copy.read().record_count(), db.read().record_count());
        let text = exported(db);
        let imported = options(&vfs, 73).page_size(db.page_size()).open(format!("imported-{name}")).unwrap();
        let report = import(&imported, &text, Existing::MustAgree).unwrap();
        assert_eq!((report.trees, report.put, report.passed_over), (3, 382, 0));
        assert_eq!(exported(&imported), text);
        let again = import(&imported, &text, Existing::MustAgree).unwrap();
        assert_eq!((again.put, again.passed_over), (0, 382));
    }
    // The digest is of the records alone: page sizes and histories differ.
    assert_eq!(small.backup("s.tsm").unwrap().digest, large.backup("l.tsm").unwrap().digest);
}

#[test]
fn an_import_of_trees_that_was_cut_short_anywhere_goes_on_and_ends_the_same() {
    let vfs = MemoryVfs::new();
    let text = exported(&with_trees(&vfs, 74, PageSize::TOY));
    for cut in (100..text.len()).step_by(text.len() / 23) {
        let copy = options(&vfs, 75).open(format!("cut-{cut}.tsm")).unwrap();
        assert_eq!(import(&copy, &text[..cut], Existing::MustAgree).unwrap_err().error.code(), "EXPORT");
        import(&copy, &text, Existing::MustAgree).unwrap();
        assert_eq!(exported(&copy), text, "{cut}");
    }
}

#[test]
fn an_import_of_many_megabytes_commits_on_the_way_and_holds_no_checkpoint_up() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 76).page_size(PageSize::DEFAULT).open("a.tsm").unwrap();
    db.write(|tx| {
        tx.create_tree("t")?;
        (0..700u32).try_for_each(|n| tx.put(&n.to_be_bytes(), &long_value(20_000)))?;
        (0..700u32).try_for_each(|n| tx.tree("t")?.unwrap().put(&n.to_be_bytes(), &long_value(20_000)))
    })
    .unwrap();
    let text = exported(&db);
    let inline = options(&vfs, 77).page_size(PageSize::DEFAULT).checkpoints(AutoCheckpoint::Inline);
    let copy = inline.open("b.tsm").unwrap();
    copy.write(|tx| (0..600u32).try_for_each(|n| tx.put(&[&n.to_be_bytes()[..], b"mine"].concat(), b""))).unwrap();
    assert_eq!(import(&copy, &text, Existing::MustAgree).unwrap_err().error.code(), "CONFLICT");
    import(&copy, &text, Existing::Merge).unwrap();
    assert_eq!((copy.read().record_count(), copy.read().trees().unwrap()[0].record_count), (1300, 700));
    assert!(copy.read().commit().0 > 6, "{}", copy.read().commit());
    assert!(copy.stats().unwrap().log_bytes < 24 << 20, "{:?}", copy.stats().unwrap());
}

#[test]
fn trees_out_of_order_nameless_or_foreign_are_told() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 78).open("a.tsm").unwrap();
    db.write(|tx| ["b", "d"].iter().try_for_each(|name| tx.create_tree(name).map(drop))).unwrap();
    let text = String::from_utf8(exported(&db)).unwrap();
    let told = |text: &str| {
        let copy = options(&MemoryVfs::new(), 79).open("b.tsm").unwrap();
        import(&copy, text.as_bytes(), Existing::MustAgree).unwrap_err().error.to_string()
    };
    assert!(told(&text.replace("\"d\"", "\"a\"")).starts_with("line 3: its name does not come after"));
    assert!(told(&text.replace("\"d\"", "\"b\"")).starts_with("line 3: its name does not come after"));
    assert!(told(&text.replace("\"b\"", "\"\"")).starts_with("line 2: its name is empty"));
    assert!(told(&text.replace("\"d\"", "\"e\"")).starts_with("line 4: the digest"));
    for (number, name) in ["a", "c", "e"].into_iter().enumerate() {
        let copy = options(&vfs, 80).open(format!("c{number}.tsm")).unwrap();
        copy.write(|tx| tx.create_tree(name).map(drop)).unwrap();
        let failure = import(&copy, text.as_bytes(), Existing::MustAgree).unwrap_err();
        assert!(failure.error.to_string().contains(&format!("the tree `{name}`")), "{}", failure.error);
        import(&copy, text.as_bytes(), Existing::Merge).unwrap();
        assert_eq!(copy.read().trees().unwrap().len(), 3);
    }
    let copy = options(&vfs, 81).open("d.tsm").unwrap();
    copy.write(|tx| tx.create_tree("b").and_then(|_| tx.tree("b")?.unwrap().put(b"mine", b""))).unwrap();
    let failure = import(&copy, text.as_bytes(), Existing::MustAgree).unwrap_err();
    assert!(failure.error.to_string().contains("the key `mine`"), "{}", failure.error);
}

/// What each commit held, exported, must come back from the log and from the archive, chains, free pages and trees included.
#[test]
fn a_commit_with_trees_and_long_values_is_brought_back_as_it_was() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 82).archive("kept").open("a.tsm").unwrap();
    let mut texts = BTreeMap::from([(0, exported(&db))]);
    for number in 0..30u32 {
        let name = format!("tree {}", number % 4);
        let mut tx = db.begin_write().unwrap();
        match number % 7 {
            6 => drop(tx.drop_tree(&name).unwrap()),
            _ => drop(tx.create_tree(&name).unwrap()),
        }
        if let Some(mut tree) = tx.tree(&name).unwrap() {
            tree.put(&number.to_be_bytes(), &long_value(number * 97)).unwrap();
        }
        tx.put(&[number as u8 % 5, 1], &long_value(number * 60)).unwrap();
        let commit = tx.commit().unwrap();
        texts.insert(commit.0, exported(&db));
        if number % 8 == 7 {
            db.checkpoint(CheckpointMode::Passive).unwrap();
        }
    }
    drop(db);
    for (commit, text) in &texts {
        let target = format!("at-{commit}.tsm");
        restore(&vfs).archive("kept").to_commit(CommitNo(*commit)).run("a.tsm", &target).unwrap();
        let held = exported(&Options::new().vfs(Arc::new(vfs.clone())).read_only(true).open(&target).unwrap());
        assert!(held == *text, "commit {commit}");
    }
}

#[test]
fn pages_that_were_freed_before_they_were_ever_written_are_missed_by_nobody() {
    let vfs = MemoryVfs::new();
    let db = options(&vfs, 83).archive("kept").open("a.tsm").unwrap();
    db.write(|tx| tx.put(b"stays", b"1")).unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    let mut tx = db.begin_write().unwrap();
    tx.put(b"long", &long_value(60_000)).unwrap();
    tx.delete(b"long").unwrap();
    tx.commit().unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    assert!(db.read().free_page_count() > 100);
    assert_eq!(db.backup("copy.tsm").unwrap().pages, 1);
    drop(db);
    // As if the pages behind the last trunk had never been written.
    let file = AtRest::open(Arc::new(vfs.clone()), "a.tsm", None).unwrap();
    let trunks = file.free_list().unwrap().trunks;
    let last = trunks.iter().map(|trunk| trunk.page).max().unwrap();
    let bytes = bytes_of(&vfs, "a.tsm");
    let end = PageSize::TOY.offset_of(last) as usize + PageSize::TOY.bytes();
    assert!(end < bytes.len());
    drop(file);
    overwrite(&vfs, "a.tsm", &bytes[..end]);
    // A base of just this state: the archive is begun anew.
    let db = options(&vfs, 84).archive("new").open("a.tsm").unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    db.write(|tx| tx.put(b"later", b"2")).unwrap();
    drop(db);
    let base = format!("new/{}", archived_databases(&vfs, Path::new("new")).unwrap()[0].bases[0]);
    for path in ["a.tsm", &base] {
        let file = AtRest::open(Arc::new(vfs.clone()), path, None).unwrap();
        for level in [Level::Scan, Level::Auth, Level::Seal, Level::Deep] {
            let report = verify(&file, &VerifyOptions { level, ..VerifyOptions::default() }).unwrap();
            assert_eq!(report.exit(), 0, "{path} {level}: {:?}", report.findings);
        }
    }
    restore(&vfs).archive("new").run(&base, "from-base.tsm").unwrap();
    assert_eq!(
        dump_of(&vfs, "from-base.tsm"),
        dump_of(&vfs, "a.tsm").into_iter().filter(|(key, _)| key != b"later").collect()
    );
}

#[test]
fn a_drill_takes_all_out_and_in_again_and_says_when_it_was_not_run() {
    let vfs = MemoryVfs::new();
    drop(with_trees(&vfs, 85, PageSize::TOY));
    let drilled = |path: &str| {
        let file = AtRest::open(Arc::new(vfs.clone()), path, None).unwrap();
        drill(&file, &VerifyOptions::default()).unwrap()
    };
    let report = drilled("trees-85.tsm");
    let check = report.check("drill").unwrap();
    assert!(report.exit() == 0 && report.level == Level::Drill, "{report:?}");
    assert!(
        check.ran && check.note.as_deref().is_some_and(|note| note.starts_with("382 records, digest ")),
        "{check:?}"
    );
    // It reads through a log, and through one that a checkpoint has not folded.
    let db = options(&vfs, 86).checkpoint_on_close(CheckpointOnClose::No).open("trees-85.tsm").unwrap();
    db.write(|tx| tx.put(b"in the log", b"")).unwrap();
    drop(db);
    let note = drilled("trees-85.tsm").check("drill").unwrap().note.clone().unwrap();
    assert!(note.starts_with("383 records"), "{note}");
    // Damage is mended first.
    let db = options(&vfs, 88).open("trees-85.tsm").unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    let root = db.read().root().page;
    drop(db);
    let mut bytes = bytes_of(&vfs, "trees-85.tsm");
    bytes[PageSize::TOY.offset_of(root) as usize + 200] ^= 1;
    overwrite(&vfs, "trees-85.tsm", &bytes);
    let report = drilled("trees-85.tsm");
    let check = report.check("drill").unwrap();
    assert!(
        report.exit() == 2 && !check.ran && check.why_not.as_deref().is_some_and(|why| why.contains("to mend first")),
        "{report:?}"
    );
    // A file over the bound is not held in memory: it is verified, and the drill is told as not run.
    let large = options(&vfs, 87).page_size(PageSize::DEFAULT).open("large.tsm").unwrap();
    let mut value = std::io::Cursor::new(vec![7; 65 << 20]);
    large.write(|tx| tx.put_from(b"k", 65 << 20, &mut value)).unwrap();
    drop(large);
    let report = drilled("large.tsm");
    let check = report.check("drill").unwrap();
    assert!(report.exit() == 0 && !check.ran && check.why_not.as_deref().is_some_and(|why| why.contains("67108864")));
}

/// A writer commits and checkpoints run by themselves; each backup is one commit whole.
#[test]
fn backups_beside_a_writer_and_background_checkpoints_are_each_one_commit_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let db = Options::new()
        .create(true)
        .page_size(PageSize::TOY)
        .checkpoints(AutoCheckpoint::Background)
        .log_bytes_checkpoint(64 << 10)
        .durability(Durability::Relaxed)
        .open(path("a.tsm"))
        .unwrap();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0u32.. {
                if is_done.load(Ordering::Relaxed) {
                    break;
                }
                let value = number.to_be_bytes().repeat(1 + number as usize % 300);
                db.write(|tx| {
                    tx.create_tree("t")?;
                    (0..8u8).try_for_each(|key| tx.put(&[key], &value))?;
                    (0..8u8).try_for_each(|key| tx.tree("t")?.unwrap().put(&[key], &value))
                })
                .unwrap();
            }
        });
        while db.read().commit().0 < 3 {
            std::thread::yield_now();
        }
        let mut commits = Vec::new();
        for number in 0..12 {
            let name = format!("backup-{number}.tsm");
            let report = db.backup(path(&name)).unwrap();
            let copy = Database::open(path(&name)).unwrap();
            let snapshot = copy.read();
            let first = snapshot.get(&[0]).unwrap().unwrap().to_vec();
            let tree = snapshot.tree("t").unwrap().unwrap();
            for key in 0..8u8 {
                assert_eq!(&*snapshot.get(&[key]).unwrap().unwrap(), first);
                assert_eq!(&*tree.get(&[key]).unwrap().unwrap(), first);
            }
            commits.push(report.source_commit);
        }
        is_done.store(true, Ordering::Relaxed);
        assert!(commits.is_sorted() && commits[0] < commits[11], "{commits:?}");
    });
}

const FAULTS_AT: usize = 3;

/// The disk fails at a call and from then on, then the power goes: the source is as it was, and the copy is whole or not there.
#[test]
fn a_crash_at_any_call_of_a_backup_leaves_the_source_whole_and_no_half_copy() {
    let sim_options = |disk: &SimVfs, seed: u64| {
        let entropy = Arc::new(InsecureSeededEntropy::new(seed));
        Options::new().vfs(Arc::new(disk.clone())).entropy(entropy).page_size(PageSize::TOY).create(true)
    };
    let made = || {
        let disk = SimVfs::new(1);
        let db = sim_options(&disk, 1).archive("kept").open("a.tsm").unwrap();
        let models = live(&db, 12, 5);
        (disk, db, models.into_values().last().unwrap())
    };
    let calls = {
        let (disk, db, _) = made();
        let before = disk.calls();
        db.backup("copy.tsm").unwrap();
        db.checkpoint(CheckpointMode::Passive).unwrap();
        before + 1..=disk.calls()
    };
    let mut copies = 0;
    for at_call in calls.step_by(FAULTS_AT) {
        for plan in [CrashPlan::Lost, CrashPlan::Kept, CrashPlan::Seeded(at_call)] {
            let (disk, db, model) = made();
            disk.set_faults(vec![Fault { at_call, kind: FaultKind::Io, span: FaultSpan::Sticky }]);
            let backup = db.backup("copy.tsm");
            let _ = db.checkpoint(CheckpointMode::Passive);
            disk.crash(&plan);
            drop(db);
            disk.set_faults(Vec::new());
            let source = sim_options(&disk, 2).archive("kept").open("a.tsm").unwrap();
            assert_eq!(dump(&source), model, "{at_call} {plan:?}");
            let is_there = disk.exists(Path::new("copy.tsm")).unwrap();
            assert!(is_there || backup.is_err(), "{at_call} {plan:?}");
            if is_there {
                assert_eq!(dump(&sim_options(&disk, 3).open("copy.tsm").unwrap()), model, "{at_call} {plan:?}");
                copies += 1;
            } else {
                source.backup("copy.tsm").unwrap();
            }
            drop(source);
            let from = Restore::new().vfs(Arc::new(disk.clone())).archive("kept").to_commit(CommitNo(4));
            from.run("a.tsm", "four.tsm").unwrap();
        }
    }
    assert!(copies > 0);
}

#[test]
fn a_file_of_format_1_is_compacted_into_the_newest_with_its_keys() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/formats/1");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "tsm") {
            continue;
        }
        let target = tempfile::tempdir().unwrap();
        let key = || match path.file_stem().is_some_and(|stem| stem == "passphrase") {
            true => Unlock::Passphrase("correct horse battery staple".into()),
            false => Unlock::Keyless,
        };
        let copy = target.path().join("copy.tsm");
        let old = Options::new().unlock(key()).read_only(true).open(&path).unwrap();
        let report = old.compact_to(&copy).unwrap();
        let new = Options::new().unlock(key()).open(&copy).unwrap();
        assert_eq!((dump(&new), report.records), (dump(&old), old.read().record_count()));
        new.write(|tx| tx.put(b"written", b"in format 2")).unwrap();
        let restored = target.path().join("restored.tsm");
        Restore::new().unlock(key()).run(&path, &restored).unwrap();
        assert_eq!(dump(&Options::new().unlock(key()).open(&restored).unwrap()), dump(&old));
        files += 1;
    }
    assert!(files > 0);
}
