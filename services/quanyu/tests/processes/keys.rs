//! The first key, and the way back in where no key opens any more.

use std::process::{Command, Output};

use tests::{Rest, eventually};

use crate::process::{Process, quanyu};
use crate::server::Server;

const CHOSEN: &str = "qy_5f1cf8a2b07d4e6c93a84b1f2d7e60c95f3b8a1742e9d06cb8f7135ae2490d6c";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A command on the rows of a server.
fn on(server: &Server, arguments: &[&str]) -> Command {
    let mut command = quanyu();
    command.args(arguments).arg("--folder").arg(server.folder.path());
    if let Some(url) = &server.url {
        command.env("QUANYU_DATABASE_URL", url);
    }
    command
}

fn keys(server: &Server, arguments: &[&str]) -> Output {
    on(server, &[&["keys"], arguments].concat()).output().unwrap()
}

async fn opens(up: &Process, key: &str) -> bool {
    Rest::new(&up.address, Some(key)).get("/v1/tenant").await.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_key_comes_from_a_file_and_is_never_printed() {
    let server = Server::new().await;
    let file = server.folder.path().join("first-key");
    std::fs::write(&file, format!("{CHOSEN}\n")).unwrap();
    for _ in 0..2 {
        let mut command = on(&server, &["up", "--listen", "127.0.0.1:0"]);
        command.env("QUANYU_FIRST_API_KEY_FILE", &file);
        let mut up = Process::start(command);
        assert!(opens(&up, CHOSEN).await);
        up.signal("TERM");
        assert!(up.ended().await.success());
        let said = up.rest();
        assert!(!said.contains("qy_") && said.contains("Ctrl-C stops"), "{said}");
    }
    server.remove().await;
}

#[test]
fn a_first_key_that_can_be_guessed_or_is_given_twice_is_refused_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let refused = |name: &str, value: &str| {
        let mut command = quanyu();
        command.args(["up", "--folder"]).arg(&data).env(name, value);
        let outcome = command
            .env("QUANYU_FIRST_API_KEY_FILE", folder.path().join("none"))
            .output()
            .unwrap();
        assert!(!outcome.status.success() && !data.exists());
        text(&outcome.stderr)
    };
    let guessable = format!("qy_{}", "deadbeef".repeat(8));
    let told = refused("QUANYU_FIRST_API_KEY", &guessable);
    for what in [
        "first_api_key: must be",
        "openssl rand -hex 32",
        "first_api_key_file: is one too many",
    ] {
        assert!(told.contains(what) && !told.contains("deadbeef"), "{what}: {told}");
    }
    let told = refused("QUANYU_MERGE_UNDO_DAYS", "1");
    assert!(
        told.contains("first_api_key_file") && told.contains("No such file"),
        "{told}"
    );
}

/// A log keeps what is written to it: no key is made that would only stand there.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_a_terminal_makes_no_key_and_an_operator_makes_one_beside_it() {
    let server = Server::new().await;
    let started = keys(&server, &["create"]);
    assert!(
        !started.status.success(),
        "nothing is made where the platform has never been started"
    );
    let mut command = on(&server, &["up", "--listen", "127.0.0.1:0"]);
    command.env("QUANYU_PRINT_FIRST_API_KEY", "false");
    let mut up = Process::start(command);
    assert!(text(&keys(&server, &["list"]).stdout).is_empty());

    let created = keys(
        &server,
        &["create", "--per-second", "5", "--burst", "8", "--per-day", "100"],
    );
    let secret = text(&created.stdout).trim().to_owned();
    assert!(
        created.status.success() && secret.starts_with("qy_"),
        "{}",
        text(&created.stderr)
    );
    assert!(opens(&up, &secret).await);
    let listed = text(&keys(&server, &["list"]).stdout);
    assert!(
        listed.contains("scopes *,platform.*  limits 5 a second, 8 at once, 100 a day  made")
            && !listed.contains(&secret),
        "{listed}"
    );

    let id = listed.split(' ').next().unwrap();
    let revoked = keys(&server, &["revoke", id]);
    assert!(text(&revoked.stdout).contains("revoked"));
    assert!(
        text(&revoked.stderr).contains("quanyu keys create"),
        "that it was the last one is told"
    );
    let doctor = on(&server, &["doctor"]).output().unwrap();
    let told = text(&doctor.stdout);
    assert!(
        !doctor.status.success() && told.contains("quanyu keys create --tenant default"),
        "{told}"
    );
    eventually("the revoked key opens no more", async || {
        (!opens(&up, &secret).await).then_some(())
    })
    .await;
    let again = text(&keys(&server, &["create", "--scope", "gateway.tenant_read", "--days", "7"]).stdout);
    assert!(opens(&up, again.trim()).await);
    up.signal("TERM");
    assert!(up.ended().await.success());
    assert!(!up.rest().contains("qy_"));
    server.remove().await;
}
