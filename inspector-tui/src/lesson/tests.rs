use super::*;

#[test]
fn every_lesson_plays_with_its_reference_solutions() {
    for (name, text) in FILES {
        let lesson = Lesson::parse(name, text).unwrap_or_else(|error| panic!("{error}"));
        let checked = check(&lesson).unwrap_or_else(|error| panic!("{error}"));
        assert!(checked.predictions >= 1 && checked.tasks >= 1, "{name}: a lesson has a prediction and a task");
        let advice: Vec<String> = advice(&lesson).iter().map(LessonError::to_string).collect();
        assert!(advice.is_empty(), "{}", advice.join("\n"));
    }
    let all: Vec<&Lesson> = all().iter().collect();
    assert_eq!((check_set(&all), all.len()), (Vec::new(), FILES.len()));
}

#[test]
fn a_lesson_is_found_by_number_by_title_and_by_its_words() {
    for name in ["4", "04", "the-split"] {
        assert_eq!(named(name).map(|lesson| lesson.title.as_str()), Some("The split"), "{name}");
    }
    assert!(named("99").is_none());
    assert!(search("SEPARATOR").iter().any(|lesson| lesson.number == "4"));
    assert!(search("no such word anywhere").is_empty());
}

/// A small lesson that uses everything there is.
const SMALL: &str = r#"---
lesson: 7
title: Small
chapter: Test
minutes: 5
needs: nothing
page-size: 512
---

# Small

See [the split](04-the-split.md).

```predict
ask: separator
```

```predict
ask: count splits
```

```script
put b the letter b, with a value of exactly sixty bytes ..........
put d the letter d, with a value of exactly sixty bytes ..........
put f the letter f, with a value of exactly sixty bytes ..........
put n the letter n, with a value of exactly sixty bytes ..........
put p the letter p, with a value of exactly sixty bytes ..........
put r the letter r, with a value of exactly sixty bytes ..........
put l the letter l, with a value of exactly sixty bytes ..........
expect height 2
```

```look
tree at start
page 1 field slot_count
disk at file-synced
```

```predict
ask: path n
```

```predict
ask: see
```

```script
get n
```

```predict
ask: point superblock A field page_size
```

```predict
ask: choice
question: Is it there?
right: yes
wrong: no
proof: expect records 8
why: Eight were put.
```

```predict
ask: order file-synced file-written transaction-committed
```

```script
put zz 1
```

```predict
ask: survives
```

```script
crash before wal-sync
put zzz 1
reopen
expect no zzz
```

```predict
ask: fate
```

```script
tamper log truncate 600
```

```predict
ask: finding
```

```predict
ask: verdict
```

```script
sample
checkpoint
tamper page 1 byte 99 xor 01
verify
```

```task
goal: Two.
sample
check: two more: expect records 12
count: operations
par: 2
forbid: fill
hint: a
hint: b
hint: c
setup:
del b
solution:
put b 1
put c 1
wrong:
put b 1
```

<details><summary>Why?</summary>

Because.

</details>
"#;

fn small() -> Lesson {
    Lesson::parse("07-small.md", SMALL).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_lesson_of_every_kind_of_block_plays() {
    let lesson = small();
    let checked = check(&lesson).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        checked,
        Checked { scripts: 6, predictions: 11, looks: 3, tasks: 1, folds: 1 },
        "every block is gone through"
    );
    let page = to_html(&lesson).unwrap_or_else(|error| panic!("{error}"));
    for part in ["<svg", "<h2>Answers</h2>", "Prediction 11", "Task.", "<pre>", "put zz 1"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("src=") && !page.contains("href=\"http"), "it needs nothing else");
}

