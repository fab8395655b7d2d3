//! Every instant at which the power can go, and what the disk can hold afterwards.
//!
//! A workload runs on a watched disk that keeps its image before each call that changes something ([`watch`]). From each image
//! every crash model takes what it can leave of it: every subset of the unsynced sectors, lengths and names while they are at most
//! twelve, else a sample ([`explore`]). The engine recovers, and what it serves must be the model after m commits,
//! acknowledged <= m <= acknowledged + 1, and the file sound to its last page; then it must take a further commit ([`oracle`]).
//! That recovery and that further commit are themselves watched and crashed, and so are those of the second recovery.
//!
//! A failure is made as small as it goes and told as a script that `tosumu lab --script` opens ([`shrink`]).
//!
//! `TOSUMU_CRASH_STATES=1000` sets the samples an instant (24 otherwise) and crashes every recovery at every subset of eight.

#[path = "../common/mod.rs"]
mod common;
mod damage;
mod draw;
mod explore;
mod oracle;
mod shrink;
mod watch;
mod workload;

use explore::{explore, explore_in, explore_shallow};
use tosumu::PageSize;
use watch::CopyKind;
use workload::{PLAIN, Setup, Step, Workload};

/// The commit after a recovery writes a chain, and so takes free pages.
const CHAINS: Setup = Setup { afterwards_bytes: 600, ..PLAIN };
/// Workloads that are drawn by chance.
const DRAWN: u64 = 4;

fn work() -> Workload {
    Workload::new()
}

#[test]
fn a_database_is_created_and_takes_its_first_commits() {
    explore("create and commit", &[work().put(1, 1, 30).put(2, 2, 30).put(1, 3, 30)]);
}

#[test]
fn a_checkpoint_and_the_first_commit_of_the_next_generation() {
    explore("checkpoint", &[work().put(1, 2, 30).checkpoint().put(3, 1, 30).checkpoint().put(4, 1, 30)]);
}

#[test]
fn splits_are_folded_page_by_page() {
    explore("splits", &[work().put(1, 12, 90).put(20, 2, 30).checkpoint().delete(3, 2)]);
}

#[test]
fn pages_of_more_than_a_sector_are_torn_within() {
    let setup = Setup { page_size: PageSize::new(1024).expect("a power of two"), ..CHAINS };
    explore_in(setup, "pages of two sectors", &[work().put(1, 12, 90).checkpoint().put(3, 1, 30).delete(5, 1)]);
}

#[test]
fn the_program_ends_and_begins_again() {
    let twice = work().put(1, 2, 30).reopen().put(2, 2, 30).checkpoint().reopen().put(5, 1, 30).reopen();
    explore("reopen", &[twice]);
}

#[test]
fn a_tree_of_three_levels_changes_in_many_places() {
    explore("three levels", &[work().put(1, 40, 150).checkpoint().put(7, 9, 10).delete(1, 5)]);
}

#[test]
fn a_long_value_is_written_replaced_and_deleted() {
    let steps = work().put(1, 1, 1500).put(1, 1, 900).checkpoint().put(1, 1, 600).delete(1, 1);
    explore_in(CHAINS, "long values", &[steps]);
}

/// A trunk of 512 bytes lists 102 pages; the value takes 123.
#[test]
fn the_free_list_grows_over_a_trunk_and_shrinks_below_it() {
    let before = work().put(2, 1, 30).put(1, 1, 50_000).checkpoint().step(Step::WatchFromHere);
    explore_in(CHAINS, "free list", &[before.delete(1, 1).checkpoint().put(3, 1, 9_000)]);
}

#[test]
fn named_trees_come_and_go() {
    let steps = work().put_in_tree("a", 2, 10).put_in_tree("b", 5, 110).checkpoint().put_in_tree("a", 1, 700);
    explore_in(CHAINS, "named trees", &[steps.drop_tree("b").checkpoint().drop_tree("a")]);
}

#[test]
fn what_was_undone_by_a_savepoint_is_nowhere() {
    explore_in(CHAINS, "savepoints", &[work().put(1, 8, 30).try_out(150).checkpoint().try_out(150).put(3, 1, 30)]);
}

#[test]
fn a_transaction_that_spills_is_there_whole_or_not_at_all() {
    let setup = Setup { transaction_bytes: 0, ..CHAINS };
    explore_in(setup, "spill", &[work().put(1, 2, 30).put(1, 1, 2_500).try_out(800).checkpoint().put(2, 1, 30)]);
}

#[test]
fn a_log_is_used_again_over_what_an_older_one_left() {
    let wide = work().put(1, 8, 90).put(1, 2, 30).checkpoint().put(3, 1, 30).put(4, 1, 30);
    explore_in(CHAINS, "recycled log", &[wide.checkpoint().put(5, 1, 30).reopen()]);
}

#[test]
fn a_log_begins_in_a_new_file_beside_a_reader_of_the_old_one() {
    let steps = work().put(1, 2, 30).checkpoint_beside().put(2, 1, 30).put(3, 1, 30).reopen().put(4, 1, 30);
    explore_in(CHAINS, "beside a reader", &[steps]);
}

#[test]
fn keys_change_between_commits() {
    let (add, remove) = (Step::AddKey, Step::RemoveKey);
    let steps = work().put(1, 1, 30).step(add.clone()).put(2, 1, 30).step(remove).checkpoint().step(add).put(3, 1, 30);
    explore("keys", &[steps]);
}

#[test]
fn a_witness_never_stands_in_the_way_of_an_honest_recovery() {
    let setup = Setup { has_witness: true, ..PLAIN };
    let steps = work().put(1, 1, 30).put(2, 1, 30).checkpoint().put(3, 1, 30).step(Step::AddKey).reopen().put(4, 1, 30);
    explore_in(setup, "witness", &[steps]);
}

fn copied(kind: CopyKind) -> Workload {
    let before = work().put(1, 1, 700).checkpoint().put_in_tree("t", 2, 40).step(Step::WatchFromHere);
    before.step(Step::Copy(kind)).put(3, 1, 30)
}

#[test]
fn a_backup_and_a_compact_copy_are_there_whole_or_not_at_all() {
    explore_shallow(CHAINS, "backup, compact", &[copied(CopyKind::Backup), copied(CopyKind::Compact)]);
}

#[test]
fn a_copy_with_a_new_key_is_there_whole_or_not_at_all() {
    explore_shallow(CHAINS, "rekey", &[copied(CopyKind::Rekey)]);
}

#[test]
fn a_checkpoint_that_keeps_its_log_in_an_archive_and_what_is_restored_from_it() {
    let setup = Setup { has_archive: true, ..CHAINS };
    let archived = work().put(1, 3, 30).checkpoint().put(2, 1, 30).checkpoint().put(4, 1, 30);
    explore_in(setup, "archive", &[archived]);
    explore_shallow(setup, "restore", &[copied(CopyKind::Restore)]);
}

#[test]
fn workloads_drawn_by_chance_come_out_of_every_crash() {
    explore("drawn", &(0..DRAWN).map(draw::drawn).collect::<Vec<_>>());
}
