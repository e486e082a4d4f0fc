//! Developer tasks: `npm run gen` writes what is generated from the engine's tables.

mod gen_errors;
mod gen_methods;
mod gen_ops;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("gen") => match generate() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("xtask gen: {error}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("npm run gen   writes src/generated/*.ts, docs/ops.md and docs/errors.md");
            ExitCode::FAILURE
        }
    }
}

fn generate() -> std::io::Result<()> {
    let root = root();
    write(&root.join("src/generated/ops.ts"), &gen_ops::typescript())?;
    let methods = gen_methods::typescript().map_err(std::io::Error::other)?;
    write(&root.join("src/generated/tensor-methods.ts"), &methods)?;
    write(&root.join("docs/ops.md"), &gen_ops::markdown())?;
    write(&root.join("src/generated/error-codes.ts"), &gen_errors::typescript())?;
    write(&root.join("docs/errors.md"), &gen_errors::markdown())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}