fn asked(predict: usize) -> Asked {
    let lesson = small();
    let mut standing = Player::new(lesson.clone()).standing(0);
    let mut pending = Vec::new();
    let mut seen = 0;
    for (at, block) in lesson.blocks.iter().enumerate() {
        match block {
            Block::Predict(predict) => pending.push(predict.clone()),
            Block::Script(script) => {
                if script.store.is_some() {
                    standing = Player::new(lesson.clone()).standing(at + 1);
                    standing.before.clear();
                }
                let before = std::mem::take(&mut standing.before);
                let played = play(&standing.store, &before, &script.lines, &std::mem::take(&mut pending)).unwrap();
                let mut asked = played.asked;
                asked.sort_by_key(|asked| asked.line);
                if let Some(found) = asked.get(predict.wrapping_sub(seen)) {
                    return found.clone();
                }
                seen += asked.len();
                standing.before = before;
                standing.before.extend(script.lines.iter().map(|line| line.text.clone()));
            }
            _ => {}
        }
    }
    panic!("there is no question {predict}");
}

#[test]
fn answers_are_judged_as_they_are_given() {
    let path = asked(2);
    assert!(matches!(&path.way, Way::Type { answer, .. } if answer.split(' ').count() == 2), "{path:?}");
    let answer = path.answer();
    assert!(path.is_right(&Given::Words(answer.replace(' ', " -> "))));
    assert!(path.is_right(&Given::Words(answer.replace(' ', ","))));
    assert!(!path.is_right(&Given::Words("1".to_owned())));
    let see = asked(3);
    assert!(see.answer().starts_with("the letter n"));
    let point = asked(4);
    let Way::Point { answer, fields, .. } = &point.way else { panic!("{point:?}") };
    assert!(point.is_right(&Given::Byte(answer.start)) && !point.is_right(&Given::Byte(answer.end)));
    assert!(fields.iter().any(|field| field.name == "page_size" && field.span == *answer));
    assert!(point.reply(Some(&Given::Byte(0))).starts_with("Not so: byte 0 is part of"));
    let order = asked(6);
    assert_eq!(order.answer(), "2 1 3", "write, sync, commit: {}", order.text);
}

/// The first question of a lesson that is this block and a script.
fn of(ask: &str, script: &str) -> Result<Asked, String> {
    let text = SMALL.split("# Small").next().unwrap_or_default();
    let text = format!("{text}# Small\n\n```predict\nask: {ask}\n```\n\n```script\n{script}\n```\n");
    let lesson = Lesson::parse("07-small.md", &text).map_err(|error| error.to_string())?;
    let [.., Block::Predict(predict), Block::Script(script)] = &lesson.blocks[..] else { panic!("{text}") };
    let store = script.store.clone().unwrap_or_else(|| Store::empty(lesson.page_size));
    let played = play(&store, &[], &script.lines, std::slice::from_ref(predict)).map_err(|error| error.why)?;
    Ok(played.asked[0].clone())
}

#[test]
fn a_cell_of_the_crash_grid_can_be_asked_for_with_a_defence_and_without_it() {
    let script = "page-size 512\nput a 1\nreopen\nput b 2";
    let answer = |ask: &str, script: &str| of(ask, script).unwrap().answer();
    assert_eq!(answer("cell write lost", script), "as it was before the operation");
    assert_eq!(answer("cell write 1 killed", script), "as it is after the operation");
    assert_eq!(answer("cell SYNC lost", script), "as it is after the operation");
    let weak = script.replace("512", "512\nwithout sync-of-commit");
    assert_eq!(answer("cell end lost", &weak), "it opens, and something acknowledged is gone");
    let weaker = weak.replace("reopen\n", "");
    assert_eq!(answer("cell end lost", &weaker), "it refuses to open");
    for (ask, why) in [
        ("cell write 2 lost", "no disk call 2 `write`; there are: start write SYNC end"),
        ("cell start lost-now", "killed lost torn-first"),
        ("cell start torn-first", "nothing is pending"),
        ("cell start 0 lost", "N from 1"),
    ] {
        let said = of(ask, script).unwrap_err();
        assert!(said.contains(why), "{ask}: {said}");
    }
}

#[test]
fn the_costliest_operation_of_a_script_is_computed_unless_two_cost_the_same() {
    let script = "page-size 512\nput a 1\nreopen\nfill 30 ascending\nput b 2\ncheckpoint";
    assert_eq!(of("costliest seals", script).unwrap().answer(), "fill 30 ascending");
    assert_eq!(of("costliest opens", "fill 30 ascending value 60\nreopen\nscan").unwrap().answer(), "scan");
    assert!(of("costliest opens", "put a 1").is_err(), "one operation is no question");
    assert!(of("costliest syncs", "begin\nrollback").unwrap_err().contains("cost the same"));
    assert!(of("costliest height", script).unwrap_err().contains("syncs writes bytes seals opens"));
}

