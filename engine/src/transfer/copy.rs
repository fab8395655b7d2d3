//! One snapshot written into a new file: what compact, backup and restore have in common. Salvage puts something else in,
//! and shares all other steps.
//!
//! 1. The name and its log's must be free. A leftover of an earlier copy, `NAME.tmp`, is cleared away unless it is locked.
//! 2. `NAME.tmp` is created with a file id of its own, and the data key and the key slots of the source. All trees are put into it in key order,
//!    in commits of some megabytes, long values in pieces, so that pages are full and memory is bounded; a checkpoint; it is closed.
//! 3. It is opened again, read to its end and verified at the level `deep`. Its digest must be that of the source.
//! 4. A hard link gives it its name and refuses to replace a file; the temporary name is removed; the folder is synced. Only
//!    then does the copy exist.
//!
//! The source is read alone. A failure on the way, or a crash, leaves no file of the name.

use super::digest::{Digest, Digesting};
use super::walk::{PIECE_BYTES, Visitor, content, of_value, walk};
use crate::crypto::Entropy;
use crate::db::{CheckpointMode, Database, InheritedKeys, Options};
use crate::defence::{Defence, durable, holds, is_off};
use crate::error::{Error, Result};
use crate::finding::Severity;
use crate::inspect::AtRest;
use crate::txn::{Durability, ReadTxn, ValueReader, WriteTxn};
use crate::types::{CommitNo, PageSize};
use crate::verify::{Level, VerifyOptions, verify};
use crate::vfs::{LockKind, OpenMode, Vfs, file_name};
use crate::wal::log_path;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A commit is made when so many bytes of keys and values have been put.
const BATCH_BYTES: u64 = 4 << 20;

/// What a copy holds. It was read back and verified before it got its name.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CopyReport {
    /// The commit of the source that was copied.
    pub source_commit: CommitNo,
    /// The fingerprint line of the source at that commit.
    pub source_fingerprint: String,
    /// The newest commit of the copy, whose commits begin anew.
    pub commit: CommitNo,
    /// The fingerprint line of the copy: to be kept elsewhere.
    pub fingerprint: String,
    /// Records of all trees.
    pub records: u64,
    /// Named trees.
    pub trees: u32,
    /// Pages of the copy.
    pub pages: u32,
    /// Bytes of the copy.
    pub bytes: u64,
    /// The digest of the source, which that of the copy read back is equal to.
    pub digest: Digest,
}

/// What is copied.
pub(crate) struct Source<'a> {
    pub snapshot: &'a ReadTxn,
    pub page_size: PageSize,
}

/// Where a copy goes to, and with which keys.
pub(crate) struct Target<'a> {
    pub vfs: Arc<dyn Vfs>,
    pub entropy: Arc<dyn Entropy>,
    pub path: &'a Path,
    pub keys: TargetKeys<'a>,
}

/// The keys of a copy.
pub(crate) enum TargetKeys<'a> {
    /// Those of the source.
    Inherited(&'a InheritedKeys),
    /// A new data key, in a slot as these options name it.
    Fresh(Options),
}

/// What a new file holds that was read back and verified.
#[derive(Debug)]
pub(crate) struct Made {
    pub commit: CommitNo,
    pub fingerprint: String,
    pub records: u64,
    pub trees: u32,
    pub pages: u32,
    pub bytes: u64,
    pub digest: Digest,
}

/// Copies; the copy exists when this returns `Ok`, and else does not.
pub(crate) fn copy(source: &Source<'_>, target: Target<'_>) -> Result<CopyReport> {
    let made = make(&target, source.page_size, &mut |filling| walk(source.snapshot, filling))?;
    Ok(CopyReport {
        source_commit: source.snapshot.commit(),
        source_fingerprint: source.snapshot.fingerprint_line(),
        commit: made.commit,
        fingerprint: made.fingerprint,
        records: made.records,
        trees: made.trees,
        pages: made.pages,
        bytes: made.bytes,
        digest: made.digest,
    })
}

