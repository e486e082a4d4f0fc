//! Gradients: backward walks, leaves, blocks whose backward is JavaScript.

use engine::code::Code;
use engine::error::Error;
use napi::bindgen_prelude::Float64ArraySlice;
use napi_derive::napi;

use crate::state::{ids, with};
use crate::tensor::writable;

/// Turns the tape on or off; returns what was before.
#[napi(catch_unwind)]
pub fn set_grad_enabled(on: bool) -> napi::Result<bool> {
    with(|state| Ok(state.recorder.set_grad_enabled(on)))
}

/// Begins backward; returns the number of the walk.
#[napi(catch_unwind)]
pub fn backward_begin(root: f64, grad: f64, retain_graph: bool) -> napi::Result<u32> {
    with(|state| {
        let walk = state.recorder.backward_begin(root as u64, grad as u64, retain_graph)?;
        let number = state.next_walk;
        state.next_walk = state.next_walk.wrapping_add(1).max(1);
        state.walks.insert(number, walk);
        Ok(number)
    })
}

/// Goes on with a walk. Returns 0 at its end, else the number of the callback to answer, with the gradients of its outputs
/// in `scratch` as `[count, id…]`.
#[napi(catch_unwind)]
pub fn backward_run(walk: u32, mut scratch: Float64ArraySlice<'_>) -> napi::Result<f64> {
    let scratch = writable(&mut scratch);
    with(|state| {
        let mut current = state
            .walks
            .remove(&walk)
            .ok_or_else(|| Error::new(Code::Internal, "no such backward walk"))?;
        let Some(pause) = state.recorder.backward_run(&mut current)? else {
            return Ok(0.0);
        };
        scratch[0] = pause.grads.len() as f64;
        for (slot, &id) in scratch[1..].iter_mut().zip(&pause.grads) {
            *slot = id as f64;
        }
        state.walks.insert(walk, current);
        Ok(pause.callback as f64)
    })
}

/// Answers a callback with the gradients of its inputs (0: none).
#[napi(catch_unwind)]
pub fn backward_supply(walk: u32, grads: &[f64]) -> napi::Result<()> {
    with(|state| {
        let mut current = state
            .walks
            .remove(&walk)
            .ok_or_else(|| Error::new(Code::Internal, "no such backward walk"))?;
        state.recorder.backward_supply(&mut current, &ids(grads))?;
        state.walks.insert(walk, current);
        Ok(())
    })
}

/// Gives up a walk: its JavaScript threw.
#[napi(catch_unwind)]
pub fn backward_abandon(walk: u32) -> napi::Result<()> {
    with(|state| {
        if let Some(mut current) = state.walks.remove(&walk) {
            state.recorder.backward_abandon(&mut current);
        }
        Ok(())
    })
}

/// Makes outputs depend on inputs through a function of JavaScript.
#[napi(catch_unwind)]
pub fn attach_callback(callback: f64, inputs: &[f64], outputs: &[f64]) -> napi::Result<()> {
    with(|state| {
        state
            .recorder
            .attach_callback(callback as u64, &ids(inputs), &ids(outputs))
    })
}

/// The callbacks whose nodes are gone: JavaScript may forget their functions.
#[napi(catch_unwind)]
pub fn take_dropped_callbacks() -> napi::Result<Vec<f64>> {
    with(|state| {
        Ok(state
            .recorder
            .take_dropped_callbacks()
            .into_iter()
            .map(|n| n as f64)
            .collect())
    })
}

/// The gradient of a tensor with a handle for the caller; 0 when there is none.
#[napi(catch_unwind)]
pub fn grad(id: f64) -> napi::Result<f64> {
    with(|state| state.recorder.grad(id as u64).map(|id| id as f64))
}

/// Whether a tensor has a gradient.
#[napi(catch_unwind)]
pub fn has_grad(id: f64) -> napi::Result<bool> {
    with(|state| state.recorder.has_grad(id as u64))
}

/// Sets or clears (0) a gradient.
#[napi(catch_unwind)]
pub fn set_grad(id: f64, grad: f64) -> napi::Result<()> {
    with(|state| state.recorder.set_grad(id as u64, grad as u64))
}

/// Whether a gradient flows to a tensor.
#[napi(catch_unwind)]
pub fn requires_grad(id: f64) -> napi::Result<bool> {
    with(|state| state.recorder.requires_grad(id as u64))
}

/// Whether a tensor was made by no recorded op.
#[napi(catch_unwind)]
pub fn is_leaf(id: f64) -> napi::Result<bool> {
    with(|state| state.recorder.is_leaf(id as u64))
}

/// Makes a leaf trainable or frozen.
#[napi(catch_unwind)]
pub fn set_requires_grad(id: f64, on: bool) -> napi::Result<()> {
    with(|state| state.recorder.set_requires_grad(id as u64, on))
}

/// Keeps the gradient of a tensor that is no leaf.
#[napi(catch_unwind)]
pub fn retain_grad(id: f64) -> napi::Result<()> {
    with(|state| state.recorder.retain_grad(id as u64))
}

/// A tensor of the same numbers without a graph.
#[napi(catch_unwind)]
pub fn detach(id: f64) -> napi::Result<f64> {
    with(|state| state.recorder.detach(id as u64).map(|id| id as f64))
}
