//! Long ops are interrupted for streams that matter more, and nobody sees it in the numbers.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::sync::mpsc;

use engine::meta::Id;
use engine::ops::table::*;
use engine::recorder::StreamId;
use engine::{Code, Error};
use support::harness::{Host, Lab, Rand};

/// Side of a product that takes a tenth of a second or more.
const SIDE: usize = 1536;

fn square(lab: &mut Lab, seed: u64, side: usize) -> Id {
    let numbers = Rand::new(seed).normals(side * side);
    lab.put(&Host::f32(&[side, side], &numbers))
}

fn open(lab: &mut Lab, priority: i32) -> StreamId {
    let number = lab.engine.new_stream();
    lab.rec.open_stream(number, priority, 1);
    number
}

/// Queues a message that goes out when the stream reaches this position.
fn note(lab: &mut Lab, name: &'static str, notes: &mpsc::Sender<&'static str>) {
    let notes = notes.clone();
    lab.rec.fence(
        false,
        Some(Box::new(move |outcome| {
            outcome.unwrap();
            notes.send(name).unwrap();
        })),
    );
}

/// Records in an urgent stream while a long product of the main stream is under way, three times.
fn during_long(lab: &mut Lab, (a, b): (Id, Id), urgent: StreamId, mut work: impl FnMut(&mut Lab, Id)) {
    for _ in 0..3 {
        let long = lab.op(&MATMUL, &[a, b], &[0.0, 0.0]);
        lab.rec.flush();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let main = lab.rec.set_stream(urgent).unwrap();
        work(lab, long);
        lab.rec.set_stream(main).unwrap();
        lab.wait().unwrap();
        lab.release(&[long]);
    }
}

/// A product of one piece after the other in the main stream; while it runs, small work of another stream.
fn interrupted(priority: i32) -> (Vec<&'static str>, Vec<u8>, Vec<f64>) {
    let mut lab = Lab::new(false, 2);
    let (a, b) = (square(&mut lab, 1, SIDE), square(&mut lab, 2, SIDE));
    let small = square(&mut lab, 3, 8);
    lab.wait().unwrap();
    let (notes, heard) = mpsc::channel();
    // Several, so that the last is not done by the time that this thread goes on, however busy the machine is.
    let mut last = a;
    for _ in 0..6 {
        last = lab.op(&MATMUL, &[last, b], &[0.0, 0.0]);
    }
    note(&mut lab, "long", &notes);
    // By now the first product is under way.
    std::thread::sleep(std::time::Duration::from_millis(10));
    let other = open(&mut lab, priority);
    let main = lab.rec.set_stream(other).unwrap();
    let mut sum = small;
    for _ in 0..5 {
        sum = lab.op(&ADD, &[sum, small], &[]);
    }
    note(&mut lab, "short", &notes);
    let sum = lab.read(sum);
    lab.rec.set_stream(main).unwrap();
    let bits = lab.bits(last);
    let order = heard.try_iter().collect();
    (order, bits, sum)
}

#[test]
fn a_long_product_stands_back_for_a_stream_of_higher_priority() {
    let (order, bits, sum) = interrupted(10);
    assert_eq!(order, ["short", "long"]);
    let (order, alone, same) = interrupted(-10);
    assert_eq!(order, ["long", "short"], "a lower priority waits");
    assert!(bits == alone, "the interrupted product has other bits");
    assert_eq!(sum, same);
}

#[test]
fn the_end_of_a_view_does_not_wait_for_other_readers_of_its_weight() {
    let mut lab = Lab::new(false, 2);
    let (a, b) = (square(&mut lab, 1, SIDE), square(&mut lab, 2, SIDE));
    let weight = square(&mut lab, 3, 8);
    let urgent = open(&mut lab, 10);
    lab.wait().unwrap();
    let (notes, heard) = mpsc::channel();
    let product = lab.op(&MATMUL, &[a, b], &[0.0, 0.0]);
    let read = lab.op(&ADD, &[weight, weight], &[]);
    note(&mut lab, "long", &notes);
    let main = lab.rec.set_stream(urgent).unwrap();
    let view = lab.op(&RESHAPE, &[weight], &[1.0, 64.0]);
    let sum = lab.op(&SUM, &[view], &[0.0, 0.0]);
    lab.release(&[view, sum]);
    note(&mut lab, "short", &notes);
    lab.wait().unwrap();
    lab.rec.set_stream(main).unwrap();
    lab.wait().unwrap();
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["short", "long"]);
    lab.release(&[product, read]);
}

