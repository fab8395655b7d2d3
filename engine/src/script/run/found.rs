//! A world that begins with files that were found, and the way out of one that is damaged: its salvaged copy.

use super::{Done, Failure, Runner, RunnerOptions, counted};
use crate::crypto::InsecureSeededEntropy;
use crate::format::page::SealedView;
use crate::inspect::{AtRest, PageBytes};
use crate::script::Place;
use crate::trace::{Event, PageImage, PageSource, Recorder, Sink};
use crate::transfer::{LossReport, Salvage};
use crate::types::PageNo;
use crate::vfs::{DiskImage, SimVfs};
use std::sync::Arc;

/// Files that somebody found: a runner that begins with them has no past.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// The files by name: the page file and, where it has one, its log.
    pub files: Vec<(String, Vec<u8>)>,
    /// What its owner noted of it before anything happened, for `verify anchored`.
    pub fingerprint: Option<String>,
}

/// The salvaged copy, before it takes the place of the store.
const SAVED: &str = "salvaged.tsm";

impl Runner {
    /// A world that begins with these files. They are looked through once, and nothing is open.
    pub(super) fn of_found(found: &Found, options: RunnerOptions) -> Runner {
        let disk = SimVfs::from_image(DiskImage::of(found.files.iter().cloned()), options.seed);
        let mut runner = Runner::closed(options, disk, Recorder::new(), 0);
        for (file, bytes) in &found.files {
            let data = Some(bytes.clone().into());
            runner.recorder.take(Event::FileReplaced { what: String::new(), file: file.clone(), data });
        }
        runner.look_through();
        runner.last = 0..runner.recorder.count();
        runner
    }

    /// Tells every page that authenticates for its place, in the page file and in the log: what is shown of files at rest.
    fn look_through(&mut self) {
        let disk = Arc::new(SimVfs::from_image(self.disk.image(), self.options.seed));
        // Where nothing opens the file nothing can be told of its pages.
        let Ok(file) = AtRest::open(disk, &self.options.file, self.unlock().as_ref()) else { return };
        for page in (1..=file.pages_in_file()).map(PageNo) {
            let in_file = file.file_page(page).ok().map(|found| (PageSource::File, found));
            let in_log = file.newest_page(page).ok().filter(|_| file.is_in_log(page));
            let found = in_file.into_iter().chain(in_log.map(|found| (PageSource::Log, found)));
            found.for_each(|(source, found)| self.tell_page(&file, page, source, &found));
        }
        self.recorder.take(Event::HandleDropped);
    }

    fn tell_page(&self, file: &AtRest, page: PageNo, source: PageSource, found: &PageBytes) {
        let Ok(plain) = file.open_bytes(page, found) else { return };
        let Some(view) = SealedView::new(&found.bytes) else { return };
        let Ok(header) = view.header() else { return };
        let image = PageImage { page, plain: plain.into_vec().into() };
        let (seal, offset) = (view.seal(), found.source.offset());
        self.recorder.take(Event::PageOpened { page, commit: header.commit, seal, source, offset, after: vec![image] });
    }

    /// The store gives way to what can be saved of it. The program ends first, if it still runs.
    pub(super) fn salvage(&mut self, line: &str) -> Done {
        if self.database.is_some() {
            self.end_program();
        }
        let disk = SimVfs::from_image(self.disk.image(), self.options.seed);
        let entropy = InsecureSeededEntropy::new(self.options.seed ^ self.recorder.count() as u64);
        let salvage = Salvage::new().vfs(Arc::new(disk.clone())).entropy(Arc::new(entropy));
        let salvage = match self.unlock() {
            Some(unlock) => salvage.unlock(unlock),
            None => salvage,
        };
        let report = salvage.run(&self.options.file, SAVED)?;
        let saved = disk.files().into_iter().find(|file| file.file == SAVED).map(|file| file.bytes.to_vec());
        let Some(saved) = saved else { return Failure::refused("invariant: salvage made its file") };
        if self.file_bytes(&self.log_name()).is_some() {
            self.put_file(Place::Log, None, line)?;
        }
        self.put_file(Place::Pages, Some(saved), line)?;
        self.open(false)?;
        Ok(said(&report))
    }
}

