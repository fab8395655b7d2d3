//! The one file that remembers lessons. It is written whole under another name and then moved into place, so that a crash leaves
//! the old one or the new one; a file that cannot be read is told and never written over.

use crate::lesson::Progress;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The longest file that is read, in bytes.
const BYTES_MAX: u64 = 1 << 20;
/// Its name in the program's own folder.
pub const FILE_NAME: &str = "lessons.json";

/// Where the file stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgressFile {
    path: PathBuf,
}

impl ProgressFile {
    /// The file at `path`; it need not be there yet.
    pub fn at(path: PathBuf) -> ProgressFile {
        ProgressFile { path }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says; nothing when it is not there. An error names the file, what is wrong, and what to do.
    pub fn read(&self) -> Result<Progress, String> {
        let mut text = String::new();
        let read = File::open(&self.path).and_then(|file| file.take(BYTES_MAX + 1).read_to_string(&mut text));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Progress::default()),
            Err(error) => return Err(self.wrong(&error.to_string())),
            Ok(bytes) if bytes as u64 > BYTES_MAX => return Err(self.wrong("it is too long")),
            Ok(_) => {}
        }
        Progress::parse(&text).map_err(|why| self.wrong(&why))
    }

    fn wrong(&self, why: &str) -> String {
        let path = self.path.display();
        format!(
            "{path}: this is no record of lessons that can be read: {why}. It is left as it is: move it away, or name another with --progress FILE"
        )
    }

    /// Writes it anew. A file that could not be read is not written over.
    pub fn write(&self, progress: &Progress) -> Result<(), String> {
        self.read()?;
        let failed = |error: io::Error| format!("{}: {error}", self.path.display());
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut name = self.path.clone().into_os_string();
        name.push(".tmp");
        let beside = PathBuf::from(name);
        let written = File::create(&beside).and_then(|mut file| {
            file.write_all(progress.to_text().as_bytes())?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&beside, &self.path)).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_is_told_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = ProgressFile::at(folder.path().join("deep/lessons.json"));
        assert_eq!(file.read(), Ok(Progress::default()));
        file.write(&Progress::default()).unwrap();
        assert_eq!(file.read(), Ok(Progress::default()));
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1, "nothing is left beside it");
        fs::write(file.path(), "my own notes").unwrap();
        assert!(file.read().unwrap_err().contains("--progress"));
        assert!(file.write(&Progress::default()).is_err());
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "my own notes");
    }
}
