use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::Issued;

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

    /// Adds lines to its configuration, which hold when it starts the next time.
    pub fn configure(&self, lines: &str) {
        let file = self.data.join("postgresql.conf");
        let before = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, format!("{before}\n{lines}\n")).unwrap();
    }

    /// Has it take connections over TLS alone from its next start on, with this certificate.
    pub fn demand_tls(&self, own: &Issued) {
        for (name, content) in [("server.crt", &own.cert), ("server.key", &own.key)] {
            let file = self.data.join(name);
            // Made by who owns the data, for nobody else may read the key.
            succeeded(&self.as_owner_of("touch").arg(&file).output().unwrap());
            succeeded(&self.as_owner_of("chmod").arg("600").arg(&file).output().unwrap());
            std::fs::write(file, content).unwrap();
        }
        self.configure("ssl = on");
        let admits = "local all all trust\nhostssl all all 127.0.0.1/32 trust\nhostssl all all ::1/128 trust\n";
        std::fs::write(self.data.join("pg_hba.conf"), admits).unwrap();
    }

    /// Stops it as an operator does.
    pub fn stop(&self) {
        succeeded(
            &self
                .program("pg_ctl")
                .args(["-m", "fast", "-w", "stop"])
                .output()
                .unwrap(),
        );
    }

    /// Has it keep its log in an archive from its next start on, as recovery to a point in time needs.
    pub fn keep_log(&self) {
        let archive = self.archive();
        self.make_folder(&archive);
        let archive = archive.display();
        self.configure(&format!(
            "archive_mode = on\narchive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f'"
        ));
    }

    /// Whether a piece of its log is in the archive.
    pub fn has_kept(&self, piece: &str) -> bool {
        self.archive().join(piece).exists()
    }

    /// Copies its data while it serves.
    pub fn base_backup(&self) {
        let (host, port) = self.address.split_once(':').unwrap();
        let mut backup = self.as_owner("pg_basebackup");
        backup.args([
            "-h", host, "-p", port, "-U", "postgres", "-c", "fast", "-X", "none", "-D",
        ]);
        succeeded(&backup.arg(self.backup()).output().unwrap());
    }

    /// Of one that was killed: loses its data, and starts on the base backup and the archive as they were at a moment.
    pub async fn recover(&self, moment: &str) {
        // The killed server's sessions may write there still.
        std::fs::rename(&self.data, self.folder.path().join("lost")).unwrap();
        succeeded(
            &self
                .as_owner_of("cp")
                .arg("-a")
                .arg(self.backup())
                .arg(&self.data)
                .output()
                .unwrap(),
        );
        let archive = self.archive();
        let archive = archive.display();
        self.configure(&format!(
            "restore_command = 'cp {archive}/%f %p'\nrecovery_target_time = '{moment}'\nrecovery_target_action = 'promote'\n\
             hot_standby = off"
        ));
        succeeded(
            &self
                .as_owner_of("touch")
                .arg(self.data.join("recovery.signal"))
                .output()
                .unwrap(),
        );
        self.go_on().await;
        // That it has started says nothing of whether it is there already.
        let (host, port) = self.address.split_once(':').unwrap();
        for _ in 0..STARTS_MAX {
            let ready = self.as_owner("pg_isready").args(["-h", host, "-p", port]).output();
            if ready.unwrap().status.success() {
                return;
            }
            kernel::pause(PAUSE).await;
        }
        panic!("PostgreSQL does not come to the moment");
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("archive")
    }

    fn backup(&self) -> PathBuf {
        self.folder.path().join("backup")
    }

    fn make_folder(&self, folder: &Path) {
        succeeded(&self.as_owner_of("mkdir").arg(folder).output().unwrap());
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
        let mut command = self.as_owner(name);
        command.arg("-D").arg(&self.data);
        command
    }

    /// A program of PostgreSQL, as who owns the data.
    fn as_owner(&self, name: &str) -> Command {
        self.as_owner_of(self.programs.join(name))
    }

    /// Any program, as who owns the data.
    fn as_owner_of(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
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
