//! `tosumu inspect probe`: which lie a page is, with all that speaks for it.

use super::common::{Failure, shown_path};
use super::hex::page_bytes;
use super::inspect::Shown;
use serde_json::json;
use std::path::Path;
use tosumu::PageNo;
use tosumu::inspect::{AtRest, Beside, Probe, Verdict};

/// The probe of one page, in prose and as an object.
pub(super) fn probed(file: &AtRest, path: &Path, page: PageNo, beside: &[Beside]) -> Result<Shown, Failure> {
    // A page that the file does not have is refused as the other verbs refuse it.
    page_bytes(file, path, page)?;
    let probe = file.probe(page, beside).map_err(|error| Failure::engine(path, error))?;
    let mut shown = Shown::new(json!(probe));
    let place = format!("bytes {}-{} of {}", probe.byte_start, probe.byte_end.saturating_sub(1), shown_path(path));
    let place = if probe.file == file.name() { place } else { place + "-wal" };
    shown.line(format!("page {page}, {place}: {}", probe.verdict));
    lines_of(&probe).into_iter().for_each(|line| shown.line(line));
    if let Some(finding) = probe.finding() {
        shown.found(&finding);
    }
    Ok(shown)
}

fn lines_of(probe: &Probe) -> Vec<String> {
    let mut lines = vec![probe.summary.clone()];
    if let Some(path) = &probe.path {
        lines.push(format!("Reached by {path}."));
    }
    lines.extend(probe.evidence.iter().map(|sentence| format!("  {sentence}")));
    if !probe.tried.is_empty() {
        lines.push("Tried, and it was not that:".to_owned());
        lines.extend(probe.tried.iter().map(|what| format!("  {what}")));
    }
    match &probe.recovery {
        Some(recovery) => lines.push(recovery.clone()),
        None if probe.verdict != Verdict::Sound && probe.expected.is_some() => {
            lines.push("The page that is asked for was found nowhere.".to_owned());
        }
        None => {}
    }
    lines
}
