//! The scene of the attacks: one database, and everything that ever stood on its disk. Whoever attacks has all of it, and no
//! key.

use crate::crypto::{InsecureSeededEntropy, KdfProfile, Unlock};
use crate::db::{AutoCheckpoint, CheckpointMode, CheckpointOnClose, Database, Options};
use crate::error::{Error, Result};
use crate::types::PageSize;
use crate::vfs::{DiskImage, SimVfs};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The name of the page file in every scene.
pub const PAGE_FILE: &str = "db.tsm";
/// The name of its log.
pub const LOG: &str = "db.tsm-wal";

const BACKUP: &str = "backup.tsm";
const OWNER: &str = "the owner's passphrase";
const REMOVED: &str = "a passphrase that was removed";

/// The bytes of a database: its page file, and its log when there is one.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Files {
    /// Two superblocks, then the pages.
    pub page_file: Vec<u8>,
    /// A header, then the records.
    pub log: Option<Vec<u8>>,
}

impl Files {
    /// A disk that holds them and nothing else.
    pub fn disk(&self) -> SimVfs {
        let log = self.log.iter().map(|log| (LOG.to_owned(), log.clone()));
        SimVfs::from_image(DiskImage::of([(PAGE_FILE.to_owned(), self.page_file.clone())].into_iter().chain(log)), 1)
    }

    /// Those of this database that a disk holds.
    pub fn of(disk: &SimVfs) -> Files {
        let read = |name: &str| disk.files().into_iter().find(|file| file.file == name).map(|file| file.bytes.to_vec());
        Files { page_file: read(PAGE_FILE).unwrap_or_default(), log: read(LOG) }
    }
}

/// What a database answers: every record of every tree, each key behind the name of its tree.
pub type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// A database with a past: pages of 512 bytes, three generations of the log, a named tree and a long value.
#[derive(Clone, Debug)]
pub struct Scene {
    /// As it is: the newest commits stand in the log.
    pub present: Files,
    /// After the first checkpoint.
    pub first: Files,
    /// Just before the second checkpoint: the log of the generation before, whole.
    pub before_second: Files,
    /// After the second checkpoint, which is the newest.
    pub second: Files,
    /// One commit ago.
    pub a_commit_ago: Files,
    /// Before a key was removed; all else as it is.
    pub before_removal: Files,
    /// A copy of the files of one commit ago, written on by itself.
    pub fork: Files,
    /// A copy of the files as of the first checkpoint, written on by itself: as many checkpoints and commits as here.
    pub early_fork: Files,
    /// With one commit more, which a crash took back before it was acknowledged.
    pub abandoned: Files,
    /// With one commit more, by somebody else who has the key.
    pub with_the_key: Files,
    /// A backup, which has the same keys.
    pub backup: Files,
    /// Another database with the same passphrase.
    pub other: Files,
    /// Another database, whose key stands in it.
    pub stranger: Files,
    /// The fingerprint line that the owner kept.
    pub anchor: String,
    /// What it answers.
    pub records: Records,
    /// What it answered after each commit before, the oldest first.
    pub earlier: Vec<Records>,
}

/// The key of the owner.
pub fn owner() -> Unlock {
    Unlock::Passphrase(OWNER.into())
}

/// A key that opened the database before it was removed.
pub fn removed() -> Unlock {
    Unlock::Passphrase(REMOVED.into())
}

/// How every scene opens its database: deterministic, and without a thread of its own.
pub fn options(disk: &SimVfs, seed: u64, unlock: Unlock) -> Options {
    Options::new()
        .vfs(Arc::new(disk.clone()))
        .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
        .page_size(PageSize::TOY)
        .kdf(KdfProfile::TEST)
        .unlock(unlock)
        .checkpoints(AutoCheckpoint::Off)
        .checkpoint_on_close(CheckpointOnClose::No)
}

impl Scene {
    /// Builds it: the same bytes each time. An error is the engine's own, and no scene comes of it; with defences taken out it may
    /// well fail.
    pub fn build() -> Result<Scene> {
        let disk = SimVfs::new(1);
        let db = options(&disk, 1, owner()).create(true).open(PAGE_FILE)?;
        let mut scene = Scene::begin(&db)?;
        fill(&db)?;
        scene.earlier.push(everything(&db)?);
        db.checkpoint(CheckpointMode::Passive)?;
        scene.first = Files::of(&disk);
        scene.commit(&db, 0..40, "second")?;
        scene.before_second = Files::of(&disk);
        db.checkpoint(CheckpointMode::Passive)?;
        scene.second = Files::of(&disk);
        db.backup(BACKUP)?;
        scene.backup = backup_of(&disk);
        for word in ["third", "fourth"] {
            scene.commit(&db, 60..70, word)?;
        }
        scene.a_commit_ago = Files::of(&disk);
        db.write(|tx| put_range(tx, 60..80, "fifth"))?;
        scene.records = everything(&db)?;
        let slot = db.add_key(removed(), KdfProfile::TEST)?;
        scene.before_removal = Files::of(&disk);
        db.remove_key(slot)?;
        scene.present = Files::of(&disk);
        scene.anchor = db.fingerprint();
        drop(db);
        scene.fork = went_on(&scene.a_commit_ago, 2, "forked")?;
        scene.early_fork = went_on_from_the_first(&scene.first)?;
        scene.abandoned = went_on(&scene.present, 3, "abandoned")?;
        scene.with_the_key = went_on(&scene.present, 6, "not the owner's")?;
        scene.other = another(4, owner())?;
        scene.stranger = another(5, Unlock::Keyless)?;
        Ok(scene)
    }

