//! The recorder: checks, ids, tape and random counters on the caller's thread. Works on metadata only and never waits.

mod ids;
mod modes;
mod tensors;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::code::Code;
use crate::engine::Link;
use crate::entry::{Command, Entry, Id, Message, Place, Progress, StreamId};
use crate::error::{Error, Result};
use crate::ops::row::{Gradient, InputKind, Meta, Metas, Mutates, Needs, OpRow, Rng, ShapeContext};
use crate::precision::Precision;
use crate::shape::Shape;
use crate::tape::{Node, Tape};
use crate::values::{Kind, Values};

/// How many entries are gathered before the executor is told, unless somebody awaits.
const BATCH: usize = 24;

/// How far recording may run ahead of the executor.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Training steps that may wait.
    pub steps: u64,
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

struct Stream {
    seq: u64,
    generator: Generator,
}

/// One per Node environment: everything that is known without the numbers.
pub struct Recorder {
    link: Arc<dyn Link>,
    ids: ids::Ids,
    pub(crate) values: Values,
    pub(crate) tape: Tape,
    streams: FxHashMap<StreamId, Stream>,
    current: StreamId,
    default: StreamId,
    generators: FxHashMap<u32, Generator>,
    generator: u32,
    grad_enabled: bool,
    path: u32,
    stack: u64,
    watched: bool,
    precision: Precision,
    rule: Option<&'static str>,
    paths: FxHashMap<String, u32>,
    path_names: FxHashMap<u32, String>,
    pending: Vec<Entry>,
    limits: Limits,
    progress: Arc<Progress>,
    steps: u64,
    host_bytes: u64,
}

impl Recorder {
    /// A recorder whose entries go through `link`; `stream` is its default stream.
    pub fn new(link: Arc<dyn Link>, progress: Arc<Progress>, limits: Limits, stream: StreamId, seed: u64) -> Self {
        let mut recorder = Recorder {
            link,
            ids: ids::Ids::default(),
            values: Values::default(),
            tape: Tape::default(),
            streams: FxHashMap::default(),
            current: stream,
            default: stream,
            generators: FxHashMap::default(),
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
            host_bytes: 0,
        };
        recorder.open_stream(stream, 0, seed);
        recorder
    }

    // ---- recording ------------------------------------------------------------------------------------------------

    /// Records an op as a user calls it: checked, taped when something needs a gradient. Returns the visible outputs.
    ///
    /// # Errors
    /// Whatever can be known without the numbers: shapes, dtypes, options, disposed tensors, backlog, missing gradient rules.
    pub fn record(&mut self, row: &'static OpRow, inputs: &[Id], attrs: &[f64]) -> Result<SmallVec<[Id; 3]>> {
        self.check_backlog()?;
        if let Some(&id) = inputs.iter().find(|&&id| id != 0 && !self.values.is_usable(id)) {
            return Err(self.gone(id).op(row.name).path(self.path_name()));
        }
        let mut ids = self
            .record_all(row, inputs, attrs, None, self.grad_enabled)
            .map_err(|e| e.op(row.name).path(self.path_name()))?;
        let hidden: SmallVec<[Id; 3]> = ids.drain(row.visible.min(ids.len())..).collect();
        if row.mutates == Mutates::Nothing {
            for &id in &ids {
                self.tape.hold_handle(&mut self.values, id);
            }
        }
        // The tape saved what backward needs of the hidden outputs; the rest is freed.
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
        self.check_inputs(row, inputs)?;
        let (promised, blocks) = self.promise(row, inputs, attrs)?;
        self.check_size(&promised)?;
        self.check_aliases(row, inputs, attrs)?;

        let needs = self.needs(row, inputs, taped)?;
        let rng = replay.or_else(|| row.random.is_some().then(|| self.draw(blocks)));

        let outputs: SmallVec<[Id; 3]> = if row.mutates == Mutates::Nothing {
            promised.iter().map(|meta| self.new_value(row, inputs, meta)).collect()
        } else {
            SmallVec::new()
        };
        let after = self.order(row, inputs, attrs, &outputs);
        let place = self.next_place(self.current).expect("the current stream is open");
        for (i, &id) in inputs.iter().enumerate() {
            if id != 0 && row.is_mutated(i, attrs) {
                self.values.storage_mut(id).version += 1;
            }
        }
        if needs.0 != 0 {
            self.tape_op(row, inputs, &outputs, attrs, rng, needs, &promised);
        }
        let command = Command::Op {
            row,
            inputs: inputs.iter().map(|&id| (id != 0).then_some(id)).collect(),
            outputs: outputs.clone(),
            metas: promised,
            attrs: SmallVec::from_slice(attrs),
            rng,
            precision: self.precision,
            spoils: row.mutates == Mutates::First && !self.is_state(inputs[0]),
        };
        self.push(place, after, command);
        if row.mutates == Mutates::Nothing {
            if needs.0 != 0 && row.narrow {
                self.narrow_saved(outputs[0])?;
            }
            Ok(outputs)
        } else {
            Ok(SmallVec::from_slice(&inputs[..1.min(inputs.len())]))
        }
    }

