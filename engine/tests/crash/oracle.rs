//! What must hold after a crash: the database opens, serves what was promised, is sound to its last page, and takes a further
//! commit; a copy is whole or not there.

use crate::watch::{CopyKind, CopyPromise, Model, Promise, Seen, Watch, Watching};
use crate::workload::{COPY, PATH, Setup, copy_key, keyfile, make_copy, told};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{CrashPlan, DiskImage, SimVfs, Vfs};
use tosumu::{CheckpointMode, Database, Options, Range, Severity, Unlock};

/// Whether an opening arrived at a disk and a promise of this number before: then only what it serves is checked.
pub type IsKnown<'a> = &'a mut dyn FnMut(u64) -> bool;

/// Opens what a crash left, compares what is served with what was promised, and goes on with it. Returns every instant of the
/// opening and of the commit behind it, if they are watched. Where `is_known` says that an opening arrived at this very disk
/// before, it ends there.
pub fn recover(
    setup: Setup,
    promise: &Promise,
    survivors: &DiskImage,
    watching: Watching,
    is_known: IsKnown<'_>,
) -> Result<Vec<Seen>, String> {
    let run = || recover_unguarded(setup, promise, survivors, watching, is_known);
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("the engine panicked".to_owned()))
}

fn recover_unguarded(
    setup: Setup,
    promise: &Promise,
    survivors: &DiskImage,
    watching: Watching,
    is_known: IsKnown<'_>,
) -> Result<Vec<Seen>, String> {
    let sim = SimVfs::from_image(survivors.clone(), 1);
    let watch = Watch::new(watching, promise.clone());
    let opened = setup.options(watch.disk(&sim), 1000).open(PATH);
    let db = opened.map_err(|error| format!("the recovery failed: {}: {error}", error.code()))?;
    let served = dump(&db)?;
    if !promise.allowed().contains(&served) {
        return Err(unpromised(promise, &served));
    }
    let arrived = number_of(&sim.image(), promise);
    if is_known(arrived) {
        return Ok(watch.take(&sim));
    }
    check_sound(&sim, PATH, &Unlock::Keyless)?;
    if sim.exists(Path::new("crash.tsm-spill")).unwrap_or(true) {
        return Err("a spill file was left".to_owned());
    }
    go_on(setup, promise, &sim, &watch, db, &served)?;
    let seen = watch.take(&sim);
    sim.crash(&CrashPlan::Lost);
    end_well(setup, promise, &sim, &served)?;
    Ok(seen)
}

/// From here on just what is served is promised, and a commit more.
fn go_on(
    setup: Setup,
    promise: &Promise,
    sim: &SimVfs,
    watch: &Watch,
    db: Database,
    served: &Model,
) -> Result<(), String> {
    watch.promise(|promise| {
        promise.models = Arc::new(vec![served.clone(), with_more(setup, served)]);
        (promise.acknowledged, promise.under_way) = (0, false);
    });
    let keys = opening_keys(sim, promise)?;
    watch.promise(|promise| promise.keys = vec![keys]);
    watch.begin_step(1);
    watch.look(sim);
    let value = vec![b'x'; setup.afterwards_bytes];
    let made = watch.commit(|| told(db.write(|tx| tx.put(b"afterwards", &value))));
    made.map_err(|error| format!("no commit after the recovery: {error}"))?;
    drop(db);
    Ok(())
}

/// The further commit outlives a power cut, a checkpoint goes through, and the copy that was begun can be made.
fn end_well(setup: Setup, promise: &Promise, sim: &SimVfs, served: &Model) -> Result<(), String> {
    let more = with_more(setup, served);
    let disk = || -> Arc<dyn Vfs> { Arc::new(sim.clone()) };
    let opened = setup.options(disk(), 2000).open(PATH);
    let db = opened.map_err(|error| format!("not opened after a further commit: {}: {error}", error.code()))?;
    if dump(&db)? != more {
        return Err("the further commit is not there".to_owned());
    }
    check_sound(sim, PATH, &Unlock::Keyless)?;
    told(db.checkpoint(CheckpointMode::Passive)).map_err(|error| format!("no checkpoint afterwards: {error}"))?;
    check_sound(sim, PATH, &Unlock::Keyless)?;
    let Some(copy) = &promise.copy else { return Ok(()) };
    let is_there = told(sim.exists(Path::new(COPY)))?;
    match (is_there, copy.is_acknowledged) {
        (true, _) => check_copy(sim, copy, &copy.model),
        (false, true) => Err("the copy was acknowledged and is not there".to_owned()),
        (false, false) => {
            // A database is restored when nobody has it open.
            let db = Some(db).filter(|_| copy.kind != CopyKind::Restore);
            make_copy(setup, copy.kind, db.as_ref(), disk()).map_err(|error| format!("no copy afterwards: {error}"))?;
            check_copy(sim, copy, &more)
        }
    }
}

