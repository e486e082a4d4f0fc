//! Failures while running, streams, and the limits of recording ahead.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::sync::{Arc, Mutex, mpsc};

use engine::meta::{Id, Meta};
use engine::ops::table::*;
use engine::recorder::{Kind, Limits, Link, Message, Position, Progress, Recorder, Source};
use engine::shape::Shape;
use engine::{Code, Error, dtype::Dtype};
use support::harness::{Host, Lab, adamw_attrs};

/// An embedding of an id that the table does not have: known only when it runs.
fn poisoned(lab: &mut Lab, path: &str) -> (Id, Id) {
    let table = lab.leaf(&Host::f32(&[3, 2], &[1.0; 6]));
    let ids = lab.put(&Host::i64(&[2], &[0, 9]));
    let number = lab.rec.intern(path);
    let before = lab.rec.set_path(number);
    let rows = lab.op(&EMBEDDING, &[table, ids], &[-1.0, 0.0]);
    lab.rec.set_path(before);
    (table, rows)
}

fn field<'a>(error: &'a Error, name: &str) -> &'a str {
    error.fields().into_iter().find(|(n, _)| *n == name).unwrap().1
}

#[test]
fn a_failure_poisons_what_depends_on_it_and_nothing_else() {
    let mut lab = Lab::new(false, 1);
    let (table, rows) = poisoned(&mut lab, "transformer.wte");
    let number = lab.rec.intern("transformer.h.0");
    lab.rec.set_path(number);
    let total = lab.op(&SUM, &[rows], &[0.0, 0.0]);
    let other = lab.op(&SUM, &[table], &[0.0, 0.0]);
    for id in [total, rows] {
        let error = lab.try_read(id).unwrap_err();
        assert_eq!(error.code(), Code::Index);
        assert_eq!(
            (field(&error, "op"), field(&error, "path")),
            ("embedding", "transformer.wte"),
            "{error}"
        );
        assert!(error.to_string().contains('9'), "{error}");
    }
    assert_eq!(lab.read(other), [6.0]);
    assert_eq!(lab.read(table), [1.0; 6]);
}

#[test]
fn a_failure_without_a_path_does_not_take_that_of_a_dependent() {
    let mut lab = Lab::new(false, 1);
    let (_, rows) = poisoned(&mut lab, "");
    let number = lab.rec.intern("lm_head");
    lab.rec.set_path(number);
    let total = lab.op(&SUM, &[rows], &[0.0, 0.0]);
    let error = lab.try_read(total).unwrap_err();
    assert_eq!((field(&error, "op"), field(&error, "path")), ("embedding", ""));
}

#[test]
fn an_optimizer_step_with_a_poisoned_gradient_changes_nothing() {
    let mut lab = Lab::new(false, 1);
    let (table, rows) = poisoned(&mut lab, "wte");
    let w = lab.leaf(&Host::f32(&[2], &[5.0, 6.0]));
    let scaled = lab.op(&MUL, &[rows, w], &[]);
    let loss = lab.op(&SUM, &[scaled], &[0.0, 0.0]);
    lab.backward(loss);
    // A sound gradient is accumulated onto the poisoned one: the sum is not sound.
    let sound = lab.op(&SUM, &[w], &[0.0, 0.0]);
    lab.backward(sound);
    let grads = [lab.rec.grad(w).unwrap(), lab.rec.grad(table).unwrap()];
    let moments: Vec<Id> = [2, 6, 2, 6]
        .map(|n| lab.put_as(&Host::f32(&[n], &vec![0.0; n]), Kind::Optimizer))
        .to_vec();
    let table_moments: Vec<Id> = [1, 3]
        .map(|i| lab.op(&RESHAPE, &[moments[i]], &[2.0, 3.0, 2.0]))
        .to_vec();
    let inputs = [
        w,
        table,
        grads[0],
        grads[1],
        moments[0],
        table_moments[0],
        moments[2],
        table_moments[1],
    ];
    let attrs = adamw_attrs(2.0, 0.1, 0.0, 1.0);
    lab.rec.record(&ADAMW_STEP, &inputs, &attrs).unwrap();
    let error = lab.fence(true).unwrap_err();
    assert_eq!(error.code(), Code::Index);
    assert!(lab.wait().is_ok(), "reported once");
    assert_eq!(lab.read(w), [5.0, 6.0]);
    assert_eq!(lab.read(table), [1.0; 6]);
    assert_eq!(lab.read(moments[0]), [0.0, 0.0]);
}

