//! The forensics exam as somebody meets it: a folder of files, the tools, a sheet of answers, and a table.

mod common;

use common::{CANNOT, MISUSE, NOTHING, Place};
use std::fs;
use tosumu_inspector::exam::{Case, Exam, From, Loss, OTHER};

fn answers(case: &Case) -> String {
    let lost = match case.truth.loss {
        Loss::Records(count) => count.to_string(),
        Loss::Newest => "newest".to_owned(),
        loss => loss.to_string(),
    };
    let (slug, place) = (case.happened.slug(), case.truth.place);
    format!("[case-{}]\ncause = \"{slug}\"\nplace = \"{place}\"\nlost = \"{lost}\"\n", case.number)
}

#[test]
fn an_exam_is_made_looked_at_answered_salvaged_and_graded() {
    let place = Place::empty();
    let made = place.run("exam new exam --seed 7");
    assert_eq!(made.status, 0, "{}", made.stderr);
    assert!(made.text().contains("8 cases") && made.text().contains("tosumu verify case-1.tsm"), "{}", made.text());
    let exam = Exam { from: From::Seed, seed: 7, count: 8 };
    let cases = exam.cases().unwrap();
    let mut told = String::new();
    for entry in fs::read_dir(place.path("exam")).unwrap() {
        let entry = entry.unwrap();
        told.push_str(&entry.file_name().to_string_lossy());
        if entry.file_name() == "answers.toml" {
            told.push_str(&fs::read_to_string(entry.path()).unwrap());
        }
    }
    for case in &cases {
        assert!(!told.contains(case.happened.story()) && !told.contains(&case.recipe), "{told}");
        let kept = fs::read(place.path(&format!("exam/{}", case.file()))).unwrap();
        assert_eq!(kept, case.files[&case.file()]);
    }
    assert!(told.contains(OTHER) && !told.contains("tamper") && !told.contains("forge "), "{told}");

    let blank = place.run("exam check exam");
    assert_eq!(blank.status, NOTHING);
    assert!(blank.text().contains("\n0 of ") && !blank.text().contains("Recipe"), "{}", blank.text());

    let sheet: String = cases.iter().map(answers).collect();
    let head = "seed = 7\ncount = 8\nfrom = \"seed\"\n";
    fs::write(place.path("exam/answers.toml"), format!("{head}{sheet}")).unwrap();
    for case in &cases {
        let (from, to) = (format!("exam/{}", case.file()), format!("exam/{}", case.salvaged_file()));
        place.run(["salvage", from.as_str(), to.as_str()]);
    }
    let full = place.run("exam check exam --explain");
    assert_eq!(full.status, 0, "{}", full.text());
    for case in &cases {
        let words: Vec<&str> = case.happened.story().split_whitespace().take(4).collect();
        assert!(full.text().contains(&words.join(" ")), "{}", full.text());
        assert!(full.text().contains(case.recipe.lines().last().unwrap()));
    }
    let folded = |line: &&str| !line.contains("tosumu verify") && !line.contains("tamper");
    for line in full.text().lines().filter(folded) {
        assert!(line.chars().count() <= 80, "{line}");
    }

    // A salvaged file from which something was taken out, and one that is none.
    let saved = cases.iter().find(|case| case.truth.saved.is_some() && case.truth.exit == 2).unwrap();
    let (key, _) = saved.truth.saved.as_ref().unwrap().iter().find(|(key, _)| key.starts_with(b"main k")).unwrap();
    let file = format!("exam/{}", saved.salvaged_file());
    let key = String::from_utf8(key.clone()).unwrap();
    assert_eq!(place.run(["del", file.as_str(), key.strip_prefix("main ").unwrap()]).status, 0);
    let less = place.run("exam check exam");
    assert_eq!(less.status, NOTHING);
    assert!(less.text().contains("1 record that can be saved is not in it"), "{}", less.text());
    fs::write(place.path(&file), "letters").unwrap();
    assert_eq!(place.run("exam check exam").status, NOTHING);
    fs::write(place.path(&format!("exam/{}", cases[0].file())), "letters").unwrap();
    assert!(place.run("exam check exam").text().contains("not as it was made"));
}

#[test]
fn an_exam_of_the_gallery_takes_its_files_without_their_names() {
    let place = Place::empty();
    assert_eq!(place.run("exam new exam --gallery --seed 2 --count 4").status, 0);
    let cases = Exam { from: From::Gallery, seed: 2, count: 4 }.cases().unwrap();
    let head = "seed = 2\ncount = 4\nfrom = \"gallery\"\n";
    let sheet: String = cases.iter().map(answers).collect();
    fs::write(place.path("exam/answers.toml"), format!("{head}{sheet}")).unwrap();
    let told = place.run("exam check exam").text();
    assert!(told.lines().skip(1).take(4).all(|line| line.matches("right").count() == 3), "{told}");
}

#[test]
fn nothing_is_overwritten_and_what_cannot_be_is_said_with_its_place() {
    let place = Place::empty();
    place.write("mine", "mine");
    place.run("exam new . --seed 1").fails(CANNOT, "EXISTS");
    place.run("exam new mine --seed 1").fails(CANNOT, "IO");
    assert_eq!(fs::read_dir(place.path(".")).unwrap().count(), 1);
    place.run("exam check nowhere").fails(CANNOT, "NOT-FOUND");
    place.run("exam new x --count 0").fails(MISUSE, "MISUSE");
    place.write("answers.toml", "seed = 1\ncount = 8\nfrom = \"seed\"\n[case-1]\nculprit = \"moths\"\n");
    let refused = place.run("exam check .");
    assert!(refused.stderr.contains("answers.toml") && refused.stderr.contains("culprit"), "{}", refused.stderr);
    refused.fails(MISUSE, "SHEET");
}
