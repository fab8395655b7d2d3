//! The witness file: fingerprints kept outside the database, on another disk or in a repository, so that an older copy of the
//! whole database cannot pass for the newest.
//!
//! It is a text file of lines as `fingerprint` prints them, one for each durable commit and each change of keys. The last
//! whole line counts. At opening it is held against the file: `FRESH-ROLLBACK` and `FRESH-FORK` are a stop.
//!
//! A witness behind the file harms nothing; one ahead of the durable file would be a false alarm. So a line is written only
//! after the sync of its commit, and not synced itself but at a checkpoint and at closing. Lines are appended and never
//! overwritten; one that a crash tore ends in no newline, or holds zeros, and is passed over. Beginning the file, cutting it
//! down to its newest lines and mending it after a failure are done beside it, under a temporary name.
//!
//! It never fails a commit: a commit whose line could not be written is durable all the same.

use crate::crypto::{Anchor, Freshness, compare, parse_fingerprint};
use crate::defence::{Defence, durable, is_off};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding, Severity};
use crate::limits::WITNESS_BYTES_MAX;
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError};
use crate::trace::{Event, Tracer};
use crate::types::CommitNo;
use crate::vfs::{OpenMode, Vfs, VfsFile, file_name, read_up_to, write_all_at};
use std::io;
use std::path::{Path, PathBuf};

/// A witness file and what stands in it.
pub(crate) struct Witness {
    vfs: Arc<dyn Vfs>,
    path: PathBuf,
    name: String,
    tracer: Tracer,
    state: Mutex<State>,
}

struct State {
    file: Option<Arc<dyn VfsFile>>,
    /// Where the next line goes.
    end: u64,
    last: Option<Anchor>,
    /// Bytes stand in the file that are no whole line: it is written anew before the next line.
    is_torn: bool,
    /// Why the newest line is not there.
    failed: Option<String>,
}

impl Witness {
    /// Reads the witness file at `path`; one that is not there, or is empty, has no lines. Fails with `FRESH-UNANCHORED` for a
    /// file that holds no such line: its disk damaged it or it is somebody else's, and it is not touched.
    ///
    /// It is read before the database: a reader beside a writer must not find lines of commits it does not see yet.
    pub fn read(vfs: Arc<dyn Vfs>, path: &Path, tracer: Tracer) -> Result<Witness> {
        let path = &vfs.resolve(path);
        let name = file_name(path);
        let lines = Lines::read_some(&*vfs, path, &name)?;
        let state = State {
            file: None,
            end: lines.bytes,
            last: lines.anchors.last().map(|(anchor, _)| anchor.clone()),
            is_torn: lines.is_torn,
            failed: None,
        };
        Ok(Witness { vfs, path: path.to_owned(), name, tracer, state: Mutex::new(state) })
    }

    /// Whether it has no line yet.
    pub fn is_new(&self) -> bool {
        self.state().last.is_none()
    }

    /// The witness file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Holds the last line against the state of the file; an error when the file is older, or of another history.
    pub fn check(
        &self,
        ours: &Anchor,
        ours_counter: u32,
        fingerprint_of: impl FnOnce(CommitNo) -> Option<Anchor>,
    ) -> Result<()> {
        let Some(last) = self.state().last.clone() else { return Ok(()) };
        match compare(&last, ours, ours_counter, fingerprint_of) {
            Freshness::Fits | Freshness::Newer => {
                self.tracer.emit(|_| Event::WitnessCompared { file: self.name.clone(), commit: last.commit });
                Ok(())
            }
            Freshness::Differs(_) if is_off(Defence::WitnessComparison) => Ok(()),
            Freshness::Differs(mut finding) => {
                finding.why = format!("The witness file {} says: {}", self.name, finding.why);
                Err(Error::Damage(finding))
            }
        }
    }

