//! `quanyu backup` and `quanyu restore`: a platform that serves is copied as it stood at one moment, and goes on from there.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tests::brand::TMALL;
use tests::{Api, brand, story};

use crate::kill_nine::{self as load, CALLERS, FUNDS, MEMBERS, Sent};
use crate::process::quanyu;

const MANIFEST: &str = "quanyu-backup.json";

fn on(data: &Path, command: &str, path: &Path) -> Command {
    let mut quanyu = quanyu();
    quanyu.arg(command).arg(path).arg("--folder").arg(data);
    quanyu
}

fn ran(data: &Path, command: &str, path: &Path) -> (Option<i32>, String) {
    let outcome = on(data, command, path).output().unwrap();
    (outcome.status.code(), told_of(&outcome))
}

fn told_of(outcome: &Output) -> String {
    String::from_utf8_lossy(&outcome.stdout).into_owned() + &String::from_utf8_lossy(&outcome.stderr)
}

fn doctor(data: &Path) -> (bool, String) {
    let outcome = quanyu().arg("doctor").arg("--folder").arg(data).output().unwrap();
    (outcome.status.success(), told_of(&outcome))
}

/// A platform with members, and who calls it.
struct Loaded {
    key: String,
    members: Arc<Vec<String>>,
    callers: Vec<tokio::task::JoinHandle<Vec<Sent>>>,
    ends: Arc<AtomicBool>,
}