    /// Whether a tensor is the user's lasting state, which no failure may destroy: a change that fails leaves it as it was.
    /// Anything else that a failed change leaves behind is wrong for whoever reads it next.
    fn is_state(&self, id: Id) -> bool {
        let value = self.values.get(id);
        let kept = matches!(
            self.values.storage(id).kind,
            Kind::Base | Kind::Adapter | Kind::Optimizer
        );
        kept || (value.requires_grad && value.node.is_none())
    }

    /// Asks the shape rule.
    fn promise(&self, row: &'static OpRow, inputs: &[Id], attrs: &[f64]) -> Result<(Metas, u64)> {
        let metas: SmallVec<[Option<&Meta>; 6]> = inputs
            .iter()
            .map(|&id| (id != 0).then(|| self.values.meta(id)))
            .collect();
        let context = ShapeContext {
            row,
            inputs: &metas,
            attrs,
        };
        let promised = (row.shape)(&context)?;
        let blocks = row.random.map_or(Ok(0), |draw| draw(&context))?;
        Ok((promised, blocks))
    }

    fn check_backlog(&self) -> Result<()> {
        let steps = self.steps - self.progress.steps_done.load(Ordering::Relaxed).min(self.steps);
        let bytes = self.host_bytes
            - self
                .progress
                .host_bytes_done
                .load(Ordering::Relaxed)
                .min(self.host_bytes);
        if steps <= self.limits.steps && bytes <= self.limits.host_bytes {
            return Ok(());
        }
        Err(
            Error::new(Code::Backlog, "recording has run too far ahead of the computation")
                .expected(format!(
                    "at most {} steps and {} MB of host data in the queue",
                    self.limits.steps,
                    self.limits.host_bytes >> 20
                ))
                .received(format!("{steps} steps and {} MB", bytes >> 20))
                .hint("await in your loop: `await optimizer.step()` or `await loss.item()`"),
        )
    }

    fn check_inputs(&self, row: &OpRow, inputs: &[Id]) -> Result<()> {
        let required_all = row.inputs.iter().all(|i| i.kind != InputKind::List);
        for (i, &id) in inputs.iter().enumerate() {
            if id == 0 {
                let optional = required_all && row.inputs.get(i).is_some_and(|input| input.kind == InputKind::Optional);
                if !optional {
                    return Err(Error::new(Code::Option, format!("{}: an input is missing", row.name))
                        .expected(format!(
                            "a tensor for {}",
                            row.inputs.get(i).map_or("the list", |x| x.name)
                        ))
                        .received("nothing")
                        .hint("pass a tensor"));
                }
            // A gradient rule chains values that nobody holds yet; one that was let go of is not known any more.
            } else if !self.values.contains(id) {
                return Err(self.gone(id));
            }
        }
        Ok(())
    }