    /// Begins to keep the file, with a line of the durable state that was opened; fails when it cannot be written.
    pub fn begin(&self, ours: Anchor) -> Result<()> {
        let mut state = self.state();
        let is_new = state.last.is_none();
        if !is_new {
            let file = self.vfs.open(&self.path, OpenMode::Write);
            state.file = Some(file.map_err(|source| Error::io("open", &self.name, source))?);
        }
        self.add(&mut state, ours).map_err(|source| Error::io("write", &self.name, source))?;
        if is_new {
            self.tracer.emit(|_| Event::WitnessCreated { file: self.name.clone() });
        }
        Ok(())
    }

    /// Adds a line of a state that is durable. What fails here is told by an event and by [`Witness::failure`].
    pub fn note(&self, durable: Anchor) {
        let mut state = self.state();
        if let Err(error) = self.add(&mut state, durable) {
            let because = error.to_string();
            self.tracer.emit(|_| Event::WitnessFailed { file: self.name.clone(), because: because.clone() });
            (state.failed, state.is_torn) = (Some(because), true);
        }
    }

    /// Makes the lines durable, as far as the disk lets it: what is lost of them harms nothing.
    pub fn sync(&self) {
        let file = self.state().file.clone();
        if let Some(Err(error)) = file.map(|file| durable(Defence::SyncOfWitness, || file.sync_data())) {
            self.state().failed = Some(error.to_string());
        }
    }

    /// Why the newest line could not be written; nothing while the witness is up to date.
    pub fn failure(&self) -> Option<String> {
        self.state().failed.clone()
    }

    fn add(&self, state: &mut State, anchor: Anchor) -> io::Result<()> {
        if state.last.as_ref().is_some_and(|last| *last == anchor || last.commit > anchor.commit) {
            return Ok(());
        }
        let line = format!("{anchor}\n");
        let is_full = state.end + line.len() as u64 > WITNESS_BYTES_MAX;
        match &state.file {
            Some(file) if !state.is_torn && !is_full => {
                write_all_at(&**file, state.end, line.as_bytes())?;
                state.end += line.len() as u64;
            }
            _ => self.write_anew(state, &line)?,
        }
        let commit = anchor.commit;
        state.last = Some(anchor);
        state.failed = None;
        self.tracer.emit(|_| Event::WitnessAppended { file: self.name.clone(), commit });
        Ok(())
    }

    /// The newest whole lines, in half the room there is, and `line`, under a temporary name that then takes the file's place.
    fn write_anew(&self, state: &mut State, line: &str) -> io::Result<()> {
        let lines = Lines::read(&*self.vfs, &self.path, &self.name).map_err(io::Error::other)?;
        let mut kept = lines.newest_text(WITNESS_BYTES_MAX as usize / 2);
        kept.push_str(line);
        let temporary = temporary_path(&self.path);
        if self.vfs.exists(&temporary)? {
            self.vfs.remove(&temporary)?;
        }
        let file = self.vfs.open(&temporary, OpenMode::CreateNew)?;
        write_all_at(&*file, 0, kept.as_bytes())?;
        durable(Defence::SyncOfNewWitness, || file.sync_data())?;
        self.vfs.rename(&temporary, &self.path)?;
        durable(Defence::DirectorySyncOfWitness, || self.vfs.sync_dir(&self.path))?;
        (state.file, state.end, state.is_torn) = (Some(file), kept.len() as u64, false);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.sync();
    }
}

/// What stands in a witness file.
struct Lines {
    /// The lines that read, each with its text.
    anchors: Vec<(Anchor, String)>,
    /// The file's length.
    bytes: u64,
    /// Whether it holds anything beside them.
    is_torn: bool,
}

impl Lines {
    /// As [`Lines::read`], of a file that must have a line if it has a byte.
    fn read_some(vfs: &dyn Vfs, path: &Path, name: &str) -> Result<Lines> {
        let lines = Lines::read(vfs, path, name)?;
        match lines.anchors.is_empty() && lines.bytes > 0 {
            true => Err(without_lines(name, lines.bytes).into()),
            false => Ok(lines),
        }
    }

