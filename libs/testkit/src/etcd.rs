use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::MountedSecret;

/// How often a node is looked for after its start, and how long the pauses are between.
const TRIES_MAX: u32 = 400;
const PAUSE: Duration = Duration::from_millis(25);
/// How long a node may take to say whether it leads.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// etcd, of one node or several, on free ports of the loopback interface. Killed when the test ends, however it ends.
pub struct EtcdNodes {
    folder: TempDir,
    nodes: Vec<Node>,
    /// What clients are shown and must show, where they speak TLS: the CAs, the certificate and its key.
    tls: Option<[PathBuf; 3]>,
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
        Self::start_with(count, None).await
    }

    /// One node that speaks TLS alone, with clients that show a certificate of the same CAs.
    pub async fn start_over_tls(secret: &MountedSecret) -> Self {
        Self::start_with(1, Some([secret.ca(), secret.cert(), secret.key()])).await
    }

    async fn start_with(count: usize, tls: Option<[PathBuf; 3]>) -> Self {
        let ports: Vec<TcpListener> = (0..count.saturating_mul(2))
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let urls: Vec<String> = ports
            .iter()
            .map(|port| format!("http://{}", port.local_addr().unwrap()))
            .collect();
        let nodes = urls.chunks(2).enumerate().map(|(at, urls)| Node {
            name: format!("n{at}"),
            client: match tls {
                Some(_) => urls.first().unwrap().replace("http:", "https:"),
                None => urls.first().unwrap().clone(),
            },
            peer: urls.last().unwrap().clone(),
            child: None,
        });
        let mut etcd = Self {
            folder: tempfile::tempdir().unwrap(),
            nodes: nodes.collect(),
            tls,
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

    /// The node that leads the others, as soon as there is one.
    pub async fn leader(&self) -> usize {
        for _ in 0..TRIES_MAX {
            let leads = |node: &Node| node.child.is_some() && node.leads().unwrap_or(false);
            if let Some(at) = self.nodes.iter().position(leads) {
                return at;
            }
            kernel::pause(PAUSE).await;
        }
        panic!("no node of etcd leads");
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
        if let Some([ca, cert, key]) = &self.tls {
            command.arg("--client-cert-auth").arg("--trusted-ca-file").arg(ca);
            command.arg("--cert-file").arg(cert).arg("--key-file").arg(key);
        }
        node.child = Some(command.spawn().expect("etcd is on the PATH: install etcd-server"));
    }

    async fn answers(&self, at: usize) {
        let address = self
            .nodes
            .get(at)
            .unwrap()
            .client
            .trim_start_matches("http://")
            .trim_start_matches("https://")
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

impl Node {
    /// Whether it says that it leads. By its JSON, so that a test needs no client for that alone.
    fn leads(&self) -> Option<bool> {
        let mut stream = TcpStream::connect(self.client.trim_start_matches("http://")).ok()?;
        stream.set_read_timeout(Some(ANSWER_MAX)).ok()?;
        let head = "POST /v3/maintenance/status HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\nContent-Length: 2";
        stream.write_all(format!("{head}\r\n\r\n{{}}").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let number = |name: &str| {
            let (_, after) = answer.split_once(&format!("\"{name}\":\""))?;
            Some(after.split_once('"')?.0.to_owned())
        };
        Some(number("leader")? == number("member_id")?)
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
