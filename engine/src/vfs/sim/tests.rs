use super::*;
use crate::trace::Recorder;
use crate::vfs::{LockKind, conformance, write_all_at};

fn disk() -> SimVfs {
    SimVfs::new(1)
}

fn path(name: &str) -> &Path {
    Path::new(name)
}

/// A file whose name and these bytes are durable.
fn settled(vfs: &SimVfs, name: &str, bytes: &[u8]) -> Arc<dyn VfsFile> {
    let file = vfs.open(path(name), OpenMode::CreateNew).unwrap();
    write_all_at(&*file, 0, bytes).unwrap();
    file.sync_data().unwrap();
    vfs.sync_dir(path(name)).unwrap();
    file
}

fn content(vfs: &SimVfs, name: &str) -> Vec<u8> {
    vfs.image().file(name).unwrap().system.clone()
}

fn sectors(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|&byte| [byte; 512]).collect()
}

/// The first byte of each sector.
fn firsts(bytes: &[u8]) -> Vec<u8> {
    bytes.chunks(512).map(|sector| sector[0]).collect()
}

#[test]
fn the_simulated_disk_behaves_as_the_trait_says() {
    conformance::check(&disk(), path("folder"));
}

#[test]
fn what_was_synced_is_kept_and_what_was_not_is_lost() {
    let vfs = disk();
    let file = settled(&vfs, "a", b"kept");
    file.write_at(2, b"LOST").unwrap();
    assert_eq!(content(&vfs, "a"), b"keLOST");
    assert_eq!(vfs.pending(), [NumberedWrite { number: 1, file: "a".into(), offset: 2, bytes: 4 }]);
    let summary = vfs.crash(&CrashPlan::Lost);
    assert_eq!(summary, CrashSummary { pending: 1, lost: 1, torn: 0 });
    assert_eq!(content(&vfs, "a"), b"kept");
}

#[test]
fn everything_pending_can_be_kept() {
    let vfs = disk();
    let file = settled(&vfs, "a", b"kept");
    file.write_at(2, b"more").unwrap();
    file.set_len(5).unwrap();
    vfs.open(path("b"), OpenMode::CreateNew).unwrap();
    assert_eq!(vfs.crash(&CrashPlan::Kept), CrashSummary { pending: 2, lost: 0, torn: 0 });
    assert_eq!(content(&vfs, "a"), b"kemor");
    assert!(vfs.exists(path("b")).unwrap());
    assert!(vfs.pending().is_empty());
}

#[test]
fn a_torn_write_keeps_its_first_sectors() {
    let vfs = disk();
    let file = settled(&vfs, "a", &sectors(b"abcd"));
    file.write_at(0, &sectors(b"1")).unwrap();
    file.write_at(512, &sectors(b"234")).unwrap();
    let summary = vfs.crash(&CrashPlan::Torn { sectors: 2 });
    assert_eq!(summary, CrashSummary { pending: 2, lost: 0, torn: 1 });
    assert_eq!(firsts(&content(&vfs, "a")), b"123d");
}

#[test]
fn chosen_writes_are_lost_and_the_gap_reads_as_zeros() {
    let vfs = disk();
    let file = settled(&vfs, "a", b"");
    for (index, byte) in (0..).zip(b"12345") {
        file.write_at(index * 512, &[*byte; 512]).unwrap();
    }
    let summary = vfs.crash(&CrashPlan::Losing(vec![2, 5, 99]));
    assert_eq!(summary, CrashSummary { pending: 5, lost: 2, torn: 0 });
    assert_eq!(firsts(&content(&vfs, "a")), b"1\x0034");
}

#[test]
fn a_later_write_to_a_sector_carries_what_stood_in_it() {
    let vfs = disk();
    let file = settled(&vfs, "a", &[b'-'; 6]);
    file.write_at(0, b"ab").unwrap();
    file.write_at(4, b"ef").unwrap();
    vfs.crash(&CrashPlan::Losing(vec![1]));
    assert_eq!(content(&vfs, "a"), b"ab--ef");
}

