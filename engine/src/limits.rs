//! Every number the engine holds to, with its unit and the reason for it. Exceeding one is an error that names it. What
//! follows from a page's layout, the longest key and record, stands with that layout in `format::node`.

/// Smallest page, in bytes: one sector of the oldest disks, and a page a screen can show whole.
pub const PAGE_SIZE_BYTES_MIN: u32 = 512;
/// Largest page, in bytes: offsets inside a page are 16 bits wide.
pub const PAGE_SIZE_BYTES_MAX: u32 = 65536;
/// What a disk writes whole or not at all, in bytes: the unit of every crash model here.
pub const SECTOR_BYTES: usize = 512;
/// One superblock slot, in bytes, at every page size.
pub const SUPERBLOCK_BYTES: usize = 4096;
/// Where page 1 starts in the page file, in bytes: after the two superblock slots.
pub const PAGES_START_BYTES: u64 = 2 * SUPERBLOCK_BYTES as u64;
/// Nonce 24, header 16 and tag 16 of a sealed page, in bytes.
pub const PAGE_OVERHEAD_BYTES: usize = 56;
/// Key slots in a superblock: enough for a few people, a recovery key and a machine.
pub const KEY_SLOTS_COUNT: usize = 8;
/// Most pages a file may have: page numbers are 32 bits wide and 0 names none.
pub const PAGES_MAX: u32 = u32::MAX - 1;
/// Longest value, in bytes (1 GiB): its length is 31 bits wide in a leaf, and this leaves room to tell a mistake.
pub const VALUE_BYTES_MAX: u32 = 1 << 30;
/// Highest commit number, generation or count of records a file may hold: no honest one comes near, and adding one to any of
/// them never overflows.
pub const NUMBER_MAX: u64 = u64::MAX / 2;
/// Deepest tree: 77 children a branch at 4 KiB reach 2^32 pages in six levels; 24 covers 512-byte pages with the longest keys.
pub const TREE_DEPTH_MAX: usize = 24;
/// Argon2id memory ceiling, in KiB: a hostile file names its own parameters.
pub const KDF_MEMORY_KIB_MAX: u32 = 1 << 20;
/// Argon2id passes ceiling.
pub const KDF_PASSES_MAX: u32 = 16;
/// Argon2id lanes ceiling.
pub const KDF_LANES_MAX: u32 = 16;
/// Argon2id work ceiling, in KiB times passes, of all passphrase slots of a file together (1.5 GiB filled once): they are tried
/// one after the other, and whoever has a wrong passphrase waits for all of them, a second or two. It is what eight slots of the
/// interactive profile ask for.
pub const KDF_WORK_KIB_MAX: u64 = 3 << 19;
/// Argon2id floor below which `KDF-WEAK` is reported, in KiB (OWASP).
pub const KDF_MEMORY_KIB_FLOOR: u32 = 19 * 1024;
/// Argon2id passes floor below which `KDF-WEAK` is reported.
pub const KDF_PASSES_FLOOR: u32 = 2;
/// Shortest keyfile, in bytes: it stands for a 256-bit key.
pub const KEYFILE_BYTES_MIN: usize = 32;
/// Longest keyfile or passphrase read, in bytes.
pub const SECRET_BYTES_MAX: usize = 1 << 20;
/// A checkpoint is made when the log has grown to this, in bytes.
pub const LOG_BYTES_CHECKPOINT: u64 = 8 << 20;
/// Heads of records behind the end of a log that may turn out to be none before the log is called damaged: a crash leaves a few,
/// and each costs a checksum of a whole record, at most 64 MiB of them together.
pub const LOG_FALSE_HEADS_MAX: u32 = 1024;
/// Default bound of the cache of opened pages, in bytes.
pub const CACHE_BYTES_DEFAULT: usize = 64 << 20;
/// Default bound of the changed pages that a write transaction keeps in memory, in bytes: a quarter of the cache.
pub const TRANSACTION_BYTES_DEFAULT: usize = 16 << 20;
/// Longest line of a script or of `feed`, in bytes.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// Largest database that a drill copies, in bytes of page file and log: it holds the export and the copy in memory, up to five
/// times as much.
pub const DRILL_BYTES_MAX: u64 = 64 << 20;
/// Longest witness file, in bytes: some twenty thousand lines. It is then cut down to the newest half of them.
pub const WITNESS_BYTES_MAX: u64 = 1 << 20;
