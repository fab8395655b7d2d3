//! A writer in one process and readers in others: every read is one commit whole, `verify` finds nothing wrong, nothing hangs, and
//! a writer that is killed leaves it so.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tosumu::{Options, Pin};

const KEYS: usize = 50;
/// How long the readers go on, and how often the writer is killed meanwhile.
const SPAN: Duration = Duration::from_millis(2500);
const KILLS: u32 = 3;
/// No verb takes so long, however busy the machine.
const HANG: Duration = Duration::from_secs(60);

fn tosumu(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tosumu"));
    command.current_dir(folder).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a verb to its end, which must come.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut child = tosumu(folder, arguments).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let reading = thread::spawn(move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut stdout, &mut bytes).map(|_| bytes).unwrap()
    });
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < HANG, "{arguments:?} hangs");
        thread::sleep(Duration::from_millis(2));
    }
    let mut output = child.wait_with_output().unwrap();
    output.stdout = reading.join().unwrap();
    output
}

/// A `feed` that writes the same number into every key, commit after commit, and folds the log every few.
struct Writer {
    child: Child,
    stdin: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Writer {
    fn start(folder: &Path) -> Writer {
        let mut child = tosumu(folder, &["feed", "x.tsm", "--page-size", "512"]).stdin(Stdio::piped()).spawn().unwrap();
        let (stdin, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Writer { child, stdin, answers }
    }

    fn commit(&mut self, number: u64) {
        let mut lines = String::from("begin\n");
        (0..KEYS).for_each(|key| lines.push_str(&format!("put key{key:02} {number:030}\n")));
        lines.push_str("commit\n");
        if number.is_multiple_of(5) {
            lines.push_str("checkpoint\n");
        }
        self.stdin.write_all(lines.as_bytes()).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert!(answer.starts_with("ACK"), "{answer}");
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

struct Scene {
    folder: TempDir,
    acknowledged: AtomicU64,
    done: AtomicBool,
    reads: AtomicU64,
}

impl Scene {
    fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Writes until the span is over, killed now and then in the middle of a commit.
    fn write(&self) {
        let begun = Instant::now();
        let mut number = 1;
        for turn in 1..=KILLS {
            let mut writer = Writer::start(&self.folder());
            while begun.elapsed() < SPAN * turn / KILLS {
                writer.commit(number);
                self.acknowledged.store(number, Ordering::SeqCst);
                number += 1;
            }
            // The one that is under way may be in the file, or not; the next goes on behind both.
            writer.stdin.write_all(b"begin\nput key00 half\n").unwrap();
            writer.kill();
        }
        self.done.store(true, Ordering::SeqCst);
    }

    /// Reads again and again while the writer is at work.
    fn read(&self, read: impl Fn(u64)) {
        while !self.done.load(Ordering::SeqCst) {
            read(self.acknowledged.load(Ordering::SeqCst));
            self.reads.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The number that stands in all the lines of a dump.
fn number_of(dump: &str) -> u64 {
    let numbers: Vec<&str> = dump.lines().map(|line| line.split_once('\t').unwrap().1).collect();
    assert_eq!(numbers.len(), KEYS, "{dump}");
    assert!(numbers.iter().all(|number| *number == numbers[0]), "two commits in one dump: {dump}");
    numbers[0].parse().unwrap()
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn every_reader_beside_a_writer_in_another_process_sees_one_commit_whole() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene { folder, acknowledged: 0.into(), done: false.into(), reads: 0.into() };
    let place = scene.folder();
    let mut first = Writer::start(&place);
    first.commit(0);
    first.kill();
    let file = place.join("x.tsm");
    let follower = Options::new().read_only(true).cache_bytes(0).open(&file).unwrap();
    let pinning = Options::new().read_only(true).pin(Pin::Snapshots).cache_bytes(0).open(&file).unwrap();
    thread::scope(|scope| {
        let scene = &scene;
        let place = &place;
        let jobs = [
            scope.spawn(move || scene.write()),
            scope.spawn(move || {
                scene.read(|least| assert!(number_of(&succeeded(&run(place, &["dump", "x.tsm"]))) >= least));
            }),
            scope.spawn(move || {
                scene.read(|least| {
                    let value = succeeded(&run(place, &["get", "x.tsm", "key31"]));
                    assert!(value.trim().parse::<u64>().unwrap() >= least);
                });
            }),
            scope.spawn(move || {
                scene.read(|_| {
                    let verified = run(place, &["verify", "x.tsm", "--level", "deep"]);
                    let told = String::from_utf8_lossy(&verified.stdout).into_owned();
                    let told = format!("{told}{}", String::from_utf8_lossy(&verified.stderr));
                    assert!(matches!(verified.status.code(), Some(0 | 1)), "{told}");
                });
            }),
            scope.spawn(move || {
                scene.read(|least| {
                    for db in [&follower, &pinning] {
                        let snapshot = db.read();
                        let records: Result<Vec<_>, _> = snapshot
                            .range::<[u8]>(..)
                            .map(|record| {
                                record.map(|record| format!("k\t{}", String::from_utf8_lossy(record.value())))
                            })
                            .collect();
                        match records {
                            Ok(lines) => assert!(number_of(&lines.join("\n")) >= least),
                            Err(error) => assert_eq!(error.code(), "OVERTAKEN"),
                        }
                    }
                });
            }),
        ];
        // Whatever fails ends the others too.
        let failed = jobs.into_iter().filter_map(|job| job.join().map_err(|why| scene.stop(why)).err()).next();
        if let Some(why) = failed {
            std::panic::resume_unwind(why);
        }
    });
    let (commits, reads) = (scene.acknowledged.into_inner(), scene.reads.into_inner());
    assert!(commits > 3 && reads > 10, "{commits} commits, {reads} reads");
    let dump = succeeded(&run(&place, &["dump", "x.tsm"]));
    assert!(number_of(&dump) >= commits);
}

impl Scene {
    fn stop<T>(&self, why: T) -> T {
        self.done.store(true, Ordering::SeqCst);
        why
    }
}

#[test]
fn a_second_writer_alone_is_refused_and_a_dead_readers_pin_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let mut writer = Writer::start(place);
    writer.commit(1);
    assert_eq!(run(place, &["put", "x.tsm", "a", "b"]).status.code(), Some(3));
    // A dump whose output nobody takes stays where it is, with its pin.
    let many: String = (0..20_000).map(|key| format!("put many{key:05} {key:040}\n")).collect();
    writer.stdin.write_all(format!("begin\n{many}commit\n").as_bytes()).unwrap();
    let mut answer = String::new();
    writer.answers.read_line(&mut answer).unwrap();
    let mut reader = tosumu(place, &["dump", "x.tsm"]).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(reader.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    drop(writer.stdin);
    assert!(writer.child.wait().unwrap().success());
    let put_off = succeeded(&run(place, &["checkpoint", "x.tsm"]));
    assert!(put_off.contains("pinned"), "{put_off}");
    reader.kill().unwrap();
    reader.wait().unwrap();
    let folded = succeeded(&run(place, &["checkpoint", "x.tsm"]));
    assert!(folded.contains("written in place"), "{folded}");
}
