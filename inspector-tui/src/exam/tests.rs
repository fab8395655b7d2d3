//! What the exam claims of itself.

use super::*;
use std::collections::BTreeSet;

/// Seeds that are drawn whole; `TOSUMU_EXAM_SEEDS` draws more.
fn seeds() -> u64 {
    std::env::var("TOSUMU_EXAM_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(40)
}

#[test]
fn every_case_of_every_seed_has_a_truth_that_its_cause_claims_and_at_least_six_causes_are_among_eight() {
    let mut met = BTreeSet::new();
    for seed in 1..=seeds() {
        let cases = draw(seed, CASES).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        let causes: BTreeSet<&str> = cases.iter().map(|case| case.happened.slug()).collect();
        assert!(causes.len() >= 6, "seed {seed}: {causes:?}");
        for case in &cases {
            let Happened::Drawn(cause) = case.happened else { panic!("{:?} is not drawn", case.happened) };
            assert!(cause.claims(&case.truth), "seed {seed}, case {}: {}", case.number, case.truth.finding_words());
            assert!(!case.truth.held.is_empty());
            let told: String = case.files.keys().cloned().collect();
            assert!(!told.contains(cause.slug()), "{told}");
        }
        met.extend(causes);
    }
    println!("{} of {} causes in {} seeds", met.len(), Cause::ALL.len(), seeds());
}

#[test]
fn every_cause_can_be_drawn() {
    for cause in Cause::ALL {
        for seed in [3, 4] {
            let case = Case::drawn(1, cause, seed).unwrap_or_else(|why| panic!("{why}"));
            println!("{:<18} {} {:?} {}", cause.slug(), case.truth.finding_words(), case.truth.probe, case.truth.loss);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let files = |seed| -> Vec<Files> { draw(seed, 4).unwrap().into_iter().map(|case| case.files).collect() };
    assert_eq!(files(11), files(11));
    assert_ne!(files(11), files(12));
    assert_eq!(draw_one(11, 4, 3).unwrap().files, files(11)[2]);
    assert!(draw_one(11, 4, 0).is_err());
}

#[test]
fn every_damaged_file_of_the_gallery_can_be_a_case_and_its_files_do_not_tell_its_name() {
    let damaged = gallery::all().iter().filter(|fixture| fixture.group != Group::Good).count();
    let cases = from_gallery(1, damaged).unwrap();
    assert_eq!(cases.len(), damaged);
    for case in cases {
        let Happened::Kept(fixture) = case.happened else { panic!("{:?} is not of the gallery", case.happened) };
        let first = fixture.findings.first().map(|finding| finding.code);
        assert_eq!(case.truth.code, first, "{}: {:?}", fixture.name, case.truth.findings);
        let names = case.files.keys().chain(case.beside.keys()).cloned().collect::<Vec<_>>().join(" ");
        assert!(!names.contains(&fixture.name) && case.files.contains_key(&case.file()), "{names}");
        assert!(!case.verify_command().contains(&fixture.name));
    }
}

#[test]
fn a_blank_sheet_tells_nothing_and_can_be_read_again() {
    let exam = Exam { from: From::Seed, seed: 5, count: 3 };
    let cases = exam.cases().unwrap();
    let text = blank(&exam, &cases);
    for case in &cases {
        assert!(!text.contains(case.happened.story()) && !text.contains("tamper"), "{text}");
    }
    let sheet = Sheet::parse(&text).unwrap();
    assert_eq!(sheet.exam, exam);
    assert_eq!(sheet.answers, (1..=3).map(|number| (number, Answers::default())).collect());
    for (wrong, part) in [
        ("seed = 1\ncount = 3\nfrom = \"air\"\n", "seed"),
        ("seed = 1\ncount = 0\nfrom = \"seed\"\n", "from 1 to"),
        ("seed = 1\ncount = 3\nfrom = \"seed\"\n[case-4]\ncause = \"\"\n", "case-4"),
        ("seed = 1\ncount = 3\nfrom = \"seed\"\n[case-1]\ncolour = \"\"\n", "colour"),
        ("count = 3\n", "seed"),
        ("seed =\n", ""),
    ] {
        let error = Sheet::parse(wrong).unwrap_err();
        assert!(error.to_string().contains(part), "{wrong}: {error}");
    }
}

#[test]
fn right_answers_are_right_and_empty_ones_are_not_wrong() {
    for case in draw(21, CASES).unwrap() {
        let truth = &case.truth;
        let lost = match truth.loss {
            Loss::Nothing => "nothing".to_owned(),
            Loss::Records(count) => format!("{count} records"),
            Loss::Newest => "newest".to_owned(),
            Loss::Everything => "Everything".to_owned(),
        };
        let answers = Answers { cause: case.happened.slug().to_owned(), place: truth.place.to_string(), lost };
        let salvaged = truth.saved.clone().map_or(Salvaged::Absent, Salvaged::Holds);
        let right = grade(&case, &answers, &salvaged);
        assert_eq!(right.points().0, right.points().1, "case {}: {right:?}", case.number);
        let empty = grade(&case, &Answers::default(), &Salvaged::Absent);
        assert!(empty.marks().iter().all(|mark| matches!(mark, Mark::Empty | Mark::NotAsked)));
        let wrong = Answers { cause: "moths".into(), place: "page 999".into(), lost: "4711".into() };
        assert!(grade(&case, &wrong, &Salvaged::Absent).marks()[..3].iter().all(|mark| *mark == Mark::Wrong));
    }
}

#[test]
fn lost_records_may_be_named_by_ranges_of_their_keys() {
    let case = (1..40).map(|seed| Case::drawn(1, Cause::Zeroed, seed).unwrap());
    let case = case.into_iter().find(|case| matches!(case.truth.loss, Loss::Records(2..)));
    let case = case.expect("one of these loses a page of the main tree");
    let keys: Vec<String> = case.truth.lost.iter().map(|key| String::from_utf8(key.clone()).unwrap()).collect();
    let named: Vec<String> = keys.iter().map(|key| key.replacen(' ', ": ", 1)).collect();
    let lost = |lost: String| grade(&case, &Answers { lost, ..Answers::default() }, &Salvaged::Absent).lost;
    assert_eq!(lost(named.join(", ")), Mark::Right);
    assert_eq!(lost(named[1..].join(", ")), Mark::Wrong);
}

#[test]
fn a_salvaged_file_is_right_when_all_that_can_be_saved_is_in_it_and_nothing_else() {
    let case = Case::drawn(1, Cause::LeafRot, 8).unwrap();
    let saved = case.truth.saved.clone().unwrap();
    let graded = |records: Records| grade(&case, &Answers::default(), &Salvaged::Holds(records)).salvaged;
    assert_eq!(graded(saved.clone()), Mark::Right);
    assert_eq!(graded(case.truth.held.clone()), Mark::Right, "more may be saved than salvage does");
    let mut less = saved.clone();
    less.pop_first();
    assert_eq!(graded(less), Mark::Wrong);
    let mut more = saved;
    more.insert(b"main zebra".to_vec(), b"never".to_vec());
    assert_eq!(graded(more), Mark::Wrong);
    let unsound = grade(&case, &Answers::default(), &Salvaged::Unsound("PAGE-ZERO".to_owned()));
    assert_eq!((unsound.salvaged, unsound.remark.as_deref()), (Mark::Wrong, Some("PAGE-ZERO")));
}

#[test]
fn a_case_in_a_lesson_has_no_past_and_verify_says_of_it_what_the_exam_says() {
    for number in 1..=CASES {
        let case = draw_one(15, CASES, number).unwrap();
        let mut runner = tosumu::script::Runner::new(case.options());
        let told: String = runner.recorder().events_from(0).iter().map(|event| event.sentence()).collect();
        let Happened::Drawn(cause) = case.happened else { panic!("{:?} is not drawn", case.happened) };
        assert!(!told.contains("tamper") && !told.contains("fill") && !told.contains(cause.slug()), "{told}");
        let said = runner.run_line("verify anchored").text;
        match case.truth.code {
            Some(code) => assert!(said.starts_with(code.as_str()), "case {number}: {said}"),
            None => assert!(said.starts_with("Checked"), "case {number}: {said}"),
        }
    }
}
