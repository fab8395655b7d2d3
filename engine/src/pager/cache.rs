//! The cache of opened pages, shared by all readers and the writer, bounded in bytes.
//!
//! It is keyed by page number *and* seal: a page's old version, which a snapshot may still need, and its new one live here
//! at once and can never be taken for each other.
//!
//! It is parted by page number, so that threads that read different pages do not meet; a hit takes one lock, shared, counts
//! itself in the entry and allocates nothing. Eviction is two queues to a part. A page comes in on *trial*, a short queue that it
//! leaves in the order it came: for the *kept* queue when it was asked for twice meanwhile, else out. So a scan of the whole
//! file passes through the trial queue and leaves alone what is in use. Branches, which every search passes, are kept at once, and
//! so is a page that comes back soon after it was turned out on trial. The kept queue is CLOCK: a hand goes round, takes a point
//! from each page, and turns out the first that has none. A page that leaves is wiped when its last reader lets go.

use super::OpenedPage;
use crate::defence::{Defence, is_off};
use crate::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::types::{PageNo, Seal};
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hash, Hasher};

pub(crate) struct Cache {
    /// A power of two.
    shards: Box<[Shard]>,
    bytes_max: usize,
    /// Bytes of the bound that somebody else uses for a while.
    lent_bytes: AtomicUsize,
}

/// Most parts; fewer where a part would hold less than [`SHARD_PAGES_MIN`] pages.
const SHARDS_MAX: usize = 16;
const SHARD_PAGES_MIN: usize = 64;
/// A cache never holds fewer pages: a path and what it splits into.
const PAGES_MIN: usize = 16;
/// What an entry takes besides the plain page: its places in the table and in a queue, and what the page says of itself.
const ENTRY_BYTES: usize = 128;
/// So much of the cache is for pages on trial, once it is full: one part in ten.
const TRIAL_PART: usize = 10;
/// So many hits on trial make a page one that is kept: one search may ask for a leaf twice, so two hits may be one use.
const HITS_TO_BE_KEPT: u8 = 2;
/// Most points a page collects, each worth one round of the hand.
const POINTS_MAX: u8 = 3;

#[derive(Default)]
struct Shard {
    state: RwLock<State>,
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Default)]
struct State {
    entries: HashMap<Key, Entry, BuildHasherDefault<SealHasher>>,
    trial: VecDeque<Key>,
    kept: VecDeque<Key>,
    /// Pages that were turned out on trial not long ago, the oldest first: as many as there are pages in the part.
    turned_out: VecDeque<Key>,
    is_turned_out: HashSet<Key, BuildHasherDefault<SealHasher>>,
    bytes: usize,
    trial_bytes: usize,
}

struct Entry {
    page: Arc<OpenedPage>,
    /// Hits since it came or since the hand last passed, up to [`POINTS_MAX`].
    points: AtomicU8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    page: PageNo,
    seal: Seal,
}

impl Key {
    fn of(page: PageNo, seal: Seal) -> Key {
        Key { page, seal: if is_off(Defence::CacheBySeal) { Seal([0; 16]) } else { seal } }
    }
}

impl Hash for Key {
    /// A seal is a keyed tag: any eight bytes of it are as good as a hash of all.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.seal.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

/// Takes the one number it is given for the hash.
#[derive(Default)]
struct SealHasher(u64);

impl Hasher for SealHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

impl Cache {
    /// A cache of at most `bytes`, all told, but never fewer than 16 pages of `plain_bytes`.
    pub fn new(bytes: usize, plain_bytes: usize) -> Cache {
        let page_bytes = plain_bytes + ENTRY_BYTES;
        let bytes = bytes.max(PAGES_MIN * page_bytes);
        let wanted = (bytes / (SHARD_PAGES_MIN * page_bytes)).clamp(1, SHARDS_MAX);
        let count = 1 << wanted.ilog2();
        let shards = (0..count).map(|_| Shard::default()).collect();
        Cache { shards, bytes_max: bytes, lent_bytes: AtomicUsize::new(0) }
    }

