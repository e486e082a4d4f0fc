//! What ops on a device doubt about their arguments: read for many of them at once.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use candle_core::{DType, Tensor};

use super::pending::{Pending, Place};
use super::thread::Executor;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::meta::Id;
use crate::ops::context::Check;
use crate::storage::{Buffer, Doubt};

/// More of them are settled without a reason: each keeps what it was found in.
const MOST: usize = 1024;

impl Executor {
    /// Notes a check of the op that is being served.
    pub(super) fn doubt(&self, op: &'static str, check: Check) -> Result<Rc<Doubt>> {
        if self.doubts.borrow().len() >= MOST {
            self.settle_doubts();
        }
        let doubt = Doubt::open();
        let place = self.frames.borrow().last().map(|frame| frame.place);
        self.doubts.borrow_mut().push(Pending {
            doubt: doubt.clone(),
            flag: check.bad.flatten_all()?.max_keepdim(0)?.to_dtype(DType::I64)?,
            again: check.again,
            op,
            place: place.expect("an entry is being served"),
        });
        Ok(doubt)
    }

    /// Whether one of these tensors depends on something that the host has not looked at.
    pub(super) fn is_doubtful(&self, ids: &[Option<Id>]) -> bool {
        if self.doubts.borrow().is_empty() {
            return false;
        }
        let values = self.values.borrow();
        ids.iter().flatten().any(|id| match values.get(*id) {
            Some(Ok(value)) => match &*value.storage.borrow() {
                Buffer::Candle(held) => held.doubts.iter().any(|doubt| doubt.is_open()),
                _ => false,
            },
            _ => false,
        })
    }

    /// Reads what the device has found so far: one wait for it. What turns out wrong fails, and all that was computed from it.
    pub(super) fn settle_doubts(&self) {
        let pending = self.doubts.take();
        if pending.is_empty() {
            return;
        }
        self.counters.read_backs.fetch_add(1, Ordering::Relaxed);
        let flags: Vec<&Tensor> = pending.iter().map(|one| &one.flag).collect();
        let read = Tensor::cat(&flags, 0).and_then(|flags| flags.to_vec1::<i64>());
        for (i, one) in pending.iter().enumerate() {
            let found = match &read {
                Ok(flags) if flags[i] == 0 => None,
                Ok(_) => Some(one.explain()),
                Err(error) => Some(Error::new(Code::Internal, "the device could not be read").source(error)),
            };
            let Place { position, path, stack } = one.place;
            let error = found.map(|error| error.op(one.op).path(&self.path_name(path)).stack(stack));
            if let (Some(error), Some(progress)) = (&error, self.progress(position.stream)) {
                progress.fail(position, error.clone());
            }
            one.doubt.settle(error);
        }
    }
}