#[test]
fn a_sound_sum_that_a_poisoned_gradient_joins_is_poisoned() {
    let mut lab = Lab::new(false, 1);
    let w = lab.leaf(&Host::f32(&[2], &[5.0, 6.0]));
    let sound = lab.op(&SUM, &[w], &[0.0, 0.0]);
    lab.backward(sound);
    let (_, rows) = poisoned(&mut lab, "wte");
    let scaled = lab.op(&MUL, &[rows, w], &[]);
    let loss = lab.op(&SUM, &[scaled], &[0.0, 0.0]);
    lab.backward(loss);
    let grad = lab.rec.grad(w).unwrap();
    assert_eq!(lab.try_read(grad).unwrap_err().code(), Code::Index);
}

#[test]
fn a_failed_change_spoils_a_result_but_never_a_weight() {
    let mut lab = Lab::new(false, 1);
    let (_, rows) = poisoned(&mut lab, "wte");
    let result = lab.put(&Host::f32(&[2, 2], &[1.0; 4]));
    lab.op(&ADD_INPLACE, &[result, rows], &[]);
    assert_eq!(lab.try_read(result).unwrap_err().code(), Code::Index);
    let was = lab.rec.set_grad_enabled(false);
    let leaf = lab.leaf(&Host::f32(&[2, 2], &[1.0; 4]));
    let buffer = lab.put_as(&Host::f32(&[2, 2], &[1.0; 4]), Kind::Base);
    for id in [leaf, buffer] {
        lab.op(&COPY_INPLACE, &[id, rows], &[]);
        assert_eq!(lab.read(id), [1.0; 4]);
    }
    lab.rec.set_grad_enabled(was);
}

#[test]
fn a_view_of_a_spoilt_tensor_is_spoilt_too() {
    let mut lab = Lab::new(false, 1);
    let (_, rows) = poisoned(&mut lab, "wte");
    let whole = lab.put(&Host::f32(&[4], &[1.0; 4]));
    let view = lab.op(&RESHAPE, &[whole], &[2.0, 2.0, 2.0]);
    let was = lab.rec.set_grad_enabled(false);
    lab.op(&ADD_INPLACE, &[view, rows], &[]);
    lab.rec.set_grad_enabled(was);
    for id in [view, whole] {
        assert_eq!(lab.try_read(id).unwrap_err().code(), Code::Index);
    }
    let later = lab.op(&SUM, &[whole], &[0.0, 0.0]);
    assert_eq!(lab.try_read(later).unwrap_err().code(), Code::Index);
}