    /// The bound, in bytes.
    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Holds so many bytes less than the bound allows, until it is told another number: the pages that a large transaction
    /// changes take memory that would hold pages here.
    pub fn lend(&self, bytes: usize) {
        self.lent_bytes.store(bytes.min(self.bytes_max), Ordering::Relaxed);
        for shard in &self.shards {
            shard.write().shrink_to(self.shard_bytes_max());
        }
    }

    fn shard_bytes_max(&self) -> usize {
        (self.bytes_max - self.lent_bytes.load(Ordering::Relaxed)) / self.shards.len()
    }

    pub fn get(&self, page: PageNo, seal: Seal) -> Option<Arc<OpenedPage>> {
        let shard = self.shard(page);
        let found = shard.read().entries.get(&Key::of(page, seal)).map(Entry::hit);
        let count = if found.is_some() { &shard.hits } else { &shard.misses };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub fn insert(&self, page: Arc<OpenedPage>) {
        let mut state = self.shard(page.page).write();
        state.insert(page);
        state.shrink_to(self.shard_bytes_max());
    }

    /// Pages held, hits and misses since the handle was opened.
    pub fn counts(&self) -> (usize, u64, u64) {
        self.shards.iter().fold((0, 0, 0), |(pages, hits, misses), shard| {
            let held = shard.read().entries.len();
            (pages + held, hits + shard.hits.load(Ordering::Relaxed), misses + shard.misses.load(Ordering::Relaxed))
        })
    }

    /// Numbers are spread by a multiplication, so that no regular step of page numbers meets one part alone.
    fn shard(&self, page: PageNo) -> &Shard {
        let spread = u64::from(page.0).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60;
        &self.shards[spread as usize & (self.shards.len() - 1)]
    }
}

impl Shard {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Counts the hit. The points need no exact count, so a page with all of them is not written to: every thread's root
    /// would be.
    fn hit(&self) -> Arc<OpenedPage> {
        let points = self.points.load(Ordering::Relaxed);
        if points < POINTS_MAX {
            self.points.store(points + 1, Ordering::Relaxed);
        }
        self.page.clone()
    }

    fn bytes(&self) -> usize {
        self.page.plain.len() + ENTRY_BYTES
    }
}

impl State {
    fn insert(&mut self, page: Arc<OpenedPage>) {
        let key = Key::of(page.page, page.seal);
        if self.entries.contains_key(&key) {
            return;
        }
        let is_branch = page.is_branch();
        let entry = Entry { page, points: AtomicU8::new(if is_branch { POINTS_MAX } else { 0 }) };
        self.bytes += entry.bytes();
        if is_branch || self.is_turned_out.remove(&key) {
            self.kept.push_back(key);
        } else {
            self.trial_bytes += entry.bytes();
            self.trial.push_back(key);
        }
        self.entries.insert(key, entry);
    }

    fn shrink_to(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max {
            self.evict_one();
        }
    }

    /// Turns one page out, or moves one from trial to the kept, or takes a point from one: after a bounded number of calls
    /// a page is gone.
    fn evict_one(&mut self) {
        match self.trial_bytes * TRIAL_PART > self.bytes || self.kept.is_empty() {
            true => self.judge_trial(),
            false => self.turn_hand(),
        }
    }

    fn judge_trial(&mut self) {
        let Some(key) = self.trial.pop_front() else { return };
        let Some(entry) = self.entries.get_mut(&key) else { return };
        self.trial_bytes -= entry.bytes();
        let points = entry.points.get_mut();
        if *points >= HITS_TO_BE_KEPT {
            *points = 1;
            self.kept.push_back(key);
            return;
        }
        self.remove(&key);
        if self.is_turned_out.insert(key) {
            self.turned_out.push_back(key);
        }
        while self.turned_out.len() > self.entries.len().max(1) {
            if let Some(oldest) = self.turned_out.pop_front() {
                self.is_turned_out.remove(&oldest);
            }
        }
    }

