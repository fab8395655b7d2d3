//! Taking pages into use and giving them back: the free list as a stack of trunks, of which only the head changes.
//!
//! A page is taken from the head trunk before the file grows; a trunk that is used up is itself the next page taken, and the
//! one below becomes the head by its whole pointer. A page given back goes onto the head trunk, or becomes a new head above
//! a full one. It may be taken again at once: what older snapshots need of it stands in the log or in the page file still.

use super::pages::Opened;
use super::write::WriteTxn;
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::free_list::FreeTrunk;
use crate::format::node::Node;
use crate::format::page::PageKind;
use crate::limits;
use crate::pager::check::PageUse;
use crate::trace::Event;
use crate::types::{PageNo, PagePointer};

impl WriteTxn {
    /// Takes a page into use: a free one, else one behind the last.
    pub(super) fn take_page(&mut self) -> Result<PageNo> {
        match self.state.free_list.is_null() {
            true => self.grow(),
            false => self.take_free_page(),
        }
    }

    /// Gives a page back.
    pub(super) fn give_back(&mut self, page: PageNo) -> Result<()> {
        self.pages.forget(page);
        let head = self.state.free_list;
        let has_room = !head.is_null() && !self.head_trunk()?.is_full();
        if has_room {
            self.head_trunk()?.push(page);
        } else {
            let trunk = FreeTrunk::new(self.page_size().plain_bytes(), &head);
            self.pages.insert(page, Opened::Trunk(trunk));
            self.state.free_list = unsealed(page);
        }
        self.state.free_count += 1;
        self.tell(|trunk, free_count, after| Event::PageFreed { page, trunk, free_count, after });
        Ok(())
    }

    /// Pages that trees have, all of them together.
    pub(super) fn used_pages(&self) -> u32 {
        self.state.page_count.saturating_sub(self.state.free_count)
    }

    /// A new, empty page of a tree.
    pub(super) fn allocate_node(&mut self, kind: PageKind, level: u8) -> Result<PagePointer> {
        let page = self.take_page()?;
        let node = Node::new(kind, level, self.page_size().plain_bytes());
        self.store.tracer.emit(|detail| Event::PageAllocated {
            page,
            level,
            after: detail.image(page, node.as_bytes()),
        });
        self.pages.insert(page, Opened::Node(node));
        Ok(unsealed(page))
    }

    fn grow(&mut self) -> Result<PageNo> {
        if self.state.page_count >= limits::PAGES_MAX {
            return Err(Error::LimitExceeded {
                what: "the number of pages",
                limit: limits::PAGES_MAX.into(),
                value: u64::from(self.state.page_count) + 1,
            });
        }
        self.state.page_count += 1;
        Ok(PageNo(self.state.page_count))
    }

    fn take_free_page(&mut self) -> Result<PageNo> {
        let head = self.state.free_list.page;
        let trunk = self.head_trunk()?;
        let page = match trunk.pop() {
            Some(page) => page,
            None => {
                let below = trunk.next().unwrap_or(PagePointer::NULL);
                self.pages.forget(head);
                self.state.free_list = below;
                head
            }
        };
        self.check_free(page, head)?;
        self.state.free_count = self.state.free_count.saturating_sub(1);
        self.tell(|trunk, free_count, after| Event::PageTaken { page, trunk, free_count, after });
        Ok(page)
    }

    /// What a trunk lists comes from a file: a page that is in use must not be written over.
    fn check_free(&self, page: PageNo, trunk: PageNo) -> Result<()> {
        let is_in_use = self.pages.opened(page).is_some() || self.pages.sealed(page).is_some();
        let is_root = [self.state.root.page, self.state.catalog.page].contains(&page);
        let is_there = page.0 <= self.state.page_count;
        if is_there && !is_in_use && !is_root {
            return Ok(());
        }
        let found = if is_there { "a page in use" } else { "a page behind the last" };
        Err(Finding::new(Code::FreeLive, format!("The free list holds page {page}, which is not free."))
            .page(trunk)
            .expected(format!("a free page from 1 to {}", self.state.page_count), found)
            .lost("Nothing yet: nothing was written.")
            .next("Keep a copy of this file. Copy its records to a new one: the free list is not needed to read them.")
            .into())
    }

