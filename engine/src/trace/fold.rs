//! The disk and the pages as of an event, rebuilt from the events before it.
//!
//! A fold only believes events: it never reads a file and never runs the engine, so a step back is a fold over fewer
//! events. It is cheap to clone, and a clone now and then (a keyframe) makes steps back quick. Start reading at
//! [`Fold::apply`].

use super::{Event, FileBytes, NameChange, PageSource, PendingWrite, SectorImage};
use crate::types::{Bytes, CommitNo, PageNo, Seal};
use std::collections::BTreeMap;
use std::{ops::Range, sync::Arc};

/// Most bytes one write is taken to have when the trace does not carry them: a trace may come from anybody.
const UNKNOWN_BYTES_MAX: u64 = 1 << 17;

/// One file, at an instant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FileState {
    /// What the operating system holds: what reads see.
    pub system: SectorImage,
    /// What a power cut would leave under this name; none when the name itself would be gone.
    pub durable: Option<SectorImage>,
    /// The changes since the file's last sync, in order.
    pub pending: Arc<Vec<PendingWrite>>,
    /// What the file's last sync made durable, under whatever name.
    pub(crate) synced: SectorImage,
    /// Two names of one file share it.
    pub(crate) number: u64,
}

impl FileState {
    /// All bytes the operating system holds.
    pub fn system_bytes(&self) -> Vec<u8> {
        self.system.to_vec()
    }

    /// All bytes a power cut would leave under this name; none when the name would be gone.
    pub fn durable_bytes(&self) -> Option<Vec<u8>> {
        self.durable.as_ref().map(SectorImage::to_vec)
    }

    /// The bytes of `range` that the operating system holds, as far as the file goes.
    pub fn read(&self, range: Range<u64>) -> Vec<u8> {
        self.system.read(range)
    }

    fn write(&mut self, write: PendingWrite) {
        change(&mut self.system, &write);
        Arc::make_mut(&mut self.pending).push(write);
    }

    fn sync(&mut self) {
        for write in std::mem::take(&mut self.pending).iter() {
            change(&mut self.synced, write);
        }
    }

    fn tamper(&mut self, offset: u64, data: &[u8]) {
        self.system.write(offset, data);
        self.synced.write(offset, data);
        Arc::make_mut(&mut self.pending).iter_mut().for_each(|write| write.overlay(offset, data));
    }
}

fn change(image: &mut SectorImage, write: &PendingWrite) {
    match write {
        PendingWrite::Data { offset, data, .. } => image.write(*offset, data),
        PendingWrite::Length { length, .. } => image.set_len(*length),
    }
}

/// One page in memory, at an instant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PageState {
    /// Its plain form; empty when the trace carries none.
    pub plain: Bytes,
    /// Whether it was changed since it was last sealed or opened.
    pub changed_in_memory: bool,
    /// The commit its newest sealed form was made for.
    pub sealed_commit: Option<CommitNo>,
    /// The seal of its newest sealed form.
    pub seal: Option<Seal>,
    /// The event, counted from 0, that last changed the plain form.
    pub last_writer: usize,
    /// Whether the log holds a version of it that the page file does not.
    pub in_log: bool,
}

/// The disk and the pages as of an event.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fold {
    /// The files by name, as the operating system names them.
    pub files: BTreeMap<String, FileState>,
    /// The pages that were seen in memory since the database was opened.
    pub pages: BTreeMap<PageNo, PageState>,
    /// The newest published commit.
    pub commit: CommitNo,
    /// How many events were applied.
    pub events: usize,
    /// Which file, by number, a power cut would leave under which name.
    pub(crate) durable_names: BTreeMap<String, u64>,
    /// Changes of names since the folder's last sync.
    pub(crate) pending_names: Vec<NameChange>,
    /// For each of them, how many changes of files had been made before it.
    pub(crate) name_places: Vec<u64>,
    /// How many changes were made to files: the next one's order.
    pub(crate) changes: u64,
    /// Files that lost their last name, which a power cut would give back.
    unnamed: BTreeMap<u64, FileState>,
    /// How many files were ever numbered.
    numbered: u64,
    /// The pages the open transaction changed, as they were before; none where there was no page.
    before: Option<BTreeMap<PageNo, Option<PageState>>>,
    /// The same for each of its savepoints, by number: the pages changed since, as they were there.
    savepoints: Vec<(u32, BTreeMap<PageNo, Option<PageState>>)>,
}

