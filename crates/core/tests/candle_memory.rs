//! What an operation on candle takes at real vocabularies: no copy of a weight, nothing of the square of a vocabulary, no step with twice the parameters,
//! and one wait for the device for all checks of a step. On the CPU candle allocates through the global allocator, which counts here.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use engine::code::Code;
use engine::dtype::Dtype;
use engine::meta::Id;
use engine::ops::row::OpRow;
use engine::ops::table::*;
use engine::recorder::Kind;
use support::harness::{Host, Lab, Rand, adamw_attrs, dims_and};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The system's allocator, and how much is live and was at most.
struct Counting;

static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

fn count(bytes: i64) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

// SAFETY: every block comes from the system's allocator and goes back to it with the layout that it was made for.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`, which is that of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as i64 - layout.size() as i64);
        // SAFETY: as in `alloc`.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: as in `alloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

/// GPT-2's vocabulary.
const V: usize = 50_257;
const MB: i64 = 1 << 20;

/// What the gemm crate packs at once, for all threads. It follows the caches of the processor: below 2 MB on AMD Zen 4, 4 MB on Intel with 2 MB in the second level.
const PACKED: i64 = 5 * MB;

/// The count is of the whole process: one test at a time.
static ONE: Mutex<()> = Mutex::new(());

/// Runs a test on candle.
fn on_candle(test: impl FnOnce(&mut Lab)) {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    test(&mut Lab::new(true, 2));
}

/// Bytes that `work` takes at most beyond what there was before.
fn peak_of<T>(lab: &mut Lab, work: impl FnOnce(&mut Lab) -> T) -> (T, i64) {
    lab.wait().expect("what was recorded before is fine");
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = work(lab);
    lab.wait().expect("the work is fine");
    (result, PEAK.load(Ordering::Relaxed) - before)
}

/// Runs one op, which may take its results and `most` bytes.
fn bounded(lab: &mut Lab, what: &str, row: &'static OpRow, inputs: &[Id], attrs: &[f64], most: i64) -> Vec<Id> {
    let (ids, peak) = peak_of(lab, |lab| lab.rec.record(row, inputs, attrs).expect("the shapes fit"));
    let results: i64 = ids.iter().map(|&id| lab.meta(id).bytes() as i64).sum();
    assert!(
        peak <= results + most,
        "{what}: {:.1} MB beside results of {:.1} MB; at most {:.1} MB",
        (peak - results) as f64 / MB as f64,
        results as f64 / MB as f64,
        most as f64 / MB as f64
    );
    ids.to_vec()
}

/// Normal numbers made by the engine.
fn normal(lab: &mut Lab, shape: &[usize], dtype: Dtype) -> Id {
    lab.op(&RANDN, &[], &dims_and(shape, &[0.0, 1.0, f64::from(dtype as u8)]))
}

/// The same, which get gradients.
fn learns(lab: &mut Lab, shape: &[usize]) -> Id {
    let id = normal(lab, shape, Dtype::F32);
    lab.rec.set_requires_grad(id, true).expect("a float leaf");
    id
}

/// Runs the backward of the sum of `y`, which may take `most` bytes with the gradients that it leaves.
fn bounded_backward(lab: &mut Lab, what: &str, y: Id, most: i64) {
    let loss = lab.op(&SUM, &[y], &[0.0, 0.0]);
    let ((), peak) = peak_of(lab, |lab| lab.backward(loss));
    let size = |bytes: i64| bytes as f64 / MB as f64;
    assert!(
        peak <= most,
        "backward of {what}: {:.1} MB; at most {:.1} MB",
        size(peak),
        size(most)
    );
}

fn ids(lab: &mut Lab, shape: &[usize], n: usize) -> Id {
    let mut random = Rand::new(3);
    let count = shape.iter().product();
    let list: Vec<i64> = (0..count).map(|_| random.below(n) as i64).collect();
    lab.put(&Host::i64(shape, &list))
}

