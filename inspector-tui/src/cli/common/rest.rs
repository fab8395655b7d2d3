//! Looking at a file at rest, sound or broken, for the verbs that show and judge rather than serve.

use super::failure::{Failure, Status};
use super::key::KeyOptions;
use super::open::key_failure;
use super::output::{Output, shown_path};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tosumu::crypto::Anchor;
use tosumu::inspect::{AtRest, Beside};
use tosumu::verify::check_anchor;
use tosumu::vfs::{OsVfs, Vfs};
use tosumu::{Code, Error, Finding, Unlock, read_witness};

/// As [`open_unwitnessed`]; when the options name a witness file, the file is compared with it and refused when it is older.
pub fn open_at_rest(path: &Path, keys: &KeyOptions) -> Result<AtRest, Failure> {
    // Read before the database: beside a writer it would else know of commits that were not there yet when that was read.
    let anchor = witness_anchor(keys)?;
    let file = open_unwitnessed(path, keys)?;
    if let Some(anchor) = anchor
        && file.anchor().is_some()
    {
        check_anchor(&file, &anchor).map_err(|error| Failure::engine(path, error))?;
    }
    Ok(file)
}

/// The last line of the witness file that the options name.
pub fn witness_anchor(keys: &KeyOptions) -> Result<Option<Anchor>, Failure> {
    let Some(path) = keys.witness() else { return Ok(None) };
    let place = shown_path(path);
    let failed = |error| match error {
        Error::NotFound { .. } => {
            Failure::new(Status::Cannot, "NOT-FOUND", format!("{place}: there is no witness file"))
        }
        other => Failure::engine(path, other),
    };
    match read_witness(&OsVfs, path).map_err(failed)? {
        Some(anchor) => Ok(Some(anchor)),
        None => Err(Failure::misuse(format!(
            "{place}: is empty, and no witness file: it has no line that `fingerprint` printed"
        ))),
    }
}

/// Looks at the file with the key given, or with none; on a terminal a passphrase is asked for when the file has a slot for
/// one. A key that does not fit is no failure here: the file stays locked, and says so.
pub fn open_unwitnessed(file: &Path, keys: &KeyOptions) -> Result<AtRest, Failure> {
    open_with_key(file, keys.unlock()?.as_ref())
}

/// As [`open_unwitnessed`], with the key that was given already, or none.
pub fn open_with_key(file: &Path, given: Option<&Unlock>) -> Result<AtRest, Failure> {
    let vfs: Arc<dyn Vfs> = Arc::new(OsVfs);
    let open =
        |unlock: Option<&Unlock>| AtRest::open(vfs.clone(), file, unlock).map_err(|error| key_failure(file, error));
    let mut found = open(given)?;
    if given.is_none()
        && wants_passphrase(&found)
        && let Some(unlock) = KeyOptions::prompt(file)?
    {
        found = open(Some(&unlock))?;
    }
    Ok(found)
}

/// The files that a bad page may come from; each is opened with the key given for the one that is judged, or without.
pub fn open_beside(files: &[PathBuf], unlock: Option<&Unlock>) -> Result<Vec<Beside>, Failure> {
    let open =
        |file: &PathBuf| Beside::open(Arc::new(OsVfs), file, unlock).map_err(|error| Failure::engine(file, error));
    files.iter().map(open).collect()
}

/// As [`open_at_rest`], for the verbs that draw: a file that is not ours and a key that does not fit are refused. Damage is not,
/// for it is there to be looked at; nor is a locked file for which no key was given, which is drawn sealed.
pub fn open_to_draw(path: &Path, keys: &KeyOptions) -> Result<AtRest, Failure> {
    let file = open_at_rest(path, keys)?;
    refuse_what_cannot_be_drawn(&file, path, keys)?;
    Ok(file)
}

/// The refusals of [`open_to_draw`], for a file that is open.
pub fn refuse_what_cannot_be_drawn(file: &AtRest, path: &Path, keys: &KeyOptions) -> Result<(), Failure> {
    if let Err(finding) = file.chosen()
        && finding.code == Code::HdrMagic
    {
        return Err(Failure::engine(path, Error::from(finding.clone())));
    }
    match key_that_does_not_fit(file, keys) {
        Some(finding) => {
            let message = format!("{}: {}", shown_path(path), finding.why);
            Err(Failure::new(Status::Cannot, finding.code.as_str(), message))
        }
        None => Ok(()),
    }
}

/// What is said of the key that the options give when it opens no slot. Giving none is no failure by itself.
pub fn key_that_does_not_fit<'a>(file: &'a AtRest, keys: &KeyOptions) -> Option<&'a Finding> {
    let finding = file.keys().err().filter(|_| keys.is_given())?;
    matches!(finding.code, Code::KeyWrong | Code::KeyNoSlot).then_some(finding)
}

fn wants_passphrase(file: &AtRest) -> bool {
    let Err(finding) = file.keys() else { return false };
    finding.code == Code::KeyNoSlot && finding.found.as_deref().is_some_and(|kinds| kinds.contains("passphrase"))
}

/// Prints one value as JSON.
pub fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|why| Failure::io("standard output", io::Error::other(why.to_string())))?;
    let mut output = Output::new();
    output.line(text)?;
    output.finish()
}
