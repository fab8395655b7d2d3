//! A set of pages, a bit each.

use crate::types::PageNo;
use std::collections::BTreeMap;

/// Pages to a chunk, and so bits.
const CHUNK_PAGES: u32 = 4096;
const WORDS: usize = CHUNK_PAGES as usize / 64;

/// A set of pages. It takes 512 bytes for every 4096 page numbers of which one is in it: sparse, since a page number in a
/// hostile file may be any.
#[derive(Default)]
pub(crate) struct PageSet {
    chunks: BTreeMap<u32, [u64; WORDS]>,
}

impl PageSet {
    /// Puts a page in; whether it was not in before.
    pub fn insert(&mut self, page: PageNo) -> bool {
        let (chunk, word, bit) = place_of(page);
        let word = &mut self.chunks.entry(chunk).or_insert([0; WORDS])[word];
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Whether the page is in.
    pub fn contains(&self, page: PageNo) -> bool {
        let (chunk, word, bit) = place_of(page);
        self.chunks.get(&chunk).is_some_and(|words| words[word] & bit != 0)
    }

    /// How many pages are in.
    pub fn len(&self) -> u64 {
        self.chunks.values().flatten().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Puts in what `other` holds.
    pub fn absorb(&mut self, other: &PageSet) {
        for (&chunk, words) in &other.chunks {
            let ours = self.chunks.entry(chunk).or_insert([0; WORDS]);
            ours.iter_mut().zip(words).for_each(|(ours, theirs)| *ours |= theirs);
        }
    }

    /// The pages, in order.
    fn members(&self) -> impl Iterator<Item = u32> {
        self.chunks.iter().flat_map(|(&chunk, words)| {
            (0u32..).zip(words).flat_map(move |(index, &word)| {
                let base = chunk * CHUNK_PAGES + index * 64;
                std::iter::successors(Some(word), |&rest| Some(rest & rest.wrapping_sub(1)))
                    .take_while(|&rest| rest != 0)
                    .map(move |rest| base + rest.trailing_zeros())
            })
        })
    }

    /// The runs of pages from 1 to `last` that are not in the set, each by its first and last page. What it costs depends on
    /// the pages that are in the set, whatever `last` says.
    pub fn gaps(&self, last: u32) -> Vec<(PageNo, PageNo)> {
        let mut gaps = Vec::new();
        let mut next = 1;
        for page in self.members().take_while(|&page| page <= last) {
            if page > next {
                gaps.push((PageNo(next), PageNo(page - 1)));
            }
            next = page.saturating_add(1);
        }
        if next <= last {
            gaps.push((PageNo(next), PageNo(last)));
        }
        gaps
    }
}

fn place_of(page: PageNo) -> (u32, usize, u64) {
    let in_chunk = page.0 % CHUNK_PAGES;
    (page.0 / CHUNK_PAGES, in_chunk as usize / 64, 1 << (in_chunk % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_in_and_the_gaps_are_the_rest() {
        let mut set = PageSet::default();
        for page in [1, 2, 5, 63, 64, 65, 4095, 4096, 9000, u32::MAX] {
            assert!(set.insert(PageNo(page)) && !set.insert(PageNo(page)) && set.contains(PageNo(page)));
        }
        assert!(!set.contains(PageNo(3)) && !set.contains(PageNo(8191)));
        let gaps = |set: &PageSet, last| set.gaps(last).iter().map(|(a, b)| (a.0, b.0)).collect::<Vec<_>>();
        assert_eq!(gaps(&set, 70), [(3, 4), (6, 62), (66, 70)]);
        assert_eq!(gaps(&set, 9001), [(3, 4), (6, 62), (66, 4094), (4097, 8999), (9001, 9001)]);
        assert_eq!(gaps(&set, 2), []);
        let mut other = PageSet::default();
        other.insert(PageNo(3));
        set.absorb(&other);
        assert_eq!(gaps(&set, 5), [(4, 4)]);
        assert_eq!(gaps(&PageSet::default(), u32::MAX), [(1, u32::MAX)]);
    }
}
