//! What an op changes in place, until it is known to hold: an op that fails, whatever the reason, has changed nothing.

use std::rc::Rc;

use smallvec::SmallVec;

use super::call::{Call, replace};
use super::thread::Executor;
use crate::any;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::memory::Pool;
use crate::ops::row::Mutates;
use crate::storage::{Buffer, Element, Value};

/// The inputs that an op changes, with what they were. Dropped before [`Changes::hold`], it restores them.
pub(super) struct Changes<'a> {
    executor: &'a Executor,
    /// By number of the input.
    list: SmallVec<[Change; 2]>,
}

struct Change {
    /// Number of the input.
    input: usize,
    target: Value,
    before: Value,
    /// Memory of the target before.
    held: u64,
}

impl<'a> Changes<'a> {
    /// Prepares what the op changes. A mapped tensor gets memory of its own, since a file is never written; of the others the values are kept when the op
    /// is `watched`, and could be refused after it has run.
    ///
    /// # Errors
    /// [`Code::Memory`], and [`Code::File`] for a file that was cut short.
    pub fn begin(executor: &'a Executor, call: Call<'_>, inputs: &[Option<Value>], watched: bool) -> Result<Self> {
        let mut changes = Changes {
            executor,
            list: SmallVec::new(),
        };
        if call.row.mutates == Mutates::Nothing {
            return Ok(changes);
        }
        for (i, value) in inputs.iter().enumerate() {
            if let Some(value) = value
                && call.row.is_mutated(i, call.attrs)
            {
                changes.prepare(i, value, call.row.overwrites, watched)?;
            }
        }
        Ok(changes)
    }

    fn prepare(&mut self, input: usize, target: &Value, overwrites: bool, watched: bool) -> Result<()> {
        let pool = &self.executor.pool;
        let held = target.storage.borrow().held_bytes();
        let mapped = match &*target.storage.borrow() {
            Buffer::Mapped(window) => Some(window.clone()),
            _ => None,
        };
        let before = if let Some(window) = mapped {
            let fresh = if overwrites {
                any!(target.dtype, T => T::wrap(pool.borrow_mut().take::<T>(target.units())?))
            } else {
                let copy = Pool::copy_of(pool, target.dtype, window.bytes())?;
                window.check()?;
                copy
            };
            replace(target, fresh)?
        } else if watched {
            self.copy_of(target)?
        } else {
            return Ok(());
        };
        self.list.push(Change {
            input,
            target: target.clone(),
            before: Value::new(before, target.shape.clone(), target.dtype),
            held,
        });
        Ok(())
    }

    fn copy_of(&self, value: &Value) -> Result<Buffer> {
        if let Buffer::Candle(held) = &*value.storage.borrow() {
            let copy = held.tensor.copy()?;
            return Ok(self.executor.pool.borrow_mut().hold(copy, held.doubts.clone()));
        }
        any!(value.dtype, T => {
            Pool::copy_of(&self.executor.pool, value.dtype, bytemuck::cast_slice::<T, u8>(&value.read::<T>()?))
        })
    }

    /// What an input was before, if it is known.
    pub fn before(&self, input: usize) -> Option<&Value> {
        let at = self.list.binary_search_by_key(&input, |change| change.input).ok()?;
        Some(&self.list[at].before)
    }

    /// The op has succeeded: what was before is given back.
    pub fn hold(mut self) {
        for change in std::mem::take(&mut self.list) {
            self.executor.recycle(change.before);
        }
    }
}

impl Drop for Changes<'_> {
    fn drop(&mut self) {
        for Change {
            target, before, held, ..
        } in std::mem::take(&mut self.list)
        {
            // A borrow that is left over belongs to a panic, after which nothing more is computed.
            let _ = restore(&target, before);
            let now = target.storage.borrow().held_bytes();
            self.executor.count_elsewhere([now as i64 - held as i64, 0]);
        }
    }
}

impl Executor {
    /// Makes every tensor in the storage of `target` fail with an error from here on: it was being written, and what it held is lost.
    pub(super) fn lose(&self, target: &Value, error: &Error) {
        let bytes = target.units() * target.dtype.size();
        self.count_elsewhere([-(target.storage.borrow().held_bytes() as i64), -(bytes as i64)]);
        // A borrow that is left over belongs to a panic, after which nothing more is computed.
        let _ = replace(target, Buffer::Failed(Box::new(error.clone())));
    }

    /// Changes what the bytes in use are after the current entry has failed.
    fn count_elsewhere(&self, bytes: [i64; 2]) {
        let before = self.elsewhere.get();
        self.elsewhere.set([0, 1].map(|i| before[i] + bytes[i]));
    }
}

fn restore(target: &Value, before: Value) -> Result<()> {
    if before.is_candle() || before.storage.borrow().held_bytes() == 0 {
        let before = Rc::try_unwrap(before.storage)
            .map_err(|_| Error::new(Code::Internal, "a value that was kept has a second owner"))?;
        return replace(target, before.into_inner()).map(drop);
    }
    any!(target.dtype, T => kernels::par::copy(&before.read::<T>()?, &mut target.write::<T>()?));
    Ok(())
}
