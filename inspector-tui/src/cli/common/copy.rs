//! What the verbs that write a new file of an old one say.

use super::failure::Failure;
use super::output::{Output, shown_path};
use std::path::Path;
use tosumu::Error;
use tosumu::transfer::CopyReport;

/// Prints what a copy holds, a line each.
pub fn print_copy(output: &mut Output, report: &CopyReport) -> Result<(), Failure> {
    let trees = match report.trees {
        0 => String::new(),
        1 => " in the main tree and a named one".to_owned(),
        trees => format!(" in the main tree and {trees} named ones"),
    };
    output.line(format!("source    commit {}, {}", report.source_commit, report.source_fingerprint))?;
    output.line(format!("copy      commit {}, {}", report.commit, report.fingerprint))?;
    output.line(format!("records   {}{trees}", report.records))?;
    output.line(format!("size      {} pages, {} bytes", report.pages, report.bytes))?;
    output.line(format!("digest    {}", report.digest))?;
    output.line("verified  the copy was read back: the same digest, and nothing found at level deep")
}

/// The failure of a copy from `source` to `target`: it is named for the file it happened to.
pub fn copy_failure(source: &Path, target: &Path, error: Error) -> Failure {
    match &error {
        Error::AlreadyExists { .. } => Failure::engine(target, error),
        Error::Io { file, .. } | Error::InUse { file, .. } if is_of(target, file) => Failure::engine(target, error),
        Error::Damage(finding) if finding.file.as_deref().is_some_and(|file| is_of(target, file)) => {
            Failure::engine(target, error)
        }
        Error::NoCommit { .. } => {
            Failure::new(super::Status::Cannot, error.code(), format!("{}: {error}", shown_path(source)))
        }
        _ => Failure::engine(source, error),
    }
}

/// Whether the engine's name for a file is that of `target`, of its log, or of the name it has while it is made.
fn is_of(target: &Path, file: &str) -> bool {
    let Some(name) = target.file_name().map(|name| name.to_string_lossy()) else { return false };
    file.strip_prefix(&*name).is_some_and(|rest| matches!(rest, "" | "-wal" | ".tmp" | ".tmp-wal" | ".tmp.tmp"))
}
