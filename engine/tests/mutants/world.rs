//! The databases that are changed: small ones with everything in them, kept in each of the states they passed through.

use super::draw::Draw;
use std::collections::BTreeMap;
use std::sync::Arc;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::forge::Files;
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{DiskImage, SimVfs};
use tosumu::{AutoCheckpoint, CheckpointMode, Code, Database, Error, KdfProfile, Options, PageSize, Unlock, WriteTxn};

/// The page file of every world.
pub const PATH: &str = "m.tsm";
/// Its log.
pub const LOG: &str = "m.tsm-wal";

/// What a database holds: the records of each tree by its name, the main tree's under the empty name.
pub type Contents = BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, Vec<u8>>>;

/// A database in all its states.
pub struct World {
    /// What it is.
    pub name: &'static str,
    /// Its page size, in bytes.
    pub page: usize,
    /// What opens it.
    pub unlock: Unlock,
    /// Its files at instants of its life, the oldest first.
    pub states: Vec<State>,
    /// What it held after each commit.
    pub models: Vec<Contents>,
    /// The files of another database of the same shape.
    pub foreign: Files,
}

/// The files at one instant, after a sync and without a writer.
pub struct State {
    /// The bytes.
    pub files: Files,
    /// What it holds, as an index of [`World::models`].
    pub model: usize,
    /// The line that `fingerprint` prints of it.
    pub fingerprint: String,
    /// What `verify` says of the unchanged files.
    pub usual: Vec<Code>,
}

/// A simulated disk that holds these files.
pub fn disk_of(files: &Files) -> SimVfs {
    SimVfs::from_image(DiskImage::of(files.clone()), 1)
}

/// The files on a simulated disk.
pub fn files_of(disk: &SimVfs) -> Files {
    disk.files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect()
}

/// What a world's database is opened with.
pub fn options(disk: &SimVfs, unlock: &Unlock) -> Options {
    Options::new()
        .vfs(Arc::new(disk.clone()))
        .unlock(unlock.clone())
        .kdf(KdfProfile::TEST)
        .entropy(Arc::new(InsecureSeededEntropy::new(5)))
        .checkpoints(AutoCheckpoint::Off)
}

/// Everything the newest commit holds.
pub fn contents(db: &Database) -> Result<Contents, Error> {
    let snapshot = db.read();
    let read = |records: tosumu::Range<'_>| {
        let records = records.map(|record| record.map(|record| (record.key().to_vec(), record.value().to_vec())));
        records.collect::<Result<BTreeMap<_, _>, Error>>()
    };
    let mut found = Contents::from([(Vec::new(), read(snapshot.range::<[u8]>(..))?)]);
    for info in snapshot.trees()? {
        if let Some(tree) = snapshot.tree(&info.name)? {
            found.insert(info.name.clone().into_bytes(), read(tree.range::<[u8]>(..))?);
        }
    }
    Ok(found)
}

/// All of them. They are the same whenever they are made.
pub fn worlds() -> Vec<World> {
    let passphrase = |text: &str| Unlock::Passphrase(text.into());
    vec![
        World::grown("keyless, pages of 512 bytes", PageSize::TOY, Unlock::Keyless, 11),
        World::grown("keyless, pages of 4096 bytes", PageSize::DEFAULT, Unlock::Keyless, 12),
        World::grown("passphrase, pages of 512 bytes", PageSize::TOY, passphrase("open sesame"), 13),
    ]
}

impl World {
    fn grown(name: &'static str, page_size: PageSize, unlock: Unlock, seed: u64) -> World {
        let (states, models) = grow(page_size, &unlock, seed, ROUNDS);
        let (foreign, _) = grow(page_size, &unlock, seed + 100, 5);
        let foreign = foreign.into_iter().last().expect("a state of each round").files;
        World { name, page: page_size.bytes(), unlock, states, models, foreign }
    }
}

const ROUNDS: u32 = 10;

/// Writes a database round by round: records, long values, named trees, deletions, checkpoints, changes of keys.
fn grow(page_size: PageSize, unlock: &Unlock, seed: u64, rounds: u32) -> (Vec<State>, Vec<Contents>) {
    let disk = SimVfs::new(1);
    let entropy = Arc::new(InsecureSeededEntropy::new(seed));
    let db = options(&disk, unlock).entropy(entropy).page_size(page_size).create(true).open(PATH);
    let db = db.expect("a new database");
    let (mut states, mut models) = (Vec::new(), vec![contents(&db).expect("an empty database")]);
    let mut draw = Draw::seeded(seed);
    for round in 0..rounds {
        db.write(|tx| write_round(tx, round, page_size, &mut draw)).expect("a commit");
        models.push(contents(&db).expect("what was written"));
        states.push(State::of(&disk, unlock, models.len() - 1));
        if [1, 4, 6, 8].contains(&round) {
            db.checkpoint(CheckpointMode::Passive).expect("a checkpoint");
            states.push(State::of(&disk, unlock, models.len() - 1));
        }
        if round == 5 {
            change_keys(&db, unlock);
            states.push(State::of(&disk, unlock, models.len() - 1));
        }
    }
    (states, models)
}

impl State {
    fn of(disk: &SimVfs, unlock: &Unlock, model: usize) -> State {
        let files = files_of(disk);
        let file = AtRest::open(Arc::new(disk_of(&files)), PATH, Some(unlock)).expect("a sound file");
        let fingerprint = file.fingerprint_line().expect("a vouched state");
        let options = VerifyOptions { level: Level::Deep, ..VerifyOptions::default() };
        let report = verify(&file, &options).expect("a level without an anchor");
        State { files, model, fingerprint, usual: report.findings.iter().map(|finding| finding.code).collect() }
    }
}

fn write_round(tx: &mut WriteTxn, round: u32, page_size: PageSize, draw: &mut Draw) -> Result<(), Error> {
    let scale = page_size.bytes() / 512;
    for _ in 0..14 {
        let number = draw.below(60);
        tx.put(format!("k{number:03}").as_bytes(), format!("{round} {number:040}").repeat(scale.min(3)).as_bytes())?;
    }
    for _ in 0..round {
        tx.delete(format!("k{:03}", draw.below(60)).as_bytes())?;
    }
    let long = vec![b'a' + round as u8; 500 * scale + 700 * draw.below(3)];
    tx.put(format!("long{}", round % 3).as_bytes(), &long)?;
    for name in ["people", "by year"] {
        tx.create_tree(name)?;
        let mut tree = tx.tree(name)?.expect("created above");
        for _ in 0..3 {
            tree.put(format!("{:02}", draw.below(30)).as_bytes(), &vec![b'0' + round as u8; 20 + draw.below(60)])?;
        }
        tree.put(b"photo", &vec![b'A' + round as u8; 600])?;
    }
    if round == 7 {
        tx.drop_tree("by year")?;
    }
    Ok(())
}

fn change_keys(db: &Database, unlock: &Unlock) {
    let other = match unlock {
        Unlock::Keyless => Unlock::Keyfile(vec![7; 64].into()),
        _ => Unlock::Passphrase("another".into()),
    };
    let slot = db.add_key(other, KdfProfile::TEST).expect("a free slot");
    db.remove_key(slot).expect("the slot that was just added");
    db.add_key(Unlock::Keyfile(vec![8; 64].into()), KdfProfile::TEST).expect("a free slot");
}