    /// The head trunk, to be changed. There is one.
    fn head_trunk(&mut self) -> Result<&mut FreeTrunk> {
        let head = self.state.free_list;
        if self.pages.opened(head.page).is_none() {
            let opened = match self.pages.sealed(head.page) {
                Some(sealed) => self.open_sealed(PageUse::FreeList, head.page, sealed)?,
                None => self.store.read_trunk(&head, &self.base)?,
            };
            let trunk = FreeTrunk::from_plain(opened.plain.to_vec())
                .map_err(|error| Error::from(error.finding(self.store.page_file.name(), 0).page(head.page)))?;
            self.pages.insert(head.page, Opened::Trunk(trunk));
        }
        match self.pages.edit(head.page) {
            Some(Opened::Trunk(trunk)) => Ok(trunk),
            _ => Err(Finding::new(Code::FreeLive, format!("Page {} is in use and heads the free list.", head.page))
                .page(head.page)
                .into()),
        }
    }

    /// Emits an event about the free list as it is now: its head, how many pages are free, the head's image.
    fn tell(&self, event: impl FnOnce(PageNo, u32, Vec<crate::trace::PageImage>) -> Event) {
        let head = self.state.free_list.page;
        self.store.tracer.emit(|detail| {
            let after = match self.pages.opened(head) {
                Some(trunk) => detail.image(head, trunk.as_bytes()),
                None => Vec::new(),
            };
            event(head, self.state.free_count, after)
        });
    }
}

/// The pointer to a page that has no seal before the commit.
pub(super) fn unsealed(page: PageNo) -> PagePointer {
    PagePointer { page, ..PagePointer::NULL }
}

#[cfg(test)]
mod tests {
    use crate::btree::{Chain, PageRead};
    use crate::format::catalog::TreeEntry;
    use crate::format::page::PageKind;
    use crate::types::{PageNo, PagePointer};
    use crate::vfs::{MemoryVfs, Vfs};
    use crate::{CheckpointMode, Database, Options, PageSize, WriteTxn};
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::io::{Read, Seek, SeekFrom};
    use std::path::Path;
    use std::sync::Arc;

    fn open(disk: &Arc<MemoryVfs>) -> Database {
        let options = Options::new().vfs(disk.clone()).page_size(PageSize::TOY).transaction_bytes(0);
        options.create(true).open("space.tsm").unwrap()
    }

    fn walk(tx: &WriteTxn, pointer: &PagePointer, is_catalog: bool, pages: &mut Vec<PageNo>) {
        pages.push(pointer.page);
        let page = tx.read(pointer).unwrap();
        let node = page.view();
        for slot in 0..node.slot_count() {
            match node.kind() {
                PageKind::Branch => walk(tx, &node.child(slot), is_catalog, pages),
                _ if is_catalog => {
                    let entry = TreeEntry::decode(node.value(slot)).unwrap();
                    let before = pages.len();
                    walk(tx, &entry.root, false, pages);
                    assert_eq!(entry.page_count as usize, pages.len() - before, "the pages of a named tree");
                }
                _ => {
                    let Some(chain) = Chain::of(&node.cell_value(slot)) else { continue };
                    let mut place = chain.start();
                    while {
                        pages.push(place.next.page);
                        chain.step(tx, &mut place).unwrap().unwrap();
                        place.offset < u64::from(chain.length)
                    } {}
                }
            }
        }
    }