#[test]
fn a_mask_decides_sector_by_sector_and_then_name_by_name() {
    for mask in 0..32_u32 {
        let vfs = disk();
        let file = settled(&vfs, "a", &sectors(b"abc"));
        file.write_at(0, &sectors(b"12")).unwrap();
        file.write_at(512, &sectors(b"XY")).unwrap();
        vfs.open(path("b"), OpenMode::CreateNew).unwrap();
        assert_eq!(vfs.pending_sectors(), 5);
        let bit = |index: u32| mask >> index & 1 == 1;
        vfs.crash(&CrashPlan::Sectors((0..5).map(bit).collect()));
        let second = if bit(2) {
            b'X'
        } else if bit(1) {
            b'2'
        } else {
            b'b'
        };
        let expected = [if bit(0) { b'1' } else { b'a' }, second, if bit(3) { b'Y' } else { b'c' }];
        assert_eq!(firsts(&content(&vfs, "a")), expected, "{mask}");
        assert_eq!(vfs.exists(path("b")).unwrap(), bit(4), "{mask}");
    }
}

#[test]
fn chance_is_the_same_for_the_same_seed_and_only_mixes_old_and_new() {
    let crashed = |seed| {
        let vfs = disk();
        let file = settled(&vfs, "a", &sectors(b"abcdefgh"));
        file.write_at(0, &sectors(b"12345678")).unwrap();
        vfs.crash(&CrashPlan::Seeded(seed));
        firsts(&content(&vfs, "a"))
    };
    assert_eq!(crashed(7), crashed(7));
    let outcomes: std::collections::BTreeSet<_> = (0..20).map(crashed).collect();
    assert!(outcomes.len() > 10);
    let legal =
        |bytes: &Vec<u8>| bytes.iter().zip(b"abcdefgh").zip(b"12345678").all(|((is, old), new)| is == old || is == new);
    assert!(outcomes.iter().all(legal));
}

fn posix(kept: &[u32], filling: Filling) -> CrashPlan {
    CrashPlan::Posix(PosixPlan { kept: kept.to_vec(), damaged: Vec::new(), filling })
}

#[test]
fn a_length_is_kept_or_lost_apart_from_the_sectors_behind_it() {
    let left = |kept: &[u32], filling| {
        let vfs = disk();
        let file = settled(&vfs, "a", &sectors(b"a"));
        file.write_at(0, &sectors(b"123")).unwrap();
        file.set_len(512).unwrap();
        let [sector, growth, length] = [
            PendingUnit::Sector { change: 1, sector: 0 },
            PendingUnit::Growth { change: 1 },
            PendingUnit::Length { change: 2 },
        ];
        let units = vfs.image().pending_units();
        assert_eq!((units.len(), units[0], units[3], units[4]), (5, sector, growth, length));
        vfs.crash(&posix(kept, filling));
        content(&vfs, "a")
    };
    assert_eq!(firsts(&left(&[1, 2, 3], Filling::Zeros)), b"1");
    assert_eq!(firsts(&left(&[4], Filling::Zeros)), b"a\x00\x00");
    assert_eq!(firsts(&left(&[1, 2, 3, 4], Filling::Zeros)), b"123");
    assert_eq!(firsts(&left(&[1, 2, 3, 4, 5], Filling::Zeros)), b"1");
    let junk = left(&[3, 4], Filling::Junk(7));
    assert_eq!((junk.len(), &junk[..512], &junk[1024..]), (1536, &sectors(b"a")[..], &sectors(b"3")[..]));
    assert!(junk[512..1024].iter().collect::<std::collections::BTreeSet<_>>().len() > 100);
    assert_eq!(junk, left(&[3, 4], Filling::Junk(7)));
    assert_ne!(junk, left(&[3, 4], Filling::Junk(8)));
}

#[test]
fn an_ordered_crash_keeps_a_beginning_of_everything_names_among_it() {
    let left = |units| {
        let vfs = disk();
        let file = settled(&vfs, "a", b"");
        file.write_at(0, &sectors(b"12")).unwrap();
        let other = vfs.open(path("b"), OpenMode::CreateNew).unwrap();
        other.write_at(0, &sectors(b"3")).unwrap();
        assert_eq!(vfs.image().pending_units().len(), 6);
        vfs.crash(&CrashPlan::Ordered { units });
        (firsts(&content(&vfs, "a")), vfs.image().file("b").map(|file| firsts(&file.system)))
    };
    let kept = |a: &[u8], b: Option<&[u8]>| (a.to_vec(), b.map(<[u8]>::to_vec));
    assert_eq!(left(0), kept(b"", None));
    assert_eq!(left(1), kept(b"1", None));
    assert_eq!(left(3), kept(b"12", None));
    assert_eq!(left(4), kept(b"12", Some(b"")));
    assert_eq!(left(5), kept(b"12", Some(b"3")));
}

