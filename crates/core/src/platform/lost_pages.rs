//! Pages of a mapped file that are gone: another program has cut the file short, or the disk cannot read them. On Unix reading one is a signal (SIGBUS)
//! that ends the process. Here a page of zeros takes its place, the mapping is marked, and who reads from it asks afterwards.
//!
//! systemd's journal and Wayland's shared buffers do the same. Reading with `pread` would need memory for every base, which mapping saves; asking for
//! the size of the file before reading leaves a gap in which it is cut short. Whatever faults elsewhere goes to the handler that was there before:
//! V8 has one for WebAssembly (for SIGSEGV, on macOS for SIGBUS too), and programs have their own.
//!
//! Windows refuses to cut a mapped file short. A mapping of a network drive that fails there ends the process.

/// A range of addresses that is watched until this is dropped, which must be before the range is unmapped.
pub struct Watched {
    #[cfg(unix)]
    range: &'static unix::Range,
}

impl Watched {
    /// Watches a mapping of a file that nobody writes.
    ///
    /// # Errors
    /// When the handler cannot be installed.
    #[cfg(unix)]
    pub fn new(mapping: &[u8]) -> std::io::Result<Self> {
        unix::install()?;
        let range = unix::watch(mapping.as_ptr() as usize, mapping.len());
        Ok(Watched { range })
    }

    /// Watches a mapping of a file that nobody writes.
    ///
    /// # Errors
    /// None here.
    #[cfg(not(unix))]
    pub fn new(_mapping: &[u8]) -> std::io::Result<Self> {
        Ok(Watched {})
    }

    /// Whether zeros have taken the place of some of it.
    #[cfg(unix)]
    pub fn has_lost_pages(&self) -> bool {
        self.range.has_lost_pages()
    }

    /// Whether zeros have taken the place of some of it.
    #[cfg(not(unix))]
    pub fn has_lost_pages(&self) -> bool {
        false
    }
}

#[cfg(unix)]
impl Drop for Watched {
    fn drop(&mut self) {
        unix::forget(self.range);
    }
}

#[cfg(unix)]
mod unix {
    use std::io::{Error, Result};
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
    use std::sync::{Mutex, PoisonError};

    use libc::{c_int, c_void, siginfo_t};

    /// An entry of a list that the handler walks through. Entries are used again and never freed, since no lock may be taken in a handler.
    pub struct Range {
        /// The first address; 0 while the entry is not in use.
        start: AtomicUsize,
        end: AtomicUsize,
        lost: AtomicBool,
        next: *const Range,
    }

    // SAFETY: `next` is written before the entry is shared, and never changes.
    unsafe impl Sync for Range {}
    // SAFETY: as above.
    unsafe impl Send for Range {}

    impl Range {
        pub fn has_lost_pages(&self) -> bool {
            self.lost.load(Ordering::Acquire)
        }
    }

    /// The entry that was added last.
    static LIST: AtomicPtr<Range> = AtomicPtr::new(null_mut());
    /// Entries that are not in use.
    static UNUSED: Mutex<Vec<&'static Range>> = Mutex::new(Vec::new());

