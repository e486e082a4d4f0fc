//! libFuzzer over one reader: `fuzz --reader=NAME [libFuzzer's arguments]`. `npm run proof:fuzz` builds and runs it.
//!
//! A panic that reaches the reader's caller, an input that takes more than [`memory::LIMIT`], and one that takes too long end the process; libFuzzer
//! then keeps the input. Panics that a reader catches itself are none.

#![no_main]

mod memory;
#[path = "../../core/tests/support/readers.rs"]
mod readers;

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

/// The reader of the command line, and a folder for its files.
static CHOSEN: LazyLock<(readers::Reader, PathBuf)> = LazyLock::new(|| {
    let name = std::env::args().find_map(|arg| Some(arg.strip_prefix("--reader=")?.to_owned()));
    let mut readers = readers::READERS.into_iter();
    let reader = name.and_then(|name| readers.find(|(known, _)| *known == name)).map(|(_, reader)| reader);
    let folder = std::env::temp_dir().join(format!("loralib-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    (reader.expect("--reader=NAME, one of READERS"), folder)
});

fuzz_target!(
    init: {
        // In place of libfuzzer-sys's hook, which ends the process even where a panic is caught. Its first line goes to stderr all the same.
        drop(std::panic::take_hook());
        std::panic::set_hook(Box::new(|panic| memory::uncounted(|| eprintln!("{panic}"))));
        LazyLock::force(&CHOSEN);
    },
    |data: &[u8]| {
        let (reader, folder) = &*CHOSEN;
        memory::watched(|| reader(data, folder));
    }
);
