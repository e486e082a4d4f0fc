//! An op that panics, for the tests of what a fault of the library does to those around it. It stands in no table: nothing that is called by
//! its name or number reaches it.

use super::create::one;
use super::row::{Gradient, Half, Input, InputKind, Mutates, OpRow, ShapeContext};
use crate::error::Result;
use crate::exec::{Exec, Outputs, Twin};
use crate::ops::row::Metas;

/// `provokedPanic(x)`: promises a tensor like `x` and panics when it runs; with attribute 1 on a compute thread.
pub static PROVOKED_PANIC: OpRow = OpRow {
    name: "provokedPanic",
    doc: "Panics.",
    inputs: &[Input {
        name: "x",
        kind: InputKind::One,
    }],
    attrs: &[],
    public: false,
    visible: 1,
    mutates: Mutates::Nothing,
    constants: 0,
    random: None,
    shape,
    forward,
    twin,
    gradient: Gradient::None,
    again: false,
    narrow: false,
    half: Half::Native,
};

fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    Ok(one(context.meta(0).clone()))
}

#[allow(clippy::panic, reason = "this is what it is for")]
fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    // Something is taken from the pool first, as in any op that stops half-way.
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
