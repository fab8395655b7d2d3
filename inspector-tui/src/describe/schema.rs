//! What the JSON of each view looks like, as a JSON Schema: made from the same structs that are written.

use super::{
    Subject, branches, diff, disk, events, grid, help, home, life, log, map, marks, page, receipt, seals, snapshots,
    tamper, tree, twin, verify,
};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

/// The schema of what `--json` prints of `subject`.
pub fn schema(subject: Subject) -> Value {
    let mut schema = match subject {
        Subject::Tree => of::<tree::TreeFacts>(),
        Subject::Page => of::<page::PageFacts>(),
        Subject::Map => of::<map::MapFacts>(),
        Subject::Log => of::<log::LogFacts>(),
        Subject::Disk => of::<disk::DiskFacts>(),
        Subject::Seals => of::<seals::SealsFacts>(),
        Subject::Snapshots => of::<snapshots::SnapshotsFacts>(),
        Subject::Verify => of::<verify::VerifyFacts>(),
        Subject::Receipt => of::<receipt::ReceiptFacts>(),
        Subject::Events => of::<events::EventsFacts>(),
        Subject::Diff => of::<diff::DiffFacts>(),
        Subject::Life => of::<life::LifeFacts>(),
        Subject::Branches => of::<branches::BranchesFacts>(),
        Subject::Help => of::<help::HelpFacts>(),
        Subject::Home => of::<home::HomeFacts>(),
        Subject::Grid => of::<grid::GridFacts>(),
        Subject::Tamper => of::<tamper::TamperFacts>(),
        Subject::Marks => of::<marks::MarksFacts>(),
        Subject::Twin => of::<twin::TwinFacts>(),
        Subject::Lab => of::<super::LabFacts>(),
    };
    name(&mut schema, subject.word());
    schema
}

fn of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

/// Every object says which view it is.
fn name(schema: &mut Value, word: &str) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("view".into(), json!({ "const": word }));
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.insert(0, "view".into());
    }
}