#[test]
fn what_waits_for_an_interrupted_entry_does_not_run_before_it() {
    let mut lab = Lab::new(false, 2);
    let (a, b) = (square(&mut lab, 1, SIDE), square(&mut lab, 2, SIDE));
    let long = lab.op(&MATMUL, &[a, b], &[0.0, 0.0]);
    let total = lab.op(&SUM, &[long], &[0.0, 0.0]);
    let want = lab.read(total);
    let urgent = open(&mut lab, 10);
    during_long(&mut lab, (a, b), urgent, |lab, long| {
        let total = lab.op(&SUM, &[long], &[0.0, 0.0]);
        assert_eq!(lab.read(total), want);
        lab.release(&[total]);
    });
}

#[test]
fn equal_streams_share_the_time_between_a_long_op_and_short_ones() {
    let mut lab = Lab::new(false, 2);
    let (a, b) = (square(&mut lab, 1, SIDE), square(&mut lab, 2, SIDE));
    let small = square(&mut lab, 3, 8);
    let other = open(&mut lab, 0);
    lab.wait().unwrap();
    let (notes, heard) = mpsc::channel();
    for _ in 0..3 {
        let product = lab.op(&MATMUL, &[a, b], &[0.0, 0.0]);
        lab.release(&[product]);
    }
    note(&mut lab, "long", &notes);
    lab.rec.set_stream(other).unwrap();
    for _ in 0..50 {
        let sum = lab.op(&ADD, &[small, small], &[]);
        lab.release(&[sum]);
    }
    note(&mut lab, "short", &notes);
    lab.wait().unwrap();
    lab.rec.set_stream(0).unwrap();
    lab.wait().unwrap();
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["short", "long"]);
}

#[test]
fn an_interruption_leaves_the_counts_and_failures_where_they_belong() {
    let mut lab = Lab::new(false, 2);
    let (a, b) = (square(&mut lab, 1, SIDE), square(&mut lab, 2, SIDE));
    let table = lab.put(&Host::f32(&[3, 2], &[1.0; 6]));
    let ids = lab.put(&Host::i64(&[2], &[0, 9]));
    let before = lab.live_bytes();
    let urgent = open(&mut lab, 10);
    during_long(&mut lab, (a, b), urgent, |lab, _| {
        let rows = lab.op(&EMBEDDING, &[table, ids], &[-1.0, 0.0]);
        assert_eq!(lab.try_read(rows).unwrap_err().code(), Code::Index);
        lab.release(&[rows]);
    });
    assert_eq!(lab.live_bytes(), before);
}

#[test]
fn a_stream_that_is_aborted_while_it_is_interrupted_harms_no_other() {
    let mut lab = Lab::new(false, 2);
    let (a, b) = (square(&mut lab, 1, SIDE), square(&mut lab, 2, SIDE));
    let trainer = open(&mut lab, 0);
    let main = lab.rec.set_stream(trainer).unwrap();
    let product = lab.op(&MATMUL, &[a, b], &[0.0, 0.0]);
    let dependent = lab.op(&MATMUL, &[product, b], &[0.0, 0.0]);
    lab.rec.flush();
    lab.rec.set_stream(main).unwrap();
    let twice = lab.op(&ADD, &[a, a], &[]);
    lab.rec
        .abort_stream(trainer, Error::new(Code::Aborted, "the user left"));
    let want = lab.read(a);
    assert_eq!(
        lab.read(twice)[..10],
        want[..10].iter().map(|x| 2.0 * x).collect::<Vec<_>>()
    );
    assert_eq!(lab.try_read(dependent).unwrap_err().code(), Code::Aborted);
    // The stream goes on with what is recorded after the abort.
    lab.rec.set_stream(trainer).unwrap();
    let again = lab.op(&ADD, &[a, a], &[]);
    assert_eq!(lab.read(again)[0], 2.0 * want[0]);
}
