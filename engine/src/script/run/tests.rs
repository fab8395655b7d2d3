use super::*;
use crate::script::Measure;
use crate::trace::write_trace;

fn runner() -> Runner {
    Runner::new(RunnerOptions::default())
}

fn run(runner: &mut Runner, lines: &str) -> Vec<String> {
    lines.lines().map(|line| runner.run_line(line.trim()).text).collect()
}

fn trace(runner: &Runner) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_trace(&mut bytes, Level::Full, &runner.recorder().events_from(0)).unwrap();
    bytes
}

const BUSY: &str = "fill 30 random value 40\nbegin\nput a 1\ncommit\ncheckpoint\nput b 2\ncrash at write 1 torn 1\nput c 3\n\
                    reopen\nt1: begin-read\ndel a\nt1: get a\nt1: end\nverify\nshow tree";

#[test]
fn the_same_operations_and_seed_give_the_same_trace_to_the_byte() {
    let traces: Vec<_> = (0..2)
        .map(|_| {
            let mut runner = runner();
            run(&mut runner, BUSY);
            trace(&runner)
        })
        .collect();
    assert!(traces[0] == traces[1]);
    let lines: Vec<String> = BUSY.lines().map(str::to_owned).collect();
    assert!(trace(&Runner::replayed(&lines, RunnerOptions::default())) == traces[0]);
    let other = RunnerOptions { seed: 2, ..RunnerOptions::default() };
    assert!(trace(&Runner::replayed(&lines, other)) != traces[0]);
}

#[test]
fn a_transaction_stays_open_from_line_to_line() {
    let mut runner = runner();
    let said = run(&mut runner, "begin\nput a 1\nget a\ncheckpoint\nbegin\nrollback\nget a\nput a 2\nget a\ncommit");
    assert_eq!(said[2], "1");
    assert!(said[3].starts_with("a transaction is open"));
    assert!(said[4].starts_with("BUSY: another write transaction"));
    assert_eq!(said[6..9], ["no such key", "commit 1", "2"]);
    assert!(said[9].starts_with("no transaction is open"));
}

#[test]
fn a_named_snapshot_keeps_what_it_saw() {
    let mut runner = runner();
    let said = run(&mut runner, "put a old\nt1: begin-read\nput a new\nt1: get a\nget a\nt1: end\nt1: get a");
    assert_eq!(said[3..5], ["old", "new"]);
    assert!(said[6].contains("t1: begin-read"));
}

#[test]
fn before_the_sync_the_commit_is_lost_and_after_it_it_is_there() {
    for (crash, then) in [
        ("crash before wal-sync", "no such key"),
        ("crash after wal-write keeping all", "2"),
        ("crash after wal-write torn 1", "no such key"),
        ("crash after wal-sync", "2"),
        ("crash losing 1", "no such key"),
    ] {
        let mut runner = runner();
        let lines = format!("put a 1\n{crash}\nput b 2\nget b\nreopen\nget b\nget a");
        let said = run(&mut runner, &lines);
        assert!(said[2].starts_with("the power went"), "{}", said[2]);
        assert!(said[3].contains("`reopen`"), "{}", said[3]);
        assert_eq!((said[5].as_str(), said[6].as_str()), (then, "1"), "{crash}");
    }
}

#[test]
fn a_crash_that_never_strikes_is_a_failure_that_says_so() {
    let mut runner = runner();
    runner.run_line("crash before page-write");
    let outcome = runner.run_line("put a 1");
    assert!(outcome.failed && outcome.text.contains("the operation never came to"), "{}", outcome.text);
    assert_eq!(runner.run_line("get a").text, "1");
}

#[test]
fn the_last_thing_the_disk_did_is_told_before_the_crash_and_nothing_else() {
    let mut runner = runner();
    runner.run_line("crash after wal-sync");
    let first = runner.recorder().count();
    runner.run_line("put a 1");
    let words: Vec<_> = runner.recorder().events_from(first).iter().map(|event| event.word()).collect();
    assert_eq!(words[words.len() - 4..], ["write", "SYNC", "CRASH", "end"]);
}

#[test]
fn an_operation_has_its_bill() {
    let mut runner = runner();
    run(&mut runner, "put a 1\nput b 2");
    let events = runner.recorder().events_from(0);
    let Some(Event::OperationEnded { receipt, succeeded: true, .. }) = events.last().map(|event| &**event) else {
        panic!("the last event is the end of the operation");
    };
    assert_eq!((receipt.syncs, receipt.writes, receipt.pages_sealed), (1, 1, 1));
    for line in
        ["expect syncs 1", "expect syncs <= 1", "expect writes >= 1", "expect event page-sealed", "expect splits 0"]
    {
        assert!(!runner.run_line(line).failed, "{line}");
    }
    assert!(runner.run_line("expect syncs 2").text.contains("syncs 1"));
}

#[test]
fn an_old_page_put_back_is_found_at_the_first_read() {
    let mut runner = runner();
    let said = run(
        &mut runner,
        "put a old\ncheckpoint\nput a new\ncheckpoint\nput-back page 1 from commit 2\nexpect open fails PAGE-STALE\n\
         reopen\nget a\nexpect fails PAGE-STALE",
    );
    assert_eq!(said[4], "page 1 is back as of commit 1");
    assert!(said[7].starts_with("PAGE-STALE"), "{}", said[7]);
    assert_eq!(said[8], "");
}

