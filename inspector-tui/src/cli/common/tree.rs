//! Which tree of a database a verb means: the main one, or one with a name.

use super::{Failure, Status, shown_path};
use clap::Args;
use std::path::Path;
use tosumu::{ReadTxn, Tree, TreeMut, WriteTxn};

/// The tree meant.
#[derive(Args)]
pub struct TreeOptions {
    /// A named tree instead of the main one
    #[arg(long, value_name = "NAME")]
    tree: Option<String>,
}

impl TreeOptions {
    /// Whether the main tree is meant.
    pub fn is_main(&self) -> bool {
        self.tree.is_none()
    }

    /// The named tree meant, or nothing for the main one; an error when there is none of that name.
    pub fn in_snapshot<'a>(&self, snapshot: &'a ReadTxn) -> tosumu::Result<Option<Tree<'a>>> {
        let Some(name) = &self.tree else { return Ok(None) };
        snapshot.tree(name)?.map(Some).ok_or_else(|| missing(name))
    }

    /// The same in a write transaction.
    pub fn in_transaction<'t>(&self, transaction: &'t mut WriteTxn) -> tosumu::Result<Option<TreeMut<'t>>> {
        let Some(name) = &self.tree else { return Ok(None) };
        transaction.tree(name)?.map(Some).ok_or_else(|| missing(name))
    }

    /// The same, and a tree that is not there is created.
    pub fn or_created<'t>(&self, transaction: &'t mut WriteTxn) -> tosumu::Result<Option<TreeMut<'t>>> {
        if let Some(name) = &self.tree {
            transaction.create_tree(name)?;
        }
        self.in_transaction(transaction)
    }
}

/// An error of the engine about the database at `path`; a tree that is not there is nothing the user did wrong.
pub fn tree_failure(path: &Path, error: tosumu::Error) -> Failure {
    match error {
        tosumu::Error::Misuse { why } if why.starts_with(NO_TREE) => {
            Failure::new(Status::Cannot, "NO-TREE", format!("{}: {why}", shown_path(path)))
        }
        other => Failure::engine(path, other),
    }
}

const NO_TREE: &str = "there is no tree named ";

fn missing(name: &str) -> tosumu::Error {
    let shown = tosumu::escape::escape(name.as_bytes());
    tosumu::Error::Misuse { why: format!("{NO_TREE}{shown}; `tree list` shows those there are") }
}