/// What puts records into a new file.
pub(crate) type Fill<'a> = &'a mut dyn FnMut(&mut Filling<'_>) -> Result<()>;

/// Makes a file of what `fill` puts in; it exists when this returns `Ok`, and else does not.
pub(crate) fn make(target: &Target<'_>, page_size: PageSize, fill: Fill<'_>) -> Result<Made> {
    let place = Place::claim(target.vfs.clone(), target.path)?;
    let made = place.fill(target, page_size, fill);
    if made.is_err() {
        place.clear_away();
    }
    made.map_err(settled)
}

/// Of the database that was copied nothing is in doubt: what the handle of the copy was told would send the caller to look there.
fn settled(error: Error) -> Error {
    match error {
        Error::CommitIndeterminate { file, source } => Error::io("write", &file, source),
        other => other,
    }
}

/// The name that a copy will have, and the one it has while it is made.
struct Place {
    vfs: Arc<dyn Vfs>,
    path: PathBuf,
    name: String,
    temporary: PathBuf,
}

impl Place {
    /// Step 1.
    fn claim(vfs: Arc<dyn Vfs>, path: &Path) -> Result<Place> {
        let path = vfs.resolve(path);
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let place = Place { name: file_name(&path), path, temporary: temporary.into(), vfs };
        for taken in [&place.path, &log_path(&place.path)] {
            if place.exists(taken)? {
                return Err(Error::AlreadyExists { file: file_name(taken) });
            }
        }
        place.clear_leftover()?;
        Ok(place)
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        self.vfs.exists(path).map_err(|source| Error::io("looking for", &file_name(path), source))
    }

    /// The lock tells a leftover of a crash from the work of another process that is making this very copy.
    fn clear_leftover(&self) -> Result<()> {
        if self.exists(&self.temporary)? {
            let leftover =
                self.vfs.open(&self.temporary, OpenMode::Write).map_err(self.failed("open a leftover of"))?;
            if !leftover.try_lock(LockKind::Exclusive).map_err(self.failed("locking"))? {
                return Err(Error::InUse { file: self.name.clone(), holder: leftover.lock_holder() });
            }
            self.vfs.remove(&self.temporary).map_err(self.failed("removing a leftover of"))?;
        }
        let log = log_path(&self.temporary);
        if self.exists(&log)? {
            self.vfs.remove(&log).map_err(self.failed("removing a leftover of"))?;
        }
        Ok(())
    }

    /// Steps 2 to 4.
    fn fill(&self, target: &Target<'_>, page_size: PageSize, fill: Fill<'_>) -> Result<Made> {
        let (ring, digest) = self.write(target, page_size, fill)?;
        let made = self.read_back(&ring, digest)?;
        let log = log_path(&self.temporary);
        if self.exists(&log)? {
            self.vfs.remove(&log).map_err(self.failed("removing the spent log of"))?;
        }
        self.vfs.link_new(&self.temporary, &self.path).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => Error::AlreadyExists { file: self.name.clone() },
            _ => Error::io("naming", &self.name, source),
        })?;
        self.vfs.remove(&self.temporary).map_err(self.failed("removing the temporary name of"))?;
        durable(Defence::DirectorySyncOfCopy, || self.vfs.sync_dir(&self.path))
            .map_err(self.failed("sync of the folder of"))?;
        Ok(made)
    }

    /// Step 2: the key ring of the new file, and the digest of what went into it.
    fn write(&self, target: &Target<'_>, page_size: PageSize, fill: Fill<'_>) -> Result<(InheritedKeys, Digest)> {
        let settle = |options: Options| {
            let options = options.vfs(self.vfs.clone()).entropy(target.entropy.clone());
            // The checkpoint at the end makes all of it durable; until then nobody relies on it.
            options.page_size(page_size).durability(Durability::Relaxed)
        };
        let db = match &target.keys {
            TargetKeys::Inherited(ring) => settle(Options::new()).create_inherited(&self.temporary, ring)?,
            TargetKeys::Fresh(options) => settle(options.clone()).create_new(&self.temporary)?,
        };
        let mut filling = Filling {
            transaction: Some(db.begin_write()?),
            db: &db,
            tree: None,
            digesting: Digesting::new(),
            bytes: 0,
        };
        fill(&mut filling)?;
        let digest = filling.finish()?;
        db.checkpoint(CheckpointMode::Passive)?;
        Ok((db.inherited_keys(), digest))
    }

    /// Step 3.
    fn read_back(&self, ring: &InheritedKeys, digest: Digest) -> Result<Made> {
        let options = Options::new().vfs(self.vfs.clone()).read_only(true);
        let db = options.open_inherited(&self.temporary, ring)?;
        let snapshot = db.read();
        let found = content(&snapshot)?;
        if !holds(Defence::CopyDigest, found.digest == digest) {
            let why = format!("the copy read back has digest {}, and what was copied {digest}", found.digest);
            return Err(Error::io("copying to", &self.name, io::Error::other(why)));
        }
        let at_rest = AtRest::open_inherited(self.vfs.clone(), &self.temporary, ring)?;
        let deep = VerifyOptions { level: Level::Deep, ..VerifyOptions::default() };
        let report = verify(&at_rest, &deep)?;
        let wrong = report.findings.into_iter().find(|finding| finding.severity > Severity::Info);
        if let Some(finding) = wrong.filter(|_| !is_off(Defence::CopyIsVerified)) {
            return Err(finding.into());
        }
        Ok(Made {
            commit: snapshot.commit(),
            fingerprint: db.fingerprint(),
            records: found.records,
            trees: found.trees,
            pages: snapshot.page_count(),
            bytes: at_rest.length(),
            digest,
        })
    }

    /// After a failure. What cannot be removed is a leftover for the next copy of this name, so the first error is told.
    fn clear_away(&self) {
        for path in [&self.temporary, &log_path(&self.temporary)] {
            let _ = self.vfs.remove(path);
        }
    }

    fn failed(&self, doing: &'static str) -> impl Fn(io::Error) -> Error + use<> {
        let name = self.name.clone();
        move |source| Error::io(doing, &name, source)
    }
}

