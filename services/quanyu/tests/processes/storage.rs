//! A disk that runs full under a running platform, by the limit that the operating system sets to its files, and a file that
//! is damaged.

use std::process::Command;

use tests::brand::{POINTS, TMALL};
use tests::{Api, Rest, brand, reason, story, until};
use tonic::Code;

use crate::process::{Process, free_address, quanyu};

/// How large a file of the process may grow, in bytes.
fn limit(process: &Process, bytes: &str) {
    let limit = format!("--fsize={bytes}:unlimited");
    let outcome = Command::new("prlimit")
        .args(["--pid", &process.id().to_string(), &limit])
        .status();
    assert!(outcome.unwrap().success());
}

/// The binary, for which a file that grows beyond the limit is an error of writing, as on a full disk, and not a signal.
fn limited() -> Command {
    let plain = quanyu();
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(plain.get_program());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_runs_full_is_told_everywhere_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let admin = free_address();
    let start = || {
        let mut command = limited();
        command.args(["up", "--listen", "127.0.0.1:0", "--admin-listen", &admin, "--folder"]);
        command.arg(&data);
        command
    };
    let mut up = Process::start(start());
    let key = up.first_key();
    let api = Api::new(&up.address, &key);
    brand::found(&api).await.unwrap();
    let member = story::arrive(&api, TMALL, "tb-1", None).await.unwrap();
    story::earn(&api, "before", &member, 100).await.unwrap();

    limit(&up, "4096");
    let refusal = story::earn(&api, "during", &member, 10).await.unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal)),
        (Code::Unavailable, "STORAGE_FULL".to_owned())
    );
    let told = refusal.message();
    assert!(
        told.starts_with("the database of points has no room") && !told.contains("points.db"),
        "{told}"
    );
    assert_eq!(story::balance(&api, &member, POINTS).await, 100, "reading goes on");
    let admin = Rest::new(&admin, None);
    let public = Rest::new(&up.address, None);
    for (who, rest) in [("operators", &admin), ("callers", &public)] {
        until(who, (503, true), async || {
            let ready = rest.get("/readyz").await;
            (ready.status.as_u16(), ready.text.contains("STORAGE_FULL"))
        })
        .await;
    }
    assert!(admin.get("/readyz").await.text.contains("points.db"));
    assert!(
        !public.get("/readyz").await.text.contains("points.db"),
        "nobody's business"
    );
    let figures = admin.get("/metrics").await.text;
    assert!(figures.contains("db_up{service=\"points\"} 0"), "{figures}");

    limit(&up, "unlimited");
    until("there is room", 200, async || {
        admin.get("/readyz").await.status.as_u16()
    })
    .await;
    story::earn(&api, "during", &member, 10).await.unwrap();
    assert_eq!(story::balance(&api, &member, POINTS).await, 110);
    up.kill();
    let up = Process::start(start());
    let api = Api::new(&up.address, &key);
    assert_eq!(
        story::balance(&api, &member, POINTS).await,
        110,
        "what was acknowledged is there"
    );
    story::reconcile(&api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_named_at_the_start_and_by_the_doctor() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = quanyu();
    command
        .args(["up", "--listen", "127.0.0.1:0", "--folder"])
        .arg(folder.path());
    let mut up = Process::start(command);
    up.signal("TERM");
    assert!(up.ended().await.success());
    let file = folder.path().join("rights.db");
    std::fs::write(&file, "Dear diary, ".repeat(1_000)).unwrap();
    for name in ["up", "doctor"] {
        let mut command = quanyu();
        command
            .args([name, "--listen", "127.0.0.1:0", "--folder"])
            .arg(folder.path());
        let outcome = command.output().unwrap();
        let told = format!(
            "{}{}",
            String::from_utf8_lossy(&outcome.stdout),
            String::from_utf8_lossy(&outcome.stderr)
        );
        assert!(!outcome.status.success());
        for what in ["rights.db", "damaged", "backup"] {
            assert!(told.contains(what), "{name}: {what}: {told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_lost_or_emptied_is_not_taken_for_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = || {
        let mut command = quanyu();
        command.args(["up", "--listen", "127.0.0.1:0", "--folder"]).arg(&data);
        command
    };
    let mut up = Process::start(start());
    up.signal("TERM");
    assert!(up.ended().await.success());

    let (file, kept) = (data.join("points.db"), folder.path().join("kept"));
    std::fs::copy(&file, &kept).unwrap();
    for spoil in [std::fs::remove_file::<&std::path::Path>, |file| {
        std::fs::write(file, "")
    }] {
        spoil(&file).unwrap();
        // The doctor ends in any case: where it finds nothing, the platform would serve.
        for command in ["doctor", "up"] {
            let outcome = quanyu()
                .args([command, "--listen", "127.0.0.1:0", "--folder"])
                .arg(&data)
                .output()
                .unwrap();
            let told = [outcome.stdout, outcome.stderr]
                .map(|told| String::from_utf8(told).unwrap())
                .concat();
            assert!(!outcome.status.success(), "{command}: {told}");
            assert!(
                told.contains("points.db is lost or empty") && told.contains("restore the whole folder"),
                "{command}: {told}"
            );
        }
        std::fs::copy(&kept, &file).unwrap();
    }
    let mut up = Process::start(start());
    up.signal("TERM");
    assert!(up.ended().await.success());
}
