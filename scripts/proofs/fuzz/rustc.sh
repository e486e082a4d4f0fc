#!/bin/sh
# Stands before rustc (RUSTC_WRAPPER) in the build of the fuzzer: the readers, and the crates that parse for them, count the edges they run through, as
# libFuzzer reads them. The flags are those of `cargo fuzz build --sanitizer none`; a stable compiler knows them all.
case " $* " in
*' --crate-name engine '* | *' --crate-name fuzz '* | *' --crate-name tokenizers '* | *' --crate-name serde_json '* | *' --crate-name spm_precompiled '*)
  exec "$@" --cfg fuzzing \
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
  ;;
*) exec "$@" ;;
esac
