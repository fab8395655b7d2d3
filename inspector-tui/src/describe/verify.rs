//! What the verify view says: what was checked, what was not, and every finding with all that helps a person act on it.

use super::plural;
use crate::{model::Model, timeline::World};
use schemars::JsonSchema;
use serde::Serialize;
use tosumu::{
    Finding, PageNo, Severity,
    escape::escape_word,
    format::{node::NodeView, page::PageKind},
    inspect::Probe,
    types::Bytes,
};

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct FindingFacts {
    /// The stable code.
    pub code: String,
    /// How bad it is.
    pub severity: String,
    /// The file.
    pub file: Option<String>,
    /// The page.
    pub page: Option<u32>,
    /// First byte of the place.
    pub byte_start: Option<u64>,
    /// The byte behind it.
    pub byte_end: Option<u64>,
    /// What it means.
    pub what: String,
    /// How it was told.
    pub why: String,
    /// What should be there.
    pub expected: Option<String>,
    /// What is there.
    pub found: Option<String>,
    /// From the superblock to the place.
    pub path: Option<String>,
    /// What is lost.
    pub lost: Option<String>,
    /// What can bring it about.
    pub causes: String,
    /// What the probe says of its page, when it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<String>,
    /// What can be read all the same.
    pub sound: Option<String>,
    /// What to do now.
    pub next: Option<String>,
}

/// What a verification told.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct VerifyFacts {
    /// The file.
    pub file: String,
    /// How deep it went.
    pub level: Option<String>,
    /// What was checked.
    pub checked: Vec<String>,
    /// What was not, and why not.
    pub not_checked: Vec<String>,
    /// Pages checked.
    pub pages_checked: usize,
    /// Pages of those that are sound.
    pub pages_sound: usize,
    /// The findings.
    pub findings: Vec<FindingFacts>,
}

/// What is known of the soundness of `model`'s store.
pub fn verify(model: &Model) -> VerifyFacts {
    let world = &model.world;
    let report = model.report.as_ref();
    VerifyFacts {
        file: world.facts.file.clone(),
        level: report.map(|report| report.level.clone()),
        checked: report.map_or_else(|| world.facts.checked.clone(), |report| report.checked.clone()),
        not_checked: report.map_or_else(Vec::new, |report| report.not_checked.clone()),
        pages_checked: world.judged().0,
        pages_sound: world.judged().1,
        findings: model.findings().iter().map(|finding| facts(model, finding)).collect(),
    }
}

fn facts(model: &Model, finding: &Finding) -> FindingFacts {
    let world = &model.world;
    let probe = model.probe.as_ref().filter(|probe| Some(probe.page) == finding.page);
    FindingFacts {
        code: finding.code.as_str().into(),
        severity: finding.severity.to_string(),
        file: finding.file.clone(),
        page: finding.page.map(|page| page.0),
        byte_start: finding.byte_start,
        byte_end: finding.byte_end,
        what: what(finding),
        why: finding.why.clone(),
        expected: finding.expected.clone(),
        found: finding.found.clone(),
        path: finding.path.clone(),
        lost: finding.lost.clone(),
        causes: finding.code.causes_text(),
        probe: probe.map(|probe| probed(probe)),
        sound: finding.page.and_then(|page| sound_keys(world, page)),
        next: finding.next.clone(),
    }
}

/// The verdict of a probe with what speaks for it, what was tried beside, and where the good bytes are.
fn probed(probe: &Probe) -> String {
    let mut words = vec![format!("{}: {}", probe.verdict, probe.summary)];
    words.extend(probe.evidence.iter().cloned());
    if !probe.tried.is_empty() {
        words.push(format!("Tried: {}.", probe.tried.join("; ")));
    }
    words.extend(probe.recovery.clone());
    words.join(" ")
}

/// The code's meaning, with the page's number in it.
fn what(finding: &Finding) -> String {
    let meaning = finding.code.meaning();
    match (finding.page, meaning.strip_prefix("The page ")) {
        (Some(page), Some(rest)) => format!("Page {page} {rest}"),
        _ => meaning.into(),
    }
}

/// Which keys can be read although `page` cannot, and how.
fn sound_keys(world: &World, page: PageNo) -> Option<String> {
    let (low, high) = range_of(world, page)?;
    let quoted = |key: &Bytes| escape_word(key);
    match (low.filter(|key| !key.is_empty()), high) {
        (Some(low), Some(high)) => {
            let (low, high) = (quoted(&low), quoted(&high));
            Some(format!("keys below {low} and from {high} up: scan FILE --to {low}, scan FILE --from {high}"))
        }
        (Some(low), None) => {
            let low = quoted(&low);
            Some(format!("keys below {low}: scan FILE --to {low}"))
        }
        (None, Some(high)) => {
            let high = quoted(&high);
            Some(format!("keys from {high} up: scan FILE --from {high}"))
        }
        (None, None) => None,
    }
}

/// The keys that lie under `page`, as its ancestors' separators bound them: from the first on, up to the second.
fn range_of(world: &World, page: PageNo) -> Option<(Option<Bytes>, Option<Bytes>)> {
    let levels = world.levels(world.facts.root);
    let (mut low, mut high, mut at) = (None, None, page);
    for level in levels.pages.iter().rev().skip_while(|level| !level.contains(&page)).skip(1) {
        let (parent, slot) = level.iter().find_map(|parent| {
            let slot = world.children(*parent).iter().position(|child| *child == at)?;
            Some((*parent, slot))
        })?;
        let plain = world.page(parent)?.plain?;
        let node = NodeView::new(&plain).ok().filter(|node| node.kind() == PageKind::Branch)?;
        let key = |slot: usize| (slot < node.slot_count()).then(|| Bytes::from(node.key(slot)));
        low = low.or_else(|| key(slot).filter(|key| !key.is_empty()));
        high = high.or_else(|| key(slot + 1));
        at = parent;
    }
    Some((low, high)).filter(|(low, high)| low.is_some() || high.is_some())
}

