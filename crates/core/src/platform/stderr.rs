//! What the engine prints.

/// Prints a line on stderr. When that is closed, nothing happens, where `eprintln!` would panic.
pub fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}