    /// Why a tensor cannot be used.
    fn gone(&self, id: Id) -> Error {
        if !self.ids.has(id) {
            return Error::new(Code::Thread, "this tensor belongs to another thread")
                .expected("a tensor made in this thread")
                .received(format!("tensor #{id} of another one"))
                .hint("send the numbers, postMessage(await t.data()), and make a tensor of them here");
        }
        Error::new(Code::Disposed, "this tensor was disposed of")
            .expected("a live tensor")
            .received(format!("tensor #{id}, of which nobody holds the numbers any more"))
            .hint("use it before dispose(); clone() makes an independent copy")
    }

    fn check_size(&self, promised: &Metas) -> Result<()> {
        for meta in promised {
            let bytes = Shape::checked_numel(meta.shape.dims()).and_then(|n| n.checked_mul(meta.dtype.size()));
            if bytes.is_none_or(|b| b as u64 > self.limits.tensor_bytes) {
                return Err(Error::new(Code::Memory, "this tensor can never fit")
                    .expected(format!(
                        "at most {} MB, what this process may use",
                        self.limits.tensor_bytes >> 20
                    ))
                    .received(format!("{} {}", meta.shape, meta.dtype))
                    .hint("use a smaller batch or a shorter sequence"));
            }
        }
        Ok(())
    }