#[test]
fn a_product_copies_no_weight() {
    on_candle(|lab| {
        // 12.9 MB as it is stored, and as many more for each copy.
        for (layout, shape) in [(0.0, [V, 64]), (1.0, [64, V])] {
            let weight = normal(lab, &shape, Dtype::F32);
            let (x, dy) = (normal(lab, &[4, 64], Dtype::F32), normal(lab, &[4, V], Dtype::F32));
            bounded(lab, "linear", &LINEAR, &[x, weight, 0], &[layout], MB + PACKED);
            bounded(lab, "linearDx", &LINEAR_DX, &[dy, weight], &[layout], MB + PACKED);
            let (a, b) = (learns(lab, &[4, 64]), learns(lab, &[V, 4]));
            let x = learns(lab, &[4, 64]);
            let attrs = [2.0, 0.1, layout, 2.0, 0.0, V as f64];
            let y = bounded(
                lab,
                "loraLinear",
                &LORA_LINEAR,
                &[x, weight, 0, a, b],
                &attrs,
                2 * MB + PACKED,
            )[0];
            bounded_backward(lab, "loraLinear", y, 4 * MB + PACKED);
        }
        let (a, b) = (normal(lab, &[3, 2, 64], Dtype::F32), normal(lab, &[V, 64], Dtype::F32));
        bounded(lab, "matmul", &MATMUL, &[a, b], &[0.0, 1.0], MB + PACKED);
    });
}

#[test]
fn a_weight_in_bf16_is_never_widened_as_a_whole() {
    on_candle(|lab| {
        // 25.7 MB, 51.5 MB as f32; a panel has 16 MB.
        let weight = normal(lab, &[V, 256], Dtype::Bf16);
        let (x, dy) = (normal(lab, &[4, 256], Dtype::F32), normal(lab, &[4, V], Dtype::F32));
        bounded(lab, "linear", &LINEAR, &[x, weight, 0], &[0.0], 18 * MB + PACKED);
        bounded(lab, "linearDx", &LINEAR_DX, &[dy, weight], &[0.0], 18 * MB + PACKED);
        let rows = ids(lab, &[2, 8], V);
        bounded(lab, "embedding", &EMBEDDING, &[weight, rows], &[-1.0, 0.0], MB);
        let target = ids(lab, &[4], V);
        let attrs = [-100.0, 0.0, 1.0, 1.0];
        bounded(
            lab,
            "linearCrossEntropy",
            &LINEAR_CROSS_ENTROPY,
            &[x, weight, 0, target],
            &attrs,
            22 * MB + PACKED,
        );
    });
}

#[test]
fn nothing_takes_the_square_of_the_vocabulary() {
    on_candle(|lab| {
        // One row is 0.2 MB as f32; its square would be 10 GB.
        let x = normal(lab, &[4, V], Dtype::F32);
        bounded(lab, "sort", &SORT, &[x], &[60.0, 1.0], 6 * MB);
        bounded(lab, "sort of all", &SORT, &[x], &[-1.0, 0.0], 12 * MB);
        bounded(lab, "cumsum", &CUMSUM, &[x], &[1.0, 0.0], 8 * MB);
        let p = lab.op(&SOFTMAX, &[x], &[1.0]);
        bounded(lab, "multinomial", &MULTINOMIAL, &[p], &[1.0, 1.0], 16 * MB);
        // 200 MB, if every draw were compared with every category.
        bounded(lab, "many draws", &MULTINOMIAL, &[p], &[1000.0, 1.0], 16 * MB);
        bounded(lab, "different draws", &MULTINOMIAL, &[p], &[9.0, 0.0], 20 * MB);
        let places = ids(lab, &[4, 7], V);
        bounded(lab, "gather", &GATHER, &[x, places], &[1.0], MB);
        let values = normal(lab, &[4, 7], Dtype::F32);
        bounded(lab, "scatterAdd", &SCATTER_ADD, &[x, places, values], &[1.0], MB);
    });
}

#[test]
fn losses_and_attention_go_by_chunks() {
    on_candle(|lab| {
        // Logits of 51.5 MB.
        let (hidden, weight) = (normal(lab, &[256, 16], Dtype::F32), normal(lab, &[V, 16], Dtype::F32));
        let target = ids(lab, &[256], V);
        let attrs = [-100.0, 0.1, 1.0, 3.0];
        bounded(
            lab,
            "linearCrossEntropy",
            &LINEAR_CROSS_ENTROPY,
            &[hidden, weight, 0, target],
            &attrs,
            75 * MB,
        );
        let logits = normal(lab, &[256, V], Dtype::F32);
        lab.rec.set_requires_grad(logits, true).expect("a float leaf");
        let inputs = [logits, target, 0];
        let losses = bounded(lab, "crossEntropy", &CROSS_ENTROPY, &inputs, &[-100.0, 0.0], 56 * MB)[0];
        bounded_backward(lab, "crossEntropy", losses, (50 + 72) * MB);
        // Scores of 64 MB.
        let (q, k) = (learns(lab, &[1, 16, 1024, 8]), learns(lab, &[1, 4, 1024, 8]));
        let y = bounded(
            lab,
            "sdpa",
            &SDPA,
            &[q, k, k, 0, 0],
            &[0.3, 1.0, 0.1, 0.0, 0.0, 0.0],
            60 * MB,
        )[0];
        bounded_backward(lab, "sdpa", y, 90 * MB);
    });
}

