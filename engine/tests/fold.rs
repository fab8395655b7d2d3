//! The trace is the whole truth: folding it gives the disk, to the byte and to what is not yet synced, and every page.

use std::path::Path;
use std::sync::{Arc, Mutex};
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::script::{Op, Place, Runner, RunnerOptions, SAMPLE_STORE, Script};
use tosumu::trace::{Event, Fold, Level, Recorder, Sink, read_trace, write_trace};
use tosumu::vfs::{CrashPlan, DiskImage, SimVfs};
use tosumu::{CheckpointMode, Options, PageSize};

/// At least so many instants inside a workload are compared.
const INSTANTS: usize = 50;

fn scripts() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut scripts: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    scripts.sort();
    scripts.push(("the sample store".to_owned(), SAMPLE_STORE.to_owned()));
    scripts
}

fn assert_same_disk(fold: &Fold, image: &DiskImage, place: &str) {
    let folded: Vec<(String, Vec<u8>)> =
        fold.files.iter().map(|(name, state)| (name.clone(), state.system_bytes())).collect();
    let held: Vec<(String, Vec<u8>)> =
        image.system_files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect();
    assert!(folded == held, "{place}: what the operating system holds");
    let names: Vec<&str> = fold.durable_names().collect();
    assert!(names.iter().eq(image.durable_names.keys()), "{place}: the names a power cut would leave");
    for name in names {
        assert!(fold.durable_bytes(name).as_deref() == image.durable_bytes(name), "{place}: what is durable of {name}");
    }
    assert!(DiskImage::from_fold(fold).pending() == image.pending(), "{place}: what is not synced");
}

/// Each page that a fresh reader of these files opens has the plain form that the fold remembers.
fn assert_same_pages(fold: &Fold, runner: &Runner, place: &str) {
    let recorder = Recorder::new();
    let copy = SimVfs::from_image(runner.disk().image(), 1);
    let opened = Options::new()
        .vfs(Arc::new(copy))
        .entropy(Arc::new(InsecureSeededEntropy::new(1)))
        .sink(recorder.clone())
        .open(&runner.options().file);
    let Ok(db) = opened else { return };
    db.read().range::<[u8]>(..).for_each(drop);
    for event in recorder.events_from(0) {
        let Event::PageOpened { page, after, .. } = &*event else { continue };
        if let Some(state) = fold.pages.get(page).filter(|state| !state.changed_in_memory) {
            assert!(state.plain == after[0].plain, "{place}: page {page}");
        }
    }
}

#[test]
fn the_fold_of_a_script_is_its_disk_after_every_operation_and_its_pages() {
    for (name, text) in scripts() {
        let script = Script::parse(&text).unwrap();
        let mut runner = Runner::new(script.options(RunnerOptions::default()));
        let mut fold = Fold::default();
        // What is in memory says nothing of a file that was put in the place of the one it was read from, or forged.
        let mut replaced = false;
        for line in &script.lines {
            runner.run(&line.op);
            replaced |= matches!(line.op, Op::Forge(_));
            replaced |= matches!(&line.op, Op::Tamper(tamper) if tamper.place == Place::Files);
            for event in runner.recorder().events_from(fold.events) {
                replaced |= matches!(*event, Event::FileReplaced { .. });
                fold.apply(&event);
            }
            let place = format!("{name}, line {}: {}", line.number, line.text);
            assert_same_disk(&fold, &runner.disk().image(), &place);
            if !replaced {
                assert_same_pages(&fold, &runner, &place);
            }
        }
        assert_eq!(fold.events, runner.recorder().count());
    }
}

#[test]
fn the_trace_of_a_script_survives_its_file_and_folds_alike() {
    for (name, text) in scripts() {
        let script = Script::parse(&text).unwrap();
        let mut runner = Runner::new(script.options(RunnerOptions::default()));
        script.lines.iter().for_each(|line| drop(runner.run(&line.op)));
        let events = runner.recorder().events_from(0);
        let mut bytes = Vec::new();
        write_trace(&mut bytes, Level::Full, &events).unwrap();
        let read = read_trace(&mut bytes.as_slice()).unwrap();
        assert!(read.events == events, "{name}");
        let mut again = Vec::new();
        write_trace(&mut again, read.level, &read.events).unwrap();
        assert!(again == bytes, "{name}");
        assert!(fold_of(&events) == fold_of(&read.events), "{name}");
    }
}

fn fold_of(events: &[Arc<Event>]) -> Fold {
    let mut fold = Fold::default();
    events.iter().for_each(|event| fold.apply(event));
    fold
}

/// Takes the disk's image at every event.
struct Camera {
    sim: SimVfs,
    recorder: Arc<Recorder>,
    images: Mutex<Vec<DiskImage>>,
}

impl Sink for Camera {
    fn level(&self) -> Level {
        Level::Full
    }

    fn take(&self, event: Event) {
        self.recorder.take(event);
        self.images.lock().unwrap().push(self.sim.image());
    }
}

#[test]
fn the_fold_is_the_disk_in_the_middle_of_every_operation() {
    let sim = SimVfs::new(1);
    let camera = Arc::new(Camera { sim: sim.clone(), recorder: Recorder::new(), images: Mutex::default() });
    let open = |seed| {
        Options::new()
            .vfs(Arc::new(sim.clone()))
            .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
            .page_size(PageSize::TOY)
            .create(true)
            .sink(camera.clone())
            .open("fold.tsm")
            .unwrap()
    };
    for seed in 1..6 {
        let db = open(seed);
        for number in 0..6_u64 {
            db.write(|tx| tx.put(&[(seed * number) as u8], &[7; 90])).unwrap();
        }
        db.checkpoint(CheckpointMode::Passive).unwrap();
        db.write(|tx| tx.put(b"last", &[1; 100])).unwrap();
        drop(db);
        let summary = sim.crash(&CrashPlan::Seeded(seed));
        camera.take(Event::Crashed { place: "here".to_owned(), summary, files: sim.files() });
    }
    let (events, images) = (camera.recorder.events_from(0), camera.images.lock().unwrap());
    assert!(events.len() > INSTANTS);
    let mut fold = Fold::default();
    for (number, (event, image)) in events.iter().zip(images.iter()).enumerate() {
        fold.apply(event);
        assert_same_disk(&fold, image, &format!("event {number}, {}", event.word()));
    }
}