    /// An op may not read under one name what it changes under another: the result would depend on the kernel.
    fn check_aliases(&self, row: &OpRow, inputs: &[Id], attrs: &[f64]) -> Result<()> {
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
                format!("{}: the tensor is changed in place and read at once", row.name),
            )
            .expected("two tensors with numbers of their own")
            .received("the same tensor twice, or a view of it")
            .hint("pass a clone()"));
        }
        Ok(())
    }

    /// Which inputs get a gradient.
    fn needs(&self, row: &OpRow, inputs: &[Id], taped: bool) -> Result<Needs> {
        if !taped {
            return Ok(Needs(0));
        }
        let wanting = |id: Id| id != 0 && self.values.get(id).requires_grad;
        match row.gradient {
            Gradient::Stop => Ok(Needs(0)),
            // Optimizer steps change trainable leaves as their purpose; any other change would go unseen by the tape.
            Gradient::None if inputs.iter().any(|&id| wanting(id)) && !matches!(row.mutates, Mutates::Lists(_)) => {
                Err(Error::new(Code::NoGrad, format!("{} has no gradient rule", row.name))
                    .expected("inputs that need no gradient")
                    .hint("wrap the call in lora.noGrad(() => …), or detach() the input")
                    .received("an input that requires a gradient"))
            }
            Gradient::None => Ok(Needs(0)),
            Gradient::Rule { save, .. } => {
                let mut mask = 0;
                for (i, &id) in inputs.iter().enumerate() {
                    if wanting(id) {
                        mask |= 1 << i.min(31);
                    }
                }
                if mask & row.constants != 0 {
                    let name = row
                        .inputs
                        .get((mask & row.constants).trailing_zeros() as usize)
                        .map_or("input", |input| input.name);
                    return Err(
                        Error::new(Code::NoGrad, format!("{} has no gradient for its {name}", row.name))
                            .expected(format!("a {name} that needs no gradient"))
                            .hint(format!(
                                "detach() the {name}, or compose the operation from others to learn it"
                            ))
                            .received(format!("a {name} that requires a gradient")),
                    );
                }
                if row.mutates == Mutates::First && inputs[0] != 0 {
                    self.check_in_place(inputs[0], mask)?;
                    if mask != 0 && save(Needs(mask)).inputs & 1 == 1 {
                        return Err(Error::new(
                            Code::NoGrad,
                            format!(
                                "{}: backward would need the values that the change overwrites",
                                row.name
                            ),
                        )
                        .hint("use the form without the underscore")
                        .expected("a tensor that backward does not read again")
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
            .expected("a tensor that shares its numbers with no other")
            .hint("use the form without the underscore, or clone() first")
            .received("a tensor that shares its numbers with a view (reshape, squeeze, flatten)"));
        }
        Ok(())
    }

    fn new_value(&mut self, row: &OpRow, inputs: &[Id], meta: &Meta) -> Id {
        let id = self.ids.next();
        // A reshape shares the storage of its input, and with it the version.
        let storage = (row.name == "reshape").then(|| self.values.storage_number(inputs[0]));
        self.values.insert(id, meta.clone(), storage, Kind::Activation);
        id
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one node, used once")]
    fn tape_op(
        &mut self,
        row: &'static OpRow,
        inputs: &[Id],
        outputs: &[Id],
        attrs: &[f64],
        rng: Option<Rng>,
        needs: Needs,
        promised: &Metas,
    ) {
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
            // Cast to integers: no gradient comes back, and a node that no tensor refers to would stay for ever.
            return;
        }
        let node = Node::new(row, attrs, rng, self.path);
        // A change in place promises no new tensor: its output is the changed one.
        let metas = if in_place {
            Metas::from_iter([self.values.meta(inputs[0]).clone()])
        } else {
            promised.clone()
        };
        let number = self
            .tape
            .add(node, &mut self.values, inputs, &results, needs, save, &metas);
        for (i, &id) in results.iter().enumerate() {
            if i < row.visible.max(1) && self.values.meta(id).dtype.is_float() {
                self.tape.attach_output(&mut self.values, id, number, i);
            }
        }
        self.free_dead();
    }

    fn draw(&mut self, blocks: u64) -> Rng {
        let generator = self.generator_mut(self.generator);
        let rng = Rng {
            seed: generator.seed,
            counter: generator.counter,
        };
        generator.counter = generator.counter.wrapping_add(blocks);
        rng
    }

    // ---- ordering between streams ---------------------------------------------------------------------------------

    fn next_place(&mut self, stream: StreamId) -> Option<Place> {
        let s = self.streams.get_mut(&stream)?;
        s.seq += 1;
        Some(Place { stream, seq: s.seq })
    }

    fn order(&mut self, row: &OpRow, inputs: &[Id], attrs: &[f64], outputs: &[Id]) -> SmallVec<[Place; 2]> {
        let here = Place {
            stream: self.current,
            seq: self.streams[&self.current].seq + 1,
        };
        let mut after = SmallVec::new();
        for (i, &id) in inputs.iter().enumerate() {
            if id != 0 {
                self.values
                    .storage_mut(id)
                    .touch(here, row.is_mutated(i, attrs), &mut after);
            }
        }
        for &id in outputs {
            self.values.storage_mut(id).touch(here, true, &mut after);
        }
        after
    }

    fn push(&mut self, place: Place, after: SmallVec<[Place; 2]>, command: Command) {
        self.pending.push(Entry {
            place,
            after,
            path: self.path,
            stack: self.stack,
            watched: self.watched,
            rule: self.rule,
            command,
        });
        if self.pending.len() >= BATCH {
            self.flush();
        }
    }

    /// Sends what was gathered to the executor.
    pub fn flush(&mut self) {
        if !self.pending.is_empty() {
            let entries = std::mem::replace(&mut self.pending, Vec::with_capacity(BATCH));
            self.link.send(Message::Entries(entries));
        }
    }

    /// Updates of an optimizer that changed nothing, by the numbers of the stacks that recorded them.
    pub fn take_failed_updates(&self) -> Vec<u64> {
        self.progress.take_failed_updates()
    }

    /// Fails with an error of the current stream that nobody was told: a step that was never awaited went wrong.
    ///
    /// # Errors
    /// That error.
    pub fn check_failure(&self) -> Result<()> {
        let last = Place {
            stream: self.current,
            seq: self.streams[&self.current].seq,
        };
        self.progress.take_failure_ahead(last).map_or(Ok(()), Err)
    }
}
