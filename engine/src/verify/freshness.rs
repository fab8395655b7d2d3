//! Freshness: the one lie that nothing inside a file can tell is the whole file put back from an older copy.

use super::{Check, Level, Verifier};
use crate::crypto::Anchor;
use crate::finding::{Code, Finding};
use crate::inspect::{AtRest, VouchedState};
use crate::types::{CommitNo, FileId};

const NAME: &str = "freshness";

impl Verifier<'_> {
    pub(super) fn freshness(&mut self) -> Check {
        let file = self.file;
        let Some(anchor) = &self.options.anchor else {
            if self.level() == Level::Deep && file.state().is_ok() {
                self.report(unanchored(
                    file,
                    "Whether the whole file was put back from an older copy was not checked.",
                ));
            }
            return Check::not_run(NAME, "no fingerprint kept elsewhere was given: see --anchor");
        };
        let (Ok(state), Ok(chosen)) = (file.state(), file.chosen()) else {
            return Check::not_run(NAME, self.no_state());
        };
        if file.log().damage.is_some() {
            return Check::not_run(NAME, "the log is damaged, so the newest commit is not known");
        }
        match compare(file, chosen.superblock.file_id, state, anchor) {
            Comparison::Fits => Check::ran(NAME).note(format!("compared with commit {}", anchor.commit)),
            Comparison::Newer => {
                let why = format!(
                    "The file is at commit {}, after the fingerprint's commit {}; whether it goes on from that one \
                     can no longer be told, for that commit was folded into the page file.",
                    state.commit, anchor.commit
                );
                self.report(unanchored(file, &why));
                Check::ran(NAME).note(format!("not older than commit {}", anchor.commit))
            }
            Comparison::Differs(finding) => {
                self.report(*finding);
                Check::ran(NAME).note(format!("compared with commit {}", anchor.commit))
            }
        }
    }
}

enum Comparison {
    Fits,
    /// The file is newer than the anchor, whose commit's own fingerprint is not in the file any more.
    Newer,
    Differs(Box<Finding>),
}

fn compare(file: &AtRest, file_id: FileId, state: &VouchedState, anchor: &Anchor) -> Comparison {
    let ours = Anchor::new(file_id, state.commit, &state.fingerprint);
    let differs = |code, why: String, lost: &str| {
        Comparison::Differs(Box::new(
            Finding::new(code, why)
                .expected(anchor.to_string(), ours.to_string())
                .lost(lost)
                .next("Keep a copy of this file. Look for the newer file, or restore a backup."),
        ))
    };
    if anchor.id != ours.id {
        let why = "The fingerprint is of another database.".to_owned();
        return differs(
            Code::FreshFork,
            why,
            "Nothing is known to be lost; the fingerprint does not belong to this file.",
        );
    }
    if state.commit < anchor.commit {
        let why = format!("The file is at commit {}; it was at commit {} before.", state.commit, anchor.commit);
        return differs(Code::FreshRollback, why, "Every commit after the one the file is at.");
    }
    match known_fingerprint(file, state, anchor.commit) {
        Some(fingerprint) if Anchor::new(file_id, anchor.commit, &fingerprint) == *anchor => Comparison::Fits,
        Some(_) => {
            let why = format!("The file's own commit {} is not the one of the fingerprint.", anchor.commit);
            differs(Code::FreshFork, why, "The commits that the fingerprint's history had and this one has not.")
        }
        None => Comparison::Newer,
    }
}

/// The fingerprint of a commit, as far as the file still holds it: of the superblocks' commits and of those in the log.
fn known_fingerprint(file: &AtRest, state: &VouchedState, commit: CommitNo) -> Option<[u8; 16]> {
    if commit == state.commit {
        return Some(state.fingerprint);
    }
    let in_log = file.log().scan.iter().flat_map(|scan| &scan.commits).find(|place| place.commit == commit);
    let in_slots = || {
        let authentic = file.mac_findings().is_empty();
        file.slots().iter().flatten().find(|slot| authentic && slot.commit == commit).map(|slot| slot.fingerprint)
    };
    in_log.map(|place| place.body.fingerprint).or_else(in_slots)
}

fn unanchored(file: &AtRest, why: &str) -> Finding {
    let next = match file.fingerprint_line() {
        Some(line) => format!("Keep this line elsewhere and compare with it later: {line}."),
        None => "Keep the line that `fingerprint` prints elsewhere, and compare with it later.".to_owned(),
    };
    Finding::new(Code::FreshUnanchored, why).next(next)
}
