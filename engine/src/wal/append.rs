//! Writing the log: a header for each generation, then commits, each appended at the known end.
//!
//! An append writes and does not sync: whoever waits for the commit asks for the sync, perhaps for several commits at once.
//! Sealed pages stream through in bounded memory, and a small commit is one write.

use super::FramePlace;
use crate::crypto::{Entropy, Keys, SealedPage};
use crate::defence::{Defence, durable};
use crate::error::{Error, Result};
use crate::format::log::{CommitBody, LOG_HEADER_BYTES, LogHeader, RECORD_HEADER_BYTES, RecordFields, RecordKind};
use crate::format::log::{append_record, fingerprint_input, padded_end, seed_input};
use crate::format::superblock::FORMAT;
use crate::types::{CommitNo, FileId, PageNo, PagePointer, PageSize};
use crate::vfs::{VfsFile, read_up_to, write_all_at};
use std::io;
use std::sync::Arc;

/// The open log and where the next commit goes in it.
pub(crate) struct Log {
    file: Arc<dyn VfsFile>,
    name: String,
    header: LogHeader,
    /// The known end: behind the last commit that was kept or appended.
    end: u64,
    sequence: u64,
    previous: [u8; 16],
}

/// Sealed pages in the order they go into the log.
pub(crate) type Frames<'a> = Box<dyn Iterator<Item = Result<(PageNo, SealedPage)>> + 'a>;

/// What a commit writes. The count of frames and the fingerprint in `body` are filled in by [`Log::append`].
pub(crate) struct Commit<'a> {
    pub commit: CommitNo,
    pub frames: Frames<'a>,
    pub body: CommitBody,
    pub previous_fingerprint: [u8; 16],
    /// Sequence number of the last commit record known to be durable.
    pub durable_sequence: u64,
}

/// A commit that stands in the log, but is not synced.
pub(crate) struct Appended {
    pub frames: Vec<(PageNo, FramePlace)>,
    pub fingerprint: [u8; 16],
    /// Of its commit record.
    pub sequence: u64,
}

/// A larger commit is written in pieces of this many bytes.
const PIECE_BYTES: usize = 1 << 20;

/// Where a new generation begins.
pub(crate) enum LogSpace {
    /// Over the generation before, which is folded and read by nobody: its bytes stay until they are overwritten, since a disk
    /// syncs what it overwrites sooner than what it adds. What is longer than `longest` bytes is cut.
    Spent { file: Arc<dyn VfsFile>, longest: u64 },
    /// In a file that may hold anything; it is emptied.
    Unknown { file: Arc<dyn VfsFile> },
}

