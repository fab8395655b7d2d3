//! Scripts: one line an [`Op`], run by a [`Runner`] on a simulated disk with seeded randomness.
//!
//! The same language serves golden tests, fixtures, lessons and the inspector's command line. A script never touches a real
//! file, knows no clock, and leaves the same trace to the byte whenever it is run with the same seed.
//!
//! ```text
//! page-size 512                     before the first operation; so is `seed 7`
//! put K V | del K | get K | scan [from K] [to K] [limit N]
//! begin | commit | rollback         a put or del outside is a commit of its own
//! fill N ascending|descending|random [value N]
//! t1: begin-read | t1: get K | t1: scan … | t1: end
//! checkpoint | reopen | verify
//! crash before|after wal-write|wal-sync|page-write|page-sync|superblock-write|superblock-sync [LEFT]
//! crash at write N [LEFT]           LEFT: torn K | losing 2,5 | keeping all; else nothing unsynced is left
//! crash losing 2,5                  at the first sync with five writes waiting
//! tamper page N|log|superblock A|superblock B byte N xor HEX
//! swap page A B | put-back page A B … from commit N | put-back all from commit N
//! show tree|page N|log|disk|superblock
//! expect get K V | no K | records|height|pages|commit [<=|>=] N
//! expect splits|syncs|writes|bytes|seals|opens [<=|>=] N, event NAME, fails CODE     of the operation before
//! expect open fails CODE | finding CODE [page N] | clean
//! # a comment
//! ```
//! A key has no space in it (write `\x20`); a value is the rest of the line after one space and may be empty. A line that
//! begins with `= ` is what the operation above it prints.

mod op;
mod parse;
mod run;
mod sample;
mod show;
mod text;

pub use op::{
    Crash, Expect, Fill, FillOrder, Instant, Left, Measure, Op, Place, Read, Relation, Scan, SessionStep, Show, Step,
};
pub use run::{Outcome, Runner, RunnerOptions};
pub use sample::SAMPLE_STORE;
pub use text::{Line, Script, ScriptError};
