//! What a frame costs: every view at 200 columns and 60 lines, of a file of 1,000,000 pages whose tree has 100,000 nodes.
//!
//! `cargo bench -p tosumu-inspector --bench frames`; a number behind `--` is how many nodes the tree is to have at least. The tree
//! is a real one; the pages beyond it are known to be there and no more, as they are of a file that is being read.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tosumu::inspect::AtRest;
use tosumu::vfs::OsVfs;
use tosumu::{CheckpointMode, Options, PageNo, PageSize};
use tosumu_inspector::describe::Subject;
use tosumu_inspector::model::{Model, View};
use tosumu_inspector::timeline::{FilePage, FileWorld, SealedAt};
use tosumu_inspector::view;

const SIZE: (u16, u16) = (200, 60);
const PAGES: u32 = 1_000_000;
const NODES: u32 = 100_000;
/// Records that a leaf of 512 bytes holds, about.
const RECORDS_A_LEAF: u32 = 5;
const FRAMES: u32 = 20;
/// What a frame may cost.
const LIMIT: Duration = Duration::from_millis(16);

fn main() -> Result<(), Box<dyn Error>> {
    let nodes = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(NODES);
    let mut model = model_of(nodes)?;
    model.size = SIZE;
    println!("{} pages, {} of them read, at {}x{}", PAGES, nodes, SIZE.0, SIZE.1);
    let mut too_slow = Vec::new();
    for (word, _) in Subject::ALL {
        let Some(shown) = View::named(word) else { continue };
        model.view = shown;
        let cost = usual_of(&model);
        println!("{word:>10} {:>9.3} ms", cost.as_secs_f64() * 1e3);
        if cost > LIMIT {
            too_slow.push(word);
        }
    }
    match too_slow.is_empty() {
        true => Ok(()),
        false => Err(format!("over {} ms: {}", LIMIT.as_millis(), too_slow.join(", ")).into()),
    }
}

/// The middle one of some frames, behind a first that may build what the next ones share.
fn usual_of(model: &Model) -> Duration {
    let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
    view::draw(model, &mut buffer);
    let mut costs: Vec<Duration> = (0..FRAMES)
        .map(|_| {
            buffer.reset();
            let begun = Instant::now();
            view::draw(model, &mut buffer);
            begun.elapsed()
        })
        .collect();
    costs.sort();
    costs[costs.len() / 2]
}

fn model_of(nodes: u32) -> Result<Model, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("large.tsm");
    let database = Options::new().page_size(PageSize::TOY).create_new(&path)?;
    database.write(|tx| {
        (0..nodes * RECORDS_A_LEAF).try_for_each(|record| tx.put(format!("key {record:09}").as_bytes(), &[b'v'; 60]))
    })?;
    database.checkpoint(CheckpointMode::Passive)?;
    drop(database);
    let file = AtRest::open(Arc::new(OsVfs), &path, None)?;
    let mut world = FileWorld::load(&file, None);
    let there = file.page_count().unwrap_or(0);
    world.pages = (1..=there).map(PageNo).map(|page| (page, read(&file, page))).collect();
    world.pages.extend((there + 1..=PAGES).map(|page| (PageNo(page), FilePage::default())));
    world.unread = 0;
    Ok(Model::file(world, None))
}

fn read(file: &AtRest, page: PageNo) -> FilePage {
    let Ok(found) = file.newest_page(page) else { return FilePage::default() };
    let plain = file.open_bytes(page, &found).ok().map(|plain| tosumu::types::Bytes::from(plain.into_vec()));
    let node = plain.as_deref().and_then(|plain| tosumu::format::node::NodeView::new(plain).ok());
    let sealed =
        SealedAt { bytes: found.bytes.as_slice().into(), file: file.name().to_owned(), offset: found.source.offset() };
    FilePage {
        kind: node.map(|node| node.kind()),
        level: node.map(|node| node.level()),
        commit: file.commit(),
        plain,
        sealed: Some(sealed),
        ..FilePage::default()
    }
}