    /// Every page is in exactly one place: in a tree, in a value, or in the free list.
    fn account(db: &Database) {
        let tx = db.begin_write().unwrap();
        let mut pages = Vec::new();
        walk(&tx, &tx.state.root, false, &mut pages);
        if !tx.state.catalog.is_null() {
            walk(&tx, &tx.state.catalog, true, &mut pages);
        }
        let used = pages.len();
        let mut trunk = tx.state.free_list;
        while !trunk.is_null() {
            pages.push(trunk.page);
            let page = tx.store.read_trunk(&trunk, &tx.base).unwrap();
            pages.extend(page.trunk().pages());
            trunk = page.trunk().next().unwrap_or(PagePointer::NULL);
        }
        assert_eq!(pages.len() - used, tx.state.free_count as usize, "free pages");
        let distinct: BTreeSet<PageNo> = pages.iter().copied().collect();
        assert_eq!(distinct.len(), pages.len(), "no page is in two places");
        assert!(distinct.into_iter().eq((1..=tx.state.page_count).map(PageNo)), "no page is lost");
    }

    #[derive(Clone, Debug)]
    enum Change {
        Put(Option<u8>, u16, u16),
        Delete(Option<u8>, u16),
        DeleteAll,
        Create(u8),
        Drop(u8),
        Mark,
        Back,
        Commit,
        RollBack,
        Checkpoint,
        Reopen,
    }

    fn change() -> impl Strategy<Value = Change> {
        let tree = || proptest::option::of(0..4_u8);
        prop_oneof![
            20 => (tree(), 0..90_u16, prop_oneof![0..100_u16, 100..900_u16, 3000..9000_u16])
                .prop_map(|(tree, key, length)| Change::Put(tree, key, length)),
            8 => (tree(), 0..90_u16).prop_map(|(tree, key)| Change::Delete(tree, key)),
            1 => Just(Change::DeleteAll),
            3 => (0..4_u8).prop_map(Change::Create),
            2 => (0..4_u8).prop_map(Change::Drop),
            3 => Just(Change::Mark),
            2 => Just(Change::Back),
            4 => Just(Change::Commit),
            1 => Just(Change::RollBack),
            1 => Just(Change::Checkpoint),
            1 => Just(Change::Reopen),
        ]
    }

    type Records = BTreeMap<Vec<u8>, Vec<u8>>;
    /// The main tree has no name.
    type Model = BTreeMap<Option<u8>, Records>;

    fn value(key: u16, length: u16) -> Vec<u8> {
        (0..length).map(|at| (at ^ key) as u8).collect()
    }

    fn check(db: &Database, model: &Model) {
        let snapshot = db.read();
        let named: Vec<String> = model.keys().flatten().map(u8::to_string).collect();
        let trees = snapshot.trees().unwrap();
        assert!(trees.iter().map(|tree| &tree.name).eq(&named));
        for (name, records) in model {
            let tree = name.map(|name| snapshot.tree(&name.to_string()).unwrap().unwrap());
            let range = match &tree {
                None => snapshot.range::<[u8]>(..),
                Some(tree) => tree.range::<[u8]>(..),
            };
            let found: Records = range
                .map(|record| record.map(|record| (record.key().to_vec(), record.value().to_vec())).unwrap())
                .collect();
            assert_eq!(&found, records);
            let count = tree.map_or(snapshot.record_count(), |tree| tree.info().record_count);
            assert_eq!(count, records.len() as u64);
        }
        account(db);
    }