#[test]
fn a_sector_that_was_being_written_can_hold_junk_and_its_neighbours_do_not() {
    let vfs = disk();
    let file = settled(&vfs, "a", &sectors(b"abc"));
    file.write_at(512, &sectors(b"2")).unwrap();
    let damaged = CrashPlan::Posix(PosixPlan { damaged: vec![1], ..PosixPlan::default() });
    assert_eq!(vfs.crash(&damaged), CrashSummary { pending: 1, lost: 1, torn: 0 });
    let left = content(&vfs, "a");
    assert_eq!((&left[..512], &left[1024..]), (&sectors(b"a")[..], &sectors(b"c")[..]));
    assert!(left[512..1024] != sectors(b"b") && left[512..1024] != sectors(b"2"));
}

#[test]
fn a_sync_that_forgets_shows_what_a_power_cut_takes_until_it_is_written_again() {
    let vfs = disk();
    let file = settled(&vfs, "a", &sectors(b"abc"));
    file.write_at(0, &sectors(b"12")).unwrap();
    file.write_at(1024, b"3").unwrap();
    vfs.set_faults(vec![Fault { at_call: vfs.calls() + 1, kind: FaultKind::Forgotten, span: FaultSpan::Once }]);
    assert!(file.sync_data().is_err());
    vfs.set_faults(Vec::new());
    assert_eq!((vfs.pending(), firsts(&content(&vfs, "a"))), (Vec::new(), b"123".to_vec()));
    file.write_at(512, b"X").unwrap();
    file.sync_data().unwrap();
    assert_eq!(firsts(&content(&vfs, "a")), b"1X3");
    vfs.end_process();
    vfs.crash(&CrashPlan::Kept);
    let left = content(&vfs, "a");
    assert_eq!(firsts(&left), b"aXc");
    assert!(
        left[513..1024].iter().all(|&byte| byte == b'2'),
        "the whole sector was written, not only what was new in it"
    );
}

#[test]
fn a_killed_program_leaves_pending_what_was_pending() {
    let vfs = disk();
    let file = settled(&vfs, "a", b"abcd");
    file.write_at(0, b"A").unwrap();
    vfs.stop_at(StopPoint::before_change(2));
    let mut byte = [0];
    file.read_at(0, &mut byte).unwrap();
    file.write_at(1, b"B").unwrap();
    assert!(SimVfs::is_power_cut(&file.sync_data().unwrap_err()));
    assert_eq!(vfs.crash(&CrashPlan::Process), CrashSummary { pending: 2, lost: 0, torn: 0 });
    assert!(file.len().is_err());
    assert_eq!((content(&vfs, "a"), vfs.pending().len()), (b"ABcd".to_vec(), 2));
    vfs.crash(&CrashPlan::Lost);
    assert_eq!(content(&vfs, "a"), b"abcd");
}

#[test]
fn a_model_tries_every_subset_while_they_are_few_and_a_bounded_sample_of_many() {
    let vfs = disk();
    let file = settled(&vfs, "a", &sectors(b"abc"));
    file.write_at(0, &sectors(b"12")).unwrap();
    let bounds = PlanBounds { exhaustive_units: 4, samples: 20, seed: 1 };
    let plans = |model: CrashModel, vfs: &SimVfs| model.plans(&vfs.image(), &bounds).len();
    assert_eq!(CrashModel::ALL.map(|model| plans(model, &vfs)), [1, 3, 4, 27]);
    file.write_at(1024, &sectors(b"3456789")).unwrap();
    let [process, ordered, posix, damaging] = CrashModel::ALL.map(|model| plans(model, &vfs));
    assert_eq!((process, ordered), (1, 11));
    assert!((40..80).contains(&posix) && (40..80).contains(&damaging), "{posix} {damaging}");
    for model in CrashModel::ALL {
        assert_eq!(model.draw(&vfs.image(), 5), model.draw(&vfs.image(), 5));
    }
}

