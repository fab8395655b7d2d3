//! Timelines of a real engine on a simulated disk.

use super::*;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::trace::{Event, Recorder};
use tosumu::types::{CommitNo, PageNo};
use tosumu::vfs::SimVfs;
use tosumu::{CheckpointMode, Database, Options};

fn engine() -> (Database, Arc<Recorder>) {
    let recorder = Recorder::new();
    let database = Options::new()
        .vfs(Arc::new(SimVfs::new(1)))
        .entropy(Arc::new(InsecureSeededEntropy::new(1)))
        .page_size(PageSize::TOY)
        .sink(recorder.clone())
        .create_new("store.tsm")
        .unwrap();
    (database, recorder)
}

/// Splits, a rolled back transaction, a checkpoint, and a commit behind it.
fn busy_events() -> Vec<Arc<Event>> {
    let (database, recorder) = engine();
    for index in 0..30_u32 {
        let key = format!("k{:02}", index * 7 % 30);
        database.write(|tx| tx.put(key.as_bytes(), &[b'.'; 60])).unwrap();
    }
    let mut given_up = database.begin_write().unwrap();
    given_up.put(b"k03", b"other").unwrap();
    given_up.rollback();
    database.checkpoint(CheckpointMode::Passive).unwrap();
    database.write(|tx| tx.delete(b"k05")).unwrap();
    recorder.events_from(0)
}

fn busy() -> Timeline {
    let mut timeline = Timeline::new("store.tsm", PageSize::TOY);
    timeline.extend(busy_events());
    timeline
}

#[test]
fn the_world_at_every_event_is_the_one_folded_from_the_start() {
    let timeline = busy();
    let mut folded = World::empty("store.tsm", PageSize::TOY);
    for count in 0..=timeline.len() {
        assert!(timeline.world_at(count).tells_the_same_as(&folded), "after {count} events");
        assert!(folded.surveys_are_right(), "after {count} events");
        if count < timeline.len() {
            folded.apply(timeline.event(count));
        }
    }
    assert!(timeline.keyframes.len() > 3);
}

/// Named trees, long values, savepoints, snapshots, a crash and two openings.
const BESIDE: &str = "tree a create\ntree a fill 40 ascending\nblob long 1500\nt1: begin-read\ndel long\nbegin\ntree b create\n\
                      savepoint one\ntree b fill 40 descending\ntree a drop\nrollback-to one\nput k v\ncommit\ncheckpoint full\n\
                      t1: end\ncheckpoint\ncrash after wal-sync\nblob long 900\nreopen\ntree b put k v\nreopen\nbegin\n\
                      tree b drop\nrollback";

fn beside() -> Timeline {
    let mut runner = tosumu::script::Runner::new(tosumu::script::RunnerOptions::default());
    for line in BESIDE.lines() {
        let outcome = runner.run_line(line.trim());
        assert!(!outcome.failed || line.contains("checkpoint"), "{line}: {}", outcome.text);
    }
    crate::recorded::timeline(&runner)
}

#[test]
fn trees_free_pages_snapshots_and_savepoints_are_the_same_however_an_instant_is_reached() {
    let timeline = beside();
    let mut folded = World::empty("lab.tsm", PageSize::TOY);
    for count in 0..=timeline.len() {
        assert!(timeline.world_at(count).tells_the_same_as(&folded), "after {count} events");
        assert!(folded.surveys_are_right(), "after {count} events");
        if count < timeline.len() {
            folded.apply(timeline.event(count));
        }
    }
    let named = |world: &World| world.facts.space.trees.keys().cloned().collect::<Vec<_>>();
    let behind = |line: &str| {
        let operation = timeline.operations().iter().find(|operation| operation.line == line).unwrap();
        timeline.world_at(operation.last + 1)
    };
    assert_eq!(named(&behind("tree a drop")), ["b"]);
    assert_eq!(named(&behind("rollback-to one")), ["a", "b"], "as it was there");
    assert_eq!(behind("rollback-to one").facts.savepoints.len(), 1);
    assert_eq!(named(&behind("tree b drop")), ["a"]);
    assert_eq!(named(timeline.end()), ["a", "b"], "rolled back");
    assert_eq!(behind("t1: begin-read").facts.snapshots["t1"].commit, CommitNo(3));
    let list = behind("del long").free_list();
    assert_eq!(list.trunks.iter().map(|(_, pages)| pages.len() + 1).sum::<usize>(), list.count as usize);
    assert_eq!(list.count, 4);
    let end = timeline.end();
    let roots: Vec<_> = end.facts.space.trees.values().map(|root| end.page(*root).unwrap().level).collect();
    assert_eq!(roots, [Some(1), Some(0)]);
}

#[test]
fn splits_and_commits_are_found_in_both_directions() {
    let timeline = busy();
    let splits: Vec<usize> =
        (0..timeline.len()).filter(|&at| matches!(timeline.event(at), Event::PageSplit { .. })).collect();
    assert_eq!(timeline.next(0, Mark::Split), Some(splits[0]));
    assert_eq!(timeline.next(splits[0], Mark::Split), Some(splits[1]));
    assert_eq!(timeline.prev(splits[1], Mark::Split), Some(splits[0]));
    assert_eq!(timeline.prev(splits[0], Mark::Split), None);
    let (first, last) = timeline.transaction_span(splits[0]).unwrap();
    assert!(matches!(timeline.event(first), Event::TransactionStarted { .. }));
    assert!(matches!(timeline.event(last), Event::TransactionCommitted { .. }));
    assert!(first < splits[0] && splits[0] < last);
}

