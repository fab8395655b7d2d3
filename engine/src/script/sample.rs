//! The sample store of the lab: two leaves under a root, the second with 2 bytes left, and one commit in the log.

/// The script that makes it. The next put into the second leaf, `put m 13`, splits it.
pub const SAMPLE_STORE: &str = "\
# The sample store: ten records in two leaves, checkpointed, and one more in the log.
page-size 512
begin
put b b is letter 2 . . . . . . . . . . . . . . . . . . . . . . ..
put d d is letter 4 . . . . . . . . . . . . . . . . . . . . . . ..
put f f is letter 6 . . . . . . . . . . . . . . . . . . . . . . ..
put n n is letter 14 . . . . . . . . . . . . . . . . . . . . . . .
put p p is letter 16 . . . . . . . . . . . . . . . . . . . . . . .
put r r is letter 18 . . . . . . . . . . . . . . . . . . . . . . .
put l l is letter 12 . . . . . . . . . . . . . . . . . . . . . . .
put h h is letter 8 . . . . . . . . . . . . . . . . . . . . . . ..
put j j is letter 10 . . . . . . . . . . . . . . . . . . . . . . .
put t t is letter 20 . . . . . . . . . . . . . . . . . . . . . . .
commit
checkpoint
put v v is letter 22 . . . . . . . . . . . . . . . . . . . . . . .
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Op, Runner, RunnerOptions, Script};
    use crate::trace::Event;
    use crate::types::{CommitNo, PageNo};

    fn sample() -> Runner {
        let script = Script::parse(SAMPLE_STORE).unwrap();
        let mut runner = Runner::new(script.options(RunnerOptions::default()));
        for line in &script.lines {
            if let Op::Put { value, .. } = &line.op {
                assert_eq!(value.len(), 60, "{}", line.text);
            }
            let outcome = runner.run(&line.op);
            assert!(!outcome.failed, "{}: {}", line.text, outcome.text);
        }
        runner
    }

    #[test]
    fn the_sample_store_is_as_the_screens_draw_it() {
        let shown = sample().run_line("show tree").text;
        assert_eq!(
            shown,
            "page 3 branch, level 1, 367 bytes free: l\n  page 1 leaf, 75 bytes free: b d f h j\n  \
             page 2 leaf, 2 bytes free: l n p r t v"
        );
    }

    #[test]
    fn one_more_record_splits_the_second_leaf() {
        let mut runner = sample();
        let first = runner.recorder().count();
        assert_eq!(runner.run_line("put m 13").text, "commit 4");
        let events = runner.recorder().events_from(first);
        let keys = |keys: &[&str]| keys.iter().map(|key| key.as_bytes().into()).collect::<Vec<crate::types::Bytes>>();
        assert!(events.iter().any(
            |event| matches!(&**event, Event::PageSplit { page: PageNo(2), new_page: PageNo(4), moved, separator, .. }
            if *moved == keys(&["r", "t", "v"]) && &**separator == b"r")
        ));
        assert!(events.iter().any(|event| matches!(&**event, Event::RecordWritten { page: PageNo(2), slot: 1, .. })));
        assert!(events.iter().any(|event| matches!(&**event, Event::SeparatorWritten { page: PageNo(3), .. })));
        let sealed = events.iter().filter(|event| matches!(&***event, Event::PageSealed { .. })).count();
        let written: Vec<&str> = events
            .iter()
            .filter_map(|event| match &**event {
                Event::FileWritten { file, .. } => Some(file.as_str()),
                _ => None,
            })
            .collect();
        let synced = events.iter().filter(|event| matches!(&***event, Event::FileSynced { .. })).count();
        assert_eq!((sealed, written, synced), (3, vec!["lab.tsm-wal"], 1));
        assert!(events.iter().any(|event| matches!(&**event, Event::TransactionCommitted { commit: CommitNo(4), .. })));
    }
}