    fn turn_hand(&mut self) {
        let Some(key) = self.kept.pop_front() else { return };
        let Some(points) = self.entries.get_mut(&key).map(|entry| entry.points.get_mut()) else { return };
        if *points > 0 {
            *points -= 1;
            self.kept.push_back(key);
        } else {
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= entry.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::CommitNo;

    const PLAIN_BYTES: usize = 512 - 48;
    const PAGE_BYTES: usize = PLAIN_BYTES + ENTRY_BYTES;

    fn seal(page: u32, version: u8) -> Seal {
        let mut seal = [version; 16];
        let spread = u64::from(page).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
        seal[..8].copy_from_slice(&spread);
        Seal(seal)
    }

    /// A leaf, or a branch.
    fn page(page: u32, kind: u8) -> Arc<OpenedPage> {
        let mut plain = vec![0; PLAIN_BYTES];
        plain[0] = kind;
        Arc::new(OpenedPage { page: PageNo(page), commit: CommitNo(1), seal: seal(page, 0), plain: plain.into() })
    }

    fn leaf(number: u32) -> Arc<OpenedPage> {
        page(number, 2)
    }

    fn holds(cache: &Cache, page: u32) -> bool {
        cache.get(PageNo(page), seal(page, 0)).is_some()
    }

    #[test]
    fn it_never_holds_more_bytes_than_it_may_and_never_fewer_than_sixteen_pages() {
        for pages in [0, 16, 100, 5000] {
            let cache = Cache::new(pages * PAGE_BYTES, PLAIN_BYTES);
            for number in 1..=10_000 {
                cache.insert(leaf(number));
                if number % 3 == 0 {
                    holds(&cache, number);
                    holds(&cache, number);
                }
            }
            let held = cache.counts().0;
            assert!(held <= pages.max(PAGES_MIN) && held >= PAGES_MIN.max(pages * 9 / 10), "{held} of {pages}");
        }
    }

    #[test]
    fn two_versions_of_a_page_are_never_taken_for_each_other() {
        let cache = Cache::new(1 << 20, PLAIN_BYTES);
        cache.insert(leaf(7));
        assert!(cache.get(PageNo(7), seal(7, 0)).is_some());
        assert!(cache.get(PageNo(7), seal(7, 1)).is_none());
        assert!(cache.get(PageNo(8), seal(7, 0)).is_none());
    }

    #[test]
    fn a_scan_of_the_whole_file_leaves_alone_what_is_in_use() {
        let cache = Cache::new(1000 * PAGE_BYTES, PLAIN_BYTES);
        (1..=20).for_each(|number| cache.insert(page(number, 1)));
        for _ in 0..3 {
            for number in 100..=400 {
                if !holds(&cache, number) {
                    cache.insert(leaf(number));
                }
            }
        }
        (10_000..30_000).for_each(|number| cache.insert(leaf(number)));
        let branches = (1..=20).filter(|&number| holds(&cache, number)).count();
        let hot = (100..=400).filter(|&number| holds(&cache, number)).count();
        assert_eq!(branches, 20);
        assert!(hot > 290, "{hot} of 301");
    }

    #[test]
    fn what_is_no_longer_in_use_makes_room_in_the_end() {
        let cache = Cache::new(64 * PAGE_BYTES, PLAIN_BYTES);
        let use_often = |numbers: std::ops::Range<u32>| {
            for _ in 0..20 {
                for number in numbers.clone() {
                    if !holds(&cache, number) {
                        cache.insert(leaf(number));
                    }
                }
            }
        };
        use_often(1..50);
        use_often(1000..1050);
        let held = (1000..1050).filter(|&number| holds(&cache, number)).count();
        assert!(held > 45, "{held} of 50");
    }

    #[test]
    fn a_page_that_leaves_is_let_go() {
        let cache = Cache::new(0, PLAIN_BYTES);
        let first = leaf(1);
        cache.insert(first.clone());
        (2..100).for_each(|number| cache.insert(leaf(number)));
        assert_eq!(Arc::strong_count(&first), 1, "the cache holds it no more");
    }
}
