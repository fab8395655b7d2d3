//! What may have brought a finding about, ranked by what the rest of the report says.
//!
//! [`Code::causes`] lists causes by how likely they are when nothing more is known. Here each takes in what speaks for it in this
//! file, and those that something speaks for come first.

use super::Report;
use crate::finding::{Cause, Code, Finding};
use crate::types::PageNo;

/// A cause, and what speaks for it in this file.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RankedCause {
    /// The cause.
    pub cause: Cause,
    /// What speaks for it here; empty when nothing does.
    pub evidence: Vec<String>,
}

impl Report {
    /// What may have brought `finding`, one of this report, about: the likeliest first.
    pub fn ranked_causes(&self, finding: &Finding) -> Vec<RankedCause> {
        let evidence = self.evidence(finding);
        let mut ranked: Vec<RankedCause> = finding
            .code
            .causes()
            .iter()
            .enumerate()
            .map(|(index, &cause)| {
                let evidence = evidence.iter().filter(|(about, _)| *about == index);
                RankedCause { cause, evidence: evidence.map(|(_, said)| said.clone()).collect() }
            })
            .collect();
        ranked.sort_by_key(|ranked| std::cmp::Reverse(ranked.evidence.len()));
        ranked
    }

    /// What is known, each with the number of the cause in [`Code::causes`] that it speaks for.
    fn evidence(&self, finding: &Finding) -> Vec<(usize, String)> {
        let (_, same) = (finding.page, self.pages_with(finding.code));
        let says = |words: &str| {
            finding.why.contains(words) || finding.found.as_deref().is_some_and(|found| found.contains(words))
        };
        let mut evidence = Vec::new();
        match finding.code {
            Code::PageUnauthentic => {
                if says("changed, at byte") || says("has rotted") {
                    evidence.push((0, finding.found.clone().unwrap_or_default()));
                }
                if says("a torn write looks so") {
                    evidence.push((1, "its beginning is what is asked for and its end is not".to_owned()));
                }
                if let Some(run) = run_around(finding.page, &same) {
                    evidence.push((2, format!("pages {} to {} are all like this, side by side", run.0, run.1)));
                }
            }
            Code::PageStale => match same.len() {
                1 => evidence.push((0, "it is the only page that is old".to_owned())),
                many => evidence.push((1, format!("{many} pages are old together"))),
            },
            Code::PageMisplaced => {
                if says("swapped") || self.is_swapped(finding) {
                    evidence.push((1, "each of two pages stands in the place of the other".to_owned()));
                } else if same.len() == 1 {
                    evidence.push((0, "it is the only page that is not in its place".to_owned()));
                }
            }
            Code::PageForeign => match same.len() {
                1 => evidence.push((0, "it is the only page of another file".to_owned())),
                many => evidence.push((1, format!("{many} pages are another file's"))),
            },
            Code::PageZero => {
                let reaches_end =
                    run_around(finding.page, &same).map_or(finding.page.map(|page| page.0), |run| Some(run.1.0));
                match reaches_end == Some(self.pages_total) {
                    true => evidence.push((0, "nothing stands behind it in the file".to_owned())),
                    false => evidence.push((1, "sound pages stand behind it in the file".to_owned())),
                }
            }
            Code::HdrCrc if finding.why.contains("zero") => {
                evidence.push((0, "the slot is zeros, as one that was never written".to_owned()));
            }
            Code::LogRot if says("MAC is wrong") => {
                evidence.push((1, "its checksum is right, which rot does not leave so".to_owned()));
            }
            Code::LogRecord if says("padding") => {
                evidence.push((1, "every record is right, only the padding is not".to_owned()));
            }
            _ => {}
        }
        evidence
    }

    /// The pages with findings of one code, in order.
    fn pages_with(&self, code: Code) -> Vec<PageNo> {
        let mut pages: Vec<PageNo> =
            self.findings.iter().filter(|finding| finding.code == code).filter_map(|finding| finding.page).collect();
        pages.sort_unstable();
        pages.dedup();
        pages
    }

    /// Whether the page that stands here says the same of the place it belongs to.
    fn is_swapped(&self, finding: &Finding) -> bool {
        let found_at = |finding: &Finding| number_behind("stands page ", &finding.why);
        let Some(home) = found_at(finding) else { return false };
        self.findings.iter().any(|other| {
            other.code == Code::PageMisplaced
                && other.page == Some(PageNo(home))
                && found_at(other).map(PageNo) == finding.page
        })
    }
}

/// The number that follows these words.
fn number_behind(words: &str, text: &str) -> Option<u32> {
    let (_, rest) = text.split_once(words)?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// The run of three and more neighbouring pages that a page is one of.
fn run_around(page: Option<PageNo>, pages: &[PageNo]) -> Option<(PageNo, PageNo)> {
    let page = page?;
    let run = pages.chunk_by(|a, b| a.0.checked_add(1) == Some(b.0)).find(|run| run.contains(&page))?;
    (run.len() >= 3).then(|| (run[0], run[run.len() - 1]))
}
