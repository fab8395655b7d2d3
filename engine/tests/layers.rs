//! Who may use whom: the imports of every room against one table, and no circle among them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A room and the rooms its code may name. `tests` modules are left out: a test may use anything.
const ROOMS: &[(&str, &[&str])] = &[
    // What is taken out of the engine in tests; nothing of it is in a program.
    ("defence", &[]),
    // Where locks come from.
    ("sync", &[]),
    ("escape", &[]),
    ("limits", &[]),
    ("types", &["escape", "limits"]),
    ("finding", &["types"]),
    ("error", &["finding", "limits"]),
    ("format", &["defence", "types", "limits", "finding", "escape"]),
    ("trace", &["types", "limits", "finding", "format"]),
    ("vfs", &["trace", "limits"]),
    ("crypto", &["defence", "types", "limits", "finding", "error"]),
    ("pager", &["defence", "sync", "types", "limits", "finding", "error", "format", "crypto", "vfs"]),
    ("wal", &["defence", "sync", "types", "limits", "finding", "error", "format", "crypto", "vfs"]),
    // Makes lies for tests and lessons; the engine itself never uses it.
    ("forge", &["types", "limits", "finding", "error", "format", "crypto", "pager", "wal"]),
    ("btree", &["defence", "types", "limits", "finding", "error", "escape", "format", "trace", "pager"]),
    (
        "txn",
        &[
            "defence", "sync", "types", "limits", "finding", "error", "escape", "format", "crypto", "vfs", "trace",
            "pager", "wal", "btree",
        ],
    ),
    (
        "db",
        &[
            "defence", "sync", "types", "limits", "finding", "error", "format", "crypto", "vfs", "trace", "pager",
            "wal", "btree", "txn",
        ],
    ),
    // Of the tree and of opening it takes how they say and judge things, so that both tell one story.
    (
        "inspect",
        &[
            "defence", "types", "limits", "finding", "error", "escape", "format", "crypto", "vfs", "pager", "wal",
            "btree", "db",
        ],
    ),
    (
        "verify",
        &[
            "defence", "types", "limits", "finding", "error", "escape", "format", "crypto", "vfs", "trace", "pager",
            "wal", "inspect",
        ],
    ),
    (
        "transfer",
        &[
            "defence", "sync", "types", "limits", "finding", "error", "escape", "format", "crypto", "vfs", "trace",
            "pager", "wal", "txn", "db", "inspect", "verify",
        ],
    ),
    // It has a database of its own to attack, and bytes alone to do it with.
    (
        "attack",
        &["types", "limits", "finding", "error", "format", "crypto", "vfs", "trace", "db", "txn", "inspect", "verify"],
    ),
    (
        "script",
        &[
            "defence", "types", "limits", "finding", "error", "escape", "format", "crypto", "vfs", "trace", "wal",
            "btree", "db", "txn", "inspect", "verify", "forge", "transfer",
        ],
    ),
];

/// Names that the crate root gives a room's types, so that an import of them counts as one of the room.
const DOORS: &[(&str, &str)] = &[
    ("Error", "error"),
    ("ErrorKind", "error"),
    ("Result", "error"),
    ("Cause", "finding"),
    ("Code", "finding"),
    ("Finding", "finding"),
    ("Severity", "finding"),
    ("Database", "db"),
    ("Options", "db"),
    ("Stats", "db"),
    ("AutoCheckpoint", "db"),
    ("Busy", "txn"),
    ("Pin", "db"),
    ("CheckpointMode", "db"),
    ("CheckpointOnClose", "db"),
    ("KeySlotInfo", "db"),
    ("KeySlotKind", "format"),
    ("CheckpointOutcome", "db"),
    ("Durability", "txn"),
    ("ReadTxn", "txn"),
    ("WriteTxn", "txn"),
    ("Range", "txn"),
    ("Record", "txn"),
    ("Savepoint", "txn"),
    ("Swap", "txn"),
    ("Keys", "txn"),
    ("Tree", "txn"),
    ("TreeInfo", "txn"),
    ("TreeMut", "txn"),
    ("ValueReader", "txn"),
    ("Value", "txn"),
    ("read_witness", "txn"),
    ("Unlock", "crypto"),
    ("KdfProfile", "crypto"),
    ("CommitNo", "types"),
    ("PageNo", "types"),
    ("PageSize", "types"),
];