    /// Reads the file's end, up to the length it may have: a longer one was written by somebody else.
    fn read(vfs: &dyn Vfs, path: &Path, name: &str) -> Result<Lines> {
        let failed = |doing: &'static str| move |source: io::Error| Error::io(doing, name, source);
        let file = match vfs.open(path, OpenMode::Read) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Lines { anchors: Vec::new(), bytes: 0, is_torn: false });
            }
            Err(source) => return Err(failed("open")(source)),
        };
        let bytes = file.len().map_err(failed("read"))?;
        let start = bytes.saturating_sub(WITNESS_BYTES_MAX);
        let mut content = vec![0; (bytes - start) as usize];
        let read = read_up_to(&*file, start, &mut content).map_err(|source| unread(name, start..bytes, &source))?;
        content.truncate(read);
        Ok(Lines::of(&content, bytes, start > 0))
    }

    fn of(content: &[u8], bytes: u64, starts_inside: bool) -> Lines {
        let mut lines = Lines { anchors: Vec::new(), bytes, is_torn: starts_inside };
        for line in content.split_inclusive(|&byte| byte == b'\n').skip(usize::from(starts_inside)) {
            let whole = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
            match whole.and_then(|text| Some((parse_fingerprint(text)?, text.to_owned()))) {
                Some(read) => lines.anchors.push(read),
                None => lines.is_torn = true,
            }
        }
        lines
    }

    /// The newest lines that have room in so many bytes, oldest first.
    fn newest_text(&self, room: usize) -> String {
        let mut bytes = 0;
        let fits = |(_, text): &&(Anchor, String)| {
            bytes += text.len() + 1;
            bytes <= room
        };
        let count = self.anchors.iter().rev().take_while(fits).count();
        self.anchors[self.anchors.len() - count..].iter().map(|(_, text)| format!("{text}\n")).collect()
    }
}

/// What a reader is told to do who cannot use a witness: the database itself may be whole.
const BEGIN_ANOTHER: &str = "Keep a copy of it; hold what `tosumu fingerprint FILE` prints against a line kept elsewhere. Then \
    take it away, or name another: the next opening for writing begins a new one.";

/// A file without a single line: a disk that damages the sector it writes leaves a short witness so.
fn without_lines(name: &str, bytes: u64) -> Finding {
    let why = "This is no witness file, or its disk has damaged it: it has no line that `fingerprint` printed.";
    Finding::new(Code::FreshUnanchored, why)
        .severity(Severity::Fatal)
        .at(name, 0..bytes)
        .expected("lines that `fingerprint` printed", "none")
        .lost("What the witness knew: an older copy of the whole database could pass for the newest.")
        .next(format!("It was not touched. {BEGIN_ANOTHER}"))
}

/// A witness that the operating system cannot read.
fn unread(name: &str, bytes: std::ops::Range<u64>, source: &io::Error) -> Error {
    let why = format!("The witness file could not be read: {source}.");
    let finding = Finding::new(Code::FileReadError, why)
        .at(name, bytes)
        .lost("What the witness knew: an older copy of the whole database could pass for the newest.")
        .next(format!("Its disk may be failing. {BEGIN_ANOTHER}"));
    finding.into()
}

fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// The last whole line of the witness file at `path`, for whoever looks at a database at rest; nothing when it is empty.
///
/// Errors: `NOT-FOUND`, `IO`; `FILE-READ-ERROR` for a file that does not read, `FRESH-UNANCHORED` for one without such a line.
pub fn read_witness(vfs: &dyn Vfs, path: &Path) -> Result<Option<Anchor>> {
    let name = file_name(path);
    if !vfs.exists(path).map_err(|source| Error::io("looking for", &name, source))? {
        return Err(Error::NotFound { file: name });
    }
    Ok(Lines::read_some(vfs, path, &name)?.anchors.pop().map(|(anchor, _)| anchor))
}
