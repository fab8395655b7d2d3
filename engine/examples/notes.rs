//! A small application: notes with tags, kept in two named trees that always agree.
//!
//! ```text
//! cargo run --example notes -- FILE add "buy milk" shop today
//! cargo run --example notes -- FILE list [TAG]
//! cargo run --example notes -- FILE done NUMBER
//! ```
//!
//! `notes` maps a number to a text; `tags` holds a record `tag NUL number` for each tag of a note. Both change in one
//! transaction, so that no crash leaves a tag without its note.

use std::path::PathBuf;
use tosumu::{Database, Error, Options, Result, TreeMut, WriteTxn};

const USAGE: &str = "FILE add TEXT [TAG …] | FILE list [TAG] | FILE done NUMBER";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next() else { return demonstration() };
    let rest: Vec<String> = arguments.collect();
    let words: Vec<&str> = rest.iter().map(String::as_str).collect();
    run(&open(file.into())?, &words)
}

fn open(path: PathBuf) -> Result<Database> {
    let db = Options::new().create(true).open(path)?;
    db.write(|tx| {
        for name in ["notes", "tags"] {
            if tx.trees()?.iter().all(|tree| tree.name != name) {
                tx.create_tree(name)?;
            }
        }
        Ok(())
    })?;
    Ok(db)
}

fn run(db: &Database, words: &[&str]) -> Result<()> {
    match words {
        ["add", text, tags @ ..] => add(db, text, tags),
        ["list"] => list(db, None),
        ["list", tag] => list(db, Some(tag)),
        ["done", number] => match number.parse() {
            Ok(number) => done(db, number),
            Err(_) => Err(Error::Misuse { why: format!("{number} is not the number of a note") }),
        },
        _ => Err(Error::Misuse { why: USAGE.to_owned() }),
    }
}

fn add(db: &Database, text: &str, tags: &[&str]) -> Result<()> {
    db.write(|tx| {
        let last =
            tree(tx, "notes")?.range::<[u8]>(..).next_back().transpose()?.map_or(0, |record| number_of(record.key()));
        let number = last + 1;
        tree(tx, "notes")?.put(&number.to_be_bytes(), text.as_bytes())?;
        for tag in tags {
            tree(tx, "tags")?.put(&tag_key(tag, number), b"")?;
        }
        println!("note {number} added");
        Ok(())
    })
}

fn list(db: &Database, tag: Option<&str>) -> Result<()> {
    let snapshot = db.read();
    let (Some(notes), Some(tags)) = (snapshot.tree("notes")?, snapshot.tree("tags")?) else { return Ok(()) };
    match tag {
        None => {
            for note in notes.range::<[u8]>(..) {
                let note = note?;
                println!("{:>4}  {}", number_of(note.key()), String::from_utf8_lossy(note.value()));
            }
        }
        Some(tag) => {
            for entry in tags.prefix(&tag_key(tag, 0)[..tag.len() + 1]) {
                let number = number_of(&entry?.key()[tag.len() + 1..]);
                if let Some(text) = notes.get(&number.to_be_bytes())? {
                    println!("{number:>4}  {}", String::from_utf8_lossy(&text));
                }
            }
        }
    }
    Ok(())
}

fn done(db: &Database, number: u64) -> Result<()> {
    db.write(|tx| {
        if !tree(tx, "notes")?.delete(&number.to_be_bytes())? {
            return Err(Error::Misuse { why: format!("there is no note {number}") });
        }
        let tagged: Vec<Vec<u8>> = {
            let tags = tree(tx, "tags")?;
            let keys: Result<Vec<_>> = tags.range::<[u8]>(..).map(|record| Ok(record?.key().to_vec())).collect();
            keys?.into_iter().filter(|key| key.ends_with(&number.to_be_bytes())).collect()
        };
        for key in tagged {
            tree(tx, "tags")?.delete(&key)?;
        }
        println!("note {number} done");
        Ok(())
    })
}

/// A tree that [`open`] made.
fn tree<'a>(tx: &'a mut WriteTxn, name: &str) -> Result<TreeMut<'a>> {
    tx.tree(name)?.ok_or_else(|| Error::Misuse { why: format!("the file has no tree {name}") })
}

/// `tag NUL number`: all notes of a tag stand side by side, in the order they were written.
fn tag_key(tag: &str, number: u64) -> Vec<u8> {
    let mut key = tag.as_bytes().to_vec();
    key.push(0);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

fn number_of(key: &[u8]) -> u64 {
    key.try_into().map_or(0, u64::from_be_bytes)
}

/// Without arguments: a few notes in a temporary folder.
fn demonstration() -> Result<()> {
    println!("usage: notes {USAGE}\n\nfor example:");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let db = open(folder.path().join("notes.tsm"))?;
    let steps: [&[&str]; 6] = [
        &["add", "buy milk", "shop", "today"],
        &["add", "read the paper on B-trees", "today"],
        &["add", "a kilo of flour", "shop"],
        &["list", "shop"],
        &["done", "1"],
        &["list"],
    ];
    for words in steps {
        println!("> notes {}", words.join(" "));
        run(&db, words)?;
    }
    Ok(())
}