#[test]
fn an_assignment_changes_all_of_its_targets_or_none() {
    let mut lab = Lab::new(false, 2);
    let (_, rows) = poisoned(&mut lab, "wte");
    let mean = lab.put_as(&Host::f32(&[2, 2], &[1.0; 4]), Kind::Base);
    let count = lab.put_as(&Host::i64(&[], &[7]), Kind::Base);
    let [next_mean, next_count] = [
        lab.put(&Host::f64(&[2, 2], &[2.0, 3.0, 4.0, 5.0])),
        lab.put(&Host::f32(&[], &[8.0])),
    ];
    // The first source is sound, the second has failed.
    lab.rec
        .record(&ASSIGN, &[count, mean, next_count, rows], &[2.0, 2.0])
        .unwrap();
    assert_eq!((lab.read(count), lab.read(mean)), (vec![7.0], vec![1.0; 4]));
    assert_eq!(lab.fence(false).unwrap_err().code(), Code::Index);
    // Aborted while it waits.
    let slow = heavy(&mut lab, 30);
    lab.rec
        .record(&ASSIGN, &[count, mean, next_count, next_mean], &[2.0, 2.0])
        .unwrap();
    lab.rec.flush();
    let stream = lab.rec.set_stream(0).unwrap();
    lab.rec
        .abort_stream(stream, Error::new(Code::Aborted, "the request went away"));
    assert_eq!((lab.read(count), lab.read(mean)), (vec![7.0], vec![1.0; 4]));
    lab.release(&[slow]);
    lab.rec
        .record(&ASSIGN, &[count, mean, next_count, next_mean], &[2.0, 2.0])
        .unwrap();
    assert_eq!((lab.read(count), lab.read(mean)), (vec![8.0], vec![2.0, 3.0, 4.0, 5.0]));
    let error = lab.rec.record(&ASSIGN, &[count, next_mean], &[1.0, 1.0]).unwrap_err();
    assert_eq!(error.code(), Code::Shape);
}

#[test]
fn gradients_whose_clipping_failed_are_not_used_unclipped() {
    let mut lab = Lab::new(false, 1);
    let (table, rows) = poisoned(&mut lab, "wte");
    let w = lab.leaf(&Host::f32(&[2], &[5.0, 6.0]));
    let scaled = lab.op(&MUL, &[rows, w], &[]);
    let bad = lab.op(&SUM, &[scaled], &[0.0, 0.0]);
    lab.backward(bad);
    let sound = lab.leaf(&Host::f32(&[2], &[1.0, 2.0]));
    let loss = lab.op(&SUM, &[sound], &[0.0, 0.0]);
    lab.backward(loss);
    let grads = [lab.rec.grad(sound).unwrap(), lab.rec.grad(table).unwrap()];
    let norm = lab.op(&GLOBAL_NORM, &grads, &[2.0]);
    lab.rec
        .record(&CLIP_SCALE, &[grads[0], grads[1], norm], &[2.0, 1.0])
        .unwrap();
    assert_eq!(lab.try_read(grads[0]).unwrap_err().code(), Code::Index);
    assert_eq!(lab.read(sound), [1.0, 2.0]);
}

