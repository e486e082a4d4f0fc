//! Every input that is kept in `crates/fuzz/corpus`, seeds and what the fuzzer found, through its reader.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/readers.rs"]
mod readers;

use std::path::Path;

#[test]
fn every_kept_input_is_read_or_refused_as_it_should_be() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let folder = std::env::temp_dir().join(format!("loralib-corpus-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, reader) in readers::READERS {
        let inputs: Vec<_> = std::fs::read_dir(corpus.join(name))
            .unwrap()
            .map(|input| input.unwrap().path())
            .collect();
        assert!(!inputs.is_empty(), "{name} has no inputs");
        for input in inputs {
            let bytes = std::fs::read(&input).unwrap();
            std::panic::catch_unwind(|| reader(&bytes, &folder)).unwrap_or_else(|_| panic!("{}", input.display()));
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
