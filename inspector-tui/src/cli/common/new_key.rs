//! How a new key is given: as an old one is, in a file, on standard input or at a prompt, or drawn here as a recovery key.

use super::failure::{Failure, Status};
use super::key::{ask, first_line_of_stdin, read_file, somebody_answers, without_newline};
use super::output::{Output, note, shown_path};
use clap::Args;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use tosumu::Unlock;
use tosumu::crypto::{Entropy, OsEntropy, RECOVERY_KEY_GROUPS, Secret, generate_recovery_key};

/// The options that name a new key. Without one a new passphrase is asked for, when somebody is there to type it.
#[derive(Args, Debug, Default)]
#[group(id = "new_key_source", multiple = false)]
pub struct NewKeyOptions {
    /// Take the new passphrase from a file; one newline at its end is not part of it
    #[arg(long, value_name = "F", help_heading = "New key")]
    new_passphrase_file: Option<PathBuf>,
    /// Take the new passphrase from standard input: its first line, or its second behind --passphrase-stdin
    #[arg(long, help_heading = "New key")]
    new_passphrase_stdin: bool,
    /// Take the content of a file as the new key
    #[arg(long, value_name = "F", help_heading = "New key")]
    new_keyfile: Option<PathBuf>,
    /// Draw a recovery key and print it once, to be written down
    #[arg(long, help_heading = "New key")]
    new_recovery_key: bool,
    /// Store the key in the file itself: whoever has the file can read it
    #[arg(long, help_heading = "New key")]
    new_keyless: bool,
}

/// A new key, not yet in a key slot.
pub struct NewKey {
    /// What will open the database.
    pub unlock: Unlock,
    /// The text of a recovery key that was drawn, and must be shown.
    drawn: Option<Secret>,
}

impl NewKeyOptions {
    /// Whether an option names a key.
    pub fn is_given(&self) -> bool {
        self.new_passphrase_stdin
            || self.new_recovery_key
            || self.new_keyless
            || self.new_passphrase_file.is_some()
            || self.new_keyfile.is_some()
    }

    /// Reads, draws or asks for the new key. Call it behind [`KeyOptions::unlock`](super::KeyOptions::unlock), which takes the
    /// first line of standard input.
    pub fn read(&self, file: &Path) -> Result<NewKey, Failure> {
        let mut drawn = None;
        let unlock = if let Some(path) = &self.new_passphrase_file {
            Unlock::Passphrase(without_newline(read_file(path)?))
        } else if self.new_passphrase_stdin {
            Unlock::Passphrase(first_line_of_stdin()?)
        } else if let Some(path) = &self.new_keyfile {
            Unlock::Keyfile(read_file(path)?.into())
        } else if self.new_recovery_key {
            let key = generate_recovery_key(&OsEntropy).map_err(|source| Failure::io("operating system", source))?;
            drawn = Some(key.clone());
            Unlock::RecoveryKey(key)
        } else if self.new_keyless {
            Unlock::Keyless
        } else {
            Unlock::Passphrase(ask_twice(file)?)
        };
        Ok(NewKey { unlock, drawn })
    }
}

impl NewKey {
    /// Shows a recovery key that was drawn, and has it confirmed where a person sits; nothing else is shown. A slot is filled
    /// only afterwards, so that none counts whose key nobody holds.
    pub fn show(&self, output: &mut Output) -> Result<(), Failure> {
        let Some(drawn) = &self.drawn else { return Ok(()) };
        output.bytes(drawn.expose())?;
        output.bytes(b"\n")?;
        output.flush()?;
        if !(somebody_answers() && output.is_terminal()) {
            note("the recovery key was printed once and is not confirmed: make sure that it was kept");
            return Ok(());
        }
        note("Write the recovery key down: it is shown this once. Two of its groups are asked for now.");
        for group in two_groups()? {
            let typed = ask(&format!("Group {} of {RECOVERY_KEY_GROUPS}: ", group + 1))?;
            if !is_group(drawn, group, &typed) {
                let why =
                    format!("what was typed is not group {} of the recovery key: no key slot was changed", group + 1);
                return Err(Failure::new(Status::Cannot, "KEY-WRONG", why));
            }
        }
        Ok(())
    }

    /// What is to be said of a slot whose key stands in the file.
    pub fn warn(&self, file: &Path) {
        if matches!(self.unlock, Unlock::Keyless) {
            note(format!(
                "{}: a keyless slot stores the key in the file: whoever has the file can read it",
                shown_path(file)
            ));
        }
    }
}

fn ask_twice(file: &Path) -> Result<Secret, Failure> {
    if !somebody_answers() || !io::stderr().is_terminal() {
        let options =
            "--new-passphrase-file, --new-passphrase-stdin, --new-keyfile, --new-recovery-key or --new-keyless";
        return Err(Failure::misuse(format!("name the new key: {options}")));
    }
    let first = ask(&format!("New passphrase of {}: ", shown_path(file)))?;
    let second = ask("The same again: ")?;
    match first.expose() == second.expose() {
        true => Ok(first),
        false => Err(Failure::new(Status::Cannot, "KEY-WRONG", "the two passphrases differ: no key slot was changed")),
    }
}

/// Two groups of a recovery key, from 0, that differ: whoever wrote only the first ones down is found out now and then.
fn two_groups() -> Result<[usize; 2], Failure> {
    let mut random = [0; 2];
    OsEntropy.fill(&mut random).map_err(|source| Failure::io("operating system", source))?;
    let first = usize::from(random[0]) % RECOVERY_KEY_GROUPS;
    let second = (first + 1 + usize::from(random[1]) % (RECOVERY_KEY_GROUPS - 1)) % RECOVERY_KEY_GROUPS;
    Ok([first, second])
}

/// Whether `typed` is the group, in capitals or not.
fn is_group(key: &Secret, group: usize, typed: &Secret) -> bool {
    let symbols = key.expose().split(|&byte| byte == b'-').nth(group).unwrap_or_default();
    symbols.eq_ignore_ascii_case(typed.expose().trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_different_groups_are_asked_for() {
        for _ in 0..200 {
            let [first, second] = two_groups().unwrap();
            assert!(first != second && first < RECOVERY_KEY_GROUPS && second < RECOVERY_KEY_GROUPS);
        }
    }

    #[test]
    fn a_group_is_known_by_its_symbols_alone() {
        let key = Secret::from("RF1W-7GY3-RF1G");
        assert!(is_group(&key, 1, &Secret::from(" 7gy3\n")));
        assert!(!is_group(&key, 0, &Secret::from("7GY3")) && !is_group(&key, 1, &Secret::from("")));
    }
}
