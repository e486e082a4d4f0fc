//! What is checked before an op is recorded: everything that can be known without the values.

use std::sync::atomic::{AtomicU64, Ordering};

use rustc_hash::FxHashMap;

use super::record::Recorder;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::meta::{Id, Meta, Metas};
use crate::ops::blocks;
use crate::ops::row::{Gradient, Mutates, Needs, OpRow};
use crate::ops::signature::InputKind;
use crate::shape::Shape;

impl Recorder {
    pub(super) fn check_backlog(&self) -> Result<()> {
        let ahead = |recorded: u64, done: &AtomicU64| recorded.saturating_sub(done.load(Ordering::Relaxed));
        let (limits, progress) = (&self.limits, &self.progress);
        let steps = ahead(self.steps, &progress.steps_done);
        let entries = ahead(self.entries, &progress.entries_done);
        let bytes = ahead(self.host_bytes, &progress.host_bytes_done);
        if steps <= limits.steps && entries <= limits.entries && bytes <= limits.host_bytes {
            return Ok(());
        }
        Err(
            Error::new(Code::Backlog, "recording has run too far ahead of the computation")
                .expected(format!(
                    "at most {} steps, {} operations and {} MB of host data in the queue",
                    limits.steps,
                    limits.entries,
                    limits.host_bytes >> 20
                ))
                .received(format!("{steps} steps, {entries} operations and {} MB", bytes >> 20))
                .hint("await in your loop: `await optimizer.step()` or `await loss.item()`"),
        )
    }

    pub(super) fn check_inputs(&self, row: &'static OpRow, inputs: &[Id], attrs: &[f64]) -> Result<()> {
        for (&id, i) in inputs.iter().zip(row.signature.bits(attrs)) {
            if id == 0 {
                let input = row.signature.inputs.get(i);
                if input.is_none_or(|input| input.kind != InputKind::Optional) {
                    return Err(
                        Error::new(Code::Option, format!("{}: an input is missing", row.signature.name))
                            .expected(format!("a tensor for {}", input.map_or("the list", |x| x.name)))
                            .received("nothing")
                            .hint("pass a tensor"),
                    );
                }
            // A gradient rule passes on values that nobody holds yet, so only unknown ones are refused.
            } else if !self.values.contains(id) {
                return Err(self.gone(id));
            }
        }
        Ok(())
    }

    /// Why a tensor cannot be used.
    pub(super) fn gone(&self, id: Id) -> Error {
        if !self.ids.has(id) {
            return Error::new(Code::Thread, "this tensor belongs to another thread")
                .expected("a tensor made in this thread")
                .received(format!("tensor #{id} of another one"))
                .hint("send the numbers, postMessage(await t.data()), and make a tensor of them here");
        }
        Error::new(Code::Disposed, "this tensor was disposed of")
            .expected("a live tensor")
            .received(format!("tensor #{id}, whose values have been freed"))
            .hint("use it before dispose(); clone() makes an independent copy")
    }

    /// Costs nothing where there are no blocks: most ops of most models.
    pub(super) fn check_blocks(
        &self,
        row: &'static OpRow,
        inputs: &[Id],
        attrs: &[f64],
        promised: &Metas,
    ) -> Result<()> {
        let is_blocks = |meta: &Meta| meta.dtype.blocks().is_some();
        let given = |id: Id| (id != 0).then(|| self.values.meta(id));
        if !inputs.iter().any(|&id| given(id).is_some_and(is_blocks)) && !promised.iter().any(is_blocks) {
            return Ok(());
        }
        let inputs: Vec<Option<&Meta>> = inputs.iter().map(|&id| given(id)).collect();
        blocks::check(row, &inputs, attrs, promised)
    }

    /// Rounding to blocks has no gradient.
    pub(super) fn check_rounding(&self, needs: Needs, promised: &Metas) -> Result<()> {
        match promised.iter().find(|meta| meta.dtype.blocks().is_some()) {
            Some(meta) if needs.0 != 0 => Err(Error::new(Code::NoGrad, "blocks have no gradient")
                .expected("a tensor that needs no gradient")
                .received(format!("one that requires a gradient, to be rounded to {}", meta.dtype))
                .hint("detach() it first")),
            _ => Ok(()),
        }
    }

