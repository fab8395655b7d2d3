//! Scans: a range of records from either end, by the path, one leaf held at a time.
//!
//! Both ends are independent cursors; what one has given narrows the range for the other, so they never meet twice.

use super::search::check_level;
use super::{PageRead, PageRef, Step, with_path};
use crate::error::Result;
use crate::format::page::PageKind;
use crate::types::PagePointer;
use std::ops::{Bound, RangeBounds};

/// A range of a tree that can be walked from both ends.
pub(crate) struct RangeCursor<'a> {
    reader: &'a dyn PageRead,
    root: PagePointer,
    lower: Bound<Vec<u8>>,
    upper: Bound<Vec<u8>>,
    front: Option<Stack<'a>>,
    back: Option<Stack<'a>>,
    ended: bool,
}

/// The pages from the root to a leaf, each with the slot stood on. In the leaf it is the slot that comes next; walking
/// backwards, the slot behind it.
struct Stack<'a> {
    pages: Vec<(PagePointer, PageRef<'a>, usize)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Forward,
    Backward,
}

impl<'a> RangeCursor<'a> {
    pub fn new(reader: &'a dyn PageRead, root: PagePointer, lower: Bound<Vec<u8>>, upper: Bound<Vec<u8>>) -> Self {
        RangeCursor { reader, root, lower, upper, front: None, back: None, ended: false }
    }

    /// The lowest record not given yet: the leaf and its slot. After an error the range has ended.
    pub fn next(&mut self) -> Option<Result<(PageRef<'a>, usize)>> {
        self.give(Direction::Forward)
    }

    /// The highest record not given yet.
    pub fn next_back(&mut self) -> Option<Result<(PageRef<'a>, usize)>> {
        self.give(Direction::Backward)
    }

    /// Gives nothing more.
    pub fn end(&mut self) {
        self.ended = true;
    }

    fn give(&mut self, direction: Direction) -> Option<Result<(PageRef<'a>, usize)>> {
        if self.ended {
            return None;
        }
        let found = self.step(direction);
        match found {
            Ok(Some((page, slot))) => {
                let key = page.view().key(slot).to_vec();
                if !within(&self.lower, &self.upper, &key) {
                    self.ended = true;
                    return None;
                }
                match direction {
                    Direction::Forward => self.lower = Bound::Excluded(key),
                    Direction::Backward => self.upper = Bound::Excluded(key),
                }
                Some(Ok((page, slot)))
            }
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        }
    }

    fn step(&mut self, direction: Direction) -> Result<Option<(PageRef<'a>, usize)>> {
        let (reader, root) = (self.reader, &self.root);
        let (stack, near, far) = match direction {
            Direction::Forward => (&mut self.front, &self.lower, &self.upper),
            Direction::Backward => (&mut self.back, &self.upper, &self.lower),
        };
        let stack = match stack {
            Some(stack) => stack,
            None => stack.insert(Stack::seek(reader, root, near, direction)?),
        };
        stack.advance(reader, direction, far)
    }
}

impl<'a> Stack<'a> {
    /// Stands on the first record in `direction` from `bound`.
    fn seek(
        reader: &'a dyn PageRead,
        root: &PagePointer,
        bound: &Bound<Vec<u8>>,
        direction: Direction,
    ) -> Result<Self> {
        let mut stack = Stack { pages: Vec::new() };
        let mut pointer = *root;
        while let Some(child) = stack.enter(reader, pointer, bound, direction)? {
            pointer = child;
        }
        Ok(stack)
    }

