//! LORALIB_TRACE: a timeline of what ran, as a file that https://ui.perfetto.dev and chrome://tracing open (trace event format).
//!
//! The executor only hands events over; a thread of low priority writes them. After each write the file is complete JSON, so a
//! process that is killed leaves a good one.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::platform::say;
use crate::recorder::StreamId;

/// How long an event may wait for others before it is written.
const GATHER: Duration = Duration::from_millis(50);

/// Bytes that are written at once.
const BATCH: usize = 256 << 10;

/// The way to the writing thread.
#[derive(Clone)]
pub struct Timeline {
    sender: Sender<Message>,
}

/// Something that took time.
pub struct Span {
    /// What ran.
    pub name: &'static str,
    /// Forward, backward, optimizer, data.
    pub category: &'static str,
    /// Where it ran.
    pub stream: StreamId,
    /// When it began.
    pub began: Instant,
    /// From its beginning to its end.
    pub whole: Duration,
    /// The same without the time of other streams in between.
    pub own: Duration,
    /// What else is known, by name.
    pub facts: Vec<(&'static str, Value)>,
}

enum Message {
    Span(Span),
    /// A stream has ended a step: its number there, live bytes, bytes in the pool.
    Step {
        stream: StreamId,
        number: u64,
        at: Instant,
        live: u64,
        pool: u64,
    },
    Stream {
        stream: StreamId,
        name: String,
    },
    Flush(Sender<()>),
}

impl Timeline {
    /// Begins a file; `%p` in the path stands for the number of the process.
    ///
    /// # Errors
    /// [`Code::File`] when it cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        let path = path.to_string_lossy().replace("%p", &std::process::id().to_string());
        let failed = |e: std::io::Error| {
            Error::new(Code::File, format!("LORALIB_TRACE: cannot write {path}"))
                .received(e.to_string())
                .hint("name a file in a folder that exists and can be written")
        };
        let mut file = File::create(&path).map_err(failed)?;
        let process =
            json!({ "ph": "M", "pid": pid(), "tid": 0, "name": "process_name", "args": { "name": "loralib" } });
        file.write_all(format!("[\n{process}\n]").as_bytes()).map_err(failed)?;
        let (sender, receiver) = channel();
        let start = Instant::now();
        std::thread::Builder::new()
            .name("loralib-trace".into())
            .spawn(move || {
                crate::platform::lower_thread_priority();
                write_all(&receiver, file, start);
            })
            .map_err(failed)?;
        Ok(Timeline { sender })
    }

    /// Notes what ran.
    pub fn span(&self, span: Span) {
        self.send(Message::Span(span));
    }

    /// Notes the end of a step, and what memory holds then.
    pub fn step(&self, stream: StreamId, number: u64, live: u64, pool: u64) {
        let at = Instant::now();
        self.send(Message::Step {
            stream,
            number,
            at,
            live,
            pool,
        });
    }

    /// Names the row of a stream.
    pub fn stream(&self, stream: StreamId, name: String) {
        self.send(Message::Stream { stream, name });
    }

    /// Waits until everything is in the file, but not indefinitely: a disk may hang.
    pub fn flush(&self) {
        let (sender, done) = channel();
        self.send(Message::Flush(sender));
        let _ = done.recv_timeout(Duration::from_secs(2));
    }

    fn send(&self, message: Message) {
        // The thread has ended when the file could not be written; that was printed then.
        let _ = self.sender.send(message);
    }
}

fn write_all(messages: &Receiver<Message>, mut file: File, start: Instant) {
    let mut lines = String::new();
    let mut oldest = Instant::now();
    loop {
        let next = if lines.is_empty() {
            messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            messages.recv_timeout(GATHER.saturating_sub(oldest.elapsed()))
        };
        if lines.is_empty() {
            oldest = Instant::now();
        }
        let mut asked = None;
        let ended = match next {
            Ok(Message::Flush(reply)) => {
                asked = Some(reply);
                false
            }
            Ok(message) => {
                for event in events(message, start) {
                    lines.push_str(",\n");
                    lines.push_str(&event.to_string());
                }
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        let due = asked.is_some() || ended || lines.len() >= BATCH || oldest.elapsed() >= GATHER;
        if due && !lines.is_empty() {
            lines.push_str("\n]");
            if let Err(error) = append(&mut file, &lines) {
                say(format_args!("loralib trace ends: {error}"));
                return;
            }
            lines.clear();
        }
        if let Some(reply) = asked {
            let _ = reply.send(());
        }
        if ended {
            return;
        }
    }
}

/// Writes lines over the closing bracket; they end with a new one.
fn append(file: &mut File, lines: &str) -> std::io::Result<()> {
    file.seek(SeekFrom::End(-2))?;
    file.write_all(lines.as_bytes())
}

fn events(message: Message, start: Instant) -> Vec<Value> {
    let micros = |at: Instant| at.saturating_duration_since(start).as_nanos() as f64 / 1e3;
    match message {
        Message::Span(span) => {
            let mut args: serde_json::Map<String, Value> = span
                .facts
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            args.insert("ms".into(), json!(span.own.as_secs_f64() * 1e3));
            let others = span.whole.saturating_sub(span.own);
            if others > Duration::from_micros(50) {
                args.insert("interrupted_ms".into(), json!(others.as_secs_f64() * 1e3));
            }
            vec![json!({
                "ph": "X", "pid": pid(), "tid": span.stream, "name": span.name, "cat": span.category,
                "ts": micros(span.began), "dur": span.whole.as_nanos() as f64 / 1e3, "args": args,
            })]
        }
        Message::Step {
            stream,
            number,
            at,
            live,
            pool,
        } => vec![
            json!({
                "ph": "i", "s": "t", "pid": pid(), "tid": stream, "name": format!("step {number}"), "cat": "step", "ts": micros(at),
            }),
            json!({
                "ph": "C", "pid": pid(), "tid": 0, "name": "memory", "ts": micros(at), "args": { "live": live, "pool": pool },
            }),
        ],
        Message::Stream { stream, name } => vec![json!({
            "ph": "M", "pid": pid(), "tid": stream, "name": "thread_name", "args": { "name": name },
        })],
        Message::Flush(_) => Vec::new(),
    }
}

fn pid() -> u32 {
    std::process::id()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_complete_json_after_each_write() {
        let path = std::env::temp_dir().join(format!("loralib-timeline-{}.json", std::process::id()));
        let timeline = Timeline::create(&path).unwrap();
        let read = || -> Vec<Value> { serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap() };
        assert_eq!(read().len(), 1);
        for i in 1..4usize {
            timeline.span(Span {
                name: "linear",
                category: "forward",
                stream: 3,
                began: Instant::now(),
                whole: Duration::from_millis(9),
                own: Duration::from_millis(4),
                facts: vec![("module", json!("h.0 \"quoted\""))],
            });
            timeline.flush();
            assert_eq!(read().len(), 1 + i);
        }
        let last = read().pop().unwrap();
        assert_eq!(last["args"]["ms"], 4.0);
        assert_eq!(last["args"]["interrupted_ms"], 5.0);
        assert_eq!(last["dur"], 9000.0);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_path_that_cannot_be_written_is_a_file_error() {
        let error = Timeline::create(Path::new("/no/such/folder/out.json"))
            .err()
            .expect("no such folder");
        assert_eq!(error.code(), Code::File);
    }
}
