//! Files that earlier releases wrote: `fixtures/formats/N/` holds what programs of format N made, each beside its dump. All
//! of them open, verify and say what they said then; what is not of the newest format is never written to.
//!
//! When a format is left behind, its folder stays as it is; files of the new one get a folder of their own here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tosumu::format::superblock::FORMAT;
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{DiskImage, SimVfs};
use tosumu::{CheckpointMode, Code, Database, Options, Unlock};

/// What opens the file called `passphrase.tsm` in every folder.
const PASSPHRASE: &str = "correct horse battery staple";

type Files = BTreeMap<String, Vec<u8>>;

/// A database of an earlier time.
struct Golden {
    format: u32,
    /// The name of its page file.
    name: String,
    /// Page file and log.
    files: Files,
    dump: String,
    /// What `export` prints, for a file that has more than a main tree.
    export: Option<Vec<u8>>,
}

impl Golden {
    fn read(format: u32, path: &Path) -> Golden {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let log = format!("{name}-wal");
        let mut files = Files::from([(name.clone(), fs::read(path).unwrap())]);
        if let Ok(bytes) = fs::read(path.with_file_name(&log)) {
            files.insert(log, bytes);
        }
        let dump = fs::read_to_string(path.with_extension("dump")).unwrap();
        let export = fs::read(path.with_extension("export")).ok();
        Golden { format, name, files, dump, export }
    }

    fn disk(&self) -> SimVfs {
        SimVfs::from_image(DiskImage::of(self.files.clone()), 1)
    }

    fn unlock(&self) -> Unlock {
        match self.name.starts_with("passphrase") {
            true => Unlock::Passphrase(PASSPHRASE.into()),
            false => Unlock::Keyless,
        }
    }

    fn options(&self, disk: &SimVfs) -> Options {
        Options::new().vfs(Arc::new(disk.clone())).unlock(self.unlock())
    }

    /// Which file it is.
    fn says(&self) -> String {
        format!("formats/{}/{}", self.format, self.name)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/formats")
}

fn goldens() -> Vec<Golden> {
    let mut found = Vec::new();
    for format in 1..=FORMAT {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder().join(format.to_string()))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "tsm"))
            .collect();
        paths.sort();
        assert!(paths.len() >= 4, "format {format} is told by a few files");
        found.extend(paths.iter().map(|path| Golden::read(format, path)));
    }
    found
}

fn dump(db: &Database) -> String {
    let escape = tosumu::escape::escape;
    let snapshot = db.read();
    let records = snapshot.range::<[u8]>(..).map(Result::unwrap);
    records.map(|record| format!("{}\t{}\n", escape(record.key()), escape(record.value()))).collect()
}

fn bytes_on(disk: &SimVfs) -> Files {
    disk.files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect()
}

#[test]
fn every_file_of_every_format_holds_what_it_held() {
    for golden in goldens() {
        let disk = golden.disk();
        let db = golden.options(&disk).read_only(true).open(&golden.name).unwrap_or_else(|error| {
            panic!("{}: {error}", golden.says());
        });
        assert_eq!(dump(&db), golden.dump, "{}", golden.says());
        assert_eq!(db.read().record_count(), golden.dump.lines().count() as u64, "{}", golden.says());
        drop(db);
        assert_eq!(bytes_on(&disk), golden.files, "{}: reading changes nothing", golden.says());
    }
}

#[test]
fn named_trees_and_long_values_of_every_format_are_what_they_were() {
    let mut exports = 0;
    for golden in goldens() {
        let Some(export) = &golden.export else { continue };
        let disk = golden.disk();
        let db = golden.options(&disk).read_only(true).open(&golden.name).unwrap();
        let mut text = Vec::new();
        let report = tosumu::transfer::export(&db.read(), db.page_size(), &mut text).unwrap();
        assert!(text == *export, "{}", golden.says());
        assert!(report.trees >= 2 && db.read().free_page_count() > 0, "{}", golden.says());
        let copy =
            Options::new().vfs(Arc::new(SimVfs::new(2))).create(true).page_size(db.page_size()).open("c").unwrap();
        let import = tosumu::transfer::Import::begin(&export[..]).unwrap();
        import.run(&copy, tosumu::transfer::Existing::MustAgree).unwrap();
        exports += 1;
    }
    assert!(exports > 0);
}

#[test]
fn every_file_of_every_format_is_sound_to_the_last_check() {
    for golden in goldens() {
        let file = AtRest::open(Arc::new(golden.disk()), &golden.name, Some(&golden.unlock())).unwrap();
        assert_eq!(file.chosen().unwrap().superblock.format, golden.format);
        for level in [Level::Scan, Level::Seal, Level::Deep] {
            let report = verify(&file, &VerifyOptions { level, ..VerifyOptions::default() }).unwrap();
            let worse: Vec<_> = report
                .findings
                .iter()
                .filter(|finding| ![Code::FreshUnanchored, Code::KdfWeak].contains(&finding.code))
                .collect();
            assert!(worse.is_empty(), "{}: {worse:?}", golden.says());
        }
    }
}

#[test]
fn a_file_of_an_older_format_is_never_written_to() {
    for golden in goldens().into_iter().filter(|golden| golden.format < FORMAT) {
        let disk = golden.disk();
        for options in [golden.options(&disk), golden.options(&disk).create(true)] {
            let error = options.open(&golden.name).unwrap_err();
            assert_eq!(error.code(), "FORMAT-OLD", "{}", golden.says());
            assert!(error.to_string().contains("compact OLD NEW"), "{error}");
        }
        assert_eq!(bytes_on(&disk), golden.files, "{}: nothing was changed", golden.says());
    }
}

#[test]
fn a_file_of_the_newest_format_is_written_to() {
    for golden in goldens().into_iter().filter(|golden| golden.format == FORMAT) {
        let disk = golden.disk();
        let db = golden.options(&disk).open(&golden.name).unwrap();
        db.write(|tx| tx.put(b"~ put later", b"last")).unwrap();
        db.checkpoint(CheckpointMode::Passive).unwrap();
        assert_eq!(dump(&db), format!("{}~ put later\tlast\n", golden.dump), "{}", golden.says());
    }
}

#[test]
fn every_byte_of_an_older_file_is_told_by_the_tables_of_its_time() {
    for golden in goldens().into_iter().filter(|golden| golden.format == 1) {
        let file = AtRest::open(Arc::new(golden.disk()), &golden.name, Some(&golden.unlock())).unwrap();
        let names = |spans: &[tosumu::format::annotate::Annotation]| -> Vec<String> {
            spans.iter().map(|span| format!("{}..{} {}", span.span.start, span.span.end, span.name)).collect()
        };
        for slot in [0, 1] {
            let told = names(&file.annotate_superblock(slot));
            assert!(told.contains(&"176..256 zero".to_owned()), "{}: {told:#?}", golden.says());
        }
        let log = file.annotate_log().unwrap();
        let whole = log.iter().all(|span| !span.value.contains("not decodable"));
        assert!(whole && !log.iter().any(|span| span.name.contains("catalog")), "{}", golden.says());
    }
}
