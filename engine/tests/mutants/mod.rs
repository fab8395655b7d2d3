//! Structured mutants: files changed as somebody without the key can change them, and what each reader says of them.
//!
//! `world` makes the databases that are changed, in all the states they pass through; `edit` is the changes; `judge` lets
//! `verify` and a dump look at what came out. `forgery` is what the key can do, `readers` is everybody who reads. The example `mutants` runs a hundred thousand, `tests/hostile.rs` some thousand
//! and the fuzz target `whole_file` as many as it can: all of them the same code.

#![allow(dead_code, reason = "each of those who share this uses a part of it")]

pub mod draw;
pub mod edit;
pub mod forgery;
pub mod judge;
pub mod readers;
pub mod world;

use draw::Draw;
use edit::Edit;
use tosumu::forge::Files;
use world::World;

/// A file set that was changed.
pub struct Mutant {
    /// The database, as an index of the worlds.
    pub world: usize,
    /// Which of its states was changed.
    pub state: usize,
    /// The changes, in order.
    pub edits: Vec<Edit>,
}

impl Mutant {
    /// One to three changes of a state, which change something.
    pub fn draw(worlds: &[World], draw: &mut Draw) -> Mutant {
        loop {
            let world = draw.below(worlds.len());
            let state = draw.below(worlds[world].states.len());
            let count = [1, 1, 1, 2, 2, 3][draw.below(6)];
            let edits = (0..count).map(|_| Edit::draw(&worlds[world], state, draw)).collect();
            let mutant = Mutant { world, state, edits };
            if draw.is_empty() || mutant.files(worlds) != worlds[world].states[state].files {
                return mutant;
            }
        }
    }

    /// The files after the changes. A key slot that would ask for long work is made to ask for little: how long that
    /// takes is told by other tests.
    pub fn files(&self, worlds: &[World]) -> Files {
        let world = &worlds[self.world];
        let mut files = world.states[self.state].files.clone();
        for edit in &self.edits {
            edit.apply(&mut files, world);
        }
        edit::bound_work(&mut files);
        files
    }

    /// The kind of change it is counted under: that of its only one, or `several`.
    pub fn kind(&self) -> &'static str {
        match &self.edits[..] {
            [only] => only.kind(),
            _ => "several at once",
        }
    }
}

/// The fewest changes that are still wrong in the eyes of `is_wrong`.
pub fn shrink(worlds: &[World], mutant: Mutant, is_wrong: impl Fn(&Files, &Mutant) -> bool) -> Mutant {
    let mut kept = mutant;
    let mut at = 0;
    while at < kept.edits.len() && kept.edits.len() > 1 {
        let mut edits = kept.edits.clone();
        edits.remove(at);
        let fewer = Mutant { edits, ..kept };
        match is_wrong(&fewer.files(worlds), &fewer) {
            true => kept = fewer,
            false => {
                kept = Mutant { edits: kept.edits.clone(), ..fewer };
                at += 1;
            }
        }
    }
    kept
}
