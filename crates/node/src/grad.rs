//! Gradients: backward walks, leaves, blocks whose backward is JavaScript.

use engine::code::Code;
use engine::error::Error;
use engine::tape::Walk;
use napi::bindgen_prelude::Float64ArraySlice;
use napi_derive::napi;

use crate::state::{State, ids, with};
use crate::tensor::writable;

/// Turns recording of the graph on or off; returns the previous mode.
#[napi(catch_unwind)]
pub fn set_grad_enabled(on: bool) -> napi::Result<bool> {
    with(|state| Ok(state.recorder.set_grad_enabled(on)))
}

/// Turns anomaly mode on or off for what is recorded from here on; returns the previous mode.
#[napi(catch_unwind)]
pub fn set_anomaly(on: bool) -> napi::Result<bool> {
    with(|state| Ok(state.recorder.set_anomaly(on)))
}

/// Begins backward; returns the number of the walk.
#[napi(catch_unwind)]
pub fn backward_begin(root: f64, grad: f64, retain_graph: bool) -> napi::Result<u32> {
    with(|state| {
        let walk = state.recorder.backward_begin(root as u64, grad as u64, retain_graph)?;
        Ok(keep(state, walk))
    })
}

/// Begins a walk for the gradients of `inputs` alone, from several roots with a gradient each (0: ones).
#[napi(catch_unwind)]
pub fn grads_begin(roots: &[f64], grads: &[f64], inputs: &[f64], retain_graph: bool) -> napi::Result<u32> {
    with(|state| {
        let roots: Vec<(u64, u64)> = ids(roots).into_iter().zip(ids(grads)).collect();
        let walk = state.recorder.grads_begin(&roots, &ids(inputs), retain_graph)?;
        Ok(keep(state, walk))
    })
}

fn keep(state: &mut State, walk: Walk) -> u32 {
    let number = state.next_walk;
    state.next_walk = state.next_walk.wrapping_add(1).max(1);
    state.walks.insert(number, walk);
    number
}

/// Continues a walk. Returns 0 at its end, with the gradients that were asked for in `scratch` as `[count, id…]`; else the number of
/// the block or hook to answer, with `[count, id…]` of its gradients and of the tensors that it saved.
#[napi(catch_unwind)]
pub fn backward_run(walk: u32, mut scratch: Float64ArraySlice<'_>) -> napi::Result<f64> {
    let scratch = writable(&mut scratch);
    with(|state| {
        let mut current = state
            .walks
            .remove(&walk)
            .ok_or_else(|| Error::new(Code::Internal, "no such backward walk"))?;
        let Some(pause) = state.recorder.backward_run(&mut current)? else {
            write_list(scratch, &current.found());
            return Ok(0.0);
        };
        let end = write_list(scratch, &pause.grads);
        write_list(&mut scratch[end..], &pause.saved);
        state.walks.insert(walk, current);
        Ok(pause.callback as f64)
    })
}

/// Writes `[count, id…]`; returns its length. TypeScript passes a buffer for the longest list that it attached.
fn write_list(scratch: &mut [f64], ids: &[u64]) -> usize {
    scratch[0] = ids.len() as f64;
    for (slot, &id) in scratch[1..].iter_mut().zip(ids) {
        *slot = id as f64;
    }
    1 + ids.len()
}

/// Answers a block with the gradients of its inputs (0: none), a hook with the gradient to continue with (0: unchanged).
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

/// Abandons a walk whose JavaScript threw.
#[napi(catch_unwind)]
pub fn backward_abandon(walk: u32) -> napi::Result<()> {
    with(|state| {
        if let Some(mut current) = state.walks.remove(&walk) {
            state.recorder.backward_abandon(&mut current);
        }
        Ok(())
    })
}

/// Makes outputs depend on inputs through a function of JavaScript, which needs the tensors of `saved` as they are now.
#[napi(catch_unwind)]
pub fn attach_callback(callback: f64, inputs: &[f64], outputs: &[f64], saved: &[f64]) -> napi::Result<()> {
    with(|state| {
        state
            .recorder
            .attach_callback(callback as u64, &ids(inputs), &ids(outputs), &ids(saved))
    })
}

/// Lets a function of JavaScript see the gradient of a tensor in every later backward.
#[napi(catch_unwind)]
pub fn register_hook(id: f64, hook: f64) -> napi::Result<()> {
    with(|state| state.recorder.register_hook(id as u64, hook as u64))
}

/// Removes a hook.
#[napi(catch_unwind)]
pub fn remove_hook(hook: f64) -> napi::Result<()> {
    with(|state| {
        state.recorder.remove_hook(hook as u64);
        Ok(())
    })
}

/// The blocks and hooks whose nodes or leaves are gone: JavaScript may forget their functions.
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

/// Replaces each tensor's id by that of its gradient, with a handle for the caller; 0 where there is none.
#[napi(catch_unwind)]
pub fn grads(mut list: Float64ArraySlice<'_>) -> napi::Result<()> {
    let list = writable(&mut list);
    with(|state| {
        let mut found = ids(list);
        state.recorder.grads(&mut found)?;
        for (slot, id) in list.iter_mut().zip(found) {
            *slot = id as f64;
        }
        Ok(())
    })
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

/// Whether a tensor is a leaf: no recorded op produced it.
#[napi(catch_unwind)]
pub fn is_leaf(id: f64) -> napi::Result<bool> {
    with(|state| state.recorder.is_leaf(id as u64))
}

/// Makes a leaf trainable or frozen.
#[napi(catch_unwind)]
pub fn set_requires_grad(id: f64, on: bool) -> napi::Result<()> {
    with(|state| state.recorder.set_requires_grad(id as u64, on))
}

/// Keeps the gradient of a tensor that is not a leaf.
#[napi(catch_unwind)]
pub fn retain_grad(id: f64) -> napi::Result<()> {
    with(|state| state.recorder.retain_grad(id as u64))
}

/// A tensor with the same values and without a graph.
#[napi(catch_unwind)]
pub fn detach(id: f64) -> napi::Result<f64> {
    with(|state| state.recorder.detach(id as u64).map(|id| id as f64))
}
