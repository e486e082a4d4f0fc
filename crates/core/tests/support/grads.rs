//! Runs a sample call, forward and backward.

use engine::dtype::Dtype;
use engine::error::Result;
use engine::meta::Id;
use engine::ops::row::Mutates;
use engine::ops::table;

use super::harness::{Host, Lab, Rand};
use super::samples::{Form, Sample};

/// What a call gave.
pub struct Outcome {
    /// Results, or what was changed in place.
    pub results: Vec<Vec<f64>>,
    /// Gradient of each wanted input, in order.
    pub grads: Vec<Option<Vec<f64>>>,
}

/// Tensors of a recorded call, to release together.
pub struct Call {
    /// The inputs, 0 for a missing one.
    pub inputs: Vec<Id>,
    pub results: Vec<Id>,
    copy: Option<Id>,
}

impl Call {
    /// Puts the inputs and records the op; the random numbers are the same for every call.
    pub fn record(lab: &mut Lab, sample: &Sample, hosts: &[Option<Host>], wanted: &[usize]) -> Result<Call> {
        let mut inputs = Vec::new();
        for (i, host) in hosts.iter().enumerate() {
            inputs.push(match host {
                Some(host) if wanted.contains(&i) => lab.leaf(host),
                Some(host) => lab.put(host),
                None => 0,
            });
        }
        let mut given = inputs.clone();
        // A leaf that requires a gradient cannot be changed in place; its copy can.
        let copy = (sample.row.mutates == Mutates::First && wanted.contains(&0))
            .then(|| lab.op(&table::CLONE, &inputs[..1], &[]));
        if let Some(copy) = copy {
            given[0] = copy;
        }
        lab.reset_generator(99);
        let outputs = lab.rec.record(sample.row, &given, &sample.attrs)?;
        let results = if sample.row.mutates == Mutates::Nothing {
            outputs.to_vec()
        } else {
            sample.mutated().into_iter().map(|i| given[i]).collect()
        };
        Ok(Call { inputs, results, copy })
    }

    pub fn release(self, lab: &mut Lab, sample: &Sample) {
        lab.release(&self.inputs);
        lab.release(self.copy.as_slice());
        if sample.row.mutates == Mutates::Nothing {
            lab.release(&self.results);
        }
    }
}

/// Forward and, for the wanted inputs, backward with a random gradient of the result.
pub fn run(lab: &mut Lab, sample: &Sample, form: Form, wanted: &[usize]) -> Result<Outcome> {
    let call = Call::record(lab, sample, &sample.hosts(form), wanted)?;
    let mut results = Vec::new();
    for &id in &call.results {
        results.push(lab.try_read(id)?);
    }
    let mut grads = Vec::new();
    let root = call
        .results
        .first()
        .copied()
        .filter(|&id| !wanted.is_empty() && lab.meta(id).dtype.is_float());
    if let Some(root) = root {
        let dy = lab.put(&output_grad(lab, root));
        lab.backward_with(root, dy, false)?;
        for &i in wanted {
            grads.push(lab.grad(call.inputs[i]));
        }
        lab.release(&[dy]);
    }
    call.release(lab, sample);
    lab.wait()?;
    Ok(Outcome { results, grads })
}

/// Random numbers like a tensor, in the dtype of its gradient; the same for equal sizes.
pub fn output_grad(lab: &Lab, id: Id) -> Host {
    let meta = lab.meta(id);
    let dtype: Dtype = meta.dtype.wide();
    let n = meta.shape.numel();
    Host::new(dtype, meta.shape.dims(), Rand::new(n as u64 + 77).normals(n))
}
