use super::*;

#[test]
fn every_lesson_plays_with_its_reference_solutions() {
    for (name, text) in FILES {
        let lesson = Lesson::parse(name, text).unwrap_or_else(|error| panic!("{error}"));
        let checked = check(&lesson).unwrap_or_else(|error| panic!("{error}"));
        assert!(checked.predictions >= 1 && checked.tasks >= 1, "{name}: a lesson has a prediction and a task");
    }
}

#[test]
fn a_lesson_is_found_by_number_and_by_title() {
    for name in ["4", "04", "the-split"] {
        assert_eq!(named(name).map(|lesson| lesson.title), Some("The split".to_owned()), "{name}");
    }
    assert!(named("99").is_none());
}

fn the_split_with(from: &str, to: &str) -> Result<Checked, LessonError> {
    let (name, text) = FILES[0];
    assert!(text.contains(from), "{from}");
    Lesson::parse(name, &text.replacen(from, to, 1)).and_then(|lesson| check(&lesson))
}

#[test]
fn a_lesson_that_lies_fails() {
    for (from, to, why) in [
        ("expect height 1", "expect height 2", "expect height 2"),
        ("before: page-split", "before: checkpoint-ended", "no checkpoint-ended came"),
        ("ask: separator", "ask: weather", "weather"),
        ("par: 7", "par: 3", "over its own par"),
        ("check: expect height 3", "check: expect height 1", "before anything was done"),
        ("check: expect height 3", "check: expect height 7", "does not pass"),
        ("check: expect height 3", "check: expect records 7", "wrong solution 2 passes"),
        ("hint: A leaf holds", "clue: A leaf holds", "a task has no `clue`"),
        ("```look\ntree\npage 1", "```look\nweather", "weather"),
    ] {
        let error = the_split_with(from, to).expect_err(to);
        assert!(error.to_string().contains(why), "{to}: {error}");
    }
}

#[test]
fn a_file_that_is_no_lesson_is_told_with_its_line() {
    for (text, why) in [
        ("", "line 1: a lesson begins with front matter"),
        ("---\nlesson: 1\n", "has no end"),
        ("---\nlesson\n---\n", "line 2"),
        ("---\nlesson: 1\ntitle: t\nminutes: 5\npage-size: 500\n---\n", "power of two"),
        (
            "---\nlesson: 1\ntitle: t\nminutes: 5\npage-size: 512\n---\n```script\nput a 1\n",
            "line 7: this block has no end",
        ),
        ("---\nlesson: 1\ntitle: t\nminutes: 5\npage-size: 512\n---\n```task\ngoal: g\n```\n", "check"),
    ] {
        let error = Lesson::parse("01-t.md", text).expect_err(text);
        assert!(error.to_string().contains(why), "{text}: {error}");
    }
}
