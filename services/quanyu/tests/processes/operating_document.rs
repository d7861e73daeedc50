//! The example of docs/operating.md, done as it stands there: seven roles on PostgreSQL, by the document's own commands.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tests::brand::{POINTS, TMALL};
use tests::{Api, Rest, brand, eventually, story};

use crate::process::quanyu;
use crate::server::Server;

/// How long the seven may take to make their tables and find each other.
const READY: Duration = Duration::from_mins(1);
const DOCUMENT: &str = include_str!("../../../../docs/operating.md");
const SECTION: &str = "## Seven roles on PostgreSQL";
/// Where the document's database is.
const DATABASE: &str = "postgres://quanyu:secret@127.0.0.1:5432/quanyu";
/// The document's ports begin here: that of the gateway.
const PORT: u16 = 7_400;
/// The document uses these ports: to serve, and for operators.
const PORTS: [u16; 14] = [0, 11, 12, 13, 14, 15, 16, 100, 111, 112, 113, 114, 115, 116];

/// The first block of a language in the section.
fn block(language: &str) -> &'static str {
    let (_, section) = DOCUMENT.split_once(SECTION).expect("the document has the section");
    let (_, block) = section
        .split_once(&format!("```{language}\n"))
        .expect("the section has the block");
    block.split_once("```").expect("the block ends").0
}

/// The text with every port of the document moved, so that the one of the gateway is `first`.
fn moved(text: &str, first: u16) -> String {
    let is_digit = |character: char| character.is_ascii_digit();
    let mut moved = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_digit) {
        let (before, number) = rest.split_at(start);
        let end = number.find(|character| !is_digit(character)).unwrap_or(number.len());
        let (number, after) = number.split_at(end);
        let port = number.parse().ok().and_then(|port: u16| port.checked_sub(PORT));
        moved.push_str(before);
        match port.filter(|port| number.len() == 4 && PORTS.contains(port)) {
            Some(port) => moved.push_str(&(first + port).to_string()),
            None => moved.push_str(number),
        }
        rest = after;
    }
    moved + rest
}

/// Where nobody listens on any of the ports.
fn free_ports() -> u16 {
    let seed = u16::try_from(std::process::id() % 10_000).unwrap();
    let mut candidates = (0..100).map(|step: u16| 20_000 + (seed + step * 127) % 10_000);
    let is_free = |first: &u16| {
        PORTS
            .iter()
            .all(|port| TcpListener::bind(("127.0.0.1", first + port)).is_ok())
    };
    candidates.find(is_free).expect("free ports")
}

/// The commands of the document's shell, with all that they start. Ended together, however the test ends.
struct Shell(Child);

impl Shell {
    fn start(script: &str, folder: &Path) -> Self {
        let plain = quanyu();
        let programs = Path::new(plain.get_program()).parent().unwrap();
        let log = || {
            File::options()
                .create(true)
                .append(true)
                .open(folder.join("log"))
                .unwrap()
        };
        let script = format!("PATH={}:$PATH\n{script}", programs.display());
        let mut bash = Command::new("bash");
        bash.args(["-euc", &script])
            .current_dir(folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log())
            .stderr(log());
        for (name, _) in plain.get_envs().filter(|(_, value)| value.is_none()) {
            bash.env_remove(name);
        }
        Self(bash.spawn().unwrap())
    }

    fn signal(&self, name: &str) -> bool {
        let group = format!("-{}", self.0.id());
        let outcome = Command::new("kill")
            .args(["-s", name, "--", &group])
            .stderr(Stdio::null())
            .status();
        outcome.unwrap().success()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.signal("KILL");
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn the_example_of_six_roles_runs_as_it_is_written() {
    let server = Server::new().await;
    let url = server.url.as_deref().expect("QUANYU_TEST_DATABASE_URL names a server");
    let (folder, first) = (server.folder.path(), free_ports());
    let settings = block("toml");
    assert!(settings.contains(DATABASE), "{settings}");
    std::fs::write(
        folder.join("platform.toml"),
        moved(settings, first).replace(DATABASE, url),
    )
    .unwrap();

    // What starts the processes ends with the last one that is left to run; what is asked of them comes behind it.
    let commands = moved(block("sh"), first);
    let (starting, asking) = commands.split_at(commands.rfind("&\n").expect("processes are started") + 2);
    let questions: Vec<&str> = asking.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(questions.len(), 3, "{asking}");
    let mut script = format!("{starting}\nread -r _\n");
    for (number, question) in questions.iter().enumerate() {
        let (command, _) = question.split_once(" #").unwrap_or((question, ""));
        writeln!(script, "{command} >answer-{number}").unwrap();
    }
    let mut shell = Shell::start(&script, folder);

    let address = format!("127.0.0.1:{first}");
    let rest = Rest::new(&address, None);
    let deadline = Instant::now() + READY;
    while TcpStream::connect(&address).is_err() || !rest.get("/readyz").await.text.contains("\"SERVING\"") {
        let log = std::fs::read_to_string(folder.join("log")).unwrap();
        assert!(Instant::now() < deadline, "the seven do not serve: {log}");
        kernel::pause(Duration::from_millis(100)).await;
    }
    let key = std::fs::read_to_string(folder.join("first-key")).unwrap();
    let api = Api::new(&address, key.trim());
    brand::found(&api).await.unwrap();
    let member = story::arrive(&api, TMALL, "tb-1", None).await.unwrap();
    story::earn(&api, "gift", &member, 100).await.unwrap();
    assert_eq!(story::balance(&api, &member, POINTS).await, 100);

    shell.0.stdin.take().unwrap().write_all(b"\n").unwrap();
    let status = eventually("the commands are done", async || shell.0.try_wait().unwrap()).await;
    let log = std::fs::read_to_string(folder.join("log")).unwrap();
    assert!(status.success(), "{status}: {log}");
    for (number, question) in questions.iter().enumerate() {
        let answer = std::fs::read_to_string(folder.join(format!("answer-{number}"))).unwrap();
        let told = question.split_once(" # ").map_or("", |(_, told)| told.trim());
        match told.starts_with('{') {
            true => assert_eq!(answer.trim(), told, "{question}"),
            false => assert!(
                answer.contains("SERVING") || answer.contains("all is well"),
                "{question}: {answer}"
            ),
        }
    }
    assert!(!log.contains(key.trim()), "the first key is never printed");

    assert!(shell.signal("TERM"), "the seven processes run");
    eventually("all of them end", async || (!shell.signal("0")).then_some(())).await;
    server.remove().await;
}
