use std::process::{Command, Output};

pub(crate) use testkit::{Process, free_address};

/// The binary under test.
pub(crate) fn quanyu() -> Command {
    testkit::program(env!("CARGO_BIN_EXE_quanyu"))
}

/// Runs a command of the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    quanyu().args(arguments).output().unwrap()
}
