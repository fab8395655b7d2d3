//! Lists the files of the gallery, so that they are compiled in: a new fixture is files and an entry of the manifest, no code.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let fixtures = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../fixtures");
    println!("cargo::rerun-if-changed=build.rs");
    let mut tables = String::new();
    let bytes = [entries(&fixtures, "good", "")?, entries(&fixtures, "damaged", "")?].concat();
    table(&mut tables, "BYTES: &[(&str, &[u8])]", "include_bytes", &bytes);
    table(&mut tables, "RECIPES: &[(&str, &str)]", "include_str", &entries(&fixtures, "recipes", ".script")?);
    fs::write(Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("gallery.rs"), tables)
}

/// The name under which a file is kept, and its path.
type Entry = (String, String);

/// The files of a folder, sorted by name: `good/fresh.tsm`; of recipes the name alone.
fn entries(fixtures: &Path, folder: &str, ending: &str) -> io::Result<Vec<Entry>> {
    let path = fixtures.join(folder);
    println!("cargo::rerun-if-changed={}", path.display());
    let mut entries = Vec::new();
    for file in fs::read_dir(&path)? {
        let file = file?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kept = if ending.is_empty() {
            Some(format!("{folder}/{name}"))
        } else {
            name.strip_suffix(ending).map(str::to_owned)
        };
        entries.extend(kept.map(|kept| (kept, file.to_string_lossy().into_owned())));
    }
    entries.sort();
    Ok(entries)
}

fn table(tables: &mut String, head: &str, include: &str, entries: &[Entry]) {
    tables.push_str(&format!("const {head} = &[\n"));
    entries.iter().for_each(|(name, path)| tables.push_str(&format!("    ({name:?}, {include}!({path:?})),\n")));
    tables.push_str("];\n");
}