#[test]
fn a_lie_is_told_to_a_store_with_the_copies_beside_it() {
    let lesson = |lie: &str| {
        let text = SMALL.split("# Small").next().unwrap_or_default();
        let script = "```script\npage-size 512\nput a 1\nbeside old copy\nput a 2\n```";
        let text = format!("{text}# Small\n\n{script}\n\n```predict\nask: fate\n```\n\n```script\n{lie}\n```\n");
        let lesson = Lesson::parse("07-small.md", &text).unwrap_or_else(|error| panic!("{error}"));
        let [.., Block::Script(made), Block::Predict(predict), Block::Script(lie)] = &lesson.blocks[..] else {
            panic!("{text}")
        };
        let before: Vec<String> = made.lines.iter().map(|line| line.text.clone()).collect();
        let played = play(&Store::empty(lesson.page_size), &before, &lie.lines, std::slice::from_ref(predict));
        played.map(|played| played.asked[0].answer()).map_err(|error| error.why)
    };
    let anchor = "an old state is served; only a fingerprint kept elsewhere tells";
    assert_eq!(lesson("tamper files from old").unwrap(), anchor);
    assert_eq!(lesson("tamper log remove").unwrap(), "it is refused: opening or reading names it");
    assert!(lesson("put a 3\ntamper log remove").unwrap_err().contains("`put a 3` is no lie"));
}

#[test]
fn a_task_that_passes_before_its_solution_ends_is_advice() {
    let early = SMALL.replacen("put b 1\nput c 1\n", "put b 1\nput c 1\nput b 1\n", 1).replacen("par: 2", "par: 3", 1);
    let said = |text: &str| {
        let lesson = Lesson::parse("07-small.md", text).unwrap_or_else(|error| panic!("{error}"));
        advice(&lesson).iter().map(ToString::to_string).filter(|line| line.contains("solution")).collect::<Vec<_>>()
    };
    assert_eq!(said(SMALL), Vec::<String>::new());
    assert!(said(&early)[0].contains("behind `put c 1` already"), "{early}");
}

#[test]
fn a_lesson_that_lies_fails_with_its_line() {
    for (from, to, why) in [
        ("expect height 2", "expect height 3", "height 2"),
        ("ask: separator", "ask: emptied", "no pages-merged comes"),
        ("ask: separator", "ask: separator\nbefore: crashed", "before page-split, not before crashed"),
        ("ask: path n", "ask: path x", "searches for `x`"),
        ("field page_size", "field colour", "there are: magic"),
        ("proof: expect records 8", "proof: expect records 9", "does not hold"),
        ("ask: order file-synced", "ask: order page-split", "no page-split comes"),
        ("page 1 field slot_count", "page 9", "no page 9"),
        ("page 1 field slot_count", "page 1 field colour", "no field `colour`"),
        ("disk at file-synced", "disk at crashed", "no crashed"),
        ("tree at start", "weather", "no view `weather`"),
        ("put b 1\nput c 1\n", "put b 1\n", "does not pass: two more"),
        ("par: 2", "par: 1", "over its own par"),
        ("put b 1\nput c 1\n", "fill 2 ascending\n", "which is forbidden"),
        ("wrong:\nput b 1", "wrong:\nput b 1\nput c 2", "wrong solution 1 passes"),
        ("expect records 12", "expect records 10", "before anything was done"),
        ("Because.", "", "has no answer"),
        ("# Small", "# Big", "# Small"),
        ("lesson: 7", "lesson: 8", "its own number"),
        (
            "```script\nsample\ncheckpoint\ntamper page 1 byte 99 xor 01\nverify\n```\n",
            "",
            "a script block stands behind it",
        ),
        ("put zz 1\n", "get\n", "get K"),
        ("reopen\nexpect no zzz", "put x 1\nexpect no zzz", "the store is closed"),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let text = SMALL.replacen(from, to, 1);
        let lesson = Lesson::parse("07-small.md", &text).and_then(|lesson| check(&lesson));
        let error = lesson.expect_err(to).to_string();
        assert!(error.contains(why), "{to}: {error}");
        assert!(error.starts_with("07-small.md:"), "{error}");
    }
}