#[test]
fn events_that_are_taken_back_and_put_back_leave_the_same_timeline() {
    let mut timeline = beside();
    let whole = beside();
    for count in [timeline.len() - 1, timeline.len() / 2, 70, 0] {
        let taken = timeline.cut_off(count);
        assert_eq!((timeline.len(), taken.len()), (count, whole.len() - count));
        assert!(timeline.end().tells_the_same_as(&whole.world_at(count)));
        assert!(timeline.operations().iter().all(|operation| operation.last < count));
        assert!(Mark::ALL.iter().all(|mark| timeline.marks(*mark).iter().all(|event| *event < count)));
        timeline.extend(taken);
        assert!(timeline.end().tells_the_same_as(whole.end()));
        assert_eq!(timeline.operations(), whole.operations());
        assert!(Mark::ALL.iter().all(|mark| timeline.marks(*mark) == whole.marks(*mark)));
    }
}

#[test]
fn before_the_sync_the_log_is_held_by_the_system_and_not_by_the_disk() {
    let timeline = busy();
    let commit = timeline.next(timeline.len() / 2, Mark::Commit).unwrap();
    let sync = timeline.prev(commit, Mark::Sync).unwrap();
    let (before, after) = (timeline.world_at(sync), timeline.world_at(sync + 1));
    assert!(before.log_durable_len() < before.log_end(), "written, not synced");
    assert_eq!(after.log_durable_len(), after.log_end());
    assert_eq!(after.facts.durable_commit, before.facts.durable_commit.next());
    assert!(before.if_power_went().contains("if the disk has taken the write"), "{}", before.if_power_went());
    assert!(after.if_power_went().contains("nothing is lost"), "{}", after.if_power_went());
    assert!(!before.pending().is_empty() && after.pending().is_empty());
}

#[test]
fn a_change_in_memory_is_lost_by_a_power_cut_and_said_so() {
    let timeline = busy();
    let written = (0..timeline.len())
        .rfind(|&at| matches!(timeline.event(at), Event::RecordRemoved { .. }))
        .expect("a record is removed at the end");
    let world = timeline.world_at(written + 1);
    let commit = world.facts.durable_commit;
    let told = format!("Power off now: the store is as commit {commit} left it, with k05 still in it.");
    assert_eq!(world.if_power_went(), told);
    let page = world.facts.touched.unwrap();
    assert_eq!(world.holds(page).memory, Held::Changed);
    assert!(matches!(world.holds(page).durable, Held::InFile(_)), "the checkpoint put it there");
}

#[test]
fn the_tree_of_a_closed_store_is_drawn_from_what_the_disk_holds() {
    let mut events = busy_events();
    events.push(Arc::new(Event::HandleDropped));
    let mut timeline = Timeline::new("store.tsm", PageSize::TOY);
    timeline.extend(events);
    let world = timeline.world_at(timeline.len());
    let root = world.facts.root.unwrap();
    let children = world.children(root);
    assert!(children.len() > 2, "{children:?}");
    assert!(children.iter().all(|child| world.page(*child).unwrap().plain.is_some()));
    assert!(!world.facts.open);
    assert_eq!(world.page(PageNo(0)), None);
    assert_eq!(world.page(PageNo(4000)), None);
}

#[test]
fn the_writer_of_a_byte_is_the_event_that_gave_it_its_value() {
    let timeline = busy();
    let (at, page, cell) = (0..timeline.len())
        .find_map(|at| match timeline.event(at) {
            Event::RecordWritten { page, cell_start, .. } => Some((at, *page, *cell_start as usize)),
            _ => None,
        })
        .unwrap();
    assert_eq!(timeline.writer_of(page, cell, at + 1, None), Some(at));
    assert_eq!(timeline.writer_of(page, cell, at, None), None, "before it, nobody had");
    assert_eq!(timeline.writer_of(page, 100_000, at + 1, None), None);
}

#[test]
fn where_memory_is_gone_the_writer_is_found_by_the_seal_that_the_disk_holds() {
    let timeline = busy();
    let (at, page, seal) = (0..timeline.len())
        .find_map(|at| match timeline.event(at) {
            Event::PageSealed { page, seal, .. } => Some((at, *page, *seal)),
            _ => None,
        })
        .unwrap();
    let writer = timeline.sealed_writer_of(page, seal, at + 1).unwrap();
    assert!(timeline.event(writer).images().iter().any(|image| image.page == page));
    assert_eq!(timeline.sealed_writer_of(page, seal, at), None, "nothing was sealed so before");
}

#[test]
fn sealed_forms_stand_in_the_log_and_after_a_checkpoint_in_the_page_file() {
    let timeline = busy();
    let folded = timeline.next(0, Mark::Checkpoint).unwrap();
    let (before, after) = (timeline.world_at(folded - 12), timeline.world_at(folded + 1));
    let in_log = before.sealed(PageNo(1)).unwrap();
    assert_eq!(in_log.file, "store.tsm-wal");
    let in_file = after.sealed(PageNo(1)).unwrap();
    assert_eq!((in_file.file.as_str(), in_file.offset), ("store.tsm", 8192));
    assert_eq!(after.facts.commit, CommitNo(31), "thirty puts and the seal transaction");
    assert!(after.superblock_bytes(0).is_some() && after.file_bytes_len() > 8192);
}
