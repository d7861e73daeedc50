use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use crate::until;

/// How long a process may take to say that it serves.
const READY: Duration = Duration::from_mins(1);
/// More lines than any command says.
const LINES_MAX: usize = 10_000;

/// The binary under test, which this is the path of.
pub fn program(path: &str) -> Command {
    let mut command = Command::new(path);
    // Nothing of the surroundings may change what the test sets.
    for name in [
        "QUANYU_DATABASE_URL",
        "QUANYU_API_KEY",
        "QUANYU_ADDRESS",
        "QUANYU_FOLDER",
        "QUANYU_LISTEN",
        "QUANYU_FIRST_API_KEY",
        "QUANYU_FIRST_API_KEY_FILE",
    ] {
        command.env_remove(name);
    }
    // Its output is read by the test, which is told the first key as a terminal would be.
    command.env("QUANYU_PRINT_FIRST_API_KEY", "true");
    command
}

/// A running process of the binary. Killed when the test ends, however it ends.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    /// Where it serves.
    pub address: String,
}

impl Process {
    /// Starts it and waits until it says that it serves.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = sync_channel(LINES_MAX);
        // Reads to the end, so that the process is never held up by a full pipe.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = said.try_send(line);
            }
        });
        let mut process = Self {
            child,
            lines,
            address: String::new(),
        };
        while process.address.is_empty() {
            let Ok(line) = process.lines.recv_timeout(READY) else {
                let ended = process.child.try_wait().unwrap();
                panic!("it does not serve; ended: {ended:?}");
            };
            if line.starts_with("Quanyu serves") {
                process.address = word_after(&line, " at ").unwrap_or_default();
            }
        }
        process
    }

    /// The first key, which is told right after the address, or before it.
    pub fn first_key(&self) -> String {
        let key = |line: String| word_after(&line, "QUANYU_API_KEY=");
        let mut lines = std::iter::from_fn(|| self.lines.recv_timeout(READY).ok());
        lines.find_map(key).expect("the first start shows a key")
    }

    /// What it has said since it serves and nobody has read yet. For a process that has ended.
    pub fn rest(&self) -> String {
        self.lines.iter().collect::<Vec<_>>().join("\n")
    }

    /// Its number, by which the operating system knows it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a crash of the machine's power supply would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end: "TERM" as Kubernetes does, "INT" as Ctrl-C does.
    pub fn signal(&self, name: &str) {
        let outcome = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -{name} {}", self.child.id()))
            .status();
        assert!(outcome.unwrap().success(), "the process has gone");
    }

    /// Whether it has ended, and how.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until("the process has ended", true, async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn word_after(line: &str, before: &str) -> Option<String> {
    let (_, after) = line.split_once(before)?;
    let word = after.split([' ', ',']).next()?;
    (!word.is_empty()).then(|| word.to_owned())
}

/// A port that nobody listens on, for processes that must know each other before they start.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}