#[test]
fn what_is_changed_is_changed_where_it_lies() {
    on_candle(|lab| {
        let list = |lab: &mut Lab| {
            (0..8)
                .map(|_| normal(lab, &[512, 1024], Dtype::F32))
                .collect::<Vec<Id>>()
        };
        let (params, grads) = (list(lab), list(lab));
        let moments: Vec<Id> = list(lab).into_iter().chain(list(lab)).collect();
        let inputs = [params.clone(), grads.clone(), moments].concat();
        // Each has 2 MB, all parameters and moments 48 MB.
        bounded(
            lab,
            "adamwStep",
            &ADAMW_STEP,
            &inputs,
            &adamw_attrs(8.0, 0.1, 0.0, 1.0),
            14 * MB,
        );
        let norm = bounded(lab, "globalNorm", &GLOBAL_NORM, &grads, &[8.0], 10 * MB)[0];
        let inputs = [&grads[..], &[norm]].concat();
        bounded(lab, "clipScale", &CLIP_SCALE, &inputs, &[8.0, 1.0], 3 * MB);
        bounded(lab, "zeroGrads", &ZERO_GRADS, &grads, &[8.0], MB / 2);
        let (large, other) = (
            normal(lab, &[2 << 20, 4], Dtype::F32),
            normal(lab, &[2 << 20, 4], Dtype::F32),
        );
        // 32 MB each; a chunk has 16 MB.
        bounded(lab, "addInplace", &ADD_INPLACE, &[large, other], &[], 20 * MB);
        bounded(lab, "normalInplace", &NORMAL_INPLACE, &[large], &[0.0, 1.0], 20 * MB);
        let token = normal(lab, &[512, 1], Dtype::F32);
        bounded(
            lab,
            "sliceAssign",
            &SLICE_ASSIGN,
            &[params[0], token],
            &[1.0, 7.0],
            MB / 2,
        );
        bounded(lab, "fillInplace", &FILL_INPLACE, &[params[0]], &[1.0], MB / 2);
        let x = normal(lab, &[1024, 1024], Dtype::F32);
        bounded(lab, "dropout", &DROPOUT, &[x], &[0.1], MB / 2);
        let data = Host::new(Dtype::F32, &[1 << 20], vec![1.0; 1 << 20]);
        let (_, peak) = peak_of(lab, |lab| lab.put(&data));
        // Eight megabytes of f64 become four of the host's bytes and four of the tensor.
        assert!(peak <= 9 * MB, "put took {peak} bytes");
    });
}

#[test]
fn bytes_of_candle_are_counted_and_bounded() {
    on_candle(|lab| {
        let before = lab.live_bytes();
        let x = normal(lab, &[1000, 100], Dtype::F32);
        assert_eq!(lab.live_bytes() - before, 400_000);
        let half = lab.op(&CAST, &[x], &[f64::from(Dtype::Bf16 as u8)]);
        // A slice must not keep the whole.
        let row = lab.op(&SLICE, &[x], &[0.0, 3.0, 4.0, 1.0]);
        assert_eq!(lab.live_bytes() - before, 600_400);
        lab.release(&[x, half]);
        assert_eq!(lab.live_bytes() - before, 400);
        assert_eq!(lab.read(row).len(), 100);
        let error = lab
            .try_op(&FULL, &[], &dims_and(&[1 << 21, 1 << 21], &[0.0, 0.0]))
            .and_then(|id| lab.try_read(id))
            .expect_err("no machine has 16 TB");
        assert_eq!(error.code(), Code::Memory, "{error}");
        assert_eq!(lab.live_bytes() - before, 400);
    });
}

fn read_backs(lab: &Lab) -> u64 {
    lab.engine.counters().read_backs.load(Ordering::Relaxed)
}

