//! The table of tensors: stored, poisoned, freed, filled from host data or files, read.

use std::sync::atomic::Ordering;

use smallvec::SmallVec;

use super::thread::Executor;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::memory::Pool;
use crate::meta::{Id, Meta};
use crate::recorder::{HostBytes, HostTensor, Source};
use crate::storage::{Buffer, Doubts, Value};

impl Executor {
    /// Stores results, or poisons them with the error; `locate` adds to it where it happened.
    pub(super) fn keep(
        &self,
        ids: &[Id],
        metas: &[Meta],
        outcome: Result<SmallVec<[Value; 3]>>,
        locate: impl FnOnce(Error) -> Error,
    ) -> Option<Error> {
        match outcome {
            Ok(values) => {
                debug_assert_eq!(values.len(), ids.len());
                for ((&id, value), meta) in ids.iter().zip(values).zip(metas) {
                    debug_assert_eq!(&value.shape, &meta.shape);
                    self.values.borrow_mut().insert(id, Ok(value));
                }
                self.counters.live_values.fetch_add(ids.len() as u64, Ordering::Relaxed);
                None
            }
            Err(error) => {
                let error = locate(error);
                for &id in ids {
                    self.values.borrow_mut().insert(id, Err(error.clone()));
                }
                self.counters.live_values.fetch_add(ids.len() as u64, Ordering::Relaxed);
                Some(error)
            }
        }
    }

    /// Replaces the numbers of a tensor by an error, which its views share. One that has failed keeps its first error.
    pub(super) fn poison(&self, id: Id, error: &Error) {
        if let Ok(value) = self.value(id) {
            let failed = Buffer::Failed(Box::new(error.clone()));
            let before = value.storage.replace(failed);
            self.pool.borrow_mut().give(before);
        }
    }

    pub(super) fn free(&self, id: Id) {
        let slot = self.values.borrow_mut().remove(id);
        if let Some(slot) = slot {
            self.counters.live_values.fetch_sub(1, Ordering::Relaxed);
            if let Ok(value) = slot {
                self.recycle(value);
            }
        }
    }

    /// Gives a value's buffer back to the pool when no other value shares it.
    pub(crate) fn recycle(&self, value: Value) {
        if let Ok(cell) = std::rc::Rc::try_unwrap(value.storage) {
            self.pool.borrow_mut().give(cell.into_inner());
        }
    }

    pub(super) fn put(&self, meta: &Meta, source: Source) -> Result<Value> {
        if self.candle && meta.dtype.blocks().is_none() {
            return self.put_on_device(meta, &source);
        }
        let buffer = match source {
            Source::Host(bytes) => Pool::copy_of(&self.pool, meta.dtype, &bytes)?,
            Source::Mapped(window) if window.is_aligned() => self.pool.borrow_mut().map(window),
            Source::Copied(window) | Source::Mapped(window) => {
                let copy = Pool::copy_of(&self.pool, meta.dtype, window.bytes())?;
                if let Err(error) = window.check() {
                    self.pool.borrow_mut().give(copy);
                    return Err(error);
                }
                copy
            }
        };
        Ok(Value::new(buffer, meta.shape.clone(), meta.dtype))
    }

    fn put_on_device(&self, meta: &Meta, source: &Source) -> Result<Value> {
        let tensor = match source {
            Source::Host(bytes) => self.upload(bytes.as_ref(), meta)?,
            Source::Copied(window) | Source::Mapped(window) => {
                let tensor = self.upload(window.bytes(), meta)?;
                window.check()?;
                tensor
            }
        };
        let buffer = self.pool.borrow_mut().hold(tensor, Doubts::new());
        Ok(Value::new(buffer, meta.shape.clone(), meta.dtype))
    }

    pub(super) fn read_host(&self, id: Id, in_file: bool) -> Result<HostTensor> {
        let value = self.value(id)?;
        let window = match &*value.storage.borrow() {
            Buffer::Mapped(window) => Some(window.clone()),
            _ => None,
        };
        let bytes = match window {
            Some(window) if in_file => HostBytes::Mapped(window),
            window => {
                let copy = self.to_bytes(&value)?;
                window.map_or(Ok(()), |window| window.check())?;
                HostBytes::Copied(copy)
            }
        };
        Ok(HostTensor {
            dtype: value.dtype,
            shape: value.shape,
            bytes,
        })
    }

    /// The error that poisoned a tensor.
    pub(super) fn error_of(&self, id: Id) -> Option<Error> {
        match self.values.borrow().get(id)? {
            Ok(value) => value.failure(),
            Err(error) => Some(error.clone()),
        }
    }

    /// A value, or the error that poisoned it.
    pub(crate) fn value(&self, id: Id) -> Result<Value> {
        match self.values.borrow().get(id) {
            Some(Ok(value)) => value.failure().map_or_else(|| Ok(value.clone()), Err),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Error::new(
                Code::Internal,
                "an operation uses a tensor that the executor does not know",
            )
            .received(format!("#{id}"))),
        }
    }
}
