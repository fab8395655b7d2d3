//! Scripts: one line an [`Op`], run by a [`Runner`] on a simulated disk with seeded randomness.
//!
//! The same language serves golden tests, fixtures, lessons and the inspector's command line. A script never touches a real
//! file, knows no clock, and leaves the same trace to the byte whenever it is run with the same seed.
//!
//! ```text
//! page-size 512                     before the first operation; so are `seed 7`, `passphrase WORD`
//!                                   and `without NAME`: the engine of this script lacks a defence (feature `lab`)
//! put K V | del K | get K | scan [from K] [to K] [limit N]
//! begin | commit | rollback         a put or del outside is a commit of its own
//! savepoint NAME | rollback-to NAME
//! fill N ascending|descending|random [value N]
//! blob K N                          a value of N bytes drawn from the seed: a long one lies in pages of its own
//! cas K OLD NEW                     NEW if the value is OLD; `-` for either is no record
//! tree T create|drop|put K V|del K|get K|scan …|fill …|blob …|cas …
//! t1: begin-read | t1: get K | t1: scan … | t1: tree T get K|scan … | t1: end
//! checkpoint [full] | reopen | verify
//! salvage                           the store gives way to what can be saved of it
//! keep fingerprint | verify anchored     kept where nobody reaches it; verification held against it
//! crash before|after wal-write|wal-sync|page-write|page-sync|superblock-write|superblock-sync [LEFT]
//! crash at write N|at call N [LEFT] LEFT: torn K | losing 2,5 | newest | chance SEED | keeping all | process
//!                                   | ordered N | posix [keeping 1-3,5] [damaging 4] [junk SEED]; else nothing unsynced is left
//! crash losing 2,5                  at the first sync with five writes waiting
//! cut behind event N [LEFT]         the power went behind the N-th event of the operation above: the rest never happened
//! key add WORD | key remove N | key rewrap N WORD
//! beside NAME new [seed N] | beside NAME copy | beside NAME OPERATION     another database, on a disk of its own
//! tamper PLACE CHANGE [mended]      from outside and without the key; `mended`: the checksum over it is made right
//!   PLACE: page N | superblock A|B | key-slot N | record N | log | pages | files
//!   CHANGE: byte N xor|set HEX | byte N copy M from NAME | field NAME N | field NAME hex HEX | zero | from NAME [PLACE]
//!   of log and pages also: truncate N | extend N | remove | become sqlite|png|text|nothing
//!   of a record also: drop | repeat | swap M | cut
//! forge page N EDIT                 with the key: seals, MACs and checksums are right, and only what is said is wrong
//!   EDIT: byte N xor|set HEX | field NAME N | swap A B | slot S key K | slot S length N | slot S page M | next M | entry I page M
//! forge superblock A|B field NAME N | forge superblocks field NAME N | forge record N field NAME N
//! swap page A B | put-back page A B … from commit N | put-back all from commit N
//! show tree [T]|trees|page N|free|log|disk|superblock|snapshots|keys|fingerprint
//! expect get K V | no K | t1: get K V | t1: no K
//! expect records|height|pages|commit|free|trees|fill|key-slots [<=|>=] N     fill: of the leaves, in percent
//! expect page N free|gap|slots [<=|>=] N     of a branch or leaf; gap: the free bytes that lie together
//! expect splits|syncs|writes|bytes|seals|opens [<=|>=] N, event NAME, fails CODE     of the operation before
//! expect seen NAME                  an event of this name at any time
//! expect open fails CODE | finding CODE [page N] | only CODE [page N] | cause CODE WORDS | clean
//! expect anchored CODE | anchored clean     held against the fingerprint that was kept
//! # a comment
//! ```
//! A key has no space in it (write `\x20`); a value is the rest of the line after one space and may be empty. A line that
//! begins with `= ` is what the operation above it prints. Of a value of more than 200 bytes its length and first bytes are
//! printed.

mod crash;
mod expect;
mod forge;
mod op;
mod parse;
mod run;
mod sample;
mod show;
mod spell;
mod tamper;
mod text;

pub use crash::{Crash, Instant, Left, Step, cut_by_hand};
pub use expect::{Expect, Measure, PageMeasure, Relation};
pub use forge::{Forge, PageEdit};
pub use op::{
    BesideStep, Blob, CheckpointKind, CompareAndSwap, Fill, FillOrder, KeyStep, Op, Read, Scan, SessionStep, Show,
    TreeStep,
};
pub use run::{Found, Outcome, Runner, RunnerOptions};
pub use sample::SAMPLE_STORE;
pub use spell::spelled_out;
pub use tamper::{Change, Checksums, FieldValue, Place, Stranger, Tamper};
pub use text::{Line, Script, ScriptError};
