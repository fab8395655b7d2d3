//! What a disk holds: the files as the operating system shows them, as a power cut would leave them, and what lies
//! between.
//!
//! ```text
//!   write ──► system image ──(sync of the file)──► durable image
//!                  └── pending: the changes only the system image has
//! ```
//! Names go the same way, by a sync of the folder. There is one folder: a path's last part is the name.
//!
//! A sync that failed may leave a third thing: bytes that the operating system shows and will never write, because it took them
//! for written ([`FileImage::cached`]).

use crate::limits::SECTOR_BYTES;
use crate::trace::{FileBytes, FileState, Fold, NameChange, PendingWrite};
use crate::vfs::bytes;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};

/// One file, whatever it is called. `system` is `durable` with `pending` applied, or `cached` with `pending` applied.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FileImage {
    /// What the operating system holds: what reads see.
    pub system: Vec<u8>,
    /// What the last sync made durable.
    pub durable: Vec<u8>,
    /// The changes since then, in order.
    pub pending: Vec<PendingWrite>,
    /// What the operating system held at the last sync, where a sync failed and it took what it did not write for written
    /// ([`FaultKind::Forgotten`](super::FaultKind::Forgotten)); none where that is `durable`.
    pub cached: Option<Vec<u8>>,
}

/// A pending change with its number from 1, as `crash losing 2,5` counts them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberedWrite {
    /// Counted from 1, in order.
    pub number: u32,
    /// The name of its file.
    pub file: String,
    /// Where, in bytes; for a change of length, the length.
    pub offset: u64,
    /// How many bytes; 0 for a change of length.
    pub bytes: u64,
}

/// All that a simulated disk holds; a plain value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DiskImage {
    /// The files by number.
    pub files: BTreeMap<u64, FileImage>,
    /// The names as the operating system shows them.
    pub names: BTreeMap<String, u64>,
    /// The names as a power cut would leave them.
    pub durable_names: BTreeMap<String, u64>,
    /// What lies between the two, in order.
    pub pending_names: Vec<NameChange>,
    /// For each of them, how many changes of files had been made before it.
    pub name_places: Vec<u64>,
    /// How many changes were ever made: the next one's order.
    pub changes: u64,
}

