//! Ids from before ids had one form are found and named by the doctor, who changes none.

use tests::{Api, brand, story};

use crate::process::{Process, quanyu};
use crate::server::Server;

/// Ends an id of the channel with a blank that nobody sees, as an earlier release could have stored it.
const SPOIL: &str = "UPDATE identity SET value = value || ' ' WHERE value = 'tb-17'";

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_ids_that_are_older_than_their_form() {
    let server = Server::new().await;
    let on = |arguments: &[&str]| {
        let mut command = quanyu();
        command.args(arguments).arg("--folder").arg(server.folder.path());
        if let Some(url) = &server.url {
            command.env("QUANYU_DATABASE_URL", url);
        }
        command
    };
    let doctor = |arguments: &[&str]| {
        let outcome = on(arguments).output().unwrap();
        (outcome.status.success(), String::from_utf8(outcome.stdout).unwrap())
    };
    let mut up = Process::start(on(&["up", "--listen", "127.0.0.1:0"]));
    let key = up.first_key();
    let api = Api::new(&up.address, &key);
    brand::found(&api).await.unwrap();
    story::arrive(&api, brand::TMALL, "tb-17", None).await.unwrap();
    drop(api);
    up.signal("TERM");
    assert!(up.ended().await.success());
    let (healthy, told) = doctor(&["doctor", "--texts"]);
    assert!(
        healthy && told.contains("rows of activity have ids in their form"),
        "{told}"
    );

    assert_eq!(server.execute("identity", SPOIL).await, 1);
    for _ in 0..2 {
        let (healthy, told) = doctor(&["doctor", "--texts"]);
        for what in [
            "WRONG identity: 1 ids among",
            r#"value "tb-17 ""#,
            r#"its form is "tb-17""#,
            "MergeMembers",
        ] {
            assert!(!healthy && told.contains(what), "{what}: {told}");
        }
    }
    // What would read whole tables is not looked at unless it is asked for.
    let (healthy, told) = doctor(&["doctor"]);
    assert!(healthy && !told.contains("tb-17"), "{told}");
    server.remove().await;
}