impl Fold {
    /// Takes in the next event.
    pub fn apply(&mut self, event: &Event) {
        self.apply_to_disk(event);
        self.apply_to_pages(event);
        self.events += 1;
    }

    /// The names a power cut would leave.
    pub fn durable_names(&self) -> impl Iterator<Item = &str> {
        self.durable_names.keys().map(String::as_str)
    }

    /// All bytes a power cut would leave under `name`, also when the operating system has that name no more.
    pub fn durable_bytes(&self, name: &str) -> Option<Vec<u8>> {
        let number = self.durable_names.get(name)?;
        Some(self.states().find(|state| state.number == *number)?.synced.to_vec())
    }

    /// All files, those without a name of the operating system's included; one with two names comes twice.
    pub(crate) fn states(&self) -> impl Iterator<Item = &FileState> {
        self.files.values().chain(self.unnamed.values())
    }

    fn apply_to_disk(&mut self, event: &Event) {
        match event {
            Event::FileCreated { file } => self.create(file),
            Event::FileWritten { file, offset, bytes, data } => {
                let data = data.clone().unwrap_or_else(|| vec![0; (*bytes).min(UNKNOWN_BYTES_MAX) as usize].into());
                if !data.is_empty() {
                    self.write(file, |order| PendingWrite::Data { order, offset: *offset, data });
                }
            }
            Event::FileLengthSet { file, length } => {
                self.write(file, |order| PendingWrite::Length { order, length: *length });
            }
            Event::FileSynced { file } => self.each_name_of(file, FileState::sync),
            Event::FileLinked { from, to } => self.link(from, to),
            Event::FileRenamed { from, to } => self.rename(from, to),
            Event::FileRemoved { file } => {
                self.drop_name(file);
                self.change_name(NameChange::Removed { name: file.clone() });
            }
            Event::DirectorySynced => self.sync_names(),
            Event::Crashed { files, .. } => self.restart_with(files),
            Event::Tampered { file, offset, data, .. } => self.each_name_of(file, |state| state.tamper(*offset, data)),
            Event::FileReplaced { file, data, .. } => self.replace(file, data.as_deref()),
            _ => return,
        }
        self.refresh_durable();
    }

    fn change_name(&mut self, change: NameChange) {
        self.pending_names.push(change);
        self.name_places.push(self.changes);
    }

    fn new_state(&mut self) -> FileState {
        self.numbered += 1;
        FileState { number: self.numbered, ..FileState::default() }
    }

    fn create(&mut self, name: &str) {
        let state = self.new_state();
        self.change_name(NameChange::Added { name: name.to_owned(), file: state.number });
        self.give_name(name, state);
    }

    /// Gives `change` every state of the file called `name`. A file nobody created in this trace was there before it,
    /// with bytes the trace does not tell.
    fn each_name_of(&mut self, name: &str, mut change: impl FnMut(&mut FileState)) {
        if !self.files.contains_key(name) {
            let state = self.new_state();
            self.durable_names.insert(name.to_owned(), state.number);
            self.files.insert(name.to_owned(), state);
        }
        let number = self.files[name].number;
        self.files.values_mut().filter(|state| state.number == number).for_each(&mut change);
    }

    fn write(&mut self, name: &str, write: impl FnOnce(u64) -> PendingWrite) {
        let write = write(self.changes);
        self.changes += 1;
        self.each_name_of(name, |state| state.write(write.clone()));
    }

