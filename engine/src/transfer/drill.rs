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
use crate::defence::{Defence, holds};
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
        None => match run(file, |text| text) {
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

/// Takes everything out and in again; between the two `carry` has the export in its hands, and should give it back unchanged.
fn run(file: &AtRest, carry: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Result<(u64, Digest)> {
    let snapshot = snapshot_of(file)?;
    let page_size = file.page_size().unwrap_or(PageSize::DEFAULT);
    let mut text = Vec::new();
    let exported = export(&snapshot, page_size, &mut text)?;
    let text = carry(text);
    let options = Options::new().vfs(Arc::new(MemoryVfs::new())).durability(Durability::Relaxed);
    let copy = options.page_size(page_size).create_new("drill")?;
    let imported = Import::begin(&text[..])?.run(&copy, Existing::MustAgree).map_err(|failure| failure.error);
    let imported = imported.map_err(|error| match error {
        Error::BadExport { .. } | Error::Conflict { .. } => differs(&error.to_string()),
        other => other,
    })?;
    let held = content(&copy.read())?;
    let digests = [exported.digest, imported.digest, held.digest];
    match holds(Defence::DrillDigest, digests.iter().all(|digest| *digest == digests[0])) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Database;

    fn store(value: &[u8]) -> AtRest {
        let disk = Arc::new(MemoryVfs::new());
        let db: Database = Options::new().vfs(disk.clone()).create_new("d.tsm").unwrap();
        db.write(|tx| (0..50u8).try_for_each(|number| tx.put(&[b'k', number], value))).unwrap();
        drop(db);
        AtRest::open(disk, "d.tsm", None).unwrap()
    }

    fn exported(file: &AtRest) -> Vec<u8> {
        let mut text = Vec::new();
        export(&snapshot_of(file).unwrap(), PageSize::DEFAULT, &mut text).unwrap();
        text
    }

    fn code(outcome: Result<(u64, Digest)>) -> Option<Code> {
        match outcome {
            Err(Error::Damage(finding)) => Some(finding.code),
            _ => None,
        }
    }

    #[test]
    fn an_export_that_memory_changed_on_its_way_is_noticed_at_every_byte() {
        let file = store(b"value");
        assert_eq!(run(&file, |text| text).unwrap().0, 50);
        let length = exported(&file).len();
        for byte in 0..length {
            let changed = run(&file, |mut text| {
                text[byte] ^= 1;
                text
            });
            // What only the first line says of where the records came from changes no record.
            let is_head = exported(&file)[..byte].iter().all(|&byte| byte != b'\n');
            assert!(is_head || code(changed) == Some(Code::DrillDiffers), "byte {byte}");
        }
        let cut = |count: usize| run(&file, |text| text[..count].to_vec());
        assert!((length / 2..length - 1).step_by(7).all(|count| code(cut(count)) == Some(Code::DrillDiffers)));
    }

    #[test]
    fn whole_records_of_another_content_are_noticed_by_their_digest() {
        let (file, other) = (store(b"value"), store(b"another"));
        assert_eq!(code(run(&file, |_| exported(&other))), Some(Code::DrillDiffers));
    }
}
