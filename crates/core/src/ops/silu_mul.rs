//! The gate of Llama's feed-forward, `silu(gate) · up` (SwiGLU, Shazeer 2020), in one pass: the silu is never stored.

use candle_core::Tensor;
use kernels::cpu::activation as kernel;

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output, outputs};
use super::create::one;
use super::row::{Needs, Save};
use super::table;
use crate::error::Result;
use crate::float;
use crate::meta::{Meta, Metas};
use crate::storage::Element;

/// `gate` and `up` of one shape and dtype → the same.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[0, 1])?;
    if context.shape(0) != context.shape(1) {
        return Err(context.shape_error("gate and up of one shape"));
    }
    Ok(one(Meta::new(context.shape(0).clone(), dtype)))
}

/// `dgate` and `dup`, in the dtype of `dy`.
pub fn backward_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let meta = Meta::new(context.shape(1).clone(), context.dtype(0).wide());
    Ok(Metas::from_iter([meta.clone(), meta]))
}

/// Both inputs: the silu is recomputed.
pub fn save(_: Needs) -> Save {
    Save {
        inputs: 0b11,
        outputs: 0,
    }
}

/// CPU forward of `siluMul`.
pub fn silu_mul(exec: &mut Exec<'_>) -> Result<Outputs> {
    float!(exec.dtype(0), T => {
        let mut y = exec.alloc::<T>(0)?;
        kernel::silu_mul(&exec.read::<T>(0)?, &exec.read::<T>(1)?, &mut y)?;
        Ok(output(y))
    })
}

/// CPU forward of `siluMulBackward(dy, gate, up)`.
pub fn grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    float!(exec.out(0).dtype, T => {
        let (mut dgate, mut dup) = (exec.alloc::<T>(0)?, exec.alloc::<T>(1)?);
        let (dy, gate, up) = (exec.read::<T>(0)?, exec.read::<T>(1)?, exec.read::<T>(2)?);
        kernel::silu_mul_backward(&dy, &gate, &up, &mut dgate, &mut dup)?;
        Ok(outputs([T::wrap(dgate), T::wrap(dup)]))
    })
}

/// `dgate = dy · up · silu'(gate)`, `dup = dy · silu(gate)`.
pub fn silu_mul_backward(back: &mut Back<'_>) -> Result<()> {
    let inputs = [back.dy(), back.input(0), back.input(1)];
    let grads = back.ops(&table::SILU_MUL_BACKWARD, &inputs, &[])?;
    for (i, &grad) in grads.iter().enumerate() {
        if back.needs(i) {
            back.set(i, grad);
        }
    }
    Ok(())
}

/// Twin of `siluMul`.
pub fn silu_mul_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    Ok(vec![(twin.tensor(0).silu()? * twin.tensor(1))?])
}

/// Twin of `siluMulBackward`.
pub fn grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (dy, gate, up) = (twin.tensor(0), twin.tensor(1), twin.tensor(2));
    let s = (gate.neg()?.exp()? + 1.0)?.recip()?;
    let slope = (&s * (((1.0 - &s)? * gate)? + 1.0)?)?;
    Ok(vec![((dy * up)? * slope)?, (dy * (gate * &s)?)?])
}