#[test]
fn every_room_uses_only_the_rooms_below_it() {
    let mut wrong = Vec::new();
    for (room, used) in imports() {
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{room} is not in the table"));
            continue;
        };
        wrong.extend(
            used.iter().filter(|other| !allowed.contains(&other.as_str())).map(|other| format!("{room} uses {other}")),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_rooms_use_each_other_in_a_circle() {
    let order: Vec<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    for (position, (room, allowed)) in ROOMS.iter().enumerate() {
        for other in *allowed {
            let below = order.iter().position(|name| name == other).unwrap();
            assert!(below < position, "{room} stands below {other} in the table and may use it");
        }
    }
}

#[test]
fn only_one_file_touches_the_file_system() {
    for file in sources(&source_folder()) {
        let is_the_one = file.ends_with("vfs/os.rs");
        assert!(is_the_one || !code_of(&file).contains("std::fs"), "{} uses std::fs", file.display());
    }
}

fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let root = source_folder();
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources(&root) {
        let first = file.strip_prefix(&root).unwrap().components().next().unwrap();
        let room = Path::new(first.as_os_str()).file_stem().unwrap().to_string_lossy().into_owned();
        if room == "lib" {
            continue;
        }
        let used = crate_names(&code_of(&file));
        rooms.entry(room.clone()).or_default().extend(used.into_iter().filter(|other| *other != room));
    }
    rooms
}

/// Every `x` of a `crate::x` or `crate::{x, …}`; names of the crate root count as their room.
fn crate_names(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        for name in first_names(&code[at + "crate::".len()..]) {
            let room = DOORS.iter().find(|(door, _)| *door == name).map_or(name.as_str(), |(_, room)| room);
            names.insert(room.to_owned());
        }
    }
    names
}

/// `a` of `a::b`; `a` and `c` of `{a::{b}, c}`.
fn first_names(path: &str) -> Vec<String> {
    let identifier = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![identifier(path)] };
    let mut names = Vec::new();
    let mut depth = 0;
    let mut item = String::new();
    for letter in group.chars() {
        match letter {
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            '{' => depth += 1,
            ',' if depth == 0 => names.push(identifier(std::mem::take(&mut item).trim())),
            _ if depth == 0 => item.push(letter),
            _ => {}
        }
    }
    names.push(identifier(item.trim()));
    names.retain(|name| !name.is_empty());
    names
}

/// The code of a file: no comments, no unit tests.
fn code_of(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|stem| {
            let stem = stem.to_string_lossy();
            stem == "tests" || stem == "conformance" || stem == "testing"
        });
        match path.is_dir() {
            _ if is_test => {}
            true => files.extend(sources(&path)),
            false if path.extension().is_some_and(|extension| extension == "rs") => files.push(path),
            false => {}
        }
    }
    files.sort();
    files
}

#[test]
fn the_map_names_every_finding_code_and_every_room() {
    let design = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../DESIGN.md")).unwrap();
    for code in tosumu::Code::ALL {
        let row = format!("| `{code}`");
        let line = design.lines().find(|line| line.starts_with(&row));
        let told = line.is_some_and(|line| {
            line.contains(code.meaning())
                && line.contains(&code.severity().to_string())
                && line.contains(&code.causes_text())
        });
        assert!(told, "DESIGN.md does not tell {code} as the engine does");
    }
    for (room, _) in ROOMS {
        assert!(
            design.contains(&format!("engine/src/{room}")) || design.contains(room),
            "DESIGN.md does not name {room}"
        );
    }
}
