//! What the commands say to the operator who sits before them.

use std::fmt::Display;
use std::io::Write;

/// Writes a line to standard output. A reader that has gone away, as in `quanyu ... | head`, is no failure.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Writes a line to standard error.
pub fn complain(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