    fn link(&mut self, from: &str, to: &str) {
        if let Some(state) = self.files.get(from).cloned() {
            self.change_name(NameChange::Added { name: to.to_owned(), file: state.number });
            self.give_name(to, state);
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        if from == to {
            return;
        }
        if let Some(state) = self.files.remove(from) {
            let file = state.number;
            self.change_name(NameChange::Renamed { from: from.to_owned(), to: to.to_owned(), file });
            self.give_name(to, state);
        }
    }

    fn give_name(&mut self, name: &str, state: FileState) {
        self.drop_name(name);
        self.files.insert(name.to_owned(), state);
    }

    fn drop_name(&mut self, name: &str) {
        if let Some(state) = self.files.remove(name) {
            self.unnamed.insert(state.number, state);
        }
    }

    fn sync_names(&mut self) {
        self.durable_names = self.files.iter().map(|(name, state)| (name.clone(), state.number)).collect();
        self.pending_names.clear();
        self.name_places.clear();
        self.unnamed.clear();
    }

    /// Somebody put other bytes under a name, or took it away: durable at once.
    fn replace(&mut self, name: &str, bytes: Option<&[u8]>) {
        let changes = std::mem::take(&mut self.pending_names).into_iter().zip(std::mem::take(&mut self.name_places));
        (self.pending_names, self.name_places) = changes.filter(|(change, _)| !change.is_about(name)).unzip();
        let Some(bytes) = bytes else {
            self.files.remove(name);
            self.durable_names.remove(name);
            return;
        };
        self.each_name_of(name, |state| {
            state.system = SectorImage::from(bytes);
            state.synced = state.system.clone();
            state.pending = Arc::default();
        });
        let number = self.files[name].number;
        self.durable_names.insert(name.to_owned(), number);
    }

    fn restart_with(&mut self, survivors: &[FileBytes]) {
        self.files.clear();
        for survivor in survivors {
            let image = SectorImage::from(&survivor.bytes[..]);
            let state = FileState { system: image.clone(), synced: image, ..self.new_state() };
            self.files.insert(survivor.file.clone(), state);
        }
        self.sync_names();
    }

    fn refresh_durable(&mut self) {
        let named = self.files.values().map(|state| state.number).collect::<Vec<_>>();
        self.unnamed.retain(|number, _| !named.contains(number));
        let synced: BTreeMap<_, _> = self.states().map(|state| (state.number, state.synced.clone())).collect();
        for (name, state) in &mut self.files {
            state.durable = self.durable_names.get(name).and_then(|number| synced.get(number)).cloned();
        }
    }

    fn apply_to_pages(&mut self, event: &Event) {
        match event {
            Event::TransactionStarted { .. } => {
                self.before = Some(BTreeMap::new());
                self.savepoints.clear();
            }
            Event::TransactionRolledBack { .. } => self.roll_back(),
            Event::SavepointSet { savepoint, .. } => self.savepoints.push((*savepoint, BTreeMap::new())),
            Event::SavepointRestored { savepoint, .. } => self.go_back_to(*savepoint),
            Event::TransactionCommitted { commit, .. } | Event::SealTransactionCommitted { commit, .. } => {
                self.publish(*commit);
            }
            Event::CheckpointEnded { commit, .. } => {
                self.commit = *commit;
                self.pages.values_mut().for_each(|page| page.in_log = false);
            }
            Event::Opened { commit, .. } => self.commit = *commit,
            Event::Crashed { .. } | Event::HandleDropped => {
                self.pages.clear();
                self.before = None;
                self.savepoints.clear();
            }
            Event::PageSealed { page, commit, seal, .. } => {
                let state = self.page_to_change(*page);
                (state.sealed_commit, state.seal, state.changed_in_memory) = (Some(*commit), Some(*seal), false);
            }
            Event::PageOpened { page, commit, seal, source, after, .. } => {
                let plain = after.first().map(|image| image.plain.clone()).unwrap_or_default();
                self.open_page(*page, *commit, *seal, *source, plain);
            }
            Event::PageFreed { page, .. } | Event::PageTaken { page, .. } => {
                // Remembered first: a rollback brings the page back.
                self.page_to_change(*page);
                self.pages.remove(page);
                self.take_images(event);
            }
            Event::PageAllocated { .. }
            | Event::RecordWritten { .. }
            | Event::RecordRemoved { .. }
            | Event::PageCompacted { .. }
            | Event::PageSplit { .. }
            | Event::SeparatorWritten { .. }
            | Event::RootGrew { .. }
            | Event::CellsMoved { .. }
            | Event::PagesMerged { .. }
            | Event::SeparatorReplaced { .. }
            | Event::SeparatorRemoved { .. }
            | Event::OverflowWritten { .. }
            | Event::PointersRefreshed { .. } => self.change_pages(event),
            _ => {}
        }
    }

    fn change_pages(&mut self, event: &Event) {
        let second = match event {
            Event::PageSplit { new_page, .. } => Some(*new_page),
            Event::CellsMoved { from, .. } => Some(*from),
            _ => None,
        };
        let writer = self.events;
        for page in event.page().into_iter().chain(second) {
            let state = self.page_to_change(page);
            (state.changed_in_memory, state.last_writer) = (true, writer);
        }
        self.take_images(event);
    }

    fn take_images(&mut self, event: &Event) {
        let writer = self.events;
        for image in event.images() {
            let state = self.page_to_change(image.page);
            (state.changed_in_memory, state.last_writer) = (true, writer);
            state.plain = image.plain.clone();
        }
    }

    fn page_to_change(&mut self, page: PageNo) -> &mut PageState {
        let kept = self.before.iter_mut().chain(self.savepoints.last_mut().map(|(_, before)| before));
        for before in kept {
            before.entry(page).or_insert_with(|| self.pages.get(&page).cloned());
        }
        self.pages.entry(page).or_default()
    }

    /// A reader may open an older version of a page than the one in memory: that one stays.
    fn open_page(&mut self, page: PageNo, commit: CommitNo, seal: Seal, source: PageSource, plain: Bytes) {
        let writer = self.events;
        let known = self.pages.get(&page);
        if known.is_some_and(|state| state.changed_in_memory || state.sealed_commit > Some(commit)) {
            return;
        }
        let same = known.filter(|state| state.plain == plain);
        let last_writer = same.map_or(writer, |state| state.last_writer);
        let state = PageState {
            plain,
            changed_in_memory: false,
            sealed_commit: Some(commit),
            seal: Some(seal),
            last_writer,
            in_log: source == PageSource::Log,
        };
        self.pages.insert(page, state);
    }

    fn publish(&mut self, commit: CommitNo) {
        self.commit = commit;
        self.before = None;
        self.savepoints.clear();
        for page in self.pages.values_mut().filter(|page| page.sealed_commit == Some(commit)) {
            page.in_log = true;
        }
    }

    fn roll_back(&mut self) {
        let before = self.before.take().unwrap_or_default();
        self.put_back(before);
        self.savepoints.clear();
    }

    /// The savepoint stays: it may be gone back to again.
    fn go_back_to(&mut self, savepoint: u32) {
        while let Some((number, before)) = self.savepoints.pop() {
            self.put_back(before);
            if number <= savepoint {
                self.savepoints.push((number, BTreeMap::new()));
                return;
            }
        }
    }

    fn put_back(&mut self, before: BTreeMap<PageNo, Option<PageState>>) {
        for (page, state) in before {
            match state {
                Some(state) => self.pages.insert(page, state),
                None => self.pages.remove(&page),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{CrashSummary, PageImage, Recorder, Tracer};
    use crate::vfs::{CrashPlan, DiskImage, OpenMode, SimVfs, TracedVfs, Vfs};
    use std::path::Path;

    fn fold_of(events: &[Arc<Event>]) -> Fold {
        let mut fold = Fold::default();
        events.iter().for_each(|event| fold.apply(event));
        fold
    }

    /// Everything one can do to a disk, told by the traced decorator; `look` sees disk and recorder after each step.
    fn busy_disk(mut look: impl FnMut(&SimVfs, &Recorder)) {
        let sim = SimVfs::new(1);
        let recorder = Recorder::new();
        let vfs = TracedVfs::new(sim.clone(), Tracer::new(recorder.clone()));
        let path = Path::new;
        let first = vfs.open(path("a.new"), OpenMode::CreateNew).unwrap();
        let mut step = |done: std::io::Result<()>| {
            done.unwrap();
            look(&sim, &recorder);
        };
        step(first.write_at(0, &[1; 1000]).map(drop));
        step(first.sync_data());
        step(vfs.link_new(path("a.new"), path("a")));
        step(first.write_at(900, &[2; 900]).map(drop));
        step(vfs.sync_dir(path("a")));
        step(vfs.remove(path("a.new")));
        step(first.write_at(5, &[3; 5]).map(drop));
        let second = vfs.open(path("b"), OpenMode::CreateNew).unwrap();
        step(second.write_at(100, b"second").map(drop));
        step(first.set_len(700));
        step(second.sync_data());
        step(vfs.rename(path("b"), path("a")));
        step(second.write_at(0, b"renamed").map(drop));
        step(vfs.sync_dir(path("a")));
        step(second.sync_data());
    }

    #[test]
    fn the_fold_of_a_trace_is_the_disk_at_every_step() {
        busy_disk(|sim, recorder| {
            let fold = fold_of(&recorder.events_from(0));
            let image = sim.image();
            let system: Vec<_> = fold.files.iter().map(|(name, state)| (name.clone(), state.system_bytes())).collect();
            let expected: Vec<_> = sim.files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect();
            assert_eq!(system, expected);
            for (name, state) in &fold.files {
                assert_eq!(state.durable_bytes().as_deref(), image.durable_bytes(name), "{name}");
            }
            let durable: Vec<_> = image.durable_names.keys().cloned().collect();
            assert_eq!(fold.durable_names().collect::<Vec<_>>(), durable);
        });
    }

    #[test]
    fn a_disk_set_up_from_a_fold_comes_out_of_every_crash_alike() {
        busy_disk(|sim, recorder| {
            let copy = DiskImage::from_fold(&fold_of(&recorder.events_from(0)));
            let image = sim.image();
            assert_eq!(copy.pending(), image.pending());
            let units = image.pending_sectors();
            assert_eq!(copy.pending_sectors(), units);
            for mask in 0..1_u32 << units.min(8) {
                let plan = CrashPlan::Sectors((0..units).map(|unit| mask >> unit & 1 == 1).collect());
                let left = |disk: &DiskImage| (disk.after_crash(&plan).0.system_files(), disk.after_crash(&plan).1);
                assert_eq!(left(&copy), left(&image));
            }
        });
    }

    fn split() -> Event {
        let image = |page, byte| PageImage { page: PageNo(page), plain: vec![byte; 4].into() };
        Event::PageSplit {
            page: PageNo(2),
            level: 0,
            needed_bytes: 15,
            free_bytes: 2,
            new_page: PageNo(4),
            moved: vec![],
            separator: Bytes::default(),
            after: vec![image(2, 1), image(4, 2)],
        }
    }

    fn sealed(page: u32, commit: u64) -> Event {
        let (page, commit, seal) = (PageNo(page), CommitNo(commit), Seal([commit as u8; 16]));
        Event::PageSealed { page, level: 0, commit, seal, sealed: None }
    }

    fn opened(commit: u64) -> Event {
        Event::PageOpened {
            page: PageNo(2),
            commit: CommitNo(commit),
            seal: Seal([commit as u8; 16]),
            source: PageSource::File,
            offset: 0,
            after: vec![PageImage { page: PageNo(2), plain: vec![commit as u8; 4].into() }],
        }
    }

    fn apply_all(fold: &mut Fold, events: &[Event]) {
        events.iter().for_each(|event| fold.apply(event));
    }

    const BEGIN: Event = Event::TransactionStarted { transaction: 1, base: CommitNo(1) };

    #[test]
    fn a_rolled_back_transaction_leaves_the_pages_as_they_were() {
        let mut fold = Fold::default();
        apply_all(&mut fold, &[opened(1), BEGIN]);
        let before = fold.pages.clone();
        apply_all(&mut fold, &[split(), sealed(2, 2)]);
        assert_eq!(fold.pages.len(), 2);
        fold.apply(&Event::TransactionRolledBack { transaction: 1, pages: 2 });
        assert_eq!(fold.pages, before);
    }

    #[test]
    fn a_page_goes_from_changed_to_sealed_to_the_log_to_the_page_file() {
        let mut fold = Fold::default();
        apply_all(&mut fold, &[BEGIN, split()]);
        assert!(fold.pages[&PageNo(4)].changed_in_memory && fold.pages[&PageNo(2)].changed_in_memory);
        assert_eq!((fold.pages[&PageNo(4)].last_writer, &fold.pages[&PageNo(4)].plain[..]), (1, &[2; 4][..]));
        apply_all(&mut fold, &[sealed(4, 2)]);
        assert!(!fold.pages[&PageNo(4)].changed_in_memory && !fold.pages[&PageNo(4)].in_log);
        fold.apply(&Event::TransactionCommitted { transaction: 1, commit: CommitNo(2), pages: 1 });
        assert!(fold.pages[&PageNo(4)].in_log && !fold.pages[&PageNo(2)].in_log);
        assert_eq!(fold.commit, CommitNo(2));
        fold.apply(&Event::CheckpointEnded { commit: CommitNo(3), pages: 1, log_generation: 2 });
        assert!(!fold.pages[&PageNo(4)].in_log);
        assert_eq!(fold.commit, CommitNo(3));
    }

    #[test]
    fn an_older_version_opened_by_a_reader_does_not_hide_the_newer_one() {
        let mut fold = Fold::default();
        apply_all(&mut fold, &[opened(3), opened(1)]);
        assert_eq!(fold.pages[&PageNo(2)].sealed_commit, Some(CommitNo(3)));
        assert_eq!(fold.pages[&PageNo(2)].last_writer, 0);
    }

    fn written(data: &[u8]) -> Event {
        Event::FileWritten { file: "a".into(), offset: 0, bytes: data.len() as u64, data: Some(data.into()) }
    }

    #[test]
    fn a_crash_leaves_the_survivors_and_no_pages_and_an_end_of_the_program_leaves_the_system_image() {
        let mut fold = Fold::default();
        apply_all(
            &mut fold,
            &[Event::FileCreated { file: "a".into() }, written(b"new"), opened(1), Event::HandleDropped],
        );
        assert!(fold.pages.is_empty());
        assert_eq!((fold.files["a"].system_bytes(), fold.files["a"].pending.len()), (b"new".to_vec(), 1));
        let survivor = FileBytes { file: "b".into(), bytes: b"left"[..].into() };
        let crash = Event::Crashed { place: "here".into(), summary: CrashSummary::default(), files: vec![survivor] };
        apply_all(&mut fold, &[opened(1), crash]);
        assert!(fold.pages.is_empty() && !fold.files.contains_key("a"));
        assert_eq!(fold.files["b"].durable_bytes(), Some(b"left".to_vec()));
    }

    #[test]
    fn tampering_changes_what_is_held_and_what_is_durable() {
        let mut fold = Fold::default();
        let created = Event::FileCreated { file: "a".into() };
        let synced = Event::FileSynced { file: "a".into() };
        let tampered = Event::Tampered { what: "x".into(), file: "a".into(), offset: 1, data: b"!"[..].into() };
        apply_all(&mut fold, &[created, Event::DirectorySynced, written(b"abc"), synced, written(b"ABC"), tampered]);
        assert_eq!(fold.files["a"].system_bytes(), b"A!C");
        assert_eq!(fold.files["a"].durable_bytes(), Some(b"a!c".to_vec()));
    }

    #[test]
    fn events_no_honest_trace_holds_do_no_harm() {
        let mut fold = Fold::default();
        let file = || "a".to_owned();
        apply_all(
            &mut fold,
            &[
                Event::FileWritten { file: file(), offset: u64::MAX, bytes: u64::MAX, data: None },
                Event::FileLengthSet { file: file(), length: u64::MAX },
                Event::FileRenamed { from: "none".into(), to: file() },
                Event::FileLinked { from: file(), to: file() },
                Event::FileCreated { file: file() },
                Event::FileRemoved { file: "none".into() },
                Event::TransactionRolledBack { transaction: 9, pages: 9 },
                Event::DirectorySynced,
            ],
        );
        assert_eq!(fold.files.len(), 1);
    }
}