impl DiskImage {
    /// A disk that holds these files, all of it durable.
    pub fn of(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> DiskImage {
        let mut image = DiskImage::default();
        for (number, (name, bytes)) in (1..).zip(files) {
            image.files.insert(number, FileImage::settled(bytes));
            image.names.insert(name, number);
        }
        image.durable_names.clone_from(&image.names);
        image
    }

    /// The disk at an instant of a trace of level `full`, pending changes and all: a simulated disk can go on from it.
    pub fn from_fold(fold: &Fold) -> DiskImage {
        let image = |state: &FileState| FileImage {
            system: state.system.to_vec(),
            durable: state.synced.to_vec(),
            pending: state.pending.to_vec(),
            cached: None,
        };
        DiskImage {
            files: fold.states().map(|state| (state.number, image(state))).collect(),
            names: fold.files.iter().map(|(name, state)| (name.clone(), state.number)).collect(),
            durable_names: fold.durable_names.clone(),
            pending_names: fold.pending_names.clone(),
            name_places: fold.name_places.clone(),
            changes: fold.changes,
        }
    }

    /// The file of this name, as the operating system names it.
    pub fn file(&self, name: &str) -> Option<&FileImage> {
        self.files.get(self.names.get(name)?)
    }

    /// What a power cut would leave under this name; none when the name would be gone.
    pub fn durable_bytes(&self, name: &str) -> Option<&[u8]> {
        Some(&self.files.get(self.durable_names.get(name)?)?.durable)
    }

    /// Every file as the operating system shows it.
    pub fn system_files(&self) -> Vec<FileBytes> {
        let shown =
            |name: &String| Some(FileBytes { file: name.clone(), bytes: self.file(name)?.system.as_slice().into() });
        self.names.keys().filter_map(shown).collect()
    }

    /// The changes of files not yet synced, in order and numbered. Files without any name are left out.
    pub fn pending(&self) -> Vec<NumberedWrite> {
        let numbered = |(number, (file, write)): (u32, (u64, &PendingWrite))| NumberedWrite {
            number,
            file: self.name_of(file).unwrap_or_default().to_owned(),
            offset: write.offset(),
            bytes: write.bytes(),
        };
        (1..).zip(self.pending_in_order()).map(numbered).collect()
    }

    /// How many sectors the pending changes touch, each counted by itself, and after them the pending changes of names:
    /// what [`CrashPlan::Sectors`](super::CrashPlan::Sectors) decides over.
    pub fn pending_sectors(&self) -> usize {
        let sectors: u64 = self.pending_in_order().iter().map(|(_, write)| sector_count(write)).sum();
        sectors as usize + self.pending_names.len()
    }

    /// The pending changes of all files that have a name, in order, with their file's number.
    pub(super) fn pending_in_order(&self) -> Vec<(u64, &PendingWrite)> {
        let mut all: Vec<_> = self
            .files
            .iter()
            .filter(|&(&file, _)| self.name_of(file).is_some())
            .flat_map(|(&file, image)| image.pending.iter().map(move |write| (file, write)))
            .collect();
        all.sort_by_key(|(_, write)| write.order());
        all
    }

    pub(super) fn name_of(&self, file: u64) -> Option<&str> {
        let in_names = self.names.iter().find(|&(_, &number)| number == file);
        let found = in_names.or_else(|| self.durable_names.iter().find(|&(_, &number)| number == file));
        found.map(|(name, _)| name.as_str())
    }

    pub(super) fn create(&mut self, name: &str) -> u64 {
        let file = self.files.last_key_value().map_or(1, |(&last, _)| last + 1);
        self.files.insert(file, FileImage::default());
        self.change_name(NameChange::Added { name: name.to_owned(), file });
        file
    }

    pub(super) fn link_new(&mut self, from: &str, to: &str) -> io::Result<()> {
        let file = self.number_of(from)?;
        if self.names.contains_key(to) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.change_name(NameChange::Added { name: to.to_owned(), file });
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let file = self.number_of(from)?;
        if from != to {
            self.change_name(NameChange::Renamed { from: from.to_owned(), to: to.to_owned(), file });
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) -> io::Result<()> {
        self.number_of(name)?;
        self.change_name(NameChange::Removed { name: name.to_owned() });
        Ok(())
    }

    pub(super) fn sync_names(&mut self) {
        self.durable_names.clone_from(&self.names);
        self.pending_names.clear();
        self.name_places.clear();
    }

    pub(super) fn number_of(&self, name: &str) -> io::Result<u64> {
        self.names.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push(change);
        self.name_places.push(self.changes);
    }

    pub(super) fn write(&mut self, file: u64, offset: u64, data: &[u8]) -> io::Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        let order = self.changes;
        let image = self.open_file(file)?;
        bytes::write(&mut image.system, offset, data)?;
        image.pending.push(PendingWrite::Data { order, offset, data: data.into() });
        self.changes += 1;
        Ok(())
    }

    pub(super) fn set_len(&mut self, file: u64, length: u64) -> io::Result<()> {
        let order = self.changes;
        let image = self.open_file(file)?;
        bytes::set_len(&mut image.system, length)?;
        image.pending.push(PendingWrite::Length { order, length });
        self.changes += 1;
        Ok(())
    }

    pub(super) fn sync(&mut self, file: u64) -> io::Result<()> {
        self.open_file(file)?.sync();
        Ok(())
    }

    /// A sync that failed, after which nothing of what it was to write is pending any more, though none of it was written.
    pub(super) fn forget(&mut self, file: u64) -> io::Result<()> {
        let image = self.open_file(file)?;
        if !image.pending.is_empty() {
            image.cached = Some(image.system.clone());
            image.pending.clear();
        }
        Ok(())
    }

    /// Changes bytes from outside: in the durable image, in the system's, and in every pending write over the place.
    pub(super) fn tamper(&mut self, name: &str, offset: u64, data: &[u8]) -> io::Result<()> {
        let file = self.number_of(name)?;
        let image = self.open_file(file)?;
        bytes::write(&mut image.system, offset, data)?;
        bytes::write(&mut image.durable, offset, data)?;
        if let Some(cached) = &mut image.cached {
            bytes::write(cached, offset, data)?;
        }
        for write in &mut image.pending {
            write.overlay(offset, data);
        }
        Ok(())
    }

    /// Puts other bytes under a name from outside, durable at once, or takes the name away.
    pub(super) fn replace(&mut self, name: &str, bytes: Option<Vec<u8>>) -> io::Result<()> {
        let Some(bytes) = bytes else {
            self.number_of(name)?;
            self.names.remove(name);
            self.durable_names.remove(name);
            self.forget_changes_of(name);
            return Ok(());
        };
        let file = match self.number_of(name) {
            Ok(file) => file,
            Err(_) => self.create(name),
        };
        self.forget_changes_of(name);
        self.durable_names.insert(name.to_owned(), file);
        *self.open_file(file)? = FileImage::settled(bytes);
        Ok(())
    }

    fn forget_changes_of(&mut self, name: &str) {
        let kept = |(change, _): &(NameChange, u64)| !change.is_about(name);
        let changes = std::mem::take(&mut self.pending_names).into_iter().zip(std::mem::take(&mut self.name_places));
        (self.pending_names, self.name_places) = changes.filter(kept).unzip();
    }

    pub(super) fn open_file(&mut self, file: u64) -> io::Result<&mut FileImage> {
        self.files.get_mut(&file).ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl FileImage {
    /// A file whose bytes are durable.
    pub(super) fn settled(bytes: Vec<u8>) -> FileImage {
        FileImage { system: bytes.clone(), durable: bytes, pending: Vec::new(), cached: None }
    }

    /// What the pending changes were made in.
    pub(super) fn base(&self) -> &[u8] {
        self.cached.as_ref().unwrap_or(&self.durable)
    }

    /// Writes what is pending: the sectors it touched as the operating system holds them.
    fn sync(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let Some(mut cached) = self.cached.take() else {
            pending.iter().for_each(|write| apply(write, &mut self.durable));
            return;
        };
        for write in pending {
            apply(&write, &mut cached);
            match write {
                PendingWrite::Length { .. } => apply(&write, &mut self.durable),
                PendingWrite::Data { .. } => {
                    write.sectors().for_each(|sector| copy_sector(sector, &cached, &mut self.durable));
                }
            }
        }
        self.cached = (cached != self.durable).then_some(cached);
    }
}

/// The bytes of a sector that `image` holds: fewer than a sector's at its end.
pub(super) fn sector_of(sector: u64, image: &[u8]) -> &[u8] {
    let start = (sector as usize).saturating_mul(SECTOR_BYTES).min(image.len());
    &image[start..image.len().min(start + SECTOR_BYTES)]
}

fn copy_sector(sector: u64, from: &[u8], to: &mut Vec<u8>) {
    // One that does not fit was refused when it was written.
    let _ = bytes::write(to, sector * SECTOR_BYTES as u64, sector_of(sector, from));
}

/// Makes a pending change in `bytes`. One that does not fit was refused when it was made, so nothing is lost here.
pub(super) fn apply(write: &PendingWrite, file: &mut Vec<u8>) {
    let _ = match write {
        PendingWrite::Data { offset, data, .. } => bytes::write(file, *offset, data),
        PendingWrite::Length { length, .. } => bytes::set_len(file, *length),
    };
}

/// How many sectors a pending change touches.
pub(super) fn sector_count(write: &PendingWrite) -> u64 {
    let sectors = write.sectors();
    sectors.end - sectors.start
}
