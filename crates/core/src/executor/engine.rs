//! One engine per process: the thread of the executor, its compute threads, and the channel to it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};

use super::thread::Executor;
use super::trace::Timeline;
use crate::code::Code;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::memory::{Counters, limit};
use crate::platform::say;
use crate::recorder::Link;
use crate::recorder::{Limits, Message, Progress, Recorder, StreamId};

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
        // After Stop nothing is received; what is recorded then has no effect, and its replies are dropped.
        let _ = mpsc::Sender::send(self, message);
    }
}

impl Engine {
    /// The engine of this process, started with the configuration of the first caller.
    pub fn global(config: impl FnOnce() -> Result<Config>) -> Result<&'static Engine> {
        if let Some(engine) = ENGINE.get() {
            return Ok(engine);
        }
        let engine = Engine::start(config()?)?;
        Ok(ENGINE.get_or_init(|| engine))
    }

    /// Starts a separate engine, for tests.
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
                    // The thread of the executor is one of the compute threads.
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
                crate::precision::isa_name()
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

    /// Waits until everything that has run is in the timeline, if one is written.
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
            // Each takes about half a kilobyte, and a training step of a large model a few thousand.
            entries: 1 << 18,
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

    /// Its configuration.
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
            // A panic of the thread was already reported to everybody who awaits.
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
    let priority = config.priority;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(config.threads)
        .use_current_thread()
        .thread_name(|i| format!("loralib-{i}"))
        .start_handler(move |_| crate::platform::set_thread_priority(priority))
        .build()
        .map_err(|e| Error::new(Code::Internal, "the compute threads cannot be started").source(e))?;
    crate::platform::set_thread_priority(priority);
    Ok(pool)
}
