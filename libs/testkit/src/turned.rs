use std::process::Command;

/// Has a process start with a clock that is so many seconds ahead, or behind. Time passes for it as for all others.
pub fn turn_clock(command: &mut Command, seconds: i64) {
    let outcome = Command::new("faketime")
        .args(["-f", "+0s", "printenv", "LD_PRELOAD"])
        .output();
    let outcome = outcome.expect("faketime is on the PATH: install the Debian package faketime");
    let library = String::from_utf8(outcome.stdout).unwrap();
    command
        .env("LD_PRELOAD", library.trim())
        .env("FAKETIME", format!("{seconds:+}s"))
        .env("DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1");
}