#[test]
fn a_file_that_is_no_lesson_is_told_with_its_line() {
    let with = |body: &str| format!("---\nlesson: 1\ntitle: t\nchapter: c\nminutes: 5\npage-size: 512\n---\n{body}\n");
    for (text, why) in [
        (String::new(), ":1: a lesson begins with front matter"),
        ("---\nlesson: 1\n".to_owned(), "has no end"),
        ("---\nlesson\n---\n".to_owned(), ":2: "),
        ("---\ncolour: 1\n---\n".to_owned(), ":2: there is no `colour`"),
        (with("").replace("512", "500"), ":6: a page size"),
        (with("").replace("minutes: 5", "minutes: ten"), ":5: `minutes`"),
        (with("").replace("chapter: c\n", ""), "`chapter: …`"),
        (with("```script\nput a 1"), ":8: this block has no end"),
        (with("```script\nputt a 1\n```"), ":9: `putt`"),
        (with("```script\nput a 1\nsample\n```"), ":10: `sample` begins a store"),
        (with("```script\nfixture nothing-like-it\n```"), "no fixture"),
        (with("```predict\n```"), ":8: a predict block has a line `ask: …`"),
        (with("```predict\nask: weather\n```"), "cannot be asked; there are: separator"),
        (with("```predict\nask: count clouds\n```"), "there are: records"),
        (with("```predict\nask: point somewhere\n```"), "superblock A"),
        (with("```predict\nask: choice\nright: a\n```"), "needs `question:`"),
        (with("```predict\ncolour: red\n```"), "there are: ask"),
        (with("```look\n```"), "names a view"),
        (with("```look\npage byte x\n```"), "a number is missing"),
        (with("```look\ntree upside-down\n```"), "does not belong here"),
        (with("```task\ngoal: g\n```"), "check"),
        (with("```task\ngoal: g\ncheck: height 3\n```"), "expect …"),
        (with("```task\ngoal: g\nclue: h\n```"), "no `clue`"),
        (with("<details><summary>Why?\nnever closed"), "</summary>"),
        (with("<details><summary>Why?</summary>\nnever closed"), "no end"),
    ] {
        let error = Lesson::parse("01-t.md", &text).expect_err(&text).to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn lessons_side_by_side_agree() {
    let (one, mut other) = (small(), small());
    let twice: Vec<String> = check_set(&[&one, &other]).iter().map(LessonError::to_string).collect();
    assert!(twice[0].contains("another lesson 7") && twice[1].contains("04-the-split.md"), "{twice:?}");
    other.number = "8".to_owned();
    other.slug = "other".to_owned();
    other.needs = vec!["9".to_owned()];
    let split = named("4").unwrap();
    let errors: Vec<String> = check_set(&[&one, &other, split]).iter().map(LessonError::to_string).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("cannot build on lesson 9"));
}

/// The fenced example of the guide is a lesson's body.
#[test]
fn the_example_of_the_guide_plays() {
    let guide = include_str!("../../../tutorials/AUTHORING.md");
    let example = guide.split("````text\n").nth(1).and_then(|rest| rest.split("\n````").next()).expect("the example");
    let front = "---\nlesson: 16\ntitle: T\nchapter: c\nminutes: 5\nneeds: nothing\npage-size: 512\n---\n\n# T\n\n";
    let lesson = Lesson::parse("16-t.md", &format!("{front}{example}\n")).unwrap_or_else(|error| panic!("{error}"));
    let checked = check(&lesson).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((checked.scripts, checked.predictions, checked.looks), (1, 1, 1));
    for word in ["separator", "path KEY", "count MEASURE", "fate", "setup:", "forbid:", "solution:"] {
        assert!(guide.contains(word), "{word}");
    }
}
