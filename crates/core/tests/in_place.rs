//! Changes in place that are refused after they were made, and weights in mapped files: nothing is lost, nothing is counted twice.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use engine::Code;
use engine::dtype::Dtype;
use engine::io::{Layout, WeightFile};
use engine::meta::{Id, Meta};
use engine::ops::table::*;
use engine::recorder::{Kind, Source};
use engine::shape::Shape;
use support::harness::{Host, Lab, adamw_attrs};

/// A file of one tensor, `w`.
struct Base {
    path: PathBuf,
    meta: Meta,
}

impl Base {
    fn new(name: &str, host: &Host) -> Base {
        let path = std::env::temp_dir().join(format!("loralib-in-place-{name}-{}", std::process::id()));
        let meta = Meta::new(Shape::new(&host.shape), host.dtype);
        let layout = Layout::new(vec!["w".into()], vec![meta.clone()], vec![]).unwrap();
        layout.write(&path, false, || Ok(host.bytes())).unwrap();
        Base { path, meta }
    }

    fn put(&self, lab: &mut Lab) -> Id {
        let file = WeightFile::open(&self.path, true).unwrap();
        let window = file.tensor(0).unwrap().window;
        lab.rec
            .put(self.meta.clone(), Source::Mapped(window), Kind::Base)
            .unwrap()
    }

    #[cfg(unix)]
    fn cut(&self, bytes: u64) {
        let file = std::fs::OpenOptions::new().write(true).open(&self.path).unwrap();
        file.set_len(bytes).unwrap();
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).unwrap();
    }
}

/// Bytes in buffers, of numbers and in mapped files.
fn counts(lab: &mut Lab) -> [u64; 3] {
    let live = lab.live_bytes();
    let counters = lab.engine.counters();
    [
        live,
        counters.number_bytes.load(Ordering::Relaxed),
        counters.mapped_bytes.load(Ordering::Relaxed),
    ]
}

fn adamw(lab: &mut Lab, w: Id, grad: Id, lr: f64) -> [Id; 2] {
    let n = lab.meta(w).shape.numel();
    let moments = [(); 2].map(|()| lab.put_as(&Host::f32(&[n], &vec![0.0; n]), Kind::Optimizer));
    let attrs = adamw_attrs(1.0, lr, 0.0, 1.0);
    lab.rec
        .record(&ADAMW_STEP, &[w, grad, moments[0], moments[1]], &attrs)
        .unwrap();
    moments
}

#[test]
fn in_anomaly_mode_a_step_that_overflows_changes_no_weight_and_no_moment() {
    for candle in [false, true] {
        let mut lab = Lab::new(candle, 1);
        let values = [-3.4e38, 6.0].map(|x| f64::from(x as f32));
        let w = lab.leaf(&Host::f32(&[2], &values));
        let grad = lab.put(&Host::f32(&[2], &[1.0, -1.0]));
        let before = lab.rec.set_anomaly(true);
        assert!(!before);
        let moments = adamw(&mut lab, w, grad, 1e38);
        let error = lab.fence(true).unwrap_err();
        assert_eq!(error.code(), Code::NonFinite, "{error}");
        assert!(error.to_string().contains("-inf at [0] of input 0"), "{error}");
        assert_eq!(lab.read(w), values, "candle {candle}");
        for moment in moments {
            assert_eq!(lab.read(moment), [0.0, 0.0], "candle {candle}");
        }
        // The same step without an overflow holds.
        let moments = adamw(&mut lab, w, grad, 1.0);
        lab.fence(true).unwrap();
        assert!(lab.read(w)[1] > 6.5 && lab.read(moments[0])[0] > 0.0, "candle {candle}");
    }
}

#[test]
fn in_anomaly_mode_a_refused_change_leaves_a_weight_of_any_dtype_and_the_counters_as_they_were() {
    for dtype in [Dtype::F32, Dtype::F64, Dtype::Bf16, Dtype::F16] {
        let mut lab = Lab::new(false, 2);
        let host = Host::new(dtype, &[3, 50], (0..150).map(f64::from).collect());
        let base = Base::new(&format!("refused-{dtype}"), &host);
        let (w, mapped) = (lab.put_as(&host, Kind::Adapter), base.put(&mut lab));
        let bad = lab.put(&Host::new(dtype, &[50], vec![f64::NAN; 50]));
        lab.rec.set_anomaly(true);
        let was = counts(&mut lab);
        for target in [w, mapped] {
            for op in [&ADD_INPLACE, &COPY_INPLACE, &MUL_INPLACE] {
                lab.op(op, &[target, bad], &[]);
                let error = lab.wait().unwrap_err();
                assert_eq!(error.code(), Code::NonFinite, "{error}");
                assert!(
                    error.to_string().contains("input 1 of this operation holds a NaN"),
                    "{error}"
                );
                assert_eq!(lab.read(target), host.data, "{} {dtype}", op.signature.name);
                assert_eq!(counts(&mut lab), was, "{} {dtype}", op.signature.name);
            }
        }
        lab.release(&[w, mapped, bad]);
        assert_eq!(counts(&mut lab), [0; 3], "{dtype}");
    }
}

