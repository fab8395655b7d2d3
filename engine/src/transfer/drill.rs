//! The drill: whether what a file holds comes out of it whole and goes into another one, tried without writing anything.
//!
//! A file at rest is verified; when nothing wrong was found, its newest state is exported into memory, the export is imported into
//! a new database in memory, and that one is read back. All three digests must be one. A backup is as good as the last time it
//! was read: this reads it to the last byte, by the way that another program would take.
//!
//! It never touches a disk but to read the file, and holds up to five times the file's size in memory; a file over the limit of
//! 64 MiB is verified, and the drill is listed as not run.

use super::chain::{Base, Chain, NamedFile};
use super::digest::Digest;
use super::export::export;
use super::import::{Existing, Import};
use super::walk::content;
use crate::db::Options;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Code, Finding, Severity};
use crate::inspect::AtRest;
use crate::limits::DRILL_BYTES_MAX;
use crate::txn::{Durability, ReadTxn};
use crate::types::PageSize;
use crate::verify::{Check, Level, Report, VerifyOptions, verify};
use crate::vfs::MemoryVfs;
use std::sync::Arc;

/// The name of the check in the report.
const NAME: &str = "drill";

/// Verifies `file` at level deep, or anchored when `options` have an anchor, and then takes all of it out and in again. The
/// check `drill` of the report says whether that was done; its findings, how it went.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tsm");
/// # let db = tosumu::Options::new().create(true).open(&path)?;
/// use tosumu::{inspect::AtRest, transfer::drill, verify::VerifyOptions, vfs::OsVfs};
/// db.write(|tx| tx.put(b"k", b"v"))?;
/// drop(db);
/// let file = AtRest::open(std::sync::Arc::new(OsVfs), &path, None)?;
/// let report = drill(&file, &VerifyOptions::default())?;
/// assert!(report.exit() == 0 && report.check("drill").unwrap().ran);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn drill(file: &AtRest, options: &VerifyOptions) -> Result<Report> {
    let level = if options.anchor.is_some() { Level::Anchored } else { Level::Deep };
    let mut report = verify(file, &VerifyOptions { level, ..options.clone() })?;
    report.level = Level::Drill;
    let check = match why_not(file, &report) {
        Some(why) => Check::not_run(NAME, why),
        None => match run(file) {
            Ok((records, digest)) => Check::ran(NAME).note(format!("{records} records, digest {digest}")),
            Err(Error::Damage(finding)) => {
                report.findings.push(*finding);
                Check::ran(NAME)
            }
            Err(error) => return Err(error),
        },
    };
    report.checks.push(check);
    Ok(report)
}

/// Why the drill is not run.
fn why_not(file: &AtRest, report: &Report) -> Option<String> {
    let is_wrong = |finding: &Finding| {
        finding.severity >= Severity::Error || Error::from(finding.clone()).kind() == ErrorKind::Cannot
    };
    if let Some(finding) = report.findings.iter().find(|finding| is_wrong(finding)) {
        return Some(format!("there is {} to mend first", finding.code));
    }
    let bytes = file.length() + file.log().length.unwrap_or(0);
    (bytes > DRILL_BYTES_MAX).then(|| {
        format!(
            "page file and log have {bytes} bytes, and a drill holds all in memory, up to {DRILL_BYTES_MAX}; `restore` to \
             another file is the drill of a larger one"
        )
    })
}

fn run(file: &AtRest) -> Result<(u64, Digest)> {
    let snapshot = snapshot_of(file)?;
    let page_size = file.page_size().unwrap_or(PageSize::DEFAULT);
    let mut text = Vec::new();
    let exported = export(&snapshot, page_size, &mut text)?;
    let options = Options::new().vfs(Arc::new(MemoryVfs::new())).durability(Durability::Relaxed);
    let copy = options.page_size(page_size).create_new("drill")?;
    let imported = Import::begin(&text[..])?.run(&copy, Existing::MustAgree).map_err(|failure| failure.error);
    let imported = imported.map_err(|error| match error {
        Error::BadExport { .. } | Error::Conflict { .. } => differs(&error.to_string()),
        other => other,
    })?;
    let held = content(&copy.read())?;
    let digests = [exported.digest, imported.digest, held.digest];
    match digests.iter().all(|digest| *digest == digests[0]) {
        true => Ok((held.records, held.digest)),
        false => Err(differs(&format!("digests {}, {} and {}", digests[0], digests[1], digests[2]))),
    }
}

fn differs(found: &str) -> Error {
    Finding::new(Code::DrillDiffers, "What came out of the file and went into another one is not the same.")
        .expected("one digest of what was exported, imported and read back", found)
        .lost("Nothing is known to be lost; the file itself was found sound.")
        .next("Try it again, on another machine. Keep a copy of the file.")
        .into()
}

/// The newest state that is vouched for, to be read as every snapshot is.
fn snapshot_of(file: &AtRest) -> Result<ReadTxn> {
    let parts = file.parts().map_err(|finding| Error::from(finding.clone()))?;
    let page_file = NamedFile { file: parts.page_file, name: file.name().to_owned() };
    let (slot, superblock) = (parts.chosen.slot, parts.chosen.superblock.clone());
    let mut chain = Chain::new(Base { page_file, slot, superblock });
    if let Some(log) = parts.log {
        chain.take(NamedFile { file: log, name: file.log().name.clone() }, parts.keys)?;
    }
    Ok(chain.snapshot(chain.newest(), parts.ring))
}
