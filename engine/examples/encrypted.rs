//! An encrypted store that two keys open: a passphrase for every day, and a recovery key on paper.
//!
//! `cargo run --release --example encrypted`. (The engine has not been audited: not for real secrets.)

use tosumu::crypto::{OsEntropy, generate_recovery_key};
use tosumu::{KdfProfile, Options, Result, Unlock};

fn main() -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("diary.tsm");
    let passphrase = || Unlock::Passphrase("correct horse battery staple".into());

    let db = Options::new().create(true).unlock(passphrase()).open(&path)?;
    db.write(|tx| tx.put(b"2026-11-23", b"A quiet day."))?;

    // Made once, shown once, in groups with check digits; the file holds only what it unwraps.
    let recovery_key = generate_recovery_key(&OsEntropy).expect("the operating system's randomness");
    println!("write this down: {}", String::from_utf8_lossy(recovery_key.expose()));
    let slot = db.add_key(Unlock::RecoveryKey(recovery_key.clone()), KdfProfile::INTERACTIVE)?;
    println!("it opens key slot {slot}; all slots:");
    for slot in db.key_slots() {
        println!("  {} {}", slot.slot, slot.kind);
    }
    drop(db);

    // A wrong passphrase is its own error, never "corrupt".
    let wrong = Options::new().unlock(Unlock::Passphrase("correct horse".into())).open(&path);
    println!("a wrong passphrase: {}", wrong.err().map_or("opened!", |error| error.code()));

    // The passphrase is forgotten: the recovery key opens the store, and a new passphrase takes the old one's slot.
    let db = Options::new().unlock(Unlock::RecoveryKey(recovery_key)).open(&path)?;
    db.rewrap_key(0, Unlock::Passphrase("a better one".into()), KdfProfile::INTERACTIVE)?;
    drop(db);
    let db = Options::new().unlock(Unlock::Passphrase("a better one".into())).open(&path)?;
    let snapshot = db.read();
    let entry = snapshot.get(b"2026-11-23")?;
    println!("read again: {}", entry.map_or_else(String::new, |text| String::from_utf8_lossy(&text).into_owned()));
    Ok(())
}
