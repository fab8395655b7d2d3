//! Verification of the files as they are.

use super::{Done, Failure, Runner};
use crate::finding::{Code, Finding};
use crate::types::PageNo;

impl Runner {
    pub(super) fn verify(&mut self) -> Done {
        let findings = self.findings()?;
        let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
        Ok(if lines.is_empty() { "nothing was found".to_owned() } else { lines.join("\n") })
    }

    pub(super) fn missing_finding(&self, code: Code, page: Option<PageNo>) -> Result<Option<String>, Failure> {
        let findings = self.findings()?;
        let found = findings.iter().any(|finding| finding.code == code && (page.is_none() || finding.page == page));
        Ok((!found).then(|| listed(&findings)))
    }

    pub(super) fn unclean(&self) -> Result<Option<String>, Failure> {
        let worse: Vec<Finding> =
            self.findings()?.into_iter().filter(|finding| finding.severity > crate::Severity::Info).collect();
        Ok((!worse.is_empty()).then(|| listed(&worse)))
    }

    fn findings(&self) -> Result<Vec<Finding>, Failure> {
        Failure::refused("verification is not built into this engine")
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
