//! A release follows the one before, under load: its migrations are done while the one before serves, both serve at once, it is
//! rolled back and rolled over again. `tests/upgrade BEFORE` names the release before; without it this one plays it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use quanyu::roles::ROLES;
use tests::story;

use crate::faults::{Row, tell};
use crate::load::Load;
use crate::platform::{Mesh, REPLICAS};

/// Names the program of the release before.
const BEFORE: &str = "UPGRADE_FROM";
/// How long a state between two steps lasts.
const LASTS: Duration = Duration::from_secs(5);

#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by its environment which release comes before"
)]
fn before() -> PathBuf {
    let named = std::env::var_os(BEFORE).map(PathBuf::from);
    if named.is_none() {
        tell(format_args!(
            "{BEFORE} is not set: this release plays the one before it"
        ));
    }
    named.unwrap_or_else(|| env!("CARGO_BIN_EXE_quanyu").into())
}

/// Replicas of all roles, those of these places, go on as another release, one after the other.
async fn roll(mesh: &mut Mesh, places: impl Iterator<Item = usize> + Clone, release: &Path) {
    for role in &ROLES {
        for at in places.clone() {
            mesh.stop((role.name, at)).await;
            mesh.of_release((role.name, at), release);
            mesh.go_on((role.name, at)).await;
        }
    }
    kernel::pause(LASTS).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL, etcd and nats-server on the PATH: run the ignored tests too"]
async fn a_release_follows_the_one_before_and_is_brought_back_and_no_call_fails() {
    let (before, now) = (before(), PathBuf::from(env!("CARGO_BIN_EXE_quanyu")));
    let mut mesh = Mesh::start_as(Some(before.as_path())).await;
    let [one, other] = mesh.gateways();
    story::order_to_coupon(&one).await;
    let load = Load::begin(mesh.gateways()).await;
    tell(Row::heads());
    let calm = Row::of("the release before", &load, kernel::pause(LASTS)).await;

    let migrated = async {
        mesh.migrate(&[]).await;
        kernel::pause(LASTS).await;
    };
    let mut rows = vec![Row::of("its migrations, and the one before on its tables", &load, migrated).await];
    let all = 0..REPLICAS;
    for (what, places, release) in [
        ("one replica of each role is of the new release", 0..1, now.as_path()),
        ("the other one too", 1..REPLICAS, now.as_path()),
        ("all are of the one before again", all.clone(), before.as_path()),
        ("all are of the new release again", all, now.as_path()),
    ] {
        rows.push(Row::of(what, &load, roll(&mut mesh, places, release)).await);
    }
    rows.push(Row::of("the last step, migrate --finish", &load, mesh.migrate(&["--finish"])).await);

    load.end(&other).await;
    story::reconcile(&one).await;
    let (is_well, told) = mesh.doctor();
    assert!(is_well, "{told}");
    tell(format_args!("{}\n{calm}", Row::heads()));
    for row in &rows {
        tell(row);
    }
    for row in &rows {
        row.check(calm.gap());
        row.check_unseen();
    }
}