/// What was saved, and what is lost, a line each.
fn said(report: &LossReport) -> String {
    let mut lines = vec![format!("{} saved, certain", counted(report.totals.certain, "record"))];
    let recovered = report.recovered.iter().map(|page| format!("page {} recovered: {}", page.page, page.how));
    lines.extend(recovered);
    let lost = report.lost_ranges.iter();
    lines.extend(lost.map(|range| format!("lost: {range}: page {}, {}", range.page, range.finding.code)));
    match report.totals.lost_records {
        Some(0) | None => {}
        Some(count) => lines.push(format!("lost: {} by the stored count", counted(count, "record"))),
    }
    if report.totals.values_lost > 0 {
        lines.push(format!("lost: {}", counted(report.totals.values_lost, "long value")));
    }
    let may_lose = report.choices.iter().filter_map(|choice| choice.may_lose.as_deref());
    lines.extend(may_lose.map(|lost| format!("may be missing: {lost}")));
    lines.push("the salvaged copy stands in the store's place".to_owned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Expect, Op};

    fn damaged() -> RunnerOptions {
        let mut runner = Runner::new(RunnerOptions::default());
        let lines = ["fill 40 ascending value 20", "checkpoint", "put k0001 changed", "tamper page 2 zero"];
        let noted = lines.iter().map(|line| (runner.run_line(line), runner.run_line("show fingerprint").text));
        let fingerprint = noted.last().map(|(_, line)| line);
        runner.finish();
        let files = runner.disk().files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect();
        RunnerOptions { found: Some(Arc::new(Found { files, fingerprint })), ..RunnerOptions::default() }
    }

    fn holds(runner: &mut Runner, line: &str) {
        let Ok(Op::Expect(expect)) = Op::parse(&format!("expect {line}")) else { panic!("{line}") };
        let expect: Expect = expect;
        runner.holds(&expect).unwrap_or_else(|why| panic!("{line}: {why}"));
    }

    #[test]
    fn files_that_were_found_have_no_past_and_are_shown_page_by_page() {
        let mut runner = Runner::new(damaged());
        let events = runner.recorder().events_from(0);
        assert!(runner.database().is_none());
        let told = events.iter().map(|event| event.name()).collect::<Vec<_>>().join(" ");
        assert!(told.starts_with("file-replaced file-replaced page-opened"), "{told}");
        assert!(told.ends_with("handle-dropped") && !told.contains("operation"), "{told}");
        let two = PageNo(2);
        assert!(!events.iter().any(|event| event.page() == Some(two)), "page 2 is zeros, and cannot be opened");
        holds(&mut runner, "only PAGE-ZERO page 2");
        holds(&mut runner, "anchored PAGE-ZERO");
        assert!(!runner.run_line("reopen").failed);
        holds(&mut runner, "get k0001 changed");
    }

    #[test]
    fn the_same_files_and_operations_leave_the_same_trace() {
        let run = || {
            let runner = Runner::replayed(&["verify".to_owned(), "salvage".to_owned()], damaged());
            (runner.recorder().events_from(0), runner.disk().image())
        };
        assert_eq!(run(), run());
        let mut runner = Runner::replayed(&["salvage".to_owned()], damaged());
        holds(&mut runner, "clean");
        assert!(runner.run_line("beside other new").text.contains("another database"));
    }

    #[test]
    fn without_a_fingerprint_nothing_is_held_against_one() {
        let options = damaged();
        let found = options.found.as_ref().map(|found| Found { fingerprint: None, ..(**found).clone() });
        let mut runner = Runner::new(RunnerOptions { found: found.map(Arc::new), ..options });
        assert!(runner.run_line("verify anchored").failed);
    }

    #[test]
    fn what_is_no_database_is_found_too_and_tells_nothing() {
        let files = vec![("lab.tsm".to_owned(), b"Dear Sir".to_vec())];
        let found = Some(Arc::new(Found { files, fingerprint: None }));
        let mut runner = Runner::new(RunnerOptions { found, ..RunnerOptions::default() });
        assert!(runner.recorder().events_from(0).iter().all(|event| event.page().is_none()));
        assert!(runner.run_line("reopen").failed && runner.run_line("salvage").failed);
    }
}
