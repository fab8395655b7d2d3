//! The files of a simulated disk, to be changed by hand.

pub use tosumu::forge::Files;
use tosumu::vfs::{DiskImage, SimVfs};

pub fn disk_of(files: &Files) -> SimVfs {
    SimVfs::from_image(DiskImage::of(files.clone()), 1)
}

pub fn files_of(disk: &SimVfs) -> Files {
    disk.files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect()
}