#[test]
fn a_step_of_several_groups_is_one_entry_of_the_queue() {
    let mut lab = Lab::new(false, 1);
    let (table, rows) = poisoned(&mut lab, "wte");
    let loss = lab.op(&SUM, &[rows], &[0.0, 0.0]);
    lab.backward(loss);
    let w = lab.leaf(&Host::f32(&[2], &[5.0, 6.0]));
    let sound = lab.op(&SUM, &[w], &[0.0, 0.0]);
    lab.backward(sound);
    let grads = [lab.rec.grad(w).unwrap(), lab.rec.grad(table).unwrap()];
    // Two groups: the gradient of the first is sound.
    let step = |groups: [f64; 16]| [&[2.0, 2.0, 0.0, 16.0][..], &groups].concat();
    let sgd = |lr: f64| [1.0, lr, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    let groups: [f64; 16] = [sgd(0.5), sgd(0.25)].concat().try_into().unwrap();
    lab.rec
        .record(&SGD_STEP, &[w, table, grads[0], grads[1]], &step(groups))
        .unwrap();
    assert_eq!(lab.read(w), [5.0, 6.0]);
    assert_eq!(lab.read(table), [1.0; 6]);
    assert_eq!(lab.rec.take_failed_updates().len(), 1);
    // With a sound gradient each group has its own learning rate.
    let one = lab.put(&Host::f32(&[3, 2], &[1.0; 6]));
    lab.rec
        .record(&SGD_STEP, &[w, table, grads[0], one], &step(groups))
        .unwrap();
    assert_eq!(lab.read(w), [4.5, 5.5]);
    assert_eq!(lab.read(table), [0.75; 6]);
    let wrong = [&[2.0, 2.0, 0.0, 8.0][..], &sgd(0.5)].concat();
    let error = lab
        .rec
        .record(&SGD_STEP, &[w, table, grads[0], one], &wrong)
        .unwrap_err();
    assert_eq!(error.code(), Code::Shape, "one group of one parameter, for two");
}

#[test]
fn a_generator_that_was_dropped_is_forgotten() {
    let mut lab = Lab::new(false, 1);
    let first = lab.rec.new_generator(1);
    for seed in 0..1000 {
        let number = lab.rec.new_generator(seed);
        assert_ne!(number, first, "in use");
        lab.rec.set_generator(number).unwrap();
        let x = lab.op(&RAND, &[], &[1.0, 3.0, 0.0, 1.0, 0.0]);
        lab.rec.set_generator(0).unwrap();
        lab.rec.drop_generator(number);
        lab.release(&[x]);
        assert!(lab.rec.set_generator(number).is_err());
    }
    assert_eq!(lab.rec.generator_count(), 1);
}

#[test]
fn a_failure_that_nobody_awaited_surfaces_at_the_next_backward_once() {
    let mut lab = Lab::new(false, 1);
    let w = lab.leaf(&Host::f32(&[2], &[1.0, 2.0]));
    let (_, rows) = poisoned(&mut lab, "wte");
    lab.release(&[rows]);
    // A read elsewhere waits for the executor, and is no telling.
    assert_eq!(lab.read(w), [1.0, 2.0]);
    let loss = lab.op(&SUM, &[w], &[0.0, 0.0]);
    assert_eq!(lab.backward_with(loss, 0, false).unwrap_err().code(), Code::Index);
    lab.backward(loss);
    assert_eq!(lab.grad(w).unwrap(), [1.0, 1.0]);
}

#[test]
fn a_failure_is_reported_once() {
    let mut lab = Lab::new(false, 1);
    let w = lab.leaf(&Host::f32(&[2], &[1.0, 2.0]));
    let (_, rows) = poisoned(&mut lab, "wte");
    assert!(lab.try_read(rows).is_err());
    let loss = lab.op(&SUM, &[w], &[0.0, 0.0]);
    lab.backward(loss);
    assert!(lab.wait().is_ok());
}

#[test]
fn a_reported_failure_is_not_repeated_by_what_was_queued_after_it() {
    let progress = Progress::default();
    let at = |seq| Position { stream: 1, seq };
    let first = Error::new(Code::Index, "first");
    progress.fail(at(3), first.clone());
    assert_eq!(progress.take_failure_ahead(at(10)), Some(first.clone()));
    progress.fail(at(5), first.clone());
    assert_eq!(progress.take_failure(1), None, "a dependent that was queued then");
    progress.fail(at(11), first.clone());
    assert_eq!(progress.take_failure(1), Some(first), "a dependent recorded afterwards");
    let other = Error::new(Code::Shape, "other");
    progress.fail(at(6), other.clone());
    assert_eq!(progress.take_failure(1), Some(other), "another failure");
}

/// A product that takes long enough to be overtaken.
fn heavy(lab: &mut Lab, rounds: usize) -> Id {
    let mut x = lab.op(&FULL, &[], &[2.0, 384.0, 384.0, 0.01, 0.0]);
    for _ in 0..rounds {
        let y = lab.op(&MATMUL, &[x, x], &[0.0, 0.0]);
        lab.release(&[x]);
        x = y;
    }
    x
}

#[test]
fn streams_that_depend_on_each_other_give_the_right_values() {
    let mut lab = Lab::new(false, 2);
    let main = lab.rec.set_stream(0).unwrap();
    let other = lab.engine.new_stream();
    lab.rec.open_stream(other, 0, 1);
    let acc = lab.put(&Host::f64(&[], &[0.0]));
    let mut x = lab.put(&Host::f64(&[], &[1.0]));
    let mut want = (0.0, 1.0);
    for round in 0..200 {
        lab.rec.set_stream(if round % 2 == 0 { other } else { main }).unwrap();
        let y = lab.op(&AFFINE, &[x], &[0.5, 1.0]);
        // The old x is freed in this stream while the other may still read it.
        lab.rec.set_stream(if round % 3 == 0 { other } else { main }).unwrap();
        lab.op(&ADD_INPLACE, &[acc, x], &[]);
        lab.release(&[x]);
        want = (want.0 + want.1, 0.5 * want.1 + 1.0);
        x = y;
    }
    lab.rec.set_stream(main).unwrap();
    assert_eq!((lab.read(acc)[0], lab.read(x)[0]), want);
    assert_eq!(lab.rec.set_stream(9999).unwrap_err().code(), Code::Option);
    lab.rec.close_stream(other);
    assert_eq!(lab.rec.set_stream(other).unwrap_err().code(), Code::Option);
    assert_eq!(lab.read(acc)[0], want.0, "a closed stream's work stays");
}

#[test]
fn a_stream_of_higher_priority_goes_first() {
    let mut lab = Lab::new(false, 2);
    let urgent = lab.engine.new_stream();
    lab.rec.open_stream(urgent, 10, 1);
    let slow = heavy(&mut lab, 60);
    let (sender, receiver) = mpsc::channel();
    lab.rec.fence(false, Some(Box::new(move |_| sender.send(()).unwrap())));
    let main = lab.rec.set_stream(urgent).unwrap();
    let quick = lab.put(&Host::f32(&[1], &[4.0]));
    assert_eq!(lab.read(quick), [4.0]);
    assert!(
        receiver.try_recv().is_err(),
        "the urgent stream waited for the slow one"
    );
    lab.rec.set_stream(main).unwrap();
    receiver.recv().unwrap();
    lab.release(&[slow, quick]);
    assert_eq!(lab.live_values(), 0);
}

#[test]
fn an_aborted_stream_skips_what_is_queued_and_runs_what_comes_after() {
    let mut lab = Lab::new(false, 2);
    let w = lab.leaf(&Host::f32(&[2], &[1.0, 2.0]));
    let slow = heavy(&mut lab, 60);
    let late = lab.op(&AFFINE, &[w], &[2.0, 0.0]);
    lab.rec.flush();
    let stream = lab.rec.set_stream(0).unwrap();
    lab.rec
        .abort_stream(stream, Error::new(Code::Aborted, "the request went away"));
    let after = lab.op(&AFFINE, &[w], &[3.0, 0.0]);
    assert_eq!(lab.read(after), [3.0, 6.0]);
    assert_eq!(lab.try_read(late).unwrap_err().code(), Code::Aborted);
    assert_eq!(lab.try_read(slow).unwrap_err().code(), Code::Aborted);
    assert_eq!(lab.read(w), [1.0, 2.0]);
}

/// A link to nowhere: what is recorded never runs.
#[derive(Default)]
struct Silent(Mutex<Vec<Message>>);

impl Link for Silent {
    fn send(&self, message: Message) {
        self.0.lock().unwrap().push(message);
    }
}

fn unserved(limits: Limits) -> Recorder {
    Recorder::new(Arc::new(Silent::default()), Arc::new(Progress::default()), limits, 1, 0)
}

fn put(recorder: &mut Recorder, n: usize) -> engine::Result<Id> {
    recorder.put(
        Meta::new(Shape::new(&[n]), Dtype::F32),
        Source::Host(vec![0; 4 * n]),
        Kind::Activation,
    )
}

#[test]
fn recording_too_far_ahead_is_a_backlog() {
    let mut recorder = unserved(Limits {
        steps: 3,
        entries: 1000,
        host_bytes: 1000,
        tensor_bytes: 1 << 30,
    });
    let x = put(&mut recorder, 10).unwrap();
    for _ in 0..3 {
        recorder.fence(true, None);
        recorder.record(&NEG, &[x], &[]).unwrap();
    }
    recorder.fence(true, None);
    let error = recorder.record(&NEG, &[x], &[]).unwrap_err();
    assert_eq!(error.code(), Code::Backlog);
    assert!(field(&error, "hint").contains("await"));

    let mut recorder = unserved(Limits {
        steps: 3,
        entries: 1000,
        host_bytes: 1000,
        tensor_bytes: 1 << 30,
    });
    let x = put(&mut recorder, 10).unwrap();
    for _ in 0..1000 {
        recorder.record(&NEG, &[x], &[]).unwrap();
    }
    let error = recorder.record(&NEG, &[x], &[]).unwrap_err();
    assert_eq!(
        error.code(),
        Code::Backlog,
        "no step, no host data, and yet too far ahead"
    );
    assert!(field(&error, "received").contains("1001 operations"), "{error}");

    let mut recorder = unserved(Limits {
        steps: 3,
        entries: 1000,
        host_bytes: 1000,
        tensor_bytes: 1 << 30,
    });
    put(&mut recorder, 200).unwrap();
    put(&mut recorder, 100).unwrap();
    assert_eq!(put(&mut recorder, 1).unwrap_err().code(), Code::Backlog);
}

#[test]
fn work_that_is_done_makes_room() {
    let mut lab = Lab::new(false, 1);
    for _ in 0..200 {
        let x = lab.put(&Host::f32(&[2], &[1.0, 2.0]));
        lab.fence(true).unwrap();
        lab.release(&[x]);
    }
    // More entries than may wait at once.
    let x = lab.put(&Host::f32(&[2], &[1.0, 2.0]));
    for i in 0..1 << 19 {
        let y = lab.op(&NEG, &[x], &[]);
        lab.release(&[y]);
        if i % 1024 == 0 {
            lab.wait().unwrap();
        }
    }
}

#[test]
fn a_tensor_that_can_never_fit_is_an_error_when_it_is_recorded() {
    let mut recorder = unserved(Limits {
        steps: 3,
        entries: 1000,
        host_bytes: 1000,
        tensor_bytes: 4000,
    });
    let x = put(&mut recorder, 100).unwrap();
    recorder.record(&EXPAND, &[x], &[2.0, 10.0, 100.0]).unwrap();
    let error = recorder.record(&EXPAND, &[x], &[2.0, 11.0, 100.0]).unwrap_err();
    assert_eq!(error.code(), Code::Memory);
    assert!(field(&error, "received").contains("(11, 100)"), "{error}");
    let mut lab = Lab::new(false, 1);
    for size in [[1e6, 1e6], [1e15, 1e15]] {
        assert_eq!(
            lab.try_op(&FULL, &[], &[2.0, size[0], size[1], 0.0, 0.0])
                .unwrap_err()
                .code(),
            Code::Memory
        );
    }
}

#[test]
fn closing_a_recorder_forgets_its_tensors() {
    let lab = Lab::new(false, 1);
    let mut other = Lab {
        rec: lab.engine.recorder(1),
        engine: lab.engine,
    };
    let x = other.leaf(&Host::f32(&[2], &[1.0, 2.0]));
    other.op(&SQUARE, &[x], &[]);
    assert_eq!(other.live_values(), 2);
    let engine = other.engine;
    other.rec.close();
    let mut next = Lab {
        rec: engine.recorder(2),
        engine,
    };
    assert_eq!(next.live_values(), 0);
    assert_eq!(next.try_op(&NEG, &[x], &[]).unwrap_err().code(), Code::Thread);
}
