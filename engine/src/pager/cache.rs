//! The cache of opened pages, shared by all readers and the writer, bounded in bytes.
//!
//! It is keyed by page number *and* seal: a page's old version, which a snapshot may still need, and its new one live here
//! at once and can never be taken for each other. Eviction is CLOCK: a second chance for what was used since the hand passed.

use super::OpenedPage;
use crate::types::{PageNo, Seal};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) struct Cache {
    state: Mutex<State>,
    pages_max: usize,
}

#[derive(Default)]
struct State {
    entries: HashMap<(PageNo, Seal), Entry>,
    hand: VecDeque<(PageNo, Seal)>,
    hits: u64,
    misses: u64,
}

struct Entry {
    page: Arc<OpenedPage>,
    used: bool,
}

impl Cache {
    /// A cache of at most `bytes` of plain pages, but never fewer than 16 pages: a path and what it splits into.
    pub fn new(bytes: usize, plain_bytes: usize) -> Cache {
        Cache { state: Mutex::default(), pages_max: (bytes / plain_bytes).max(16) }
    }

    pub fn get(&self, page: PageNo, seal: Seal) -> Option<Arc<OpenedPage>> {
        let mut state = self.lock();
        let found = state.entries.get_mut(&(page, seal)).map(|entry| {
            entry.used = true;
            entry.page.clone()
        });
        match found {
            Some(_) => state.hits += 1,
            None => state.misses += 1,
        }
        found
    }

    pub fn insert(&self, page: Arc<OpenedPage>) {
        let key = (page.page, page.seal);
        let mut state = self.lock();
        if state.entries.insert(key, Entry { page, used: false }).is_none() {
            state.hand.push_back(key);
        }
        while state.entries.len() > self.pages_max {
            state.evict_one();
        }
    }

    /// Pages held, hits and misses since the handle was opened.
    pub fn counts(&self) -> (usize, u64, u64) {
        let state = self.lock();
        (state.entries.len(), state.hits, state.misses)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn evict_one(&mut self) {
        while let Some(key) = self.hand.pop_front() {
            match self.entries.get_mut(&key) {
                Some(entry) if entry.used => {
                    entry.used = false;
                    self.hand.push_back(key);
                }
                _ => {
                    self.entries.remove(&key);
                    return;
                }
            }
        }
    }
}
