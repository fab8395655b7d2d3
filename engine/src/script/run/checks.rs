//! Verification of the files as they are.

use super::{Done, Failure, Runner};
use crate::crypto::{Anchor, parse_fingerprint};
use crate::finding::{Code, Finding, Severity};
use crate::inspect::AtRest;
use crate::script::Op;
use crate::trace::{Event, Tracer};
use crate::types::PageNo;
use crate::verify::{Level, RankedCause, Report, VerifyOptions, verify};
use std::sync::Arc;

impl Runner {
    pub(super) fn verify(&mut self, level: Level) -> Done {
        let report = self.report(level, Tracer::new(self.gate.clone()))?;
        let findings = report.findings.iter().map(Finding::to_string);
        Ok(findings.chain([report.summary()]).collect::<Vec<_>>().join("\n"))
    }

    pub(super) fn missing_finding(
        &self,
        level: Level,
        code: Code,
        page: Option<PageNo>,
    ) -> Result<Option<String>, Failure> {
        let findings = self.report(level, Tracer::off())?.findings;
        let found = findings.iter().any(|finding| finding.code == code && (page.is_none() || finding.page == page));
        Ok((!found).then(|| listed(&findings)))
    }

    /// What is found when it is not this, or not this alone.
    pub(super) fn beside_finding(&self, code: Code, page: Option<PageNo>) -> Result<Option<String>, Failure> {
        let mut findings = self.report(Level::Deep, Tracer::off())?.findings;
        findings.retain(|finding| finding.severity > Severity::Info);
        let is_it = |finding: &Finding| finding.code == code && (page.is_none() || finding.page == page);
        let alone = !findings.is_empty() && findings.iter().all(is_it);
        Ok((!alone).then(|| listed(&findings)))
    }

    /// The first cause of such a finding, when it is another one or nothing speaks for it.
    pub(super) fn other_cause(&self, code: Code, words: &str) -> Result<Option<String>, Failure> {
        let report = self.report(Level::Deep, Tracer::off())?;
        let Some(finding) = report.findings.iter().find(|finding| finding.code == code) else {
            return Ok(Some(listed(&report.findings)));
        };
        let ranked = report.ranked_causes(finding);
        let spoken_for = |cause: &&RankedCause| ranked.len() == 1 || !cause.evidence.is_empty();
        Ok(match ranked.first().filter(spoken_for) {
            Some(first) if first.cause.what.starts_with(words) => None,
            Some(first) => Some(first.cause.what.to_owned()),
            None => Some("nothing speaks for one cause more than for another".to_owned()),
        })
    }

    pub(super) fn unclean(&self, level: Level) -> Result<Option<String>, Failure> {
        let mut findings = self.report(level, Tracer::off())?.findings;
        findings.retain(|finding| finding.severity > Severity::Info);
        Ok((!findings.is_empty()).then(|| listed(&findings)))
    }

    /// The files as the operating system shows them; the database may be open meanwhile.
    fn report(&self, level: Level, tracer: Tracer) -> Result<Report, Failure> {
        let anchor = match level {
            Level::Anchored => Some(self.kept_fingerprint()?),
            _ => None,
        };
        let file = AtRest::open(Arc::new(self.disk.clone()), &self.options.file, self.unlock().as_ref())?;
        Ok(verify(&file, &VerifyOptions { level, anchor, tracer, ..VerifyOptions::default() })?)
    }

    /// The one that was kept last. It is read from what was told, and so outlives the program and the power.
    fn kept_fingerprint(&self) -> Result<Anchor, Failure> {
        let kept = self.recorder.events_from(0).iter().rev().find_map(|event| match &**event {
            Event::OperationEnded { line, outcome, succeeded: true, .. }
                if *line == Op::KeepFingerprint.to_string() =>
            {
                parse_fingerprint(outcome)
            }
            _ => None,
        });
        let noted = || parse_fingerprint(self.options.found.as_ref()?.fingerprint.as_deref()?);
        kept.or_else(noted)
            .map_or_else(|| Failure::refused("no fingerprint was kept; `keep fingerprint` keeps one"), Ok)
    }
}

fn listed(findings: &[Finding]) -> String {
    let listed: Vec<String> = findings
        .iter()
        .map(|finding| match finding.page {
            Some(page) => format!("{} page {page}", finding.code),
            None => finding.code.to_string(),
        })
        .collect();
    if listed.is_empty() { "nothing was found".to_owned() } else { listed.join(", ") }
}
