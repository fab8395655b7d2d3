//! The pictures of the README are what `shot` draws today. `TOSUMU_REWRITE=1` draws them anew.

use std::path::Path;
use std::process::Command;

/// Each picture and the arguments of `tosumu shot` that draw it, in the project's folder.
const PICTURES: &[(&str, &[&str])] = &[
    ("docs/lab.svg", &["lab", "--script", "docs/split.script", "--at", "116", "--size", "120x40"]),
    ("docs/page.svg", &["page", "--script", "docs/split.script", "--at", "116", "--page", "2", "--size", "100x30"]),
    ("docs/life.svg", &["life", "--script", "docs/split.script", "--page", "2", "--size", "100x20"]),
    ("docs/finding.svg", &["lab", "fixtures/damaged/one-page-rolled-back.tsm"]),
    ("docs/grid.svg", &["grid", "--script", "docs/split.script", "--size", "80x18"]),
    ("docs/tamper.svg", &["tamper", "--script", "docs/split.script", "--size", "110x26"]),
];

#[test]
fn the_recorded_tour_is_what_shot_records() {
    let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tour.cast");
    let recorded = tosumu_inspector::cast::tour();
    if std::env::var_os("TOSUMU_REWRITE").is_some() {
        std::fs::write(&recording, &recorded).unwrap();
    }
    let kept = std::fs::read_to_string(&recording).unwrap_or_default();
    assert!(kept == recorded, "docs/tour.cast is not what `tosumu shot tour` records; TOSUMU_REWRITE=1 records it");
    let mut lines = recorded.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    assert_eq!(lines.next().unwrap()["version"], 2);
    let times: Vec<f64> = lines.map(|event| event[0].as_f64().unwrap()).collect();
    assert!(times.len() > 40 && times.is_sorted() && times[times.len() - 1] < 180.0, "{times:?}");
}

#[test]
fn the_pictures_of_the_readme_are_what_shot_draws() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = tempfile::tempdir().unwrap();
    for (picture, arguments) in PICTURES {
        let drawn = folder.path().join("drawn.svg");
        let mut shot = Command::new(env!("CARGO_BIN_EXE_tosumu"));
        shot.current_dir(&project).env_remove("NO_COLOR").arg("shot").args(*arguments).arg("-o").arg(&drawn);
        assert!(shot.status().unwrap().success(), "{picture}");
        let drawn = std::fs::read_to_string(drawn).unwrap();
        if std::env::var_os("TOSUMU_REWRITE").is_some() {
            std::fs::write(project.join(picture), &drawn).unwrap();
        }
        let kept = std::fs::read_to_string(project.join(picture)).unwrap_or_default();
        assert!(
            kept == drawn,
            "{picture} is not what `tosumu shot {}` draws; TOSUMU_REWRITE=1 draws it",
            arguments.join(" ")
        );
    }
}