    pub(super) fn check_size(&self, promised: &Metas) -> Result<()> {
        for meta in promised {
            let bytes = Shape::checked_numel(meta.shape.dims())
                .and_then(|n| meta.dtype.checked_units(n)?.checked_mul(meta.dtype.size()));
            if bytes.is_none_or(|b| b as u64 > self.limits.tensor_bytes) {
                return Err(Error::new(Code::Memory, "this tensor can never fit into memory")
                    .expected(format!(
                        "at most {} MB, what this process may use",
                        self.limits.tensor_bytes >> 20
                    ))
                    .received(match bytes {
                        Some(bytes) => format!("{} {}, {} MB", meta.shape, meta.dtype, bytes >> 20),
                        None => format!("{} {}", meta.shape, meta.dtype),
                    })
                    .hint("use a smaller batch or a shorter sequence"));
            }
        }
        Ok(())
    }

    /// An op may not read a tensor that it changes through another input: the result would depend on the kernel.
    pub(super) fn check_aliases(&self, row: &OpRow, inputs: &[Id], attrs: &[f64]) -> Result<()> {
        if row.mutates == Mutates::Nothing {
            return Ok(());
        }
        let mut uses: FxHashMap<u64, (u32, bool)> = FxHashMap::default();
        for (i, &id) in inputs.iter().enumerate().filter(|(_, id)| **id != 0) {
            let (count, changed) = uses.entry(self.values.storage_number(id)).or_default();
            *count += 1;
            *changed |= row.is_mutated(i, attrs);
        }
        if uses.values().any(|&(count, changed)| changed && count > 1) {
            return Err(Error::new(
                Code::Option,
                format!("{}: a tensor is both changed in place and read", row.signature.name),
            )
            .expected("two tensors with storage of their own")
            .received("the same tensor twice, or a view of it")
            .hint("pass a clone()"));
        }
        Ok(())
    }

    /// Which inputs get a gradient.
    pub(super) fn needs(&self, row: &'static OpRow, inputs: &[Id], attrs: &[f64], taped: bool) -> Result<Needs> {
        if !taped {
            return Ok(Needs(0));
        }
        let wanting = |id: Id| id != 0 && self.values.get(id).requires_grad;
        match row.gradient {
            Gradient::Stop => Ok(Needs(0)),
            // Changing trainable leaves is the purpose of optimizer steps; any other change would be missing from the graph.
            Gradient::None if inputs.iter().any(|&id| wanting(id)) && !matches!(row.mutates, Mutates::Lists(_)) => Err(
                Error::new(Code::NoGrad, format!("{} has no gradient rule", row.signature.name))
                    .expected("inputs that need no gradient")
                    .hint("wrap the call in lora.noGrad(() => …), or detach() the input")
                    .received("an input that requires a gradient"),
            ),
            Gradient::None => Ok(Needs(0)),
            Gradient::Rule { save, .. } => {
                let mut mask = 0;
                for (&id, bit) in inputs.iter().zip(row.signature.bits(attrs)) {
                    if wanting(id) {
                        mask |= 1 << bit;
                    }
                }
                if mask & row.constants != 0 {
                    let name = row
                        .signature
                        .inputs
                        .get((mask & row.constants).trailing_zeros() as usize)
                        .map_or("input", |input| input.name);
                    return Err(Error::new(
                        Code::NoGrad,
                        format!("{} has no gradient for its {name}", row.signature.name),
                    )
                    .expected(format!("a {name} that needs no gradient"))
                    .hint(format!(
                        "detach() the {name}, or compose the operation from differentiable ones"
                    ))
                    .received(format!("a {name} that requires a gradient")));
                }
                if row.mutates == Mutates::First && inputs[0] != 0 {
                    self.check_in_place(inputs[0], mask)?;
                    if mask != 0 && save(Needs(mask)).inputs & 1 == 1 {
                        return Err(Error::new(
                            Code::NoGrad,
                            format!(
                                "{}: backward would need the values that the change overwrites",
                                row.signature.name
                            ),
                        )
                        .hint("use the form without the underscore")
                        .expected("a tensor that backward does not need")
                        .received("a change in place of such a tensor"));
                    }
                }
                Ok(Needs(mask))
            }
        }
    }

    fn check_in_place(&self, id: Id, mask: u32) -> Result<()> {
        let value = self.values.get(id);
        if value.requires_grad && value.node.is_none() {
            return Err(
                Error::new(Code::Grad, "a leaf that requires a gradient cannot be changed in place")
                    .hint("wrap the change in lora.noGrad(() => …), or work on a clone()")
                    .expected("a tensor without requiresGrad, or a result")
                    .received("a leaf with requiresGrad"),
            );
        }
        if mask != 0 && self.values.storage(id).users > 1 {
            return Err(Error::new(
                Code::Grad,
                "a view cannot be changed in place while gradients are recorded",
            )
            .expected("a tensor that shares its storage with no other")
            .hint("use the form without the underscore, or clone() first")
            .received("a tensor that shares its storage with a view (reshape, squeeze, flatten)"));
        }
        Ok(())
    }
}