    fn begin(db: &Database) -> Result<Scene> {
        let none = Files::default;
        Ok(Scene {
            present: none(),
            first: none(),
            before_second: none(),
            second: none(),
            a_commit_ago: none(),
            before_removal: none(),
            fork: none(),
            early_fork: none(),
            abandoned: none(),
            with_the_key: none(),
            backup: none(),
            other: none(),
            stranger: none(),
            anchor: String::new(),
            records: Records::new(),
            earlier: vec![everything(db)?],
        })
    }

    fn commit(&mut self, db: &Database, keys: std::ops::Range<u32>, word: &str) -> Result<()> {
        db.write(|tx| put_range(tx, keys, word))?;
        self.earlier.push(everything(db)?);
        Ok(())
    }
}

fn fill(db: &Database) -> Result<()> {
    db.write(|tx| {
        put_range(tx, 0..80, "first")?;
        tx.put(b"long", &[b'L'; 1500])?;
        tx.create_tree("people")?;
        match tx.tree("people")? {
            Some(mut people) => people.put(b"ann", b"1970"),
            None => Ok(()),
        }
    })
}

fn put_range(tx: &mut crate::txn::WriteTxn, keys: std::ops::Range<u32>, word: &str) -> Result<()> {
    keys.into_iter().try_for_each(|key| {
        let (key, value) = (format!("k{key:03}"), format!("{word} {key:040}"));
        tx.put(key.as_bytes(), value.as_bytes())
    })
}

/// All that a database answers, or the first error.
pub fn everything(db: &Database) -> Result<Records> {
    let snapshot = db.read();
    let mut records = Records::new();
    for record in snapshot.range::<[u8]>(..) {
        let record = record?;
        records.insert([b"main ", record.key()].concat(), record.value().to_vec());
    }
    for info in snapshot.trees()? {
        let Some(tree) = snapshot.tree(&info.name)? else { continue };
        for record in tree.range::<[u8]>(..) {
            let record = record?;
            let key = [info.name.as_bytes(), b" ", record.key()].concat();
            records.insert(key, record.value().to_vec());
        }
    }
    Ok(records)
}

/// The files after a commit that was made on a copy of them.
fn went_on(files: &Files, seed: u64, word: &str) -> Result<Files> {
    let disk = files.disk();
    let db = options(&disk, seed, owner()).open(PAGE_FILE)?;
    db.write(|tx| put_range(tx, 60..80, word))?;
    Ok(Files::of(&disk))
}

/// The files of a copy that did what the present ones did, with other values.
fn went_on_from_the_first(files: &Files) -> Result<Files> {
    let disk = files.disk();
    let db = options(&disk, 7, owner()).open(PAGE_FILE)?;
    db.write(|tx| put_range(tx, 0..40, "else"))?;
    db.checkpoint(CheckpointMode::Passive)?;
    for word in ["other", "others", "more"] {
        db.write(|tx| put_range(tx, 60..80, word))?;
    }
    Ok(Files::of(&disk))
}

fn another(seed: u64, unlock: Unlock) -> Result<Files> {
    let disk = SimVfs::new(1);
    let db = options(&disk, seed, unlock).create(true).open(PAGE_FILE)?;
    fill(&db)?;
    db.checkpoint(CheckpointMode::Passive)?;
    db.write(|tx| put_range(tx, 0..40, "another"))?;
    Ok(Files::of(&disk))
}

fn backup_of(disk: &SimVfs) -> Files {
    let bytes = disk.files().into_iter().find(|file| file.file == BACKUP).map(|file| file.bytes.to_vec());
    Files { page_file: bytes.unwrap_or_default(), log: None }
}

/// What a scene has no use for: an attack that finds nothing to change.
pub(super) fn nothing_to_change(what: &str) -> Error {
    Error::io("attacking", PathBuf::from(PAGE_FILE).to_str().unwrap_or_default(), io::Error::other(what.to_owned()))
}
