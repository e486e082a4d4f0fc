//! What LORALIB_DEBUG and LORALIB_LOG print, and what LORALIB_TRACE writes: time per step and per op.

mod timeline;
mod work;

use std::fmt::Write;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use serde_json::json;

use crate::entry::StreamId;
use crate::memory::{Counters, size};
use crate::ops::row::{Meta, Mutates, OpRow};

pub use timeline::{Span, Timeline};
pub use work::bytes;

/// What an op should not exceed between two places where others may interrupt it.
const LONG_STRETCH: Duration = Duration::from_millis(15);

/// Prints a line on stderr. Where that is closed, nothing happens: `eprintln!` would panic.
pub fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

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
    /// Shapes and types of its inputs; `None` for a missing one, or one that has failed.
    pub inputs: &'a [Option<Meta>],
    /// Shapes and types of its outputs.
    pub outputs: &'a [Meta],
    /// Whether it failed.
    pub failed: bool,
}

/// How long it ran.
pub struct Took {
    /// When it began.
    pub began: Instant,
    /// From its beginning to its end.
    pub whole: Duration,
    /// Without what other streams did meanwhile.
    pub own: Duration,
    /// The longest time without a chance for other streams.
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

    /// Whether anybody wants to know of ops.
    pub fn ops(&self) -> bool {
        self.level >= 3 || self.timeline.is_some()
    }

    /// A stream comes to be.
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

    /// Numbers came in or went out.
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
        ran.row.name,
        took.own.as_secs_f64() * 1e3,
        ran.stream,
        list(ran.inputs)
    );
    let arrow = if text.ends_with(' ') { "→" } else { " →" };
    let outputs: Vec<Option<Meta>> = ran.outputs.iter().cloned().map(Some).collect();
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
        ("inputs", json!(shapes(&mut ran.inputs.iter().flatten()))),
        ("outputs", json!(shapes(&mut ran.outputs.iter()))),
        (
            "bytes",
            json!(work::bytes(ran.inputs.iter().flatten().chain(ran.outputs))),
        ),
    ];
    if !ran.path.is_empty() {
        facts.push(("module", json!(ran.path)));
    }
    if let Some(rule) = ran.rule {
        facts.push(("gradient_of", json!(rule)));
    }
    if ran.failed {
        facts.push(("failed", json!(true)));
    } else if let Some(flops) = work::flops(ran.row, ran.inputs, ran.outputs) {
        facts.push(("gflops_per_s", json!(flops / took.own.as_nanos().max(1) as f64)));
    }
    Span {
        name: ran.row.name,
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
