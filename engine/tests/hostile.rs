//! Hostile bytes: files changed at random, without the key and with it, given to everything that reads. Nothing panics and
//! nothing hangs; and whoever does not have the key never makes anybody read a wrong value: an answer is right, or that of a
//! whole earlier commit, or an error. `verify` tells the one from the other, and the anchor tells the rest.
//!
//! `TOSUMU_MUTANTS=200000` sets how many are made in all; without it 20,000. The example `mutants` prints the table of what was said of each.

#![allow(clippy::disallowed_types, reason = "that nothing hangs is told by a clock; the engine itself reads none")]

mod common;
mod fuzz_targets;
mod mutants;

use common::disk::{Below, Meddle, meddled};
use mutants::draw::Draw;
use mutants::edit::bound_work;
use mutants::forgery::{forge, other_kind_of_page};
use mutants::judge::{PATIENCE, judge};
use mutants::readers::use_everything;
use mutants::world::{Contents, LOG, PATH, World, contents, disk_of, worlds};
use mutants::{Mutant, shrink};
use std::io;
use std::sync::Arc;
use std::time::Instant;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::forge::{Forger, Mend};
use tosumu::inspect::AtRest;
use tosumu::types::{PagePointer, Seal};
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{SimVfs, Vfs};
use tosumu::{CommitNo, Options, PageNo, Unlock};

const PAGE: usize = 512;
const MUTANTS: u64 = 20_000;

fn mutants() -> u64 {
    std::env::var("TOSUMU_MUTANTS").ok().and_then(|text| text.parse().ok()).unwrap_or(MUTANTS)
}

/// The newest files of the first world, which needs no key to open.
fn newest(worlds: &[World]) -> tosumu::forge::Files {
    worlds[0].states.last().unwrap().files.clone()
}

#[test]
fn whoever_has_no_key_makes_nobody_read_a_wrong_value() {
    let worlds = worlds();
    let (mut served, mut refused) = (0, 0);
    for number in 0..mutants() / 5 {
        let mutant = Mutant::draw(&worlds, &mut Draw::seeded(number));
        let world = &worlds[mutant.world];
        let [read, before, after] = use_everything(&mutant.files(&worlds), &world.unlock);
        for answer in [&read, &before] {
            let Some(found) = answer else {
                refused += 1;
                continue;
            };
            served += 1;
            assert!(world.models.contains(found), "mutant {number}: {:?} made a reader read a lie", mutant.edits);
        }
        if let Some(found) = &after {
            let is_right = |model: &Contents| found == model || *found == written(model);
            assert!(world.models.iter().any(is_right), "mutant {number}: {:?} led a write astray", mutant.edits);
        }
    }
    println!("{} mutants: {served} answers right or of an earlier commit, {refused} errors, none wrong", mutants() / 5);
    assert!(served > 0 && refused > 0);
}

fn written(model: &Contents) -> Contents {
    let mut model = model.clone();
    let main = model.entry(Vec::new()).or_default();
    main.insert(b"new".to_vec(), b"1".to_vec());
    main.remove(&b"k001"[..]);
    model
}

#[test]
fn every_lie_told_without_the_key_is_named_by_verify_or_by_the_anchor() {
    let worlds = worlds();
    for number in 0..mutants() / 4 {
        let mutant = Mutant::draw(&worlds, &mut Draw::seeded(1 << 39 | number));
        let (world, state) = (&worlds[mutant.world], &worlds[mutant.world].states[mutant.state]);
        let verdict = judge(&mutant.files(&worlds), world, state);
        if verdict.is_failure() {
            let fewest = shrink(&worlds, mutant, |files, _| judge(files, world, state) == verdict);
            panic!("mutant {number} of {}, state {}: {verdict:?}: {:#?}", world.name, fewest.state, fewest.edits);
        }
    }
}

#[test]
fn whoever_holds_the_key_can_lie_but_makes_no_reader_panic_or_hang() {
    let worlds = worlds();
    let mut served = 0;
    for number in 0..mutants() / 10 {
        let mut draw = Draw::seeded(1 << 40 | number);
        let world = draw.one(&worlds);
        let files = draw.one(&world.states).files.clone();
        let entropy = Arc::new(InsecureSeededEntropy::new(draw.word()));
        let mut forger = Forger::open(files, PATH, &world.unlock, entropy).unwrap();
        (0..1 + draw.below(3)).for_each(|_| forge(&mut forger, &mut draw));
        let mut files = forger.into_files();
        bound_work(&mut files);
        served += use_everything(&files, &world.unlock).iter().flatten().count();
    }
    println!("{} forgeries, {served} answers served", mutants() / 10);
    assert!(served > 0);
}

