//! Recording an op: checks, ids, graph, random numbers and the queue entry.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::entry::{Command, Entry, Link};
use super::ids::Ids;
use super::progress::{Progress, StreamId};
use super::values::{Kind, Values};
use crate::error::Result;
use crate::meta::{Id, Meta, Metas};
use crate::ops::context::ShapeContext;
use crate::ops::row::{Gradient, Mutates, Needs, OpRow};
use crate::precision::Precision;
use crate::rng::Rng;
use crate::tape::{Node, Tape, Taped};

/// How far recording may run ahead of the executor.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Training steps that may wait.
    pub steps: u64,
    /// Entries of the queue that may wait.
    pub entries: u64,
    /// Bytes of host data that may wait.
    pub host_bytes: u64,
    /// Bytes of one tensor: what the process may use at all.
    pub tensor_bytes: u64,
}

/// A seed and the next free Philox block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generator {
    /// Key.
    pub seed: u64,
    /// Next block.
    pub counter: u64,
}

pub(super) struct Stream {
    pub(super) seq: u64,
    pub(super) generator: Generator,
}

/// A call of an op.
#[derive(Clone, Copy)]
struct Call<'a> {
    row: &'static OpRow,
    inputs: &'a [Id],
    attrs: &'a [f64],
}

/// The recorder of one Node environment: everything that is known without the values.
pub struct Recorder {
    pub(super) link: Arc<dyn Link>,
    pub(super) ids: Ids,
    pub(crate) values: Values,
    pub(crate) tape: Tape,
    pub(super) streams: FxHashMap<StreamId, Stream>,
    pub(super) current: StreamId,
    pub(super) default: StreamId,
    pub(super) generators: FxHashMap<u32, Generator>,
    pub(super) last_generator: u32,
    pub(super) generator: u32,
    pub(super) grad_enabled: bool,
    pub(super) path: u32,
    pub(super) stack: u64,
    pub(super) watched: bool,
    pub(super) precision: Precision,
    pub(super) rule: Option<&'static str>,
    pub(super) paths: FxHashMap<String, u32>,
    pub(super) path_names: FxHashMap<u32, String>,
    pub(super) pending: Vec<Entry>,
    pub(super) limits: Limits,
    pub(super) progress: Arc<Progress>,
    pub(super) steps: u64,
    pub(super) entries: u64,
    pub(super) host_bytes: u64,
}

impl Recorder {
    /// A recorder whose entries go through `link`; `stream` is its default stream.
    pub fn new(link: Arc<dyn Link>, progress: Arc<Progress>, limits: Limits, stream: StreamId, seed: u64) -> Self {
        let mut recorder = Recorder {
            link,
            ids: Ids::default(),
            values: Values::default(),
            tape: Tape::default(),
            streams: FxHashMap::default(),
            current: stream,
            default: stream,
            generators: FxHashMap::default(),
            last_generator: 0,
            generator: 0,
            grad_enabled: true,
            path: 0,
            stack: 0,
            watched: false,
            precision: Precision::Highest,
            rule: None,
            paths: FxHashMap::default(),
            path_names: FxHashMap::default(),
            pending: Vec::new(),
            limits,
            progress,
            steps: 0,
            entries: 0,
            host_bytes: 0,
        };
        recorder.open_stream(stream, 0, seed);
        recorder
    }

    /// Records an op that a user calls, with a node in the graph when an input requires a gradient. Returns the visible outputs.
    ///
    /// # Errors
    /// What can be known without the values: shapes, dtypes, options, disposed tensors, backlog, missing gradient rules.
    pub fn record(&mut self, row: &'static OpRow, inputs: &[Id], attrs: &[f64]) -> Result<SmallVec<[Id; 3]>> {
        self.check_backlog()?;
        if let Some(&id) = inputs.iter().find(|&&id| id != 0 && !self.values.is_usable(id)) {
            return Err(self.gone(id).op(row.signature.name).path(self.path_name()));
        }
        let mut ids = self
            .record_all(row, inputs, attrs, None, self.grad_enabled)
            .map_err(|e| e.op(row.signature.name).path(self.path_name()))?;
        let hidden: SmallVec<[Id; 3]> = ids.drain(row.visible.min(ids.len())..).collect();
        if row.mutates == Mutates::Nothing {
            for &id in &ids {
                self.tape.hold_handle(&mut self.values, id);
            }
        }
        // The graph holds what backward needs of the hidden outputs; the rest is freed.
        for id in hidden {
            self.drop_if_unused(id);
        }
        Ok(ids)
    }