/// Puts what a walk shows into a new file.
pub(crate) struct Filling<'db> {
    db: &'db Database,
    /// `None` only inside a commit.
    transaction: Option<WriteTxn>,
    /// The tree that is filled; none is the main tree.
    tree: Option<String>,
    digesting: Digesting,
    /// Bytes put since the last commit.
    bytes: u64,
}

const OPEN: &str = "invariant: a transaction is open between two commits";

impl Filling<'_> {
    fn transaction(&mut self) -> &mut WriteTxn {
        self.transaction.as_mut().expect(OPEN)
    }

    /// Counts what was put, and commits when it is enough.
    fn count(&mut self, bytes: u64) -> Result<()> {
        self.bytes += bytes;
        if self.bytes >= BATCH_BYTES {
            self.commit()?;
            self.transaction = Some(self.db.begin_write()?);
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        if let Some(transaction) = self.transaction.take() {
            transaction.commit()?;
        }
        self.bytes = 0;
        Ok(())
    }

    /// A record whose value is read in pieces from a source that is no snapshot.
    pub fn long_from(&mut self, key: &[u8], length: u32, source: &mut (impl Read + Seek)) -> Result<()> {
        self.digesting.record(key, length);
        source.rewind().map_err(of_value)?;
        let (mut buffer, mut left) = (vec![0; PIECE_BYTES], length as usize);
        while left > 0 {
            let count = left.min(PIECE_BYTES);
            source.read_exact(&mut buffer[..count]).map_err(of_value)?;
            self.digesting.piece(&buffer[..count]);
            left -= count;
        }
        source.rewind().map_err(of_value)?;
        self.put_long(key, length.into(), source)
    }

    fn put_long(&mut self, key: &[u8], length: u64, source: &mut (impl Read + Seek)) -> Result<()> {
        let transaction = self.transaction.as_mut().expect(OPEN);
        let put = match &self.tree {
            None => transaction.put_from(key, length, source),
            Some(name) => transaction.tree(name)?.expect(CREATED).put_from(key, length, source),
        };
        put.map_err(|error| match error {
            Error::Io { file, source, .. } if file == "value" => of_value(source),
            other => other,
        })?;
        self.count(key.len() as u64 + length)
    }

    fn finish(mut self) -> Result<Digest> {
        self.commit()?;
        Ok(self.digesting.finish())
    }
}