#[test]
fn a_count_of_four_thousand_million_pages_is_verified_in_a_moment() {
    let files = newest(&worlds());
    let entropy = || Arc::new(InsecureSeededEntropy::new(1));
    let open = || Forger::open(files.clone(), PATH, &Unlock::Keyless, entropy()).unwrap();
    let most = tosumu::limits::PAGES_MAX;
    let (mut by_commit, mut by_superblock, mut without_key) = (open(), open(), open());
    by_commit
        .append_commit(&[], |body| {
            (body.page_count, body.free_count) = (most, most);
            body.free_list = PagePointer { page: PageNo(most), commit: CommitNo(1), seal: Seal([7; 16]) };
        })
        .unwrap();
    let (slot, _) = by_superblock.newest_superblock().unwrap();
    by_superblock.edit_fields(slot, |fields| fields.page_count = most).unwrap();
    by_superblock.bind_log().unwrap();
    let count =
        |bytes: &mut [u8]| [76, 144].iter().for_each(|&at| bytes[at..at + 4].copy_from_slice(&most.to_le_bytes()));
    without_key.edit_superblocks(Mend::Checksum, count).unwrap();
    for forger in [by_commit, by_superblock, without_key] {
        use_everything(forger.files(), &Unlock::Keyless);
    }
}

#[test]
fn random_bytes_read_as_any_page_make_no_view_panic() {
    for number in 0..mutants() {
        let mut draw = Draw::seeded(1 << 41 | number);
        let mut plain: Vec<u8> = match draw.below(4) {
            0 => (0..draw.below(PAGE)).map(|_| draw.word() as u8).collect(),
            1 => (0..PAGE - 56).map(|at| if at == 0 { draw.below(5) as u8 } else { draw.odd() as u8 }).collect(),
            _ => other_kind_of_page(vec![0; PAGE - 56], &mut draw),
        };
        for _ in 0..draw.below(4) {
            let at = draw.below(plain.len().max(9) - 8);
            let size = *draw.one(&[1, 2, 4, 8]);
            if let Some(place) = plain.get_mut(at..at + size) {
                place.copy_from_slice(&draw.odd().to_le_bytes()[..size]);
            }
        }
        fuzz_targets::page(&plain);
    }
}

/// A disk whose log is as long as is asked for: zeros behind what stands there, as in a file with a hole.
#[derive(Clone)]
struct Stretched {
    sim: SimVfs,
    length: u64,
}

impl Meddle for Stretched {
    fn below(&self) -> &dyn Vfs {
        &self.sim
    }
    fn read_at(&self, file: &Below, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if file.name != LOG || offset < file.len()? {
            return file.read_at(offset, buffer);
        }
        let count = buffer.len().min(self.length.saturating_sub(offset) as usize);
        buffer[..count].fill(0);
        Ok(count)
    }
    fn len(&self, file: &Below) -> io::Result<u64> {
        if file.name == LOG { Ok(self.length) } else { file.len() }
    }
}

#[test]
fn a_log_with_a_hole_of_half_a_gigabyte_is_read_through_in_a_moment() {
    let worlds = worlds();
    let vfs = meddled(Stretched { sim: disk_of(&newest(&worlds)), length: 512 << 20 });
    let started = Instant::now();
    let db = Options::new().vfs(vfs.clone()).read_only(true).open(PATH).unwrap();
    assert!(contents(&db).unwrap() == *worlds[0].models.last().unwrap());
    let opened = started.elapsed();
    drop(db);
    let file = AtRest::open(vfs, PATH, None).unwrap();
    for level in [Level::Scan, Level::Deep] {
        verify(&file, &VerifyOptions { level, ..VerifyOptions::default() }).unwrap();
    }
    println!("opened in {opened:?}, verified in {:?}", started.elapsed() - opened);
    assert!(started.elapsed() < 4 * PATIENCE, "took {:?}", started.elapsed());
}
