//! Savepoints: going back to a place inside an open transaction.

use super::pages::Mark;
use super::write::WriteTxn;
use crate::error::{Error, Result};
use crate::trace::Event;
use std::sync::Arc;

/// A place in a write transaction that [`WriteTxn::rollback_to`] goes back to. It keeps what the transaction needs for that
/// as long as it lives: drop it when it is of no use any more.
#[derive(Debug)]
pub struct Savepoint {
    mark: Arc<Mark>,
    /// Counted from 1 in its transaction.
    number: u32,
}

impl WriteTxn {
    /// Sets a savepoint. It costs next to nothing; what is changed behind it is kept twice in memory until it is dropped.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
    /// let mut tx = db.begin_write()?;
    /// tx.put(b"kept", b"1")?;
    /// let before = tx.savepoint();
    /// tx.put(b"tried", b"2")?;
    /// tx.rollback_to(&before)?;
    /// tx.commit()?;
    /// assert!(db.read().get(b"kept")?.is_some() && db.read().get(b"tried")?.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn savepoint(&mut self) -> Savepoint {
        self.savepoints_set += 1;
        let (transaction, number) = (self.number, self.savepoints_set);
        let mark = self.pages.set_savepoint(self.state.clone());
        self.store.tracer.emit(|_| Event::SavepointSet { transaction, savepoint: number });
        Savepoint { mark, number }
    }

    /// Makes the transaction what it was when `savepoint` was set. It may be gone back to again; savepoints set after it are
    /// passed over for good. A change that failed since is undone with the others, so that the transaction can go on.
    ///
    /// A savepoint of another transaction, or one passed over before, is `MISUSE` and changes nothing.
    pub fn rollback_to(&mut self, savepoint: &Savepoint) -> Result<()> {
        let Some(state) = self.pages.roll_back_to(&savepoint.mark) else {
            let why = "the savepoint is of another transaction, or an earlier rollback_to passed over it";
            return Err(Error::Misuse { why: why.to_owned() });
        };
        self.state = state;
        let (transaction, savepoint, root) = (self.number, savepoint.number, self.state.root.page);
        self.store.tracer.emit(|_| Event::SavepointRestored { transaction, savepoint, root });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::vfs::MemoryVfs;
    use crate::{Database, Options, PageSize, WriteTxn};
    use std::sync::Arc;

    fn database() -> Database {
        let options = Options::new().vfs(Arc::new(MemoryVfs::new())).page_size(PageSize::TOY);
        options.create(true).open("savepoint.tsm").unwrap()
    }

    fn keys(transaction: &WriteTxn) -> Vec<u8> {
        transaction.range::<[u8]>(..).map(|record| record.unwrap().key()[0]).collect()
    }

    #[test]
    fn a_transaction_goes_back_to_any_savepoint_again_and_again() {
        let db = database();
        let mut transaction = db.begin_write().unwrap();
        let empty = transaction.savepoint();
        (0..40).for_each(|key| transaction.put(&[key], &[7; 90]).unwrap());
        let forty = transaction.savepoint();
        for _ in 0..2 {
            (30..60).for_each(|key| transaction.put(&[key], &[8; 30]).unwrap());
            let inner = transaction.savepoint();
            (0..50).for_each(|key| assert!(transaction.delete(&[key]).unwrap()));
            transaction.rollback_to(&inner).unwrap();
            assert_eq!((keys(&transaction).len(), transaction.record_count()), (60, 60));
            transaction.rollback_to(&forty).unwrap();
            assert_eq!(keys(&transaction), (0..40).collect::<Vec<u8>>());
            assert_eq!(&*transaction.get(&[35]).unwrap().unwrap(), [7; 90]);
            assert_eq!(transaction.rollback_to(&inner).unwrap_err().code(), "MISUSE");
        }
        transaction.rollback_to(&empty).unwrap();
        assert_eq!((keys(&transaction).len(), transaction.page_count()), (0, 1));
        assert_eq!(transaction.rollback_to(&forty).unwrap_err().code(), "MISUSE");
        transaction.put(b"x", b"y").unwrap();
        transaction.commit().unwrap();
        assert_eq!(db.read().record_count(), 1);
    }

    #[test]
    fn a_savepoint_that_was_dropped_leaves_what_it_kept_to_the_one_before() {
        let db = database();
        let mut transaction = db.begin_write().unwrap();
        transaction.put(b"a", b"first").unwrap();
        let outer = transaction.savepoint();
        for round in 0..100_u8 {
            drop(transaction.savepoint());
            transaction.put(b"a", &[round]).unwrap();
            transaction.put(&[b'b', round], &[round; 60]).unwrap();
        }
        transaction.rollback_to(&outer).unwrap();
        assert_eq!(&*transaction.get(b"a").unwrap().unwrap(), b"first");
        assert_eq!(transaction.record_count(), 1);
    }

    #[test]
    fn a_savepoint_of_another_transaction_is_refused() {
        let (db, other) = (database(), database());
        let mut transaction = db.begin_write().unwrap();
        let mut elsewhere = other.begin_write().unwrap();
        let foreign = elsewhere.savepoint();
        transaction.savepoint();
        transaction.put(b"a", b"1").unwrap();
        assert_eq!(transaction.rollback_to(&foreign).unwrap_err().code(), "MISUSE");
        drop(elsewhere);
        assert_eq!(transaction.rollback_to(&foreign).unwrap_err().code(), "MISUSE");
        assert_eq!(transaction.record_count(), 1);
    }
}
