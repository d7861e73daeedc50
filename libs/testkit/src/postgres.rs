use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How often a server is started anew: what a killed one has left behind takes a moment to go.
const STARTS_MAX: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// A PostgreSQL of a test's own, which may be killed. Every commit is on the disk before it is acknowledged.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    data: PathBuf,
    /// Where it is: "127.0.0.1:54321".
    pub address: String,
}

impl Postgres {
    /// One with its data in a folder of its own.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Self::start_in(folder, data).await
    }

    /// One with its data at a place within the folder, which is empty or is not there.
    pub async fn start_in(folder: TempDir, data: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let postgres = Self {
            folder,
            programs: programs(),
            data,
            address,
        };
        if is_root() {
            let outcome = Command::new("chown")
                .arg("-R")
                .arg("postgres")
                .arg(postgres.folder.path())
                .output();
            succeeded(&outcome.unwrap());
        }
        let mut initdb = postgres.program("initdb");
        initdb.args([
            "-U",
            "postgres",
            "--auth=trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--wal-segsize=1",
        ]);
        succeeded(&initdb.output().unwrap());
        postgres.go_on().await;
        postgres
    }

    /// The address of its database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address)
    }

    /// Starts it, or starts it again.
    pub async fn go_on(&self) {
        let (host, port) = self.address.split_once(':').unwrap();
        let sockets = self.folder.path().display();
        let options = format!(
            "-c listen_addresses={host} -p {port} -k {sockets} -c max_connections=100 -c max_wal_size=4MB -c min_wal_size=2MB"
        );
        for _ in 0..STARTS_MAX {
            let mut start = self.program("pg_ctl");
            start.arg("-l").arg(self.folder.path().join("log"));
            start.args(["-w", "-t", "30", "-o", &options, "start"]);
            // Its own output stays open in the server.
            if start
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
            {
                return;
            }
            kernel::pause(PAUSE).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("PostgreSQL does not start: {log}");
    }

    /// Kills the server without a word; its sessions follow it.
    pub fn kill(&self) {
        let file = std::fs::read_to_string(self.data.join("postmaster.pid")).unwrap();
        let id = file.lines().next().expect("the file begins with the process");
        succeeded(&Command::new("kill").args(["-KILL", id]).output().unwrap());
    }

    /// Brings all that is in its database into another server's, as an operator does.
    pub fn dump_into(&self, other: &Self) {
        let file = self.folder.path().join("dump.sql");
        let mut dump = Command::new(self.programs.join("pg_dump"));
        dump.arg("--dbname").arg(self.url()).arg("--file").arg(&file);
        succeeded(&dump.output().unwrap());
        let mut restore = Command::new(self.programs.join("psql"));
        restore.args(["--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", &other.url()]);
        succeeded(&restore.arg("--file").arg(&file).output().unwrap());
    }

    /// A program of PostgreSQL, on the data: it refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").arg("-D").arg(&self.data);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        let _ = stop.args(["-m", "immediate", "-w", "stop"]).output();
    }
}

/// Where PostgreSQL keeps its programs; the newest of those that are installed.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let versions = versions.filter_map(|entry| Some(entry.ok()?.path()));
    let newest = versions
        .max_by_key(|path| number(path))
        .expect("PostgreSQL is installed");
    newest.join("bin")
}

fn is_root() -> bool {
    let outcome = Command::new("id").arg("-u").output().unwrap();
    outcome.stdout == b"0\n"
}

fn succeeded(outcome: &Output) {
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
}