impl VerifyFacts {
    /// `2 ERRORS, 1 warning`; empty when nothing is worse than info.
    pub fn verdict(findings: &[Finding]) -> String {
        let count = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let words = [(Severity::Fatal, "FATAL"), (Severity::Error, "ERROR"), (Severity::Warning, "warning")];
        let said: Vec<String> = words
            .iter()
            .filter_map(|(severity, word)| match (count(*severity), *severity) {
                (0, _) => None,
                (count, Severity::Fatal) => Some(format!("{count} {word}")),
                (1, Severity::Error) => Some(format!("1 {word}")),
                (count, Severity::Error) => Some(format!("{count} ERRORS")),
                (count, _) => Some(plural(count, word)),
            })
            .collect();
        said.join(", ")
    }

    /// What was checked and what was not, in one line of at most so many columns; what does not fit is counted.
    pub fn last_line(&self, columns: usize) -> String {
        if self.checked.is_empty() {
            return "Nothing was checked yet.".into();
        }
        let result = match self.findings.len() {
            0 => "No finding.".to_string(),
            count => format!("{}.", plural(count, "finding")),
        };
        let mut shown = (self.checked.len(), self.not_checked.len());
        loop {
            let not =
                if self.not_checked.is_empty() { String::new() } else { listed("Not", &self.not_checked, shown.1) };
            let line = format!("{}{not}{result}", listed("Checked", &self.checked, shown.0));
            if crate::widget::text::width(&line) <= columns || (shown.0 <= 1 && shown.1 <= 1) {
                return line;
            }
            // What was not checked gives way first, but never its first name.
            match shown.1 {
                0 | 1 => shown.0 = shown.0.saturating_sub(1).max(1),
                _ => shown.1 -= 1,
            }
        }
    }

    pub(super) fn plain(&self) -> String {
        let mut text =
            format!("{}: {} checked, {} sound.\n", self.file, plural(self.pages_checked, "page"), self.pages_sound);
        for (at, finding) in self.findings.iter().enumerate() {
            text.push_str(&format!("Finding {} of {}: {}\n", at + 1, self.findings.len(), finding.head()));
            for (label, words) in finding.lines() {
                text.push_str(&format!("{label}: {words}\n"));
            }
        }
        if self.checked.is_empty() {
            text.push_str("Nothing was checked yet.\n");
        } else {
            text.push_str(&format!("Checked: {}.\n", self.checked.join(", ")));
        }
        if !self.not_checked.is_empty() {
            text.push_str(&format!("Not checked: {}.\n", self.not_checked.join("; ")));
        }
        text
    }
}

/// `Checked: superblocks, log +2. `: the first names of a list without their remarks.
fn listed(word: &str, names: &[String], count: usize) -> String {
    let name = |name: &String| name.split(" (").next().unwrap_or(name).to_string();
    let shown: Vec<String> = names.iter().take(count).map(name).collect();
    let hidden = names.len().saturating_sub(count);
    let more = if hidden > 0 { format!(" +{hidden}") } else { String::new() };
    format!("{word}: {}{more}. ", shown.join(", "))
}

impl FindingFacts {
    /// `PAGE-STALE   error   page 2   bytes 8704-9215 of the page file`.
    pub fn head(&self) -> String {
        let mut head = format!("{}   {}", self.code, self.severity);
        if let Some(page) = self.page {
            head.push_str(&format!("   page {page}"));
        }
        if let (Some(start), Some(end)) = (self.byte_start, self.byte_end) {
            let file = self.file.as_deref().unwrap_or("");
            let file = if file.ends_with("-wal") { "log" } else { "page file" };
            match end.saturating_sub(start) {
                // A file that is not there has no bytes.
                0 => {}
                1 => head.push_str(&format!("   byte {start} of the {file}")),
                _ => head.push_str(&format!("   bytes {start}-{} of the {file}", end - 1)),
            }
        }
        head
    }

    /// The entries of its card, in the order a person asks for them.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("What", self.what.clone())];
        lines.extend(self.probe.iter().map(|probe| ("Probe", probe.clone())));
        lines.push(("Why", self.why.clone()));
        let mut add = |label, words: &Option<String>| {
            if let Some(words) = words {
                lines.push((label, words.clone()));
            }
        };
        // A stale page's reason names both versions already.
        if self.code != "PAGE-STALE" {
            let found = match (&self.found, &self.expected) {
                (Some(found), Some(expected)) => Some(format!("{}; expected {expected}", found.trim_end_matches('.'))),
                (found, _) => found.clone(),
            };
            add("Found", &found);
        }
        add("Path", &self.path);
        add("Causes", &Some(self.causes.clone()));
        add("Lost", &self.lost);
        // What to do names the same scans with the file's own name.
        let is_said = self.next.as_ref().is_some_and(|next| next.contains("scan ") && next.contains("--"));
        add("Sound", if is_said { &None } else { &self.sound });
        add("Next", &self.next);
        lines
    }
}