    fn apply(tx: &mut WriteTxn, model: &mut Model, change: &Change) {
        match *change {
            Change::Put(name, key, length) => {
                let (bytes, value) = (key.to_be_bytes(), value(key, length));
                match name {
                    None => tx.put(&bytes, &value).unwrap(),
                    Some(name) => match tx.tree(&name.to_string()).unwrap() {
                        Some(mut tree) => {
                            tree.put_from(&bytes, length.into(), &mut std::io::Cursor::new(&value)).unwrap();
                            assert_eq!(&*tree.get(&bytes).unwrap().unwrap(), value);
                        }
                        None => return assert!(!model.contains_key(&Some(name))),
                    },
                }
                model.get_mut(&name).unwrap().insert(bytes.to_vec(), value);
            }
            Change::Delete(name, key) => {
                let bytes = key.to_be_bytes();
                let Some(records) = model.get_mut(&name) else { return };
                let deleted = match name {
                    None => tx.delete(&bytes).unwrap(),
                    Some(name) => tx.tree(&name.to_string()).unwrap().unwrap().delete(&bytes).unwrap(),
                };
                assert_eq!(deleted, records.remove(&bytes[..]).is_some());
            }
            Change::DeleteAll => {
                let keys: Vec<Vec<u8>> = tx.range::<[u8]>(..).keys().map(Result::unwrap).collect();
                keys.iter().for_each(|key| assert!(tx.delete(key).unwrap()));
                model.get_mut(&None).unwrap().clear();
            }
            Change::Create(name) => {
                let created = tx.create_tree(&name.to_string()).unwrap();
                assert_eq!(created, !model.contains_key(&Some(name)));
                model.entry(Some(name)).or_default();
            }
            Change::Drop(name) => {
                assert_eq!(tx.drop_tree(&name.to_string()).unwrap(), model.remove(&Some(name)).is_some());
            }
            _ => unreachable!("the others are for whoever holds the transaction"),
        }
    }

    fn run(changes: &[Change]) {
        let disk = Arc::new(MemoryVfs::new());
        let mut db = open(&disk);
        let mut committed: Model = [(None, Records::new())].into();
        let mut model = committed.clone();
        let mut transaction = None;
        let mut marks = Vec::new();
        for change in changes {
            match change {
                Change::Commit | Change::RollBack | Change::Checkpoint | Change::Reopen => {
                    marks.clear();
                    match transaction.take() {
                        Some(open) if matches!(change, Change::RollBack) => {
                            WriteTxn::rollback(open);
                            model = committed.clone();
                        }
                        Some(open) => {
                            open.commit().unwrap();
                            committed = model.clone();
                        }
                        None => {}
                    }
                    if matches!(change, Change::Checkpoint) {
                        db.checkpoint(CheckpointMode::Passive).unwrap();
                    }
                    if matches!(change, Change::Reopen) {
                        drop(db);
                        db = open(&disk);
                    }
                    check(&db, &committed);
                    assert!(!disk.exists(Path::new("space.tsm-spill")).unwrap());
                    continue;
                }
                _ => {}
            }
            let tx = transaction.get_or_insert_with(|| db.begin_write().unwrap());
            match change {
                Change::Mark => marks.push((tx.savepoint(), model.clone())),
                Change::Back => {
                    if let Some((mark, then)) = marks.get(marks.len() / 2) {
                        tx.rollback_to(mark).unwrap();
                        model = then.clone();
                        marks.truncate(marks.len() / 2 + 1);
                    }
                }
                other => apply(tx, &mut model, other),
            }
        }
        if let Some(open) = transaction {
            open.commit().unwrap();
            committed = model;
        }
        check(&db, &committed);
        db.checkpoint(CheckpointMode::Passive).unwrap();
        drop(db);
        check(&open(&disk), &committed);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_page_is_in_one_place_whatever_is_done(changes in proptest::collection::vec(change(), 1..150)) {
            run(&changes);
        }
    }

