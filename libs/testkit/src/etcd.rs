use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How often a node is looked for after its start, and how long the pauses are between.
const TRIES_MAX: u32 = 400;
const PAUSE: Duration = Duration::from_millis(25);

/// etcd, of one node or several, on free ports of the loopback interface. Killed when the test ends, however it ends.
pub struct EtcdNodes {
    folder: TempDir,
    nodes: Vec<Node>,
}

struct Node {
    name: String,
    client: String,
    peer: String,
    child: Option<Child>,
}

impl EtcdNodes {
    /// Starts so many nodes. They answer; whether several have chosen a leader already is not said.
    pub async fn start(count: usize) -> Self {
        let ports: Vec<TcpListener> = (0..count.saturating_mul(2))
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let urls: Vec<String> = ports
            .iter()
            .map(|port| format!("http://{}", port.local_addr().unwrap()))
            .collect();
        let nodes = urls.chunks(2).enumerate().map(|(at, urls)| Node {
            name: format!("n{at}"),
            client: urls.first().unwrap().clone(),
            peer: urls.last().unwrap().clone(),
            child: None,
        });
        let mut etcd = Self {
            folder: tempfile::tempdir().unwrap(),
            nodes: nodes.collect(),
        };
        drop(ports);
        for at in 0..count {
            etcd.spawn(at);
        }
        for at in 0..count {
            etcd.answers(at).await;
        }
        etcd
    }

    /// Where the nodes are called.
    pub fn endpoints(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.client.clone()).collect()
    }

    /// Ends a node at once, as kill -9 does.
    pub fn kill(&mut self, at: usize) {
        let child = self.nodes.get_mut(at).and_then(|node| node.child.take());
        let mut child = child.expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Starts a killed node again, on the data that it left.
    pub async fn restart(&mut self, at: usize) {
        self.spawn(at);
        self.answers(at).await;
    }

    /// Takes away what a killed node has written.
    pub fn lose_data(&mut self, at: usize) {
        std::fs::remove_dir_all(self.data(at)).unwrap();
    }

    fn data(&self, at: usize) -> PathBuf {
        self.folder.path().join(at.to_string())
    }

    fn spawn(&mut self, at: usize) {
        let all: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("{}={}", node.name, node.peer))
            .collect();
        let data = self.data(at);
        let node = self.nodes.get_mut(at).unwrap();
        let mut command = Command::new("etcd");
        command
            .args(["--name", &node.name, "--log-level", "error"])
            .arg("--data-dir")
            .arg(data)
            .args([
                "--listen-client-urls",
                &node.client,
                "--advertise-client-urls",
                &node.client,
            ])
            .args([
                "--listen-peer-urls",
                &node.peer,
                "--initial-advertise-peer-urls",
                &node.peer,
            ])
            .args(["--initial-cluster", &all.join(",")])
            .args(["--heartbeat-interval", "50", "--election-timeout", "500"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        node.child = Some(command.spawn().expect("etcd is on the PATH: install etcd-server"));
    }

    async fn answers(&self, at: usize) {
        let address = self
            .nodes
            .get(at)
            .unwrap()
            .client
            .trim_start_matches("http://")
            .to_owned();
        for _ in 0..TRIES_MAX {
            if TcpStream::connect(&address).is_ok() {
                return;
            }
            kernel::pause(PAUSE).await;
        }
        panic!("etcd does not answer at {address}");
    }
}

impl Drop for EtcdNodes {
    fn drop(&mut self) {
        for child in self.nodes.iter_mut().filter_map(|node| node.child.as_mut()) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