async fn loaded(address: &str, key: String, dice: &mut StdRng) -> Loaded {
    let api = Api::new(address, &key);
    brand::found(&api).await.unwrap();
    let mut members = Vec::new();
    for member in 0..MEMBERS {
        members.push(
            story::arrive(&api, TMALL, &load::external_id(member), None)
                .await
                .unwrap(),
        );
        story::earn(&api, &format!("funds-{member}"), &members[member], FUNDS)
            .await
            .unwrap();
    }
    let (members, ends) = (Arc::new(members), Arc::new(AtomicBool::new(false)));
    let callers = (0..CALLERS).map(|caller| {
        let dice = StdRng::seed_from_u64(dice.random());
        let name = format!("load-{caller}");
        tokio::spawn(load::load(api.clone(), members.clone(), dice, name, ends.clone()))
    });
    let callers = callers.collect();
    Loaded {
        key,
        members,
        callers,
        ends,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_of_one_moment_and_holds_all_that_was_acknowledged_before() {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let (data, copies, restored) = (
        folder.path().join("data"),
        folder.path().join("copies"),
        folder.path().join("restored"),
    );
    std::fs::create_dir(&copies).unwrap();
    let mut up = load::start(&data);
    let key = up.first_key();
    let loaded = loaded(&up.address, key, &mut dice).await;

    // Whichever is taken is of one moment; the last one is restored.
    let mut began = Instant::now();
    let mut last = copies.join("0");
    for number in 0..5 {
        kernel::pause(Duration::from_millis(dice.random_range(100..700))).await;
        began = Instant::now();
        last = copies.join(number.to_string());
        let (code, told) = ran(&data, "backup", &last);
        assert_eq!(code, Some(0), "{told}");
        assert!(
            told.contains("as they stood at one moment") && told.contains("is whole"),
            "{told}"
        );
    }
    kernel::pause(Duration::from_millis(300)).await;
    loaded.ends.store(true, Ordering::SeqCst);
    up.kill();
    let sent: Vec<Sent> = join_all(loaded.callers)
        .await
        .into_iter()
        .flat_map(Result::unwrap)
        .collect();
    let (before, mut after): (Vec<Sent>, Vec<Sent>) = sent
        .into_iter()
        .partition(|sent| sent.answer.is_some() && sent.known < began);
    println!("{} before the backup, {} after", before.len(), after.len());
    assert!(
        before.len() > 50 && after.len() > usize::try_from(CALLERS).unwrap(),
        "there was load before, and during"
    );

    let (code, told) = ran(&restored, "restore", &last);
    assert_eq!(code, Some(0), "{told}");
    let mut up = load::start(&restored);
    let api = Api::new(&up.address, &loaded.key);
    for sent in &before {
        load::assert_replayed(&api, &loaded.members, sent, seed).await;
    }
    // What came later is asked for again, as clients do who know no outcome.
    for sent in &mut after {
        sent.answer = None;
    }
    load::settle_unknown(&api, &loaded.members, &mut after).await;
    let history: Vec<Sent> = before.into_iter().chain(after).collect();
    load::check_members(&api, &loaded.members, &history).await;
    load::check_orders(&api, &loaded.members, &history).await;
    load::check_ledger(&api, &loaded.members, &history).await;
    drop(api);
    up.signal("TERM");
    assert!(up.ended().await.success());
    let (healthy, told) = doctor(&restored);
    assert!(healthy, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_cut_off_is_none_and_the_next_one_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (data, target, restored) = (
        folder.path().join("data"),
        folder.path().join("copy"),
        folder.path().join("restored"),
    );
    let partial = folder.path().join("copy.partial");
    let up = load::start(&data);
    let mut was_cut_off = false;
    for wait in (0..60).map(|step| Duration::from_millis(step * 2)) {
        let mut backup = on(&data, "backup", &target)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        kernel::pause(wait).await;
        let _ = backup.kill();
        backup.wait().unwrap();
        if target.exists() {
            assert_eq!(
                ran(&restored, "restore", &target).0,
                Some(0),
                "what has the name is whole"
            );
            std::fs::remove_dir_all(&target).unwrap();
            std::fs::remove_dir_all(&restored).unwrap();
        } else if partial.exists() {
            was_cut_off |= partial.read_dir().unwrap().count() > 1;
            if !partial.join(MANIFEST).exists() {
                let (code, told) = ran(&restored, "restore", &partial);
                assert!(code == Some(1) && told.contains("is no whole backup"), "{told}");
                assert!(!restored.exists());
            }
        }
    }
    assert!(was_cut_off, "one at least was cut off with files in it");
    let (code, told) = ran(&data, "backup", &target);
    assert_eq!(code, Some(0), "{told}");
    assert!(!partial.exists());
    let (code, told) = ran(&data, "backup", &target);
    assert!(code == Some(1) && told.contains("exists: name a new folder"), "{told}");
    drop(up);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_replaces_nothing_takes_nothing_that_was_changed_and_is_not_taken_for_whole_when_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (data, target, restored) = (
        folder.path().join("data"),
        folder.path().join("copy"),
        folder.path().join("restored"),
    );
    let mut up = load::start(&data);
    assert_eq!(ran(&data, "backup", &target).0, Some(0));
    up.signal("TERM");
    assert!(up.ended().await.success());

    let (code, told) = ran(&data, "restore", &target);
    assert!(code == Some(1) && told.contains("is not empty"), "{told}");
    assert!(!data.join("restore.unfinished").exists());

    let whole = std::fs::read(target.join("points.db")).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(target.join("points.db"), &changed).unwrap();
    let (code, told) = ran(&restored, "restore", &target);
    assert!(
        code == Some(1) && told.contains("points.db is not what was backed up"),
        "{told}"
    );
    assert!(!restored.exists(), "nothing was begun");
    std::fs::write(target.join("points.db"), &whole).unwrap();

    // As one that was cut off leaves it.
    std::fs::create_dir(&restored).unwrap();
    std::fs::write(restored.join("restore.unfinished"), "").unwrap();
    std::fs::write(restored.join("identity.db"), &whole[..4_096]).unwrap();
    let refused = quanyu()
        .args(["up", "--listen", "127.0.0.1:0", "--folder"])
        .arg(&restored)
        .output()
        .unwrap();
    assert!(
        !refused.status.success() && told_of(&refused).contains("was interrupted"),
        "{}",
        told_of(&refused)
    );
    let (healthy, told) = doctor(&restored);
    assert!(!healthy && told.contains("was interrupted"), "{told}");
    let (code, told) = ran(&restored, "restore", &target);
    assert_eq!(code, Some(0), "{told}");
    let mut up = load::start(&restored);
    up.signal("TERM");
    assert!(up.ended().await.success());

    let mut command = on(&data, "backup", &folder.path().join("other"));
    let refused = command
        .env("QUANYU_DATABASE_URL", "postgres://here/quanyu")
        .output()
        .unwrap();
    assert!(
        !refused.status.success() && told_of(&refused).contains("pg_dump"),
        "{}",
        told_of(&refused)
    );
}
