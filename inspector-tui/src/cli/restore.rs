//! `tosumu restore`: what a database held at a commit, in a new file; and the drill that shows that it can be done.

use super::common::{
    Failure, KeyOptions, Outcome, Output, Status, copy_failure, note, print_copy, shown_path, with_unlock,
    witness_anchor,
};
use clap::Args;
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tosumu::crypto::{Anchor, parse_fingerprint};
use tosumu::transfer::{Restore, RestoreReport, archived_databases};
use tosumu::vfs::OsVfs;
use tosumu::{CommitNo, Error};

/// Write what a database held at a commit into a new file, and a receipt: what was read, how long it took, equal digests
///
/// The source is a database, or a base (FILE-ID-N.tsm) of an archive. Its own log reaches back to the last checkpoint; the logs
/// that `feed --archive` and `checkpoint --archive` kept reach further. Without --to-commit the newest commit is restored.
#[derive(Args)]
pub struct RestoreVerb {
    /// The database, or a base of the archive
    source: PathBuf,
    /// The file to create
    target: PathBuf,
    /// The folder that holds the finished logs
    #[arg(long, value_name = "DIR")]
    archive: Option<PathBuf>,
    /// The commit to bring back
    #[arg(long, value_name = "N")]
    to_commit: Option<u64>,
    #[command(flatten)]
    keys: KeyOptions,
}

impl RestoreVerb {
    /// Restores, and prints the receipt.
    pub fn run(self) -> Outcome {
        if !self.source.exists() {
            return Err(self.no_source());
        }
        let kept = witness_anchor(&self.keys)?;
        // An error is told below, where the files are known; only one of the key may be met by asking for it.
        let told = Cell::new(None);
        let started = Cell::new(Instant::now());
        let restored = with_unlock(&self.source, &self.keys, |unlock| {
            started.set(Instant::now());
            let mut restore = Restore::new().unlock(unlock);
            if let Some(folder) = &self.archive {
                restore = restore.archive(folder);
            }
            if let Some(commit) = self.to_commit {
                restore = restore.to_commit(CommitNo(commit));
            }
            match restore.run(&self.source, &self.target) {
                Err(error) if !is_of_the_key(&error) => {
                    told.set(Some(error));
                    Ok(None)
                }
                other => other.map(Some),
            }
        })?;
        match (restored, told.take()) {
            (Some(report), _) => {
                self.print(&report, started.get())?;
                Ok(self.compare(&report, kept.as_ref()))
            }
            (None, Some(error)) => Err(self.failure(error)),
            (None, None) => Err(Failure::misuse("nothing was restored")),
        }
    }

    /// Whether the newest commit that was found is as new as the one that the witness names. An older file is better than none,
    /// so it is kept, and told.
    fn compare(&self, report: &RestoreReport, kept: Option<&Anchor>) -> Status {
        let (Some(kept), None, Some(witness)) = (kept, self.to_commit, self.keys.witness()) else {
            return Status::Done;
        };
        let Some(restored) = parse_fingerprint(&report.copy.source_fingerprint) else { return Status::Done };
        let told = if restored.id != kept.id {
            "is of another database".to_owned()
        } else if restored.commit < kept.commit {
            format!(
                "knows commit {}: what came after commit {} is in none of these files",
                kept.commit, restored.commit
            )
        } else if restored.commit == kept.commit && restored.text != kept.text {
            format!("knows another commit {}: these files have another history", kept.commit)
        } else {
            return Status::Done;
        };
        note(format!("{}: {told}; {} was written all the same", shown_path(witness), shown_path(&self.target)));
        Status::Nothing
    }

    fn print(&self, report: &RestoreReport, started: Instant) -> Result<(), Failure> {
        let seconds = started.elapsed().as_secs_f64();
        let mut output = Output::new();
        let (target, source) = (shown_path(&self.target), shown_path(&self.source));
        output.line(format!("{target}: commit {} of {source}, restored in {seconds:.3} s", report.commit))?;
        output.line(format!("read      {}", report.files.join(", ")))?;
        for passed_over in &report.passed_over {
            output.line(format!("not used  {passed_over}"))?;
        }
        print_copy(&mut output, &report.copy)?;
        output.finish()
    }

    /// A file of the archive is named with its folder, as the user can copy it.
    fn failure(&self, error: Error) -> Failure {
        if let (Some(folder), Error::Damage(finding)) = (&self.archive, &error)
            && let Some(name) = finding.file.as_deref()
            && (name.ends_with(".log") || folder.join(name).exists())
            && self.source.file_name() != Some(name.as_ref())
        {
            return Failure::engine(&folder.join(name), error);
        }
        copy_failure(&self.source, &self.target, error)
    }

    fn no_source(&self) -> Failure {
        let mut message = format!("{}: there is no such file", shown_path(&self.source));
        if let Some(folder) = &self.archive {
            message.push_str(&bases_to_name(folder));
        }
        Failure::new(Status::Cannot, "NOT-FOUND", message)
    }
}

/// What may be named as the source when the database is gone.
fn bases_to_name(folder: &Path) -> String {
    let shown = shown_path(folder);
    let databases = match archived_databases(&OsVfs, folder) {
        Ok(databases) => databases,
        Err(error) => return format!("; nor can the archive be read: {error}"),
    };
    match databases.as_slice() {
        [] => format!("; and {shown} holds no page file of any database"),
        [one] => {
            let newest = one.bases.last().map_or("", String::as_str);
            format!(
                "; {shown} holds one database: name a base of it as the source, {}",
                shown_path(&folder.join(newest))
            )
        }
        several => {
            let names: Vec<String> = several
                .iter()
                .filter_map(|database| database.bases.last())
                .map(|base| shown_path(&folder.join(base)))
                .collect();
            format!("; {shown} holds several databases: name a base of the one you mean, {}", names.join(" or "))
        }
    }
}

fn is_of_the_key(error: &Error) -> bool {
    matches!(error.code(), "KEY-NO-SLOT" | "KEY-WRONG")
}
