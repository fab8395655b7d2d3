//! Positional reads and writes on a vector, for the disks that live in memory.

use std::io;

/// Longest file of a disk in memory, in bytes: a wrong offset becomes an error before the machine's memory is gone.
const FILE_BYTES_MAX: u64 = 1 << 32;

/// Copies from `offset` into `buffer`; returns how many bytes, 0 at the end.
pub fn read(file: &[u8], offset: u64, buffer: &mut [u8]) -> usize {
    let rest = usize::try_from(offset).ok().and_then(|start| file.get(start..)).unwrap_or_default();
    let count = rest.len().min(buffer.len());
    buffer[..count].copy_from_slice(&rest[..count]);
    count
}

/// Puts `data` at `offset`; what lies between the old end and `offset` becomes zero.
pub fn write(file: &mut Vec<u8>, offset: u64, data: &[u8]) -> io::Result<()> {
    if data.is_empty() {
        return Ok(());
    }
    let end = checked(offset.saturating_add(data.len() as u64))?;
    if file.len() < end {
        file.resize(end, 0);
    }
    file[end - data.len()..end].copy_from_slice(data);
    Ok(())
}

/// The first byte at or behind `offset` that is not zero; `u64::MAX` when there is none.
pub fn next_data(file: &[u8], offset: u64) -> u64 {
    let rest = usize::try_from(offset).ok().and_then(|start| file.get(start..)).unwrap_or_default();
    rest.iter().position(|&byte| byte != 0).map_or(u64::MAX, |zeros| offset + zeros as u64)
}

/// Cuts the file, or fills it up with zeros.
pub fn set_len(file: &mut Vec<u8>, length: u64) -> io::Result<()> {
    file.resize(checked(length)?, 0);
    Ok(())
}

fn checked(length: u64) -> io::Result<usize> {
    match usize::try_from(length) {
        Ok(fits) if length <= FILE_BYTES_MAX => Ok(fits),
        _ => Err(io::Error::new(
            io::ErrorKind::StorageFull,
            format!("a file in memory holds at most {FILE_BYTES_MAX} bytes and {length} were asked for"),
        )),
    }
}

/// What a write through a file opened for reading ends with.
pub fn read_only() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "the file is open for reading only")
}