    pub fn watch(start: usize, len: usize) -> &'static Range {
        let mut unused = UNUSED.lock().unwrap_or_else(PoisonError::into_inner);
        let range = unused.pop().unwrap_or_else(add);
        range.lost.store(false, Ordering::Relaxed);
        range.end.store(start + len, Ordering::Relaxed);
        range.start.store(start, Ordering::Release);
        range
    }

    pub fn forget(range: &'static Range) {
        range.start.store(0, Ordering::Release);
        UNUSED.lock().unwrap_or_else(PoisonError::into_inner).push(range);
    }

    /// Adds an entry in front of the list. Called with the lock of the unused ones.
    fn add() -> &'static Range {
        let range: &'static Range = Box::leak(Box::new(Range {
            start: AtomicUsize::new(0),
            end: AtomicUsize::new(0),
            lost: AtomicBool::new(false),
            next: LIST.load(Ordering::Relaxed),
        }));
        LIST.store(std::ptr::from_ref(range).cast_mut(), Ordering::Release);
        range
    }

    /// The handler that was there before ours.
    static PREVIOUS: AtomicPtr<libc::sigaction> = AtomicPtr::new(null_mut());
    /// The thread whose signal is being passed on.
    static PASSING: AtomicUsize = AtomicUsize::new(0);

    /// Installs the handler unless it is there. A program that sets its own later without calling the one before it takes ours away: so this is
    /// called for each mapping.
    pub fn install() -> Result<()> {
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = on_fault as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as usize;
        // SAFETY: sigaction reads and writes the structs that it is given, and zeros are a valid one; the handler may run from here on, and what it uses
        // is there: PREVIOUS is set before, and is never freed.
        unsafe {
            let mut current: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(libc::SIGBUS, std::ptr::null(), &raw mut current) != 0 {
                return Err(Error::last_os_error());
            }
            if current.sa_sigaction == ours {
                return Ok(());
            }
            PREVIOUS.store(Box::into_raw(Box::new(current)), Ordering::Release);
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = ours;
            // On the thread's own stack for signals, where it has one.
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigemptyset(&raw mut action.sa_mask);
            if libc::sigaction(libc::SIGBUS, &raw const action, null_mut()) != 0 {
                return Err(Error::last_os_error());
            }
        }
        Ok(())
    }

    /// Runs in the middle of whatever faulted: it takes no lock, allocates nothing, and calls the system only.
    extern "C" fn on_fault(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
        // SAFETY: the system passes a valid description of the signal.
        let (address, code) = unsafe { ((*info).si_addr() as usize, (*info).si_code) };
        if is_fault(code)
            && let Some(range) = find(address)
        {
            // Marked first: who reads the zeros finds the mark.
            range.lost.store(true, Ordering::Release);
            if zero(address, range.end.load(Ordering::Relaxed)) {
                return;
            }
        }
        // SAFETY: the arguments of the signal itself.
        unsafe { pass_on(signal, info, context) };
    }

    /// Whether the signal says that a mapped page is not there, in place of a memory that is broken, or one that a process has sent.
    fn is_fault(code: c_int) -> bool {
        // BUS_ADRERR; macOS has no reliable code.
        if cfg!(target_vendor = "apple") {
            code > 0
        } else {
            code == 2
        }
    }

    fn find(address: usize) -> Option<&'static Range> {
        let mut at: *const Range = LIST.load(Ordering::Acquire);
        // SAFETY: entries are never freed, and the last one's `next` is null.
        while let Some(range) = unsafe { at.as_ref() } {
            let start = range.start.load(Ordering::Acquire);
            if start != 0 && (start..range.end.load(Ordering::Relaxed)).contains(&address) {
                return Some(range);
            }
            at = range.next;
        }
        None
    }

    /// Puts zeros from the page of this address to the end of the mapping: what was cut off is gone up to the end, and a fault for each page of a large
    /// file would take seconds. They take no memory.
    fn zero(address: usize, end: usize) -> bool {
        // SAFETY: sysconf only reads. The addresses belong to a mapping of ours that nobody writes and that is unmapped as a whole, so other pages may
        // lie there.
        unsafe {
            let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
            let from = address - address % page;
            let len = end.next_multiple_of(page) - from;
            map_zeros(from as *mut c_void, len) != libc::MAP_FAILED
        }
    }

    /// `mmap` as a plain system call: the function of some C libraries takes a lock.
    #[cfg(target_os = "linux")]
    unsafe fn map_zeros(at: *mut c_void, len: usize) -> *mut c_void {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        // SAFETY: as the caller says.
        unsafe { libc::syscall(libc::SYS_mmap, at, len, libc::PROT_READ, flags, -1, 0) as *mut c_void }
    }

    #[cfg(not(target_os = "linux"))]
    unsafe fn map_zeros(at: *mut c_void, len: usize) -> *mut c_void {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_FIXED;
        // SAFETY: as the caller says.
        unsafe { libc::mmap(at, len, libc::PROT_READ, flags, -1, 0) }
    }

    /// Gives the signal to the handler that was there before, or does what the system would have done.
    unsafe fn pass_on(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
        // SAFETY: asks for the caller's own id.
        let thread = unsafe { libc::pthread_self() } as usize;
        let previous = PREVIOUS.load(Ordering::Acquire);
        // A handler that was set after ours, and before ours again, may call ours: then nobody is left to ask.
        let in_circle = PASSING.swap(thread, Ordering::Relaxed) == thread;
        // SAFETY: PREVIOUS is null or what sigaction gave, which is never freed; a handler is called as its flags say.
        unsafe {
            if let Some(previous) = previous.as_ref().filter(|_| !in_circle) {
                let is_sent = (*info).si_code <= 0;
                match previous.sa_sigaction {
                    // A fault cannot be ignored: the instruction would fault for ever.
                    libc::SIG_IGN if is_sent => return PASSING.store(0, Ordering::Relaxed),
                    libc::SIG_DFL | libc::SIG_IGN => {}
                    handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
                        let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = std::mem::transmute(handler);
                        handler(signal, info, context);
                        return PASSING.store(0, Ordering::Relaxed);
                    }
                    handler => {
                        let handler: extern "C" fn(c_int) = std::mem::transmute(handler);
                        handler(signal);
                        return PASSING.store(0, Ordering::Relaxed);
                    }
                }
            }
            // The instruction faults again when this returns; a signal that was sent comes again.
            libc::signal(signal, libc::SIG_DFL);
            if (*info).si_code <= 0 {
                libc::raise(signal);
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn zeros_take_the_place_of_pages_that_are_gone_and_only_their_mapping_is_marked() {
        let folder = std::env::temp_dir();
        let path = |name: &str| folder.join(format!("loralib-lost-{name}-{}", std::process::id()));
        let map = |name: &str| {
            std::fs::write(path(name), vec![7u8; 100_000]).unwrap();
            let file = std::fs::OpenOptions::new()
                .read(true)
                .write(true)
                .open(path(name))
                .unwrap();
            // SAFETY: the mapping is only read, and watched below.
            let mapping = unsafe { memmap2::Mmap::map(&file) }.unwrap();
            (file, mapping)
        };
        let ((cut, mapping), (_whole, other)) = (map("cut"), map("whole"));
        for round in 0..3 {
            let (watched, unharmed) = (Watched::new(&mapping).unwrap(), Watched::new(&other).unwrap());
            assert!(!watched.has_lost_pages(), "round {round}");
            cut.set_len(50_000).unwrap();
            let sum: u64 = mapping.iter().map(|&byte| u64::from(byte)).sum();
            // Zeros up to the end, in the page that the new end lies in too.
            assert_eq!(sum, 7 * 50_000);
            assert_eq!(
                watched.has_lost_pages(),
                round == 0,
                "the zeros of the first round are there"
            );
            assert!(!unharmed.has_lost_pages() && other.iter().all(|&byte| byte == 7));
        }
        for name in ["cut", "whole"] {
            std::fs::remove_file(path(name)).unwrap();
        }
    }

    /// What the child of the tests below does before it faults in a mapping that nobody watches.
    const BEFORE: &str = "LORALIB_TEST_FAULT";

    extern "C" fn exits(_: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
        // SAFETY: it may be called in a handler.
        unsafe { libc::_exit(7) };
    }

    extern "C" fn calls_ours(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
        let ours = OURS.load(std::sync::atomic::Ordering::Relaxed);
        // SAFETY: it is the function that was installed.
        let ours: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
            unsafe { std::mem::transmute(ours) };
        ours(signal, info, context);
    }

    static OURS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

    /// Sets a handler; returns the previous one.
    fn handle(handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void)) -> usize {
        // SAFETY: both structs live through the call, and zeros are a valid one.
        unsafe {
            let (mut action, mut before): (libc::sigaction, libc::sigaction) = (std::mem::zeroed(), std::mem::zeroed());
            action.sa_sigaction = handler as usize;
            action.sa_flags = libc::SA_SIGINFO;
            assert_eq!(libc::sigaction(libc::SIGBUS, &raw const action, &raw mut before), 0);
            before.sa_sigaction
        }
    }

    /// Only in a process of its own: reads a page that is gone.
    #[test]
    fn child_that_faults() {
        let Ok(before) = std::env::var(BEFORE) else { return };
        let path = std::env::temp_dir().join(format!("loralib-fault-{}", std::process::id()));
        std::fs::write(&path, vec![7u8; 100_000]).unwrap();
        let file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        // SAFETY: mappings that are only read.
        let (ours, other) = unsafe { (memmap2::Mmap::map(&file).unwrap(), memmap2::Mmap::map(&file).unwrap()) };
        if before == "handler" {
            handle(exits);
        }
        let _watched = Watched::new(&ours).unwrap();
        if before == "circle" {
            OURS.store(handle(calls_ours), std::sync::atomic::Ordering::Relaxed);
            let _again = Watched::new(&ours).unwrap();
        }
        file.set_len(0).unwrap();
        assert_eq!(ours[50_000], 0);
        std::hint::black_box(other[50_000]);
        unreachable!("a page that is gone was read");
    }

    #[test]
    fn a_fault_elsewhere_goes_to_the_handler_before_or_ends_the_process() {
        use std::os::unix::process::ExitStatusExt;
        for before in ["nothing", "handler", "circle"] {
            let ended = std::process::Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "platform::lost_pages::tests::child_that_faults",
                    "--test-threads",
                    "1",
                ])
                .env(BEFORE, before)
                .output()
                .unwrap();
            let wanted = if before == "handler" {
                (Some(7), None)
            } else {
                (None, Some(libc::SIGBUS))
            };
            assert_eq!(
                (ended.status.code(), ended.status.signal()),
                wanted,
                "{before}: {ended:?}"
            );
        }
    }
}