#[test]
fn in_anomaly_mode_an_infinity_that_was_there_before_a_change_in_place_is_no_anomaly() {
    let mut lab = Lab::new(false, 1);
    let mask = lab.put(&Host::f32(&[2], &[f64::NEG_INFINITY, 0.0]));
    let one = lab.put(&Host::f32(&[2], &[1.0, 1.0]));
    lab.rec.set_anomaly(true);
    lab.op(&ADD_INPLACE, &[mask, one], &[]);
    assert_eq!(lab.read(mask), [f64::NEG_INFINITY, 1.0]);
}

#[test]
fn overwriting_a_mapped_weight_takes_its_own_size_and_leaves_the_file() {
    let host = Host::f32(&[40, 50], &vec![2.0; 2000]);
    let base = Base::new("overwritten", &host);
    let file = std::fs::read(&base.path).unwrap();
    let mut lab = Lab::new(false, 1);
    let row = lab.put(&Host::f32(&[50], &[3.0; 50]));
    let was = counts(&mut lab);
    let cases: [(&'static engine::ops::row::OpRow, &[f64], f64); 3] = [
        (&COPY_INPLACE, &[], 3.0),
        (&FILL_INPLACE, &[4.0], 4.0),
        (&ADD_INPLACE, &[], 5.0),
    ];
    for (op, attrs, want) in cases {
        let w = base.put(&mut lab);
        assert_eq!(counts(&mut lab), [was[0], was[1], 8000]);
        let inputs: &[Id] = match attrs {
            [] => &[w, row],
            _ => &[w],
        };
        lab.op(op, inputs, attrs);
        assert_eq!(lab.read(w), vec![want; 2000], "{}", op.signature.name);
        let now = counts(&mut lab);
        assert_eq!((now[1], now[2]), (was[1] + 8000, 0), "{}", op.signature.name);
        lab.release(&[w]);
        assert_eq!(counts(&mut lab), was, "{}", op.signature.name);
    }
    assert_eq!(std::fs::read(&base.path).unwrap(), file);
}

#[cfg(unix)]
#[test]
fn a_base_that_is_cut_short_fails_what_reads_it_and_nothing_else() {
    // Larger than a huge page, and cut in a page, between pages, and by less than a page.
    let (rows, columns) = (1100, 600);
    let host = Host::f32(&[rows, columns], &vec![0.5; rows * columns]);
    for cut in [5000, 1 << 20, 4 * (rows * columns) as u64 - 40] {
        let base = Base::new(&format!("cut-{cut}"), &host);
        let mut lab = Lab::new(false, 2);
        let (w, x) = (
            base.put(&mut lab),
            lab.leaf(&Host::f32(&[1, columns], &vec![1.0; columns])),
        );
        let kept = lab.leaf(&Host::f32(&[rows, columns], &vec![7.0; rows * columns]));
        let y = lab.op(&LINEAR, &[x, w, 0], &[0.0]);
        assert_eq!(lab.read(y), vec![300.0; rows]);
        base.cut(cut);
        let was = counts(&mut lab);
        let bad = lab.op(&LINEAR, &[x, w, 0], &[0.0]);
        let error = lab.try_read(bad).unwrap_err();
        assert_eq!(error.code(), Code::File, "{error}");
        assert!(error.to_string().contains(&format!("{cut} bytes")), "{error}");
        assert_eq!(error.fields()[1].1, "linear");
        // Neither a copy nor a file of it can be made, and what would take its values keeps its own.
        assert_eq!(lab.try_read(w).unwrap_err().code(), Code::File);
        let no_grad = lab.rec.set_grad_enabled(false);
        lab.op(&COPY_INPLACE, &[kept, w], &[]);
        lab.op(&MUL_INPLACE, &[w, kept], &[]);
        lab.rec.set_grad_enabled(no_grad);
        assert_eq!(lab.wait().unwrap_err().code(), Code::File);
        assert_eq!(lab.read(kept), vec![7.0; rows * columns]);
        assert_eq!(lab.read(y), vec![300.0; rows]);
        lab.release(&[bad]);
        assert_eq!(counts(&mut lab), was, "cut to {cut}");
        // It can be overwritten as a whole: then it no longer lies in the file.
        lab.op(&FILL_INPLACE, &[w], &[1.0]);
        let again = lab.op(&LINEAR, &[x, w, 0], &[0.0]);
        assert_eq!(lab.read(again), vec![columns as f64; rows]);
    }
}