#[test]
fn names_vanish_unless_the_folder_was_synced() {
    let vfs = disk();
    settled(&vfs, "old", b"old");
    settled(&vfs, "gone", b"gone");
    let new = vfs.open(path("new"), OpenMode::CreateNew).unwrap();
    new.write_at(0, b"new").unwrap();
    new.sync_data().unwrap();
    vfs.rename(path("new"), path("old")).unwrap();
    vfs.remove(path("gone")).unwrap();
    vfs.link_new(path("old"), path("link")).unwrap();
    let image = vfs.image();
    assert_eq!(image.durable_bytes("old"), Some(&b"old"[..]));
    vfs.crash(&CrashPlan::Lost);
    assert_eq!((content(&vfs, "old"), content(&vfs, "gone")), (b"old".to_vec(), b"gone".to_vec()));
    assert!(!vfs.exists(path("new")).unwrap() && !vfs.exists(path("link")).unwrap());

    let again = SimVfs::from_image(image, 1);
    again.sync_dir(path("old")).unwrap();
    again.crash(&CrashPlan::Lost);
    assert_eq!((content(&again, "old"), content(&again, "link")), (b"new".to_vec(), b"new".to_vec()));
    assert!(!again.exists(path("gone")).unwrap());
}

#[test]
fn a_rename_is_there_or_not_in_one_piece() {
    for seed in 0..40 {
        let vfs = disk();
        settled(&vfs, "a", b"1");
        settled(&vfs, "b", b"2");
        vfs.rename(path("a"), path("b")).unwrap();
        vfs.crash(&CrashPlan::Seeded(seed));
        let expected: &[u8] = if vfs.exists(path("a")).unwrap() { b"2" } else { b"1" };
        assert_eq!(content(&vfs, "b"), expected);
    }
}

fn fault(at_call: u64, kind: FaultKind, span: FaultSpan) -> Vec<Fault> {
    vec![Fault { at_call, kind, span }]
}

#[test]
fn the_call_asked_for_fails_and_is_told_of() {
    let vfs = disk();
    let recorder = Recorder::new();
    vfs.set_tracer(Tracer::new(recorder.clone()));
    let file = settled(&vfs, "a", b"abcd");
    assert_eq!(vfs.calls(), 3);
    vfs.set_faults(fault(5, FaultKind::Io, FaultSpan::Once));
    file.write_at(0, b"x").unwrap();
    assert!(file.sync_data().is_err());
    assert_eq!(vfs.pending().len(), 1, "a sync that failed made nothing durable");
    file.sync_data().unwrap();
    assert_eq!(*recorder.events_from(0)[0], Event::FaultInjected { call: 5, what: "input/output error".into() });
}

#[test]
fn a_full_disk_stays_full_but_can_be_read() {
    let vfs = disk();
    let file = settled(&vfs, "a", b"abcd");
    vfs.set_faults(fault(1, FaultKind::NoSpace, FaultSpan::Sticky));
    for _ in 0..2 {
        assert_eq!(file.write_at(4, b"x").unwrap_err().kind(), ErrorKind::StorageFull);
    }
    assert_eq!(file.read_at(0, &mut [0; 9]).unwrap(), 4);
    file.sync_data().unwrap();
}

#[test]
fn short_and_interrupted_calls_are_no_trouble_to_the_callers() {
    for kind in [FaultKind::Short, FaultKind::Interrupted] {
        let vfs = disk();
        vfs.set_faults(fault(1, kind, FaultSpan::Sticky));
        let file = settled(&vfs, "a", b"abcdefg");
        let mut bytes = [0; 7];
        crate::vfs::read_exact_at(&*file, 0, &mut bytes).unwrap();
        assert_eq!(&bytes, b"abcdefg");
    }
}

