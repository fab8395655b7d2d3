//! Freshness: the one lie that nothing inside a file can tell is the whole file put back from an older copy.

use super::{Check, Level, Verifier};
use crate::crypto::{Anchor, Freshness, compare};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::inspect::{AtRest, VouchedState};
use crate::types::CommitNo;

const NAME: &str = "freshness";

impl Verifier<'_, '_> {
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
        let (Ok(state), Some(ours)) = (file.state(), file.anchor()) else {
            return Check::not_run(NAME, self.no_state());
        };
        if file.log().damage.is_some() {
            return Check::not_run(NAME, "the log is damaged, so the newest commit is not known");
        }
        match compare_with(file, state, anchor, &ours) {
            Freshness::Fits => Check::ran(NAME).note(format!("compared with commit {}", anchor.commit)),
            Freshness::Newer => {
                let why = format!(
                    "The file is at commit {}, after the fingerprint's commit {}; whether it goes on from that one \
                     can no longer be told, for that commit was folded into the page file.",
                    state.commit, anchor.commit
                );
                self.report(unanchored(file, &why));
                Check::ran(NAME).note(format!("not older than commit {}", anchor.commit))
            }
            Freshness::Differs(finding) => {
                self.report(*finding);
                Check::ran(NAME).note(format!("compared with commit {}", anchor.commit))
            }
        }
    }
}

fn compare_with(file: &AtRest, state: &VouchedState, anchor: &Anchor, ours: &Anchor) -> Freshness {
    let superblock = &file.chosen().expect("invariant: a state was vouched for by a superblock").superblock;
    compare(anchor, ours, superblock.key_slot_counter, |commit| {
        known_fingerprint(file, state, commit).map(|known| Anchor::new(superblock.file_id, commit, &known))
    })
}

/// Holds a file at rest against a fingerprint that was kept elsewhere, and nothing else of it. `FRESH-ROLLBACK`, `FRESH-FORK` are
/// errors; so is a file whose newest state nothing vouches for.
pub fn check_anchor(file: &AtRest, anchor: &Anchor) -> Result<()> {
    let state = file.state().map_err(|finding| Error::from(finding.clone()))?;
    let Some(ours) = file.anchor() else {
        return Err(Error::Misuse { why: "a fingerprint cannot be compared without the key".to_owned() });
    };
    match compare_with(file, state, anchor, &ours) {
        Freshness::Fits | Freshness::Newer => Ok(()),
        Freshness::Differs(finding) => Err(Error::Damage(finding)),
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