#[test]
fn a_crash_behind_any_event_can_be_recovered_from() {
    let mut runner = runner();
    run(&mut runner, "put a 1\nput b 2\ncheckpoint\nput c 3");
    let events = runner.recorder().events_from(0);
    let created = events.iter().position(|event| matches!(**event, Event::DatabaseCreated { .. })).unwrap();
    for end in created + 1..=events.len() {
        let plan = CrashPlan::Seeded(end as u64);
        let mut branch = Runner::crashed_at(&events[..end], plan, RunnerOptions::default());
        assert_eq!(branch.recorder().events_from(0)[..end], events[..end]);
        let outcome = branch.run_line("reopen");
        assert!(!outcome.failed, "{end}: {}", outcome.text);
        assert!(!branch.run_line("put d 4").failed);
    }
}

#[test]
fn tampering_is_refused_where_there_is_nothing() {
    let mut runner = runner();
    for line in [
        "tamper page 9 byte 0 xor 01",
        "tamper log byte 0 xor 01",
        "tamper page 1 byte 512 xor 01",
        "swap page 1 2",
        "put-back page 7 from commit 1",
    ] {
        assert!(runner.run_line(line).failed, "{line}");
    }
    assert!(!runner.run_line("tamper page 1 byte 511 xor ff").failed);
    assert!(runner.run_line("reopen").failed || runner.run_line("get a").failed);
}

#[test]
fn a_runner_that_ended_leaves_nothing_in_memory() {
    let mut runner = runner();
    run(&mut runner, "beside other new\nbeside other put a 1\nbegin\nput a 1\nt1: begin-read");
    let recorder = runner.recorder().clone();
    drop(runner);
    assert_eq!(Arc::strong_count(&recorder), 1);
}

#[test]
fn a_cut_is_the_power_going_behind_that_event_and_leaves_the_same_trace() {
    let lines = "fill 8 ascending value 40\nput a 1\ndel k0003";
    let cut = |event| Op::Cut { event, left: Left::Nothing };
    let mut whole = runner();
    run(&mut whole, lines);
    let events = whole.recorder().events_from(0);
    let first = events.iter().rposition(|event| matches!(**event, Event::OperationStarted { .. })).unwrap();
    for event in 1..=events.len() - first {
        let mut by_hand = Runner::crashed_at(&events[..first + event], CrashPlan::Lost, RunnerOptions::default());
        let mut by_script = runner();
        run(&mut by_script, lines);
        assert!(!by_script.run(&cut(event)).failed);
        for runner in [&mut by_hand, &mut by_script] {
            run(runner, "reopen\nput z 2\nverify");
        }
        assert!(trace(&by_hand) == trace(&by_script), "cut behind event {event}");
    }
    assert!(whole.run(&cut(0)).failed && whole.run(&cut(500)).failed);
    assert!(
        trace(&whole)
            == trace(&{
                let mut again = runner();
                run(&mut again, lines);
                again
            }),
        "a cut that cannot be changes nothing"
    );
}

#[test]
fn an_expectation_names_the_cause_that_something_speaks_for() {
    let mut runner = runner();
    run(&mut runner, "fill 200 ascending value 60\ncheckpoint\nput k0001 new\ncheckpoint\nswap page 1 2");
    let said = run(
        &mut runner,
        "expect cause PAGE-MISPLACED two pages were swapped\nexpect cause PAGE-MISPLACED a misdirected write\nexpect cause PAGE-STALE a lost write",
    );
    assert_eq!(said[0], "");
    assert!(said[1].contains("two pages were swapped"), "{}", said[1]);
    assert!(said[2].contains("PAGE-MISPLACED page 1"), "{}", said[2]);
    run(&mut runner, "swap page 1 2\nput-back page 1 from commit 1");
    assert_eq!(run(&mut runner, "expect cause PAGE-STALE a lost write"), [""]);
}

#[test]
fn an_expectation_counts_pages_looks_back_and_asks_readers() {
    let mut runner = runner();
    run(&mut runner, "put a old\nt1: begin-read\nput a new\nfill 30 random value 40\nput b 1\ndel b");
    let fill = runner.measured(Measure::Fill).unwrap();
    assert!((50..=100).contains(&fill), "{fill}");
    for (line, holds) in [
        ("expect t1: get a old", true),
        ("expect t1: get a new", false),
        ("expect t1: no b", true),
        ("expect t2: no b", false),
        ("expect seen page-split", true),
        ("expect seen root-shrank", false),
        ("expect event page-split", false),
        ("expect key-slots 1", true),
        ("expect page 1 slots >= 1", true),
        ("expect page 1 free >= 4000", false),
        ("expect page 99 free >= 0", false),
        ("expect only PAGE-UNAUTHENTIC page 1", false),
    ] {
        let Ok(Op::Expect(expect)) = Op::parse(line) else { panic!("{line}") };
        let events = runner.recorder().count();
        assert_eq!(runner.holds(&expect).is_ok(), holds, "{line}: {:?}", runner.holds(&expect));
        assert_eq!(runner.recorder().count(), events, "asking leaves no event");
    }
    run(&mut runner, "t1: end\ncheckpoint\ntamper page 1 byte 99 xor 01");
    let said = run(&mut runner, "expect only PAGE-UNAUTHENTIC page 1\nexpect only PAGE-STALE");
    assert_eq!(said[0], "");
    assert!(said[1].contains("PAGE-UNAUTHENTIC page 1"), "{}", said[1]);
}
