//! An op that panics, for the tests of internal errors. It is not in the table: no name or number leads to it.

use super::context::{Exec, Outputs, ShapeContext, Twin};
use super::create::one;
use super::row::{Gradient, Half, Mutates, OpRow};
use super::signature::{Input, InputKind, Signature};
use crate::error::Result;
use crate::meta::Metas;

/// `provokedPanic(x)`: promises a tensor like `x` and panics when it runs; with attribute 1 on a compute thread.
pub static PROVOKED_PANIC: OpRow = OpRow {
    signature: Signature {
        name: "provokedPanic",
        doc: "Panics.",
        inputs: &[Input {
            name: "x",
            kind: InputKind::One,
        }],
        attrs: &[],
    },
    public: false,
    visible: 1,
    mutates: Mutates::Nothing,
    overwrites: false,
    constants: 0,
    random: None,
    shape,
    forward,
    twin,
    gradient: Gradient::None,
    recompute: false,
    narrow: false,
    half: Half::Native,
    blocks: 0,
    gives_blocks: false,
    view: false,
    products: None,
    twin_bytes: None,
};

fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    Ok(one(context.meta(0).clone()))
}

#[allow(clippy::panic, reason = "this is what it is for")]
fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    // It takes a buffer from the pool first, as any op that stops half-way would have.
    let _lost = exec.scratch::<f32>(1 << 16)?;
    if exec.reader().bool() {
        kernels::par::for_rows(64, 1, |rows| {
            assert!(rows.end < 60, "a provoked panic on a compute thread")
        });
    }
    panic!("a provoked panic")
}

#[allow(clippy::panic, reason = "this is what it is for")]
fn twin(_: &Twin<'_>) -> Result<Vec<candle_core::Tensor>> {
    panic!("a provoked panic in a twin")
}
