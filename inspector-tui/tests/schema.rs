//! The JSON of every view has a schema in `docs/schema`, and is what that says. `TOSUMU_REWRITE=1` writes the schemas anew.

use serde_json::Value;
use std::path::Path;
use tosumu_inspector::describe::{self, Subject, schema::schema};
use tosumu_inspector::model::{Model, View};
use tosumu_inspector::recorded;

#[test]
fn every_view_has_its_schema_in_the_documents() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schema");
    for (word, subject) in Subject::ALL {
        let path = folder.join(format!("{word}.json"));
        let made = serde_json::to_string_pretty(&schema(subject)).unwrap() + "\n";
        if std::env::var_os("TOSUMU_REWRITE").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == made, "docs/schema/{word}.json is not what the view says; TOSUMU_REWRITE=1 writes it");
    }
}

/// Models that between them use every part of every view.
fn models() -> Vec<Model> {
    let lines = [
        "put m 13",
        "blob big 1300",
        "tree people create",
        "del r",
        "t1: begin-read",
        "begin",
        "put z 1",
        "savepoint one",
    ];
    let lab = recorded::lab(&recorded::sample_store(&lines), recorded::SAMPLE_TITLE);
    let damaged = ["put m 13", "checkpoint", "put z 1", "put-back page 2 from commit 1"];
    let mut runner = recorded::sample_store(&damaged);
    runner.finish();
    let file = recorded::at_rest(&runner, None).unwrap();
    let mut early =
        recorded::lab(&recorded::sample_store(&["crash before wal-sync", "put m 13"]), recorded::SAMPLE_TITLE);
    early.view = View::Life;
    vec![lab, file, early, Model::home()]
}

#[test]
fn the_json_of_every_view_has_exactly_the_properties_of_its_schema() {
    for model in models() {
        for (word, subject) in Subject::ALL {
            let schema = schema(subject);
            let facts: Value = serde_json::from_str(&describe::facts(&model, subject).json()).unwrap();
            check(&schema, &schema, &facts, word);
        }
    }
}

/// Whether `value` is of the shape of `schema`: every property it has is in the schema, and every one that must be there is.
fn check(root: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolved(root, schema);
    match value {
        Value::Object(members) => {
            let properties = schema["properties"].as_object().unwrap_or_else(|| panic!("{place}: {schema}"));
            for (name, member) in members {
                let of = properties.get(name).unwrap_or_else(|| panic!("{place}: the schema has no `{name}`"));
                check(root, of, member, &format!("{place}.{name}"));
            }
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(members.contains_key(name), "{place}: `{name}` is missing");
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check(root, &schema["items"], item, place)),
        _ => {}
    }
}

/// The schema that a reference or an optional value leads to.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(path) = schema["$ref"].as_str() {
        return resolved(root, root.pointer(path.trim_start_matches('#')).expect("a reference leads somewhere"));
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return resolved(root, choices.iter().find(|choice| choice["type"] != "null").expect("something beside null"));
    }
    schema
}
