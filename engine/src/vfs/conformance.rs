//! What every implementation of the disk must do alike; each runs this in its own tests.

use super::{LockKind, OpenMode, Vfs, VfsFile, read_exact_at, read_up_to, write_all_at};
use std::{io::ErrorKind, path::Path};

/// Runs all checks in `folder`, which is there and empty.
pub fn check(vfs: &dyn Vfs, folder: &Path) {
    bytes_come_back(vfs, folder);
    names_keep_their_promises(vfs, folder);
    the_lock_excludes(vfs, folder);
    a_folder_lists_its_files(vfs, folder);
    files_for_reading_take_no_bytes(vfs, folder);
    only_zeros_are_passed_over(vfs, folder);
}

fn content(file: &dyn VfsFile) -> Vec<u8> {
    let mut bytes = vec![0; file.len().unwrap() as usize];
    read_exact_at(file, 0, &mut bytes).unwrap();
    bytes
}

fn create(vfs: &dyn Vfs, path: &Path, bytes: &[u8]) {
    let file = vfs.open(path, OpenMode::CreateNew).unwrap();
    write_all_at(&*file, 0, bytes).unwrap();
    file.sync_data().unwrap();
}

fn bytes_come_back(vfs: &dyn Vfs, folder: &Path) {
    let file = vfs.open(&folder.join("bytes"), OpenMode::CreateNew).unwrap();
    assert!(file.is_empty().unwrap());
    write_all_at(&*file, 0, b"hello").unwrap();
    write_all_at(&*file, 8, b"end").unwrap();
    assert_eq!(content(&*file), b"hello\0\0\0end");
    assert_eq!(read_up_to(&*file, 8, &mut [0; 10]).unwrap(), 3);
    assert_eq!(file.read_at(100, &mut [0; 10]).unwrap(), 0);
    assert_eq!(read_exact_at(&*file, 8, &mut [0; 10]).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    file.set_len(2).unwrap();
    file.set_len(4).unwrap();
    assert_eq!(content(&*file), b"he\0\0");
    file.sync_data().unwrap();
    vfs.sync_dir(&folder.join("bytes")).unwrap();
}

fn only_zeros_are_passed_over(vfs: &dyn Vfs, folder: &Path) {
    let file = vfs.open(&folder.join("holes"), OpenMode::CreateNew).unwrap();
    assert!([0, u64::MAX].contains(&file.next_data(0)), "an empty file");
    file.set_len(1 << 18).unwrap();
    write_all_at(&*file, 100_001, b"data").unwrap();
    let bytes = content(&*file);
    for offset in [0, 1, 511, 100_000, 100_001, 100_002, 100_005, 200_000, (1 << 18) - 1] {
        let next = file.next_data(offset);
        assert!(next >= offset, "{next} is before {offset}");
        let end = usize::try_from(next).unwrap_or(bytes.len()).min(bytes.len());
        assert!(bytes[offset as usize..end].iter().all(|&byte| byte == 0), "from {offset} to {next}");
    }
}

fn names_keep_their_promises(vfs: &dyn Vfs, folder: &Path) {
    let [first, second, third] = ["first", "second", "third"].map(|name| folder.join(name));
    create(vfs, &first, b"one");
    create(vfs, &second, b"two");
    assert_eq!(vfs.open(&first, OpenMode::CreateNew).err().unwrap().kind(), ErrorKind::AlreadyExists);
    assert_eq!(vfs.link_new(&first, &second).unwrap_err().kind(), ErrorKind::AlreadyExists);
    vfs.link_new(&first, &third).unwrap();
    vfs.open(&third, OpenMode::Write).unwrap().write_at(0, b"O").unwrap();
    let identity = |path: &Path| vfs.open(path, OpenMode::Read).unwrap().identity();
    assert_eq!(identity(&first), identity(&third));
    assert_ne!(identity(&first), identity(&second));
    vfs.rename(&first, &second).unwrap();
    assert!(!vfs.exists(&first).unwrap());
    assert_eq!(content(&*vfs.open(&second, OpenMode::Read).unwrap()), b"One");
    vfs.remove(&second).unwrap();
    assert_eq!(content(&*vfs.open(&third, OpenMode::Read).unwrap()), b"One");
    for gone in [vfs.remove(&second), vfs.rename(&second, &first), vfs.link_new(&second, &first)] {
        assert_eq!(gone.unwrap_err().kind(), ErrorKind::NotFound);
    }
    assert_eq!(vfs.open(&second, OpenMode::Write).err().unwrap().kind(), ErrorKind::NotFound);
}

fn a_folder_lists_its_files(vfs: &dyn Vfs, folder: &Path) {
    create(vfs, &folder.join("b listed"), b"");
    create(vfs, &folder.join("a listed"), b"");
    let names = vfs.list(folder).unwrap();
    let listed: Vec<&String> = names.iter().filter(|name| name.ends_with("listed")).collect();
    assert_eq!(listed, ["a listed", "b listed"]);
}

fn the_lock_excludes(vfs: &dyn Vfs, folder: &Path) {
    let path = folder.join("locked");
    create(vfs, &path, b"");
    let [first, second] = [(); 2].map(|()| vfs.open(&path, OpenMode::Write).unwrap());
    assert!(first.try_lock(LockKind::Exclusive).unwrap());
    assert!(!second.try_lock(LockKind::Exclusive).unwrap());
    assert!(!second.try_lock(LockKind::Shared).unwrap());
    drop(first);
    assert!(second.try_lock(LockKind::Shared).unwrap());
    let third = vfs.open(&path, OpenMode::Read).unwrap();
    assert!(third.try_lock(LockKind::Shared).unwrap());
    assert!(!third.try_lock(LockKind::Exclusive).unwrap());
}

fn files_for_reading_take_no_bytes(vfs: &dyn Vfs, folder: &Path) {
    let path = folder.join("read only");
    create(vfs, &path, b"kept");
    let file = vfs.open(&path, OpenMode::Read).unwrap();
    assert!(file.write_at(0, b"lost").is_err());
    assert!(file.set_len(0).is_err());
    assert_eq!(content(&*file), b"kept");
}
