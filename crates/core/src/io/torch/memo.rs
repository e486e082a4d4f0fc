//! The memo of a pickle: values that it refers to later.

use std::collections::HashMap;

use crate::io::torch::limits;
use crate::io::torch::value::Value;

/// Values by number. Picklers count up from zero; what is out of order goes into a small map, so that no large index makes a long list.
#[derive(Default)]
pub(super) struct Memo {
    dense: Vec<Value>,
    sparse: HashMap<u32, Value>,
}

impl Memo {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.dense.len() + self.sparse.len()
    }

    /// Keeps a value; false when there are too many.
    pub fn put(&mut self, number: u32, value: Value) -> bool {
        let index = number as usize;
        if index < self.dense.len() {
            self.dense[index] = value;
        } else if index == self.dense.len() {
            if index >= limits::MEMO {
                return false;
            }
            self.dense.push(value);
            self.sparse.remove(&number);
        } else {
            self.sparse.insert(number, value);
        }
        self.sparse.len() <= limits::MEMO_SPARSE
    }

    /// The value at an index.
    pub fn get(&self, number: u32) -> Option<Value> {
        self.dense
            .get(number as usize)
            .or_else(|| self.sparse.get(&number))
            .copied()
    }
}
