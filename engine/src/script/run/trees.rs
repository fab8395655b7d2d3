//! What is done with named trees.

use super::{Done, Failure, Records, Runner, answer, deleted_text, swap_text};
use crate::escape::escape;
use crate::script::{CompareAndSwap, Read, TreeStep};
use crate::txn::TreeMut;

impl Runner {
    pub(super) fn tree(&mut self, name: &str, step: &TreeStep) -> Done {
        match step {
            TreeStep::Create => self.change(|tx| match tx.create_tree(name)? {
                true => Ok(String::new()),
                false => Failure::refused(format!("there is a tree {} already", shown(name))),
            }),
            TreeStep::Drop => self.change(|tx| match tx.drop_tree(name)? {
                true => Ok(String::new()),
                false => no_tree(name),
            }),
            TreeStep::Put { key, value } => self.change_tree(name, |tree| {
                tree.put(key, value)?;
                Ok(String::new())
            }),
            TreeStep::Delete { key } => self.change_tree(name, |tree| Ok(deleted_text(tree.delete(key)?))),
            TreeStep::Fill(fill) => {
                let records = self.drawn_records(fill)?;
                self.change_tree(name, |tree| {
                    records.iter().try_for_each(|(key, value)| tree.put(key, value))?;
                    Ok(String::new())
                })
            }
            TreeStep::Blob(blob) => {
                let value = self.chance.text(blob.value_bytes);
                self.change_tree(name, |tree| {
                    tree.put(&blob.key, &value)?;
                    Ok(String::new())
                })
            }
            TreeStep::CompareAndSwap(CompareAndSwap { key, expected, new }) => self.change_tree(name, |tree| {
                Ok(swap_text(tree.compare_and_swap(key, expected.as_deref(), new.as_deref())?))
            }),
            TreeStep::Read(read) => self.read_tree(name, read),
        }
    }

    fn change_tree(&mut self, name: &str, change: impl FnOnce(&mut TreeMut<'_>) -> Done) -> Done {
        self.change(|tx| match tx.tree(name)? {
            Some(mut tree) => change(&mut tree),
            None => no_tree(name),
        })
    }

    fn read_tree(&mut self, name: &str, read: &Read) -> Done {
        match &mut self.transaction {
            Some(transaction) => answer_in(transaction.tree(name)?, name, read),
            None => answer_in(self.store()?.read().tree(name)?, name, read),
        }
    }
}

/// The answer of a tree, when there is one.
pub(super) fn answer_in(tree: Option<impl Records>, name: &str, read: &Read) -> Done {
    tree.map_or_else(|| no_tree(name), |tree| answer(&tree, read))
}

pub(in crate::script) fn no_tree(name: &str) -> Done {
    Failure::refused(format!("there is no tree {}; `tree {} create` makes one", shown(name), shown(name)))
}

fn shown(name: &str) -> String {
    escape(name.as_bytes())
}
