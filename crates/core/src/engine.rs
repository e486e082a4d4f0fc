//! One engine per process: the executor's thread, its compute threads, and the way to it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};

use crate::code::Code;
use crate::device::Device;
use crate::entry::{Message, Progress, StreamId};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::memory::{Counters, limit};
use crate::recorder::{Limits, Recorder};
use crate::trace::{Timeline, say};

/// Where the recorder sends what it recorded.
pub trait Link: Send + Sync {
    /// Hands over a message. Never waits.
    fn send(&self, message: Message);
}

/// How the engine runs; fixed when it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where ops run.
    pub device: Device,
    /// Run every op through its candle twin.
    pub candle: bool,
    /// Compute threads.
    pub threads: usize,
    /// Debug level, see docs/env.
    pub debug: u8,
    /// How much is printed: 1 what runs, 2 each step, 3 each op.
    pub log: u8,
    /// Where a timeline is written.
    pub trace: Option<PathBuf>,
    /// Lower the compute threads below the event loop.
    pub nice: bool,
}

/// The running engine.
pub struct Engine {
    sender: mpsc::Sender<Message>,
    counters: Arc<Counters>,
    config: Config,
    timeline: Option<Timeline>,
    streams: AtomicU32,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

static ENGINE: OnceLock<Engine> = OnceLock::new();

impl Link for mpsc::Sender<Message> {
    fn send(&self, message: Message) {
        // After Stop nobody listens; what is recorded then has no effect, and its replies are dropped.
        let _ = mpsc::Sender::send(self, message);
    }
}

impl Engine {
    /// The engine of this process; the first caller's configuration counts.
    pub fn global(config: impl FnOnce() -> Result<Config>) -> Result<&'static Engine> {
        if let Some(engine) = ENGINE.get() {
            return Ok(engine);
        }
        let engine = Engine::start(config()?)?;
        Ok(ENGINE.get_or_init(|| engine))
    }

    /// Starts an engine of its own (tests).
    ///
    /// # Errors
    /// [`Code::Internal`] when no thread can be started, [`Code::Device`] when the device cannot be used.
    pub fn start(config: Config) -> Result<Engine> {
        let counters = Arc::new(Counters::default());
        let timeline = config.trace.as_deref().map(Timeline::create).transpose()?;
        let (sender, receiver) = mpsc::channel();
        let (ready, started) = mpsc::channel();
        let (thread_config, thread_counters, thread_timeline) = (config.clone(), counters.clone(), timeline.clone());
        let thread = std::thread::Builder::new()
            .name("loralib-exec".into())
            .stack_size(64 << 20)
            .spawn(move || match prepare(&thread_config) {
                Ok(pool) => {
                    // The executor is itself one of the compute threads.
                    let executor = Executor::new(&thread_config, thread_counters, thread_timeline, receiver);
                    let _ = ready.send(Ok(()));
                    executor.run();
                    drop(pool);
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            })
            .map_err(|e| Error::new(Code::Internal, "the compute thread cannot be started").source(e))?;
        if config.log >= 1 {
            let isa = if config.candle || !config.device.is_cpu() {
                "candle"
            } else {
                crate::isa_name()
            };
            say(format_args!(
                "loralib backend {} {isa}, {} threads, limit {} MB",
                config.device,
                config.threads,
                limit() >> 20
            ));
        }
        started
            .recv()
            .unwrap_or_else(|_| Err(Error::new(Code::Internal, "the compute thread ended at its start")))?;
        Ok(Engine {
            sender,
            counters,
            config,
            timeline,
            streams: AtomicU32::new(1),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The engine of this process, if it was started.
    pub fn started() -> Option<&'static Engine> {
        ENGINE.get()
    }

    /// Waits until what has run is in the timeline, if one is written.
    pub fn flush_trace(&self) {
        if let Some(timeline) = &self.timeline {
            timeline.flush();
        }
    }

    /// A number for a new stream, unique in the process.
    pub fn new_stream(&self) -> StreamId {
        self.streams.fetch_add(1, Ordering::Relaxed)
    }

    /// A recorder that feeds this engine.
    pub fn recorder(&self, seed: u64) -> Recorder {
        let limits = Limits {
            steps: 64,
            host_bytes: 256 << 20,
            tensor_bytes: limit(),
        };
        Recorder::new(
            Arc::new(self.sender.clone()),
            Arc::new(Progress::default()),
            limits,
            self.new_stream(),
            seed,
        )
    }

    /// How it runs.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Live counters.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Ends the thread after what is queued.
    pub fn stop(&self) {
        Link::send(&self.sender, Message::Stop);
        if let Ok(mut thread) = self.thread.lock()
            && let Some(thread) = thread.take()
        {
            // A panic of the thread was already reported to everybody who awaited.
            let _ = thread.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

fn prepare(config: &Config) -> Result<rayon::ThreadPool> {
    let nice = config.nice;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(config.threads)
        .use_current_thread()
        .thread_name(|i| format!("loralib-{i}"))
        .start_handler(move |_| {
            if nice {
                crate::platform::lower_thread_priority();
            }
        })
        .build()
        .map_err(|e| Error::new(Code::Internal, "the compute threads cannot be started").source(e))?;
    if nice {
        crate::platform::lower_thread_priority();
    }
    Ok(pool)
}