fn with_more(setup: Setup, served: &Model) -> Model {
    let mut more = served.clone();
    more.insert(b"afterwards".to_vec(), vec![b'x'; setup.afterwards_bytes]);
    more
}

fn check_copy(sim: &SimVfs, copy: &CopyPromise, model: &Model) -> Result<(), String> {
    let key = copy_key(copy.kind);
    let entropy = Arc::new(InsecureSeededEntropy::new(3000));
    let options = Options::new().vfs(Arc::new(sim.clone())).entropy(entropy).unlock(key.clone());
    let db = options.open(COPY).map_err(|error| format!("the copy does not open: {}: {error}", error.code()))?;
    if dump(&db)? != *model {
        return Err("the copy holds something else than its source".to_owned());
    }
    check_sound(sim, COPY, &key)
}

/// Which keyfiles open the file: those that were promised, as a whole.
fn opening_keys(sim: &SimVfs, promise: &Promise) -> Result<Vec<u8>, String> {
    let opens = |&number: &u8| {
        let options = Options::new().vfs(Arc::new(sim.clone())).read_only(true).unlock(keyfile(number));
        options.open(PATH).is_ok()
    };
    let mut known: Vec<u8> = promise.keys.iter().flatten().copied().collect();
    known.sort_unstable();
    known.dedup();
    let opening: Vec<u8> = known.into_iter().filter(opens).collect();
    if promise.keys.contains(&opening) {
        return Ok(opening);
    }
    Err(format!("the keyfiles {opening:?} open the file, and promised were {:?}", promise.keys))
}

/// Every record of every tree, as `Model` names them.
pub fn dump(db: &Database) -> Result<Model, String> {
    let read = db.read();
    let mut model = Model::new();
    let counted = take(&mut model, "", read.range::<[u8]>(..))?;
    if counted != read.record_count() {
        return Err(format!("{counted} records, and {} counted", read.record_count()));
    }
    for info in told(read.trees())? {
        let tree = told(read.tree(&info.name))?.ok_or("a tree that is listed is not there")?;
        let counted = take(&mut model, &format!("{}/", info.name), tree.range::<[u8]>(..))?;
        if counted != info.record_count {
            return Err(format!("{counted} records in {}, and {} counted", info.name, info.record_count));
        }
        model.insert(format!("{}/", info.name).into_bytes(), Vec::new());
    }
    Ok(model)
}

fn take(model: &mut Model, name: &str, range: Range<'_>) -> Result<u64, String> {
    let mut count = 0;
    for record in range {
        let record = record.map_err(|error| format!("a record does not read: {}: {error}", error.code()))?;
        model.insert([name.as_bytes(), record.key()].concat(), record.value().to_vec());
        count += 1;
    }
    Ok(count)
}

/// The file is sound to its last page.
pub fn check_sound(sim: &SimVfs, path: &str, key: &Unlock) -> Result<(), String> {
    let file = told(AtRest::open(Arc::new(sim.clone()), path, Some(key)))?;
    // These files are too small to be worth a second thread.
    let options = VerifyOptions { level: Level::Deep, threads: NonZeroUsize::new(1), ..VerifyOptions::default() };
    let report = told(verify(&file, &options))?;
    match report.findings.iter().find(|finding| finding.severity > Severity::Info) {
        None => Ok(()),
        Some(finding) => Err(format!("{path} is not sound: {finding:?}")),
    }
}

fn unpromised(promise: &Promise, served: &Model) -> String {
    let place = promise.models.iter().rposition(|model| model == served);
    let what = match place {
        Some(commits) => format!("the state after {commits} commits"),
        None => format!("{} records that no commit made", served.len()),
    };
    let more = if promise.under_way { " and one was under way" } else { "" };
    format!("served {what}, but {} were acknowledged{more}", promise.acknowledged)
}

/// Two disks and promises have the same number only if they are the same, as far as 64 bits tell.
pub fn number_of(image: &DiskImage, promise: &Promise) -> u64 {
    let mut number = Number(0x243f_6a88_85a3_08d3);
    for model in promise.allowed() {
        model.iter().for_each(|(key, value)| {
            number.take(key);
            number.take(value);
        });
        number.word(0x1234);
    }
    for (name, file) in &image.names {
        number.take(name.as_bytes());
        let Some(file) = image.files.get(file) else { continue };
        number.take(&file.system);
        if !file.pending.is_empty() || file.cached.is_some() {
            number.take(&file.durable);
        }
    }
    for (name, file) in image.durable_names.iter().filter(|_| !image.pending_names.is_empty()) {
        number.take(name.as_bytes());
        number.word(*file);
    }
    number.0
}

/// A quick mix of words; nobody attacks it.
struct Number(u64);

impl Number {
    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 29;
    }

    fn take(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.word(u64::from_le_bytes(word.try_into().expect("eight bytes")));
        }
        let mut last = [0; 8];
        last[..words.remainder().len()].copy_from_slice(words.remainder());
        self.word(u64::from_le_bytes(last));
    }
}
