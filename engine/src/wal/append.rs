//! Writing the log: a header for each generation, then one write and one sync a commit.

use super::{FramePlace, LogIndex};
use crate::crypto::{Entropy, Keys, SealedPage};
use crate::error::{Error, Result};
use crate::format::log::{CommitBody, LOG_HEADER_BYTES, LogHeader, RECORD_HEADER_BYTES, RecordFields, RecordKind};
use crate::format::log::{append_record, fingerprint_input, padded_end, seed_input};
use crate::types::{CommitNo, FileId, PageNo, PagePointer, PageSize};
use crate::vfs::{VfsFile, read_exact_at, write_all_at};
use std::io;
use std::sync::Arc;

/// The open log and where the next commit goes in it.
pub(crate) struct Log {
    file: Arc<dyn VfsFile>,
    name: String,
    header: LogHeader,
    /// The known end: behind the last commit that was kept or synced.
    end: u64,
    sequence: u64,
    /// Sequence number of the last commit record known to be durable.
    durable_sequence: u64,
    previous: [u8; 16],
}

/// What a commit writes besides its pages. The fingerprint in `body` is filled in by [`Log::append`].
pub(crate) struct Commit<'a> {
    pub commit: CommitNo,
    pub pages: &'a [(PageNo, SealedPage)],
    pub body: CommitBody,
    pub previous_fingerprint: [u8; 16],
}

/// A commit that stands in the log and is durable.
pub(crate) struct Appended {
    pub frames: Vec<(PageNo, FramePlace)>,
    pub fingerprint: [u8; 16],
}

/// How an append failed.
pub(crate) enum AppendError {
    /// Nothing of the commit is in the log.
    Clean(Error),
    /// It may or may not be durable: poison.
    Indeterminate(Error),
}

impl Log {
    /// Goes on in a log that was read to `end`: `sequence` and `previous` are those of its last commit record.
    pub fn continuing(
        file: Arc<dyn VfsFile>,
        name: String,
        header: LogHeader,
        end: u64,
        sequence: u64,
        previous: [u8; 16],
    ) -> Log {
        Log { file, name, header, end, sequence, durable_sequence: sequence, previous }
    }

    /// Begins a generation: empties the file, writes a header and syncs it.
    pub fn begin(
        file: Arc<dyn VfsFile>,
        name: String,
        identity: (PageSize, FileId, u64),
        tree_mac: &[u8; 32],
        keys: &Keys,
        entropy: &dyn Entropy,
    ) -> Result<Log> {
        let (page_size, file_id, log_generation) = identity;
        let mut salt = [0; 16];
        entropy.fill(&mut salt).map_err(|source| Error::io("drawing randomness for", &name, source))?;
        let mut header = LogHeader { page_size, file_id, log_generation, salt, seed: [0; 16] };
        header.seed = keys.log_seed(seed_input(&header.encode()), tree_mac);
        let failed = |source| Error::io("write", &name, source);
        // A folded log may still stand here; its bytes would look like a tail of this one.
        if !file.is_empty().map_err(failed)? {
            file.set_len(0).map_err(failed)?;
        }
        write_all_at(&*file, 0, &header.encode()).map_err(failed)?;
        file.sync_data().map_err(|source| Error::io("sync", &name, source))?;
        let previous = header.seed;
        Ok(Log { file, name, header, end: LOG_HEADER_BYTES as u64, sequence: 0, durable_sequence: 0, previous })
    }

    /// Appends a commit with one write and one sync. Only when this returns `Ok` is it durable.
    pub fn append(&mut self, commit: Commit<'_>, keys: &Keys) -> Result<Appended, AppendError> {
        let built = self.build(commit, keys);
        if let Err(source) = write_all_at(&*self.file, self.end, &built.bytes) {
            return Err(self.cut_back(source));
        }
        if let Err(source) = self.file.sync_data() {
            return Err(AppendError::Indeterminate(Error::CommitIndeterminate { file: self.name.clone(), source }));
        }
        self.end += built.bytes.len() as u64;
        self.sequence = built.sequence;
        self.durable_sequence = built.sequence;
        self.previous = built.previous;
        Ok(built.appended)
    }

    /// The log holds this many bytes that count.
    pub fn bytes(&self) -> u64 {
        self.end
    }

    fn build(&self, commit: Commit<'_>, keys: &Keys) -> Built {
        let mut built = Built {
            bytes: Vec::with_capacity(commit.pages.len() * self.header.frame_bytes() + 512),
            sequence: self.sequence,
            previous: self.previous,
            appended: Appended { frames: Vec::with_capacity(commit.pages.len()), fingerprint: [0; 16] },
        };
        for (page, sealed) in commit.pages {
            let offset = self.end + (built.bytes.len() + RECORD_HEADER_BYTES) as u64;
            self.push(&mut built, RecordKind::Page, commit.commit, *page, sealed.bytes(), keys);
            built.appended.frames.push((*page, FramePlace { commit: commit.commit, seal: sealed.seal(), offset }));
        }
        let mut body = commit.body;
        body.page_frames = commit.pages.len() as u32;
        let unsigned = body.encode();
        body.fingerprint =
            keys.next_fingerprint(&commit.previous_fingerprint, commit.commit, fingerprint_input(&unsigned));
        self.push(&mut built, RecordKind::Commit, commit.commit, PageNo::NONE, &body.encode(), keys);
        built.appended.fingerprint = body.fingerprint;
        let end = padded_end(self.end + built.bytes.len() as u64);
        built.bytes.resize((end - self.end) as usize, 0);
        built
    }

    fn push(&self, built: &mut Built, kind: RecordKind, commit: CommitNo, page: PageNo, body: &[u8], keys: &Keys) {
        built.sequence += 1;
        let fields = RecordFields {
            kind,
            generation: self.header.log_generation,
            sequence: built.sequence,
            commit,
            page,
            durable_sequence: self.durable_sequence,
            previous: built.previous,
        };
        let salt = self.header.salt;
        built.previous = append_record(&mut built.bytes, &fields, body, |parts| keys.record_mac(&salt, parts));
    }

    /// The write failed, perhaps half way: make sure that nothing of it can be taken for a commit, or say that we cannot.
    fn cut_back(&self, source: io::Error) -> AppendError {
        let cut = self.file.set_len(self.end).and_then(|()| self.file.sync_data());
        match cut {
            Ok(()) => AppendError::Clean(Error::io("write", &self.name, source)),
            Err(_) => AppendError::Indeterminate(Error::CommitIndeterminate { file: self.name.clone(), source }),
        }
    }
}

struct Built {
    bytes: Vec<u8>,
    sequence: u64,
    previous: [u8; 16],
    appended: Appended,
}

/// Reads the sealed page that a frame of the log holds.
pub(crate) fn read_frame(file: &dyn VfsFile, name: &str, frame: FramePlace, page_size: PageSize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; page_size.bytes()];
    read_exact_at(file, frame.offset, &mut bytes).map_err(|source| Error::io("read", name, source))?;
    Ok(bytes)
}

impl LogIndex {
    /// Takes in the frames of a commit.
    pub fn publish(&mut self, frames: &[(PageNo, FramePlace)]) {
        for &(page, frame) in frames {
            self.insert(page, frame);
        }
    }
}

impl FramePlace {
    /// The pointer that this frame satisfies.
    pub fn pointer(&self, page: PageNo) -> PagePointer {
        PagePointer { page, commit: self.commit, seal: self.seal }
    }
}