#[test]
fn the_power_goes_before_or_after_the_call_asked_for() {
    let point = StopPoint {
        event: StopEvent::Sync,
        file: StopFile::Log,
        region: StopRegion::Any,
        when: StopWhen::Before,
        count: 2,
    };
    for when in [StopWhen::Before, StopWhen::After] {
        let vfs = disk();
        let (pages, log) = (settled(&vfs, "a", b"pages"), settled(&vfs, "a-wal", b"log"));
        vfs.stop_at(StopPoint { when, ..point });
        log.sync_data().unwrap();
        pages.sync_data().unwrap();
        log.write_at(0, b"LOG").unwrap();
        assert!(!vfs.struck());
        assert!(SimVfs::is_power_cut(&log.sync_data().unwrap_err()));
        assert!(vfs.struck());
        assert!(SimVfs::is_power_cut(&pages.len().unwrap_err()));
        assert!(SimVfs::is_power_cut(&vfs.exists(path("a")).unwrap_err()));
        assert_eq!(vfs.exists(path("a")).unwrap_err().to_string(), "the power went");
        vfs.crash(&CrashPlan::Lost);
        assert!(!vfs.struck());
        assert_eq!(content(&vfs, "a-wal"), if when == StopWhen::After { b"LOG" } else { b"log" });
    }
}

#[test]
fn a_stop_point_tells_superblocks_from_pages() {
    let strikes = |region, event| {
        let vfs = disk();
        let file = settled(&vfs, "a", b"");
        vfs.stop_at(StopPoint { event, file: StopFile::Pages, region, when: StopWhen::After, count: 1 });
        let page = file.write_at(8192, b"page").is_err() || file.sync_data().is_err();
        page || {
            file.write_at(4096, b"slot").unwrap_err();
            false
        }
    };
    assert!(strikes(StopRegion::Pages, StopEvent::Write));
    assert!(strikes(StopRegion::Pages, StopEvent::Sync));
    assert!(!strikes(StopRegion::Superblock, StopEvent::Write));
}

#[test]
fn the_write_with_the_number_asked_for_is_the_last_pending_one() {
    let vfs = disk();
    let file = settled(&vfs, "a", &sectors(b"ab"));
    vfs.stop_at(StopPoint::at_write(2));
    file.write_at(0, b"x").unwrap();
    file.write_at(0, &sectors(b"12")).unwrap_err();
    assert_eq!(vfs.pending().len(), 2);
    vfs.crash(&CrashPlan::Torn { sectors: 1 });
    assert_eq!(firsts(&content(&vfs, "a")), b"1b");
}

#[test]
fn files_opened_before_the_crash_are_dead_and_locks_are_gone() {
    let vfs = disk();
    let file = settled(&vfs, "a", b"abcd");
    assert!(file.try_lock(LockKind::Exclusive).unwrap());
    vfs.crash(&CrashPlan::Kept);
    assert!(file.read_at(0, &mut [0; 4]).is_err() && file.len().is_err() && file.sync_data().is_err());
    assert!(file.write_at(0, b"x").is_err() && file.set_len(0).is_err() && file.try_lock(LockKind::Exclusive).is_err());
    let next = vfs.open(path("a"), OpenMode::Write).unwrap();
    assert!(next.try_lock(LockKind::Exclusive).unwrap());
    drop(file);
    assert!(!vfs.open(path("a"), OpenMode::Write).unwrap().try_lock(LockKind::Exclusive).unwrap());
}

#[test]
fn a_program_that_ends_loses_nothing_and_what_was_pending_is_pending_still() {
    let vfs = disk();
    let file = settled(&vfs, "a", b"abcd");
    file.write_at(0, b"A").unwrap();
    vfs.end_process();
    assert!(file.len().is_err());
    assert_eq!(content(&vfs, "a"), b"Abcd");
    vfs.crash(&CrashPlan::Lost);
    assert_eq!(content(&vfs, "a"), b"abcd");
}

#[test]
fn tampering_is_durable_at_once_also_under_a_pending_write() {
    let vfs = disk();
    let file = settled(&vfs, "a", b"abcd");
    file.write_at(0, b"AB").unwrap();
    vfs.tamper("a", 1, b"!").unwrap();
    assert_eq!(content(&vfs, "a"), b"A!cd");
    file.sync_data().unwrap();
    vfs.crash(&CrashPlan::Lost);
    assert_eq!(content(&vfs, "a"), b"A!cd");
    assert!(vfs.tamper("none", 0, b"x").is_err());
}

#[test]
fn an_offset_no_file_can_have_is_an_error() {
    let vfs = disk();
    let file = settled(&vfs, "a", b"abcd");
    assert!(file.write_at(u64::MAX, b"x").is_err() && file.set_len(u64::MAX).is_err());
    assert_eq!(file.read_at(u64::MAX, &mut [0; 4]).unwrap(), 0);
    assert!(vfs.pending().is_empty());
}