#[test]
fn checks_wait_for_the_device_once() {
    on_candle(|lab| {
        let table = normal(lab, &[10, 4], Dtype::F32);
        lab.wait().expect("fine");
        let before = read_backs(lab);
        let mut sum = normal(lab, &[3, 4], Dtype::F32);
        for _ in 0..50 {
            let rows = ids(lab, &[3], 10);
            let x = lab.op(&EMBEDDING, &[table, rows], &[-1.0, 0.0]);
            sum = lab.op(&ADD, &[sum, x], &[]);
        }
        let target = lab.put(&Host::i64(&[3], &[1, -100, 3]));
        let loss = lab.op(&CROSS_ENTROPY, &[sum, target, 0], &[-100.0, 0.0]);
        assert_eq!(lab.read(loss).len(), 3);
        assert_eq!(read_backs(lab) - before, 1);
    });
}

#[test]
fn a_wrong_id_fails_what_depends_on_it_and_changes_nothing() {
    on_candle(|lab| {
        let table = lab.leaf(&Host::f32(&[3, 2], &[1.0; 6]));
        let wrong = lab.put(&Host::i64(&[2], &[1, 7]));
        let rows = lab.op(&EMBEDDING, &[table, wrong], &[-1.0, 0.0]);
        let twice = lab.op(&ADD, &[rows, rows], &[]);
        let fine = lab.op(&ADD, &[table, table], &[]);
        let loss = lab.op(&SUM, &[twice], &[0.0, 0.0]);
        lab.backward(loss);
        let grad = lab.rec.grad(table).expect("a leaf");
        let zeros = |lab: &mut Lab| lab.put_as(&Host::f32(&[3, 2], &[0.0; 6]), Kind::Optimizer);
        let (m, v) = (zeros(lab), zeros(lab));
        lab.rec
            .record(&ADAMW_STEP, &[table, grad, m, v], &adamw_attrs(1.0, 0.1, 0.0, 1.0))
            .expect("the shapes fit");
        let error = lab.try_read(twice).expect_err("row 7 of 3");
        assert_eq!(error.code(), Code::Index, "{error}");
        let text = error.to_string();
        assert!(
            text.contains("embedding") && text.contains('7') && text.contains("0 to 2"),
            "{text}"
        );
        assert_eq!(lab.try_read(table).expect("unchanged"), [1.0; 6]);
        assert_eq!(lab.try_read(m).expect("unchanged"), [0.0; 6]);
        assert_eq!(lab.read(fine), [2.0; 6]);
    });
}

#[test]
fn large_and_small_chunks_agree_with_the_kernels() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let results = [false, true].map(|candle| {
        let mut lab = Lab::new(candle, 2);
        lab.reset_generator(5);
        let (hidden, weight) = (learns(&mut lab, &[200, 8]), learns(&mut lab, &[V, 8]));
        let target = ids(&mut lab, &[200], V);
        let inputs = [hidden, weight, 0, target];
        let loss = lab.op(&LINEAR_CROSS_ENTROPY, &inputs, &[-100.0, 0.1, 1.0, 3.0]);
        lab.backward(loss);
        let (q, k) = (learns(&mut lab, &[2, 6, 700, 4]), learns(&mut lab, &[2, 2, 900, 4]));
        let lengths = lab.put(&Host::i64(&[2], &[900, 500]));
        let y = lab.op(&SDPA, &[q, k, k, 0, lengths], &[0.5, 2.0, 0.2, 0.0, 600.0, 3.0]);
        let weighted = lab.op(&MUL, &[y, q], &[]);
        let sum = lab.op(&SUM, &[weighted], &[0.0, 0.0]);
        lab.backward(sum);
        let mut all = vec![lab.read(loss), lab.read(y)];
        all.extend([hidden, weight, q, k].map(|id| lab.grad(id).expect("a gradient")));
        all
    });
    for (i, (kernel, twin)) in results[0].iter().zip(&results[1]).enumerate() {
        let largest = kernel
            .iter()
            .fold(0.1f64, |m, x| if x.is_finite() { m.max(x.abs()) } else { m });
        let worst = kernel
            .iter()
            .zip(twin)
            .filter(|(a, b)| a != b)
            .map(|(a, b)| (a - b).abs());
        let worst = worst.fold(0.0, f64::max);
        assert!(worst <= 1e-5 * largest, "result {i}: {worst} of {largest}");
    }
}
