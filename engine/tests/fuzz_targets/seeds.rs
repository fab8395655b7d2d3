//! What the fuzzer begins with: sound inputs of every target.

use super::shared_worlds;
use crate::mutants::world::{LOG, PATH, contents, disk_of, options};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::forge::Forger;
use tosumu::script::{Runner, RunnerOptions, Script};
use tosumu::trace::{Level, write_trace};
use tosumu::transfer::export;
use tosumu::{PageNo, PageSize};

/// The seeds of a target.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "superblock" => superblocks(),
        "key_slots" => superblocks().iter().map(|bytes| bytes[256..256 + 2048].to_vec()).collect(),
        "page" => pages(),
        "log_scan" => logs(),
        "import" => exports(),
        "script" => scripts(),
        "trace_file" => traces(),
        "text" => texts(),
        "whole_file" => choices(),
        _ => Vec::new(),
    }
}

fn superblocks() -> Vec<Vec<u8>> {
    let newest = shared_worlds().iter().flat_map(|world| world.states.first().into_iter().chain(world.states.last()));
    newest.flat_map(|state| [0, 4096].map(|start| state.files[PATH][start..start + 4096].to_vec())).collect()
}

/// A page of every kind, sealed and plain.
fn pages() -> Vec<Vec<u8>> {
    let world = &shared_worlds()[0];
    let files = world.states.last().expect("a state").files.clone();
    let entropy = Arc::new(InsecureSeededEntropy::new(1));
    let forger = Forger::open(files, PATH, &world.unlock, entropy).expect("a sound file");
    let all = (1..=forger.pages_in_file().min(24)).map(PageNo);
    let plain = all.filter_map(|page| forger.plain_page(page).ok());
    plain.chain(forger.sealed_page(PageNo(1)).ok().map(|sealed| sealed.bytes().to_vec())).collect()
}

/// Logs in each mode, beside the state that each belongs to.
fn logs() -> Vec<Vec<u8>> {
    let states = (0u8..).zip(&shared_worlds()[0].states);
    let logs = states.filter_map(|(number, state)| state.files.get(LOG).map(|log| (number, log)));
    let short = logs.filter(|(_, log)| (512..=30_000).contains(&log.len()));
    short.flat_map(|(number, log)| (0..3).map(move |mode| [&[number * 3 + mode], &log[..]].concat())).collect()
}

fn exports() -> Vec<Vec<u8>> {
    let texts = shared_worlds().iter().take(1).flat_map(|world| {
        let kept = [0, 6].map(|at| &world.states[at]);
        kept.map(|state| {
            let db = options(&disk_of(&state.files), &world.unlock).read_only(true).open(PATH).expect("a sound file");
            assert!(contents(&db).is_ok());
            let mut text = Vec::new();
            export(&db.read(), PageSize::TOY, &mut text).expect("an export into memory");
            text
        })
    });
    texts.chain([b"{\"tosumu-export\":1,\"page_size\":512}\n".to_vec()]).collect()
}

fn texts_of(folder: &str, extension: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    paths.iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}

/// The golden scripts without what they print, and the recipes of the fixtures.
fn scripts() -> Vec<Vec<u8>> {
    let golden = texts_of("tests/scripts", "txt").into_iter().chain(texts_of("../fixtures/recipes", "script"));
    let lines = golden.map(|text| {
        let operations = text.lines().filter(|line| !line.starts_with("= ") && !line.starts_with('#'));
        operations.take(super::LINES_MAX).collect::<Vec<_>>().join("\n").into_bytes()
    });
    lines.collect()
}

/// Traces of short scripts at both levels.
fn traces() -> Vec<Vec<u8>> {
    let lines = [
        "put a 1\nput b 2\ncheckpoint\nput a 3\ncrash after wal-write\nverify",
        "fill 5 random\nblob k 900\nkey add w",
    ];
    let runs = lines.iter().flat_map(|text| [(text, Level::Outline), (text, Level::Full)]);
    let traces = runs.map(|(text, level)| {
        let script = Script::parse(text).expect("a sound script");
        let mut runner = Runner::new(RunnerOptions::default());
        script.lines.iter().for_each(|line| drop(runner.run(&line.op)));
        let mut out = Vec::new();
        write_trace(&mut out, level, &runner.recorder().events_from(0)).expect("a trace into memory");
        out
    });
    traces.filter(|trace| trace.len() < 150_000).collect()
}

fn texts() -> Vec<Vec<u8>> {
    let lines = shared_worlds().iter().map(|world| world.states[0].fingerprint.clone().into_bytes());
    let more = [&b"ABCD-EFGH-JKMN-PQRS-TVWX-YZ12-3456"[..], b"a\\x20\\t\\n\\\\\\xff", b"SQLite format 3\0", b"seal"];
    lines.chain(more.map(<[u8]>::to_vec)).collect()
}

/// Bytes that choose a world, a state and changes: of each kind one.
fn choices() -> Vec<Vec<u8>> {
    let choice = |number: u8| {
        let mut bytes = vec![number % 3, number.wrapping_mul(5), number % 4, number / 4 % 4];
        bytes.extend((0..60u8).map(|at| number.wrapping_mul(31).wrapping_add(at.wrapping_mul(7))));
        bytes
    };
    (0..48).map(choice).collect()
}
