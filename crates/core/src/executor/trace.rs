//! What LORALIB_DEBUG and LORALIB_LOG print, and what LORALIB_TRACE writes: time per step and per op.

mod timeline;

use std::fmt::Write;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use serde_json::json;

use crate::memory::{Counters, size};
use crate::meta::Meta;
use crate::ops::cost::Shapes;
use crate::ops::row::{Mutates, OpRow};
use crate::platform::say;
use crate::recorder::StreamId;

pub use timeline::{Span, Timeline};

/// What an op should not exceed between two pauses in which others may interrupt it.
const LONG_STRETCH: Duration = Duration::from_millis(15);

/// An op that ran.
pub struct Ran<'a> {
    /// The op.
    pub row: &'static OpRow,
    /// The op whose gradient it computes.
    pub rule: Option<&'static str>,
    /// The module that recorded it.
    pub path: &'a str,
    /// Where it ran.
    pub stream: StreamId,
    /// Shapes and dtypes of its inputs and outputs.
    pub shapes: Shapes<'a>,
    /// Whether it failed.
    pub failed: bool,
}

/// How long it ran.
pub struct Took {
    /// When it began.
    pub began: Instant,
    /// From its beginning to its end.
    pub whole: Duration,
    /// Without the time of other streams in between.
    pub own: Duration,
    /// The longest time without a pause for other streams.
    pub stretch: Duration,
}

/// Times ops and steps when asked to.
pub struct Trace {
    /// 2 each step, 3 each op.
    level: u8,
    timeline: Option<Timeline>,
    /// For each stream, when its last step ended, and how many it has ended.
    steps: FxHashMap<StreamId, (Instant, u64)>,
    began: Instant,
}

impl Trace {
    /// `level` as LORALIB_DEBUG has it.
    pub fn new(level: u8, timeline: Option<Timeline>) -> Self {
        Trace {
            level,
            timeline,
            steps: FxHashMap::default(),
            began: Instant::now(),
        }
    }

    /// Whether ops are traced.
    pub fn ops(&self) -> bool {
        self.level >= 3 || self.timeline.is_some()
    }

    /// A stream has been opened.
    pub fn open(&self, stream: StreamId, priority: i32) {
        if let Some(timeline) = &self.timeline {
            timeline.stream(stream, format!("stream {stream}, priority {priority}"));
        }
    }

    /// An op has ended.
    pub fn op(&self, ran: &Ran<'_>, took: &Took) {
        if self.level >= 3 {
            say(format_args!("{}", line(ran, took)));
        }
        if let Some(timeline) = &self.timeline {
            timeline.span(span(ran, took));
        }
    }

    /// Values were copied from or to the host.
    pub fn moved(&self, name: &'static str, stream: StreamId, bytes: u64, took: &Took) {
        if let Some(timeline) = &self.timeline {
            timeline.span(Span {
                name,
                category: "data",
                stream,
                began: took.began,
                whole: took.whole,
                own: took.own,
                facts: vec![("bytes", json!(bytes))],
            });
        }
    }

    /// A step of a stream has ended.
    pub fn step(&mut self, stream: StreamId, counters: &Counters) {
        use std::sync::atomic::Ordering::Relaxed;
        if self.level < 2 && self.timeline.is_none() {
            return;
        }
        let (live, peak) = (counters.live_bytes.load(Relaxed), counters.peak_bytes.load(Relaxed));
        let pool = counters.pool_bytes.load(Relaxed);
        let now = Instant::now();
        let (last, number) = self.steps.get(&stream).copied().unwrap_or((self.began, 0));
        self.steps.insert(stream, (now, number + 1));
        if self.level >= 2 {
            let ms = now.duration_since(last).as_secs_f64() * 1e3;
            let (live, peak, pool) = (size(live), size(peak), size(pool));
            say(format_args!(
                "loralib step {:>6} {ms:9.1} ms  stream {stream}  live {live}  peak {peak}  pool {pool}",
                number + 1
            ));
        }
        if let Some(timeline) = &self.timeline {
            timeline.step(stream, number + 1, live, pool);
        }
    }

    /// A stream has ended.
    pub fn close(&mut self, stream: StreamId) {
        self.steps.remove(&stream);
    }
}

fn shape(meta: &Meta) -> String {
    format!("{} {}", meta.shape, meta.dtype)
}

/// `linear (4, 8) f32, (16, 8) f32 → (4, 16) f32   0.123 ms  stream 1  h.0.attn`
fn line(ran: &Ran<'_>, took: &Took) -> String {
    let list = |metas: &[Option<Meta>]| {
        let known: Vec<String> = metas.iter().flatten().map(shape).collect();
        match known.len() {
            // An optimizer step has hundreds.
            0..=6 => known.join(", "),
            n => format!("{n} tensors"),
        }
    };
    let mut text = format!(
        "loralib op {:<18} {:9.3} ms  stream {}  {}",
        ran.row.signature.name,
        took.own.as_secs_f64() * 1e3,
        ran.stream,
        list(ran.shapes.inputs)
    );
    let arrow = if text.ends_with(' ') { "→" } else { " →" };
    let outputs: Vec<Option<Meta>> = ran.shapes.outputs.iter().cloned().map(Some).collect();
    let made = if outputs.is_empty() {
        "in place".to_owned()
    } else {
        list(&outputs)
    };
    let _ = write!(text, "{arrow} {made}");
    if let Some(rule) = ran.rule {
        let _ = write!(text, "  gradient of {rule}");
    }
    if !ran.path.is_empty() {
        let _ = write!(text, "  {}", ran.path);
    }
    if ran.failed {
        text.push_str("  failed");
    }
    if took.stretch > LONG_STRETCH {
        let _ = write!(text, "  ({} ms without a pause)", took.stretch.as_millis());
    }
    text
}

fn span(ran: &Ran<'_>, took: &Took) -> Span {
    let shapes = |metas: &mut dyn Iterator<Item = &Meta>| metas.map(shape).collect::<Vec<_>>();
    let mut facts = vec![
        ("inputs", json!(shapes(&mut ran.shapes.inputs.iter().flatten()))),
        ("outputs", json!(shapes(&mut ran.shapes.outputs.iter()))),
        ("bytes", json!(ran.shapes.bytes())),
    ];
    if !ran.path.is_empty() {
        facts.push(("module", json!(ran.path)));
    }
    if let Some(rule) = ran.rule {
        facts.push(("gradient_of", json!(rule)));
    }
    if ran.failed {
        facts.push(("failed", json!(true)));
    } else if let Some(flops) = ran.shapes.flops(ran.row.products) {
        facts.push(("gflops_per_s", json!(flops / took.own.as_nanos().max(1) as f64)));
    }
    Span {
        name: ran.row.signature.name,
        category: match (ran.rule, ran.row.mutates) {
            (Some(_), _) => "backward",
            (None, Mutates::Lists(_)) => "optimizer",
            (None, _) => "forward",
        },
        stream: ran.stream,
        began: took.began,
        whole: took.whole,
        own: took.own,
        facts,
    }
}
