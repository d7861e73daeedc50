use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How often a server is looked for after its start, and how long the pauses are between.
const TRIES_MAX: u32 = 400;
const PAUSE: Duration = Duration::from_millis(25);

/// A server of NATS with `JetStream`, on a free port of the loopback interface. Killed when the test ends, however it ends.
pub struct NatsServer {
    folder: TempDir,
    address: String,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl NatsServer {
    /// Starts one that asks nobody who he is.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts one with more arguments.
    pub async fn start_with(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut server = Self::new(free_address(), arguments);
        server.restart().await;
        server
    }

    /// Starts a cluster of so many. They answer; whether they have chosen a leader already is not said.
    pub async fn start_cluster(count: usize) -> Vec<Self> {
        let routes: Vec<String> = (0..count).map(|_| format!("nats://{}", free_address())).collect();
        let mut servers = Vec::new();
        for (at, route) in routes.iter().enumerate() {
            let named = [
                "-n".to_owned(),
                format!("n{at}"),
                "--cluster_name".to_owned(),
                "test".to_owned(),
            ];
            let joined = [
                "--cluster".to_owned(),
                route.clone(),
                "--routes".to_owned(),
                routes.join(","),
            ];
            let mut server = Self::new(free_address(), named.into_iter().chain(joined).collect());
            server.restart().await;
            servers.push(server);
        }
        servers
    }

    fn new(address: String, arguments: Vec<String>) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            address,
            arguments,
            child: None,
        }
    }

    /// Where it is called.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Ends it at once, as kill -9 does.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Starts it, after it was killed, on the data that it left.
    pub async fn restart(&mut self) {
        let (host, port) = self.address.rsplit_once(':').unwrap();
        let mut command = Command::new("nats-server");
        command
            .args(["-a", host, "-p", port, "-js", "-sd"])
            .arg(self.data())
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.child = Some(command.spawn().expect("nats-server is on the PATH"));
        for _ in 0..TRIES_MAX {
            if TcpStream::connect(&self.address).is_ok() {
                return;
            }
            kernel::pause(PAUSE).await;
        }
        panic!("nats-server does not answer at {}", self.address);
    }

    /// Takes away what the killed server has written.
    pub fn lose_data(&mut self) {
        std::fs::remove_dir_all(self.data()).unwrap();
    }

    /// Keeps aside what the killed server has written, to be brought back.
    pub fn keep_data(&self) {
        copy(&self.data(), &self.kept());
    }

    /// Brings back what was kept: the killed server has lost what it wrote since.
    pub fn bring_back_data(&mut self) {
        self.lose_data();
        copy(&self.kept(), &self.data());
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn kept(&self) -> PathBuf {
        self.folder.path().join("kept")
    }
}

/// Where nobody listens.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type().unwrap().is_dir() {
            true => copy(&from, &to),
            false => drop(std::fs::copy(from, to).unwrap()),
        }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