/// How an append failed.
pub(crate) enum AppendError {
    /// Nothing of the commit is in the log.
    Clean(Error),
    /// Something of it may be in the log: to be cut off again by [`Log::cut_back`].
    Begun(Failed),
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
        Log { file, name, header, end, sequence, previous }
    }

    /// Begins a generation: writes a header and syncs it, before any record relies on it.
    pub fn begin(
        space: LogSpace,
        name: String,
        identity: (PageSize, FileId, u64),
        tree_mac: &[u8; 32],
        keys: &Keys,
        entropy: &dyn Entropy,
    ) -> Result<Log> {
        let (page_size, file_id, log_generation) = identity;
        let mut salt = [0; 16];
        entropy.fill(&mut salt).map_err(|source| Error::io("drawing randomness for", &name, source))?;
        let mut header = LogHeader { format: FORMAT, page_size, file_id, log_generation, salt, seed: [0; 16] };
        header.seed = keys.log_seed(seed_input(&header.encode()), tree_mac);
        let failed = |source| Error::io("write", &name, source);
        let (file, longest) = match space {
            LogSpace::Spent { file, longest } => (file, longest.max(LOG_HEADER_BYTES as u64)),
            LogSpace::Unknown { file } => (file, 0),
        };
        let is_long = file.len().map_err(failed)? > longest;
        if is_long && longest == 0 {
            file.set_len(0).map_err(failed)?;
        }
        write_all_at(&*file, 0, &header.encode()).map_err(failed)?;
        durable(Defence::SyncOfLogHeader, || file.sync_data()).map_err(|source| Error::io("sync", &name, source))?;
        if is_long && longest > 0 {
            // Only now: a log that was cut and still bore the old header would pass for a whole one, which the other slot needs.
            file.set_len(longest).map_err(failed)?;
        }
        let previous = header.seed;
        Ok(Log { file, name, header, end: LOG_HEADER_BYTES as u64, sequence: 0, previous })
    }

    /// Appends a commit, in one write when it is small. When this fails the known end stays where it was, and what was
    /// written behind it is to be cut off before anything else is done with the log.
    pub fn append(&mut self, commit: Commit<'_>, keys: &Keys) -> Result<Appended, AppendError> {
        let expected = (commit.frames.size_hint().0 * self.header.frame_bytes() + 1024).min(PIECE_BYTES + (1 << 17));
        let mut piece = Piece {
            bytes: Vec::with_capacity(expected),
            start: self.end,
            sequence: self.sequence,
            previous: self.previous,
        };
        match self.write_commit(commit, keys, &mut piece) {
            Ok(appended) => {
                (self.end, self.sequence, self.previous) = (piece.start, piece.sequence, piece.previous);
                Ok(appended)
            }
            // Pages that could not be had, before a byte was written.
            Err(Failed::Source(error)) if piece.start == self.end => Err(AppendError::Clean(error)),
            Err(failed) => Err(AppendError::Begun(failed)),
        }
    }

    /// The log holds this many bytes that count.
    pub fn bytes(&self) -> u64 {
        self.end
    }

    /// The sequence number of its last record that counts.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    fn write_commit(&self, commit: Commit<'_>, keys: &Keys, piece: &mut Piece) -> Result<Appended, Failed> {
        let Commit { commit, frames, mut body, previous_fingerprint, durable_sequence } = commit;
        let mut places = Vec::new();
        for frame in frames {
            let (page, sealed) = frame.map_err(Failed::Source)?;
            if piece.bytes.len() >= PIECE_BYTES {
                self.write(piece)?;
            }
            let offset = piece.end() + RECORD_HEADER_BYTES as u64;
            let fields = self.fields(piece, RecordKind::Page, commit, page, durable_sequence);
            self.push(piece, &fields, sealed.bytes(), keys);
            places.push((page, FramePlace { commit, seal: sealed.seal(), offset }));
        }
        body.page_frames = places.len() as u32;
        let unsigned = body.encode();
        body.fingerprint = keys.next_fingerprint(&previous_fingerprint, commit, fingerprint_input(&unsigned));
        let fields = self.fields(piece, RecordKind::Commit, commit, PageNo::NONE, durable_sequence);
        self.push(piece, &fields, &body.encode(), keys);
        let end = padded_end(piece.end());
        piece.bytes.resize((end - piece.start) as usize, 0);
        self.write(piece)?;
        Ok(Appended { frames: places, fingerprint: body.fingerprint, sequence: piece.sequence })
    }

    fn write(&self, piece: &mut Piece) -> Result<(), Failed> {
        write_all_at(&*self.file, piece.start, &piece.bytes).map_err(Failed::Write)?;
        piece.start = piece.end();
        piece.bytes.clear();
        Ok(())
    }

    fn fields(&self, piece: &Piece, kind: RecordKind, commit: CommitNo, page: PageNo, durable: u64) -> RecordFields {
        RecordFields {
            kind,
            generation: self.header.log_generation,
            sequence: piece.sequence + 1,
            commit,
            page,
            durable_sequence: durable,
            previous: piece.previous,
        }
    }

    fn push(&self, piece: &mut Piece, fields: &RecordFields, body: &[u8], keys: &Keys) {
        let salt = self.header.salt;
        piece.sequence = fields.sequence;
        piece.previous = append_record(&mut piece.bytes, fields, body, |parts| keys.record_mac(&salt, parts));
    }

    /// Makes sure that nothing of an append that failed can be taken for a commit, and says why it failed; or, as the other
    /// error, that this cannot be made sure of: poison. Nobody else may sync the log meanwhile: the error of one sync may
    /// be told to another.
    pub fn cut_back(&self, failed: Failed) -> Result<Error, Error> {
        let cut = durable(Defence::CutBack, || self.file.set_len(self.end))
            .and_then(|()| durable(Defence::SyncOfCutBack, || self.file.sync_data()));
        match (cut, failed) {
            (Ok(()), failed) => Ok(failed.error(&self.name)),
            (Err(_), Failed::Write(source)) => Err(Error::CommitIndeterminate { file: self.name.clone(), source }),
            // No commit record was written, so the commit has not happened; but where the log ends is in doubt.
            (Err(_), Failed::Source(error)) => Err(error),
        }
    }
}

/// Why a commit could not be written.
pub(crate) enum Failed {
    /// The page that was to come next could not be had.
    Source(Error),
    Write(io::Error),
}

impl Failed {
    fn error(self, name: &str) -> Error {
        match self {
            Failed::Source(error) => error,
            Failed::Write(source) => Error::io("write", name, source),
        }
    }
}

/// Records that were not written yet, and where they go.
struct Piece {
    bytes: Vec<u8>,
    start: u64,
    sequence: u64,
    previous: [u8; 16],
}

impl Piece {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// The bytes that stand where a frame of the log has its sealed page: fewer than a page where the log ends before.
pub(crate) fn read_frame(file: &dyn VfsFile, name: &str, frame: FramePlace, page_size: PageSize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; page_size.bytes()];
    let read = read_up_to(file, frame.offset, &mut bytes).map_err(|source| Error::io("read", name, source))?;
    bytes.truncate(read);
    Ok(bytes)
}

impl FramePlace {
    /// The pointer that this frame satisfies.
    pub fn pointer(&self, page: PageNo) -> PagePointer {
        PagePointer { page, commit: self.commit, seal: self.seal }
    }
}