    /// Pushes the page of `pointer`; returns the child to go on with, unless it is a leaf.
    fn enter(
        &mut self,
        reader: &'a dyn PageRead,
        pointer: PagePointer,
        bound: &Bound<Vec<u8>>,
        direction: Direction,
    ) -> Result<Option<PagePointer>> {
        let page = self.read(reader, &pointer)?;
        let node = page.view();
        let is_branch = node.kind() == PageKind::Branch;
        let slot = match (bound, is_branch) {
            (Bound::Unbounded, true) if direction == Direction::Forward => 0,
            (Bound::Unbounded, true) => node.slot_count().saturating_sub(1),
            (Bound::Unbounded, false) if direction == Direction::Forward => 0,
            (Bound::Unbounded, false) => node.slot_count(),
            (Bound::Included(key) | Bound::Excluded(key), true) => node.child_slot(key),
            (Bound::Included(key), false) => match (node.search(key), direction) {
                (Ok(slot), Direction::Backward) => slot + 1,
                (Ok(slot) | Err(slot), _) => slot,
            },
            (Bound::Excluded(key), false) => match (node.search(key), direction) {
                (Ok(slot), Direction::Forward) => slot + 1,
                (Ok(slot) | Err(slot), _) => slot,
            },
        };
        let child = is_branch.then(|| node.child(slot));
        self.pages.push((pointer, page, slot));
        Ok(child)
    }

    fn read(&self, reader: &'a dyn PageRead, pointer: &PagePointer) -> Result<PageRef<'a>> {
        let parent = self.pages.last().map(|(pointer, page, slot)| Step {
            pointer: *pointer,
            level: page.view().level(),
            slot: *slot,
        });
        reader.read(pointer).and_then(|page| check_level(page, pointer, parent.as_ref())).map_err(|error| {
            let trail: Vec<_> = self
                .pages
                .iter()
                .map(|(pointer, page, slot)| (pointer.page, *slot, page.view().key(*slot).to_vec()))
                .collect();
            with_path(error, &reader.root_holder(), &trail, pointer.page)
        })
    }

    /// The next record in `direction`. Pages that lie wholly beyond the `far` bound are not read: damage there is no matter.
    fn advance(
        &mut self,
        reader: &'a dyn PageRead,
        direction: Direction,
        far: &Bound<Vec<u8>>,
    ) -> Result<Option<(PageRef<'a>, usize)>> {
        loop {
            let Some((_, leaf, slot)) = self.pages.last_mut() else { return Ok(None) };
            let count = leaf.view().slot_count();
            match direction {
                Direction::Forward if *slot < count => {
                    *slot += 1;
                    return Ok(Some((leaf.clone(), *slot - 1)));
                }
                Direction::Backward if *slot > 0 => {
                    *slot -= 1;
                    return Ok(Some((leaf.clone(), *slot)));
                }
                _ => {}
            }
            if !self.next_leaf(reader, direction, far)? {
                return Ok(None);
            }
        }
    }

    /// Goes up until a branch has a further child in `direction`, then down to the nearest leaf below it.
    fn next_leaf(&mut self, reader: &'a dyn PageRead, direction: Direction, far: &Bound<Vec<u8>>) -> Result<bool> {
        self.pages.pop();
        loop {
            let Some((_, branch, slot)) = self.pages.last_mut() else { return Ok(false) };
            let further = match direction {
                Direction::Forward => (*slot + 1 < branch.view().slot_count()).then(|| *slot + 1),
                Direction::Backward => slot.checked_sub(1),
            };
            let Some(further) = further else {
                self.pages.pop();
                continue;
            };
            if is_beyond(far, branch.view().key(further.max(*slot)), direction) {
                return Ok(false);
            }
            *slot = further;
            let mut pointer = branch.view().child(further);
            while let Some(child) = self.enter(reader, pointer, &Bound::Unbounded, direction)? {
                pointer = child;
            }
            return Ok(true);
        }
    }
}

/// Whether everything on the far side of `separator` lies beyond the bound a walk in `direction` ends at.
fn is_beyond(far: &Bound<Vec<u8>>, separator: &[u8], direction: Direction) -> bool {
    match (far, direction) {
        (Bound::Unbounded, _) => false,
        (Bound::Included(bound), Direction::Forward) => separator > bound.as_slice(),
        (Bound::Excluded(bound), Direction::Forward) => separator >= bound.as_slice(),
        (Bound::Included(bound) | Bound::Excluded(bound), Direction::Backward) => separator <= bound.as_slice(),
    }
}

/// Whether a key lies inside both bounds.
fn within(lower: &Bound<Vec<u8>>, upper: &Bound<Vec<u8>>, key: &[u8]) -> bool {
    (lower.as_ref().map(Vec::as_slice), upper.as_ref().map(Vec::as_slice)).contains(key)
}