    /// Records an op with all its outputs, optionally replaying random numbers.
    pub(crate) fn record_all(
        &mut self,
        row: &'static OpRow,
        inputs: &[Id],
        attrs: &[f64],
        replay: Option<Rng>,
        taped: bool,
    ) -> Result<SmallVec<[Id; 3]>> {
        self.check_inputs(row, inputs, attrs)?;
        let (promised, blocks) = self.promise(row, inputs, attrs)?;
        self.check_blocks(row, inputs, attrs, &promised)?;
        self.check_size(&promised)?;
        self.check_aliases(row, inputs, attrs)?;

        let needs = self.needs(row, inputs, attrs, taped)?;
        self.check_rounding(needs, &promised)?;
        let rng = match replay {
            None if row.random.is_some() => Some(self.draw(blocks)?),
            given => given,
        };

        let outputs: SmallVec<[Id; 3]> = if row.mutates == Mutates::Nothing {
            promised.iter().map(|meta| self.new_value(row, inputs, meta)).collect()
        } else {
            SmallVec::new()
        };
        let after = self.order(row, inputs, attrs, &outputs);
        let position = self.next_position(self.current).expect("the current stream is open");
        for (i, &id) in inputs.iter().enumerate() {
            if id != 0 && row.is_mutated(i, attrs) {
                self.values.bump(id);
            }
        }
        if needs.0 != 0 {
            self.tape_op(Call { row, inputs, attrs }, rng, needs, &outputs, &promised);
        }
        let command = Command::Op {
            row,
            inputs: inputs.iter().map(|&id| (id != 0).then_some(id)).collect(),
            outputs: outputs.clone(),
            metas: promised,
            attrs: SmallVec::from_slice(attrs),
            rng,
            precision: self.precision,
            spoils: self.spoils(row, inputs, attrs),
        };
        self.push(position, after, command);
        if row.mutates == Mutates::Nothing {
            if needs.0 != 0 && row.narrow {
                self.narrow_saved(outputs[0])?;
            }
            Ok(outputs)
        } else {
            Ok(SmallVec::from_slice(&inputs[..1.min(inputs.len())]))
        }
    }

    /// The targets of a change in place that are no state: when it fails they are poisoned, since whoever reads them next would get wrong values.
    fn spoils(&self, row: &OpRow, inputs: &[Id], attrs: &[f64]) -> SmallVec<[Id; 1]> {
        if row.mutates == Mutates::Nothing {
            return SmallVec::new();
        }
        let targets = inputs.iter().enumerate().filter(|(i, _)| row.is_mutated(*i, attrs));
        targets
            .map(|(_, &id)| id)
            .filter(|&id| id != 0 && !self.is_state(id))
            .collect()
    }

    /// Whether a tensor is the user's lasting state, which no failure may destroy: a change that fails leaves it as it was.
    fn is_state(&self, id: Id) -> bool {
        let value = self.values.get(id);
        let kept = matches!(
            self.values.storage(id).kind(),
            Kind::Base | Kind::Adapter | Kind::Optimizer
        );
        kept || (value.requires_grad && value.node.is_none())
    }

    /// The outputs by the shape rule, and how many random blocks the op draws.
    fn promise(&self, row: &'static OpRow, inputs: &[Id], attrs: &[f64]) -> Result<(Metas, u64)> {
        let metas: SmallVec<[Option<&Meta>; 6]> = inputs
            .iter()
            .map(|&id| (id != 0).then(|| self.values.meta(id)))
            .collect();
        let context = ShapeContext {
            signature: &row.signature,
            inputs: &metas,
            attrs,
        };
        let promised = (row.shape)(&context)?;
        let blocks = row.random.map_or(Ok(0), |draw| draw(&context))?;
        Ok((promised, blocks))
    }

    fn new_value(&mut self, row: &OpRow, inputs: &[Id], meta: &Meta) -> Id {
        let id = self.ids.next();
        let storage = row.view.then(|| self.values.storage_number(inputs[0]));
        self.values.insert(id, meta.clone(), storage, Kind::Activation);
        id
    }

    /// Adds a node for a call, with what backward needs.
    fn tape_op(&mut self, call: Call<'_>, rng: Option<Rng>, needs: Needs, outputs: &[Id], promised: &Metas) {
        let Call { row, inputs, attrs } = call;
        let Gradient::Rule { save, .. } = row.gradient else {
            return;
        };
        let save = save(needs);
        let in_place = row.mutates == Mutates::First;
        let results: SmallVec<[Id; 3]> = if in_place {
            SmallVec::from_slice(&inputs[..1])
        } else {
            SmallVec::from_slice(outputs)
        };
        if !results
            .iter()
            .take(row.visible.max(1))
            .any(|&id| self.values.meta(id).dtype.is_float())
        {
            // A cast to integers: no gradient comes back, and a node that no tensor refers to would never be freed.
            return;
        }
        let node = Node::new(row, attrs, rng, self.path);
        // A change in place has no new outputs: its output is the changed tensor.
        let metas = if in_place {
            Metas::from_iter([self.values.meta(inputs[0]).clone()])
        } else {
            promised.clone()
        };
        let taped = Taped {
            inputs,
            outputs: &results,
            metas,
            needs,
            save,
        };
        let number = self.tape.add(&mut self.values, node, taped);
        for (i, &id) in results.iter().enumerate() {
            if i < row.visible.max(1) && self.values.meta(id).dtype.is_float() {
                self.tape.attach_output(&mut self.values, id, number, i);
            }
        }
        self.free_dead();
    }

    fn draw(&mut self, blocks: u64) -> Result<Rng> {
        let generator = self.generator_mut(self.generator)?;
        let rng = Rng {
            seed: generator.seed,
            counter: generator.counter,
        };
        generator.counter = generator.counter.wrapping_add(blocks);
        Ok(rng)
    }
}
