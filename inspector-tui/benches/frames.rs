//! What a frame costs: every view at 200 columns and 60 lines, of a file of 1,000,000 pages whose tree has 100,000 nodes, and of a
//! lab with 100,000 events.
//!
//! `cargo bench -p tosumu-inspector --bench frames`; a number behind `--` is how many nodes the tree is to have at least, a second
//! one how many events the lab. The tree is a real one; of the pages beyond it a few words are known, as they are of a file that
//! was looked through.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tosumu::format::page::PageKind;
use tosumu::inspect::AtRest;
use tosumu::script::{Runner, RunnerOptions};
use tosumu::types::CommitNo;
use tosumu::vfs::OsVfs;
use tosumu::{CheckpointMode, Options, PageNo, PageSize};
use tosumu_inspector::describe::Subject;
use tosumu_inspector::model::{Model, View};
use tosumu_inspector::recorded;
use tosumu_inspector::timeline::{Brief, FileWorld, Loading, load_all, read_page};
use tosumu_inspector::view;

const SIZE: (u16, u16) = (200, 60);
const PAGES: u32 = 1_000_000;
const NODES: u32 = 100_000;
const EVENTS: u32 = 100_000;
/// Records that a leaf of 512 bytes holds, about.
const RECORDS_A_LEAF: u32 = 5;
const FRAMES: u32 = 20;
/// What a frame may cost.
const LIMIT: Duration = Duration::from_millis(16);

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().filter_map(|word| word.parse().ok());
    let nodes = numbers.next().unwrap_or(NODES);
    let events = numbers.next().unwrap_or(EVENTS);
    let folder = tempfile::tempdir()?;
    let (mut file, at_rest) = a_file(nodes, folder.path())?;
    let mut too_slow = Vec::new();
    println!("a file: {PAGES} pages, {nodes} of them in a tree, at {}x{}", SIZE.0, SIZE.1);
    let settle = |model: &mut Model, missed: Vec<PageNo>| {
        let read: Vec<_> = missed.into_iter().map(|page| (page, read_page(&at_rest, page))).collect();
        if let Some(file) = model.world.file_mut() {
            read.into_iter().for_each(|(page, read)| file.take_in(page, read));
        }
    };
    measure(&mut file, "file", &settle, &mut too_slow);
    let mut lab = a_lab(events);
    let (events, pages) = (lab.timeline().map_or(0, |timeline| timeline.len()), lab.world.page_total());
    println!("a lab: {events} events, {pages} pages");
    measure(&mut lab, "lab", &|_, _| {}, &mut too_slow);
    match too_slow.is_empty() {
        true => Ok(()),
        false => Err(format!("over {} ms: {}", LIMIT.as_millis(), too_slow.join(", ")).into()),
    }
}

/// Reads the pages that a frame has missed.
type Settle<'a> = &'a dyn Fn(&mut Model, Vec<PageNo>);

fn measure(model: &mut Model, what: &str, settle: Settle<'_>, too_slow: &mut Vec<String>) {
    model.size = SIZE;
    for (word, _) in Subject::ALL {
        let Some(shown) = View::named(word) else { continue };
        model.view = shown;
        let (first, cost) = costs_of(model, settle);
        println!("{word:>10} {:>9.3} ms, the first {:>9.3} ms", cost.as_secs_f64() * 1e3, first.as_secs_f64() * 1e3);
        if cost > LIMIT {
            too_slow.push(format!("{what} {word}"));
        }
    }
}

/// The first one, which may build what the next ones share, and the middle one of some frames.
fn costs_of(model: &mut Model, settle: Settle<'_>) -> (Duration, Duration) {
    let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
    let begun = Instant::now();
    view::draw(model, &mut buffer);
    let first = begun.elapsed();
    loop {
        let missed = model.world.take_missed();
        if missed.is_empty() {
            break;
        }
        settle(model, missed);
        view::draw(model, &mut buffer);
    }
    let mut costs: Vec<Duration> = (0..FRAMES)
        .map(|_| {
            buffer.reset();
            let begun = Instant::now();
            view::draw(model, &mut buffer);
            begun.elapsed()
        })
        .collect();
    costs.sort();
    (first, costs[costs.len() / 2])
}

fn a_file(nodes: u32, folder: &std::path::Path) -> Result<(Model, AtRest), Box<dyn Error>> {
    let path = folder.join("large.tsm");
    let database = Options::new().page_size(PageSize::TOY).create_new(&path)?;
    database.write(|tx| {
        (0..nodes * RECORDS_A_LEAF).try_for_each(|record| tx.put(format!("key {record:09}").as_bytes(), &[b'v'; 60]))
    })?;
    database.checkpoint(CheckpointMode::Passive)?;
    drop(database);
    let file = AtRest::open(Arc::new(OsVfs), &path, None)?;
    let mut world = FileWorld::begin(&file);
    let mut hear = |part| {
        world.take_in_part(part);
        ControlFlow::Continue(())
    };
    load_all(&file, &mut Loading::default(), &mut hear, &mut |_, _, _| ControlFlow::Continue(()));
    let there = std::mem::replace(&mut world.pages, PAGES);
    let word = |page: u32| Brief::new(Some(PageKind::Leaf), Some((page % 100) as u8), Some(CommitNo(1)));
    let beyond: Vec<(PageNo, Brief)> = (there + 1..=PAGES).map(|page| (PageNo(page), word(page))).collect();
    world.take_in_briefs(&beyond);
    Ok((Model::file(world, None), file))
}

/// One transaction of many puts, then small commits with a checkpoint now and then.
fn a_lab(events: u32) -> Model {
    let mut runner = Runner::new(RunnerOptions::default());
    runner.run_line(&format!("fill {} random value 24", events / 16));
    let mut number: u64 = 0;
    while runner.recorder().count() < events as usize {
        number += 1;
        runner.run_line(&format!("put key{:05} a value of some length", number * 7919 % 100_000));
        if number.is_multiple_of(500) {
            runner.run_line("checkpoint");
        }
    }
    recorded::lab(&runner, "lab")
}