const CREATED: &str = "invariant: the tree was created when its name was shown";

impl Visitor for Filling<'_> {
    fn tree(&mut self, name: &str) -> Result<()> {
        Visitor::tree(&mut self.digesting, name)?;
        self.transaction().create_tree(name)?;
        self.tree = Some(name.to_owned());
        self.count(name.len() as u64)
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.digesting.whole(key, value);
        let transaction = self.transaction.as_mut().expect(OPEN);
        match &self.tree {
            None => transaction.put(key, value)?,
            Some(name) => transaction.tree(name)?.expect(CREATED).put(key, value)?,
        }
        self.count((key.len() + value.len()) as u64)
    }

    /// It is read twice: from its beginning for the digest, and from its end for the pages, of which the last is sealed first.
    fn long(&mut self, key: &[u8], value: &mut ValueReader<'_>) -> Result<()> {
        self.digesting.long(key, value)?;
        value.rewind().map_err(of_value)?;
        self.put_long(key, value.len(), value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::InsecureSeededEntropy;
    use crate::vfs::SimVfs;

    /// Copies a database as far as step 2, lets `spoil` change the disk, and reads back what should have `digest`.
    fn read_back(digest: Option<Digest>, spoil: impl FnOnce(&SimVfs, u64)) -> Result<Made> {
        let (disk, entropy) = (SimVfs::new(1), Arc::new(InsecureSeededEntropy::new(1)));
        let vfs: Arc<dyn Vfs> = Arc::new(disk.clone());
        let options = Options::new().vfs(vfs.clone()).entropy(entropy.clone()).page_size(PageSize::TOY);
        let db = options.create(true).open("a.tsm")?;
        db.write(|tx| tx.put(b"k", b"v"))?;
        let (snapshot, ring) = (db.read(), db.inherited_keys());
        let path = Path::new("b.tsm");
        let place = Place::claim(vfs.clone(), path)?;
        let target = Target { vfs, entropy, path, keys: TargetKeys::Inherited(&ring) };
        let (ring, written) = place.write(&target, db.page_size(), &mut |filling| walk(&snapshot, filling))?;
        let file = disk.files().into_iter().find(|file| file.file == "b.tsm.tmp").expect("the copy is being made");
        spoil(&disk, file.bytes.len() as u64);
        place.read_back(&ring, digest.unwrap_or(written))
    }

    #[test]
    fn a_copy_that_holds_something_else_than_was_copied_is_none() {
        assert!(read_back(None, |_, _| {}).is_ok());
        let nothing = Digesting::new().finish();
        assert!(read_back(Some(nothing), |_, _| {}).unwrap_err().to_string().contains("digest"));
    }

    #[test]
    fn a_copy_that_answers_right_and_does_not_verify_is_none() {
        let spoilt = read_back(None, |disk, length| disk.tamper("b.tsm.tmp", length, &[1; 700]).unwrap());
        assert_eq!(spoilt.unwrap_err().code(), "FILE-NOT-MULTIPLE");
    }
}
