//! The audit log at the database itself, by the command of operators.

use std::process::{Command, Output};

use crate::process::{Process, quanyu};
use crate::server::Server;

fn on(server: &Server, arguments: &[&str]) -> Command {
    let mut command = quanyu();
    command.args(arguments).arg("--folder").arg(server.folder.path());
    if let Some(url) = &server.url {
        command.env("QUANYU_DATABASE_URL", url);
    }
    command
}

fn told(output: &Output) -> (bool, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// Takes the whole log away, with the notes of where its chains end.
async fn take_away(server: &Server) {
    for table in ["audit_entry", "audit_head"] {
        let of = if server.url.is_some() {
            format!(" ON {table}")
        } else {
            String::new()
        };
        let sql = format!("DROP TRIGGER {table}_refuses_delete{of}");
        server.execute(gateway::NAME, &sql).await;
        server.execute(gateway::NAME, &format!("DELETE FROM {table}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_proves_the_log_and_an_anchor_tells_that_it_was_taken_away() {
    let server = Server::new().await;
    let mut up = Process::start(on(&server, &["up", "--listen", "127.0.0.1:0"]));
    assert!(on(&server, &["keys", "create"]).output().unwrap().status.success());
    let verify = |more: &[&str]| told(&on(&server, &[&["audit", "verify"], more].concat()).output().unwrap());
    let (is_whole, lines, wrong) = verify(&[]);
    assert!(is_whole, "{wrong}");
    assert!(lines.starts_with("default 2 ") && lines.lines().count() == 1, "{lines}");
    let file = server.folder.path().join("anchors");
    std::fs::write(&file, &lines).unwrap();
    let anchors = ["--anchors", file.to_str().unwrap()];
    assert_eq!(verify(&anchors), (true, lines, String::new()));
    up.signal("TERM");
    assert!(up.ended().await.success());
    take_away(&server).await;
    let (is_whole, lines, _) = verify(&[]);
    assert!(is_whole && lines.starts_with("default 0 0000"), "{lines}");
    let (is_whole, _, wrong) = verify(&anchors);
    assert!(!is_whole, "the anchor is gone");
    assert!(wrong.contains("default: the audit log is broken at entry 2"), "{wrong}");
    std::fs::write(&file, "no anchor").unwrap();
    let (is_whole, _, wrong) = verify(&anchors);
    assert!(!is_whole && wrong.contains("is no line of a verification"), "{wrong}");
    server.remove().await;
}
