//! The fuzzer's targets over their stored corpora, without the fuzzer: what once broke something does so no more.
//!
//! The corpora are in `fuzz/corpus/TARGET`; `TOSUMU_REWRITE=1 cargo test -p tosumu --test fuzz_corpus` writes the seeds that are
//! missing there. `fuzz/run` fuzzes; what it finds is kept there too, under a name that says what it was.

mod fuzz_targets;
mod mutants;

use std::fs;
use std::path::{Path, PathBuf};

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target)
}

fn run(target: &str) {
    let (_, body) = fuzz_targets::ALL.into_iter().find(|(name, _)| *name == target).unwrap();
    if std::env::var_os("TOSUMU_REWRITE").is_some() {
        fs::create_dir_all(folder(target)).unwrap();
        for (number, seed) in fuzz_targets::seeds::seeds(target).iter().enumerate() {
            fs::write(folder(target).join(format!("seed-{number:02}")), seed).unwrap();
        }
    }
    let mut paths: Vec<PathBuf> = fs::read_dir(folder(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{target} has no corpus");
    for path in paths {
        // Named before it runs: a panic tells the target, not the file.
        eprintln!("{}", path.display());
        body(&fs::read(&path).unwrap());
    }
}

/// One test for each target, so that a failure names it.
macro_rules! targets {
    ($($name:ident),*) => {$(
        #[test]
        fn $name() {
            run(stringify!($name));
        }
    )*};
}

targets!(superblock, key_slots, page, log_scan, import, script, trace_file, text, whole_file);

#[test]
fn every_target_is_run_here_and_by_the_fuzzer() {
    let manifest = fs::read_to_string(folder("../Cargo.toml")).unwrap();
    for (name, _) in fuzz_targets::ALL {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml has no target {name}");
    }
}