    #[test]
    fn a_transaction_larger_than_its_memory_waits_in_a_file_and_all_of_it_is_free_again_in_the_end() {
        let disk = Arc::new(MemoryVfs::new());
        let db = open(&disk);
        let mut tx = db.begin_write().unwrap();
        let key = |number: u32| number.wrapping_mul(2_654_435_761).to_be_bytes();
        (0..4000).for_each(|number| tx.put(&key(number), &[number as u8; 40]).unwrap());
        assert!(disk.exists(Path::new("space.tsm-spill")).unwrap());
        let half = tx.savepoint();
        (0..4000).for_each(|number| assert!(tx.delete(&key(number)).unwrap()));
        tx.rollback_to(&half).unwrap();
        (0..4000).step_by(7).for_each(|number| tx.put(&key(number), &[1; 600]).unwrap());
        for number in 0..4000 {
            let expected = if number % 7 == 0 { vec![1; 600] } else { vec![number as u8; 40] };
            assert_eq!(&*tx.get(&key(number)).unwrap().unwrap(), expected);
        }
        tx.commit().unwrap();
        assert!(!disk.exists(Path::new("space.tsm-spill")).unwrap());
        account(&db);
        db.checkpoint(CheckpointMode::Passive).unwrap();
        db.write(|tx| (0..4000).try_for_each(|number| tx.delete(&key(number)).map(drop))).unwrap();
        account(&db);
        let snapshot = db.read();
        assert_eq!(snapshot.free_page_count() + 1, snapshot.page_count(), "all but the root");
        drop(snapshot);
        let pages = db.read().page_count();
        db.write(|tx| (0..500).try_for_each(|number| tx.put(&key(number), &[1; 100]))).unwrap();
        assert_eq!(db.read().page_count(), pages, "free pages are taken before the file grows");
    }

    #[test]
    fn one_changed_record_is_one_page_in_the_log() {
        let db = open(&Arc::new(MemoryVfs::new()));
        db.write(|tx| (0..200_u32).try_for_each(|number| tx.put(&number.to_be_bytes(), &[0; 60]))).unwrap();
        db.write(|tx| tx.create_tree("other")).unwrap();
        let frames = |db: &Database| db.stats().unwrap().log_frames;
        let before = frames(&db);
        db.write(|tx| tx.put(&7_u32.to_be_bytes(), &[1; 60])).unwrap();
        assert_eq!(frames(&db), before + 1);
    }

    #[test]
    fn a_long_value_is_read_in_pieces_from_anywhere() {
        let db = open(&Arc::new(MemoryVfs::new()));
        let long: Vec<u8> = (0..200_000_u32).map(|at| (at / 7) as u8).collect();
        db.write(|tx| tx.put_from(b"k", long.len() as u64, &mut std::io::Cursor::new(&long))).unwrap();
        let snapshot = db.read();
        assert_eq!(&*snapshot.get(b"k").unwrap().unwrap(), long);
        let mut reader = snapshot.reader(b"k").unwrap().unwrap();
        for start in [150_000_usize, 3, 199_990, 80_000, 79_000, 0] {
            let mut piece = vec![0; 1000.min(long.len() - start)];
            reader.seek(SeekFrom::Start(start as u64)).unwrap();
            reader.read_exact(&mut piece).unwrap();
            assert_eq!(piece, long[start..start + piece.len()]);
        }
        assert_eq!(reader.seek(SeekFrom::End(10)).unwrap(), 200_010);
        assert_eq!(reader.read(&mut [0; 4]).unwrap(), 0);
        assert!(reader.seek(SeekFrom::Current(-300_000)).is_err());
        assert!(snapshot.reader(b"none").unwrap().is_none());
    }

    #[test]
    fn a_source_that_ends_early_changes_nothing_and_the_transaction_goes_on() {
        let db = open(&Arc::new(MemoryVfs::new()));
        let mut tx = db.begin_write().unwrap();
        tx.put(b"k", &[1; 5000]).unwrap();
        let pages = tx.page_count();
        let error = tx.put_from(b"k", 90_000, &mut std::io::Cursor::new(vec![2; 80_000])).unwrap_err();
        assert_eq!((error.code(), tx.page_count()), ("IO", pages));
        assert_eq!(&*tx.get(b"k").unwrap().unwrap(), [1; 5000]);
        let over = tx.put_from(b"k", (1 << 30) + 1, &mut std::io::Cursor::new(vec![])).unwrap_err();
        assert_eq!(over.code(), "LIMIT");
        assert_eq!(tx.put(&[b'k'; 115], b"").unwrap_err().code(), "LIMIT");
        assert_eq!(tx.create_tree(&"t".repeat(115)).unwrap_err().code(), "LIMIT");
        assert!(tx.create_tree(&"t".repeat(114)).unwrap());
        tx.commit().unwrap();
        account(&db);
    }
}
