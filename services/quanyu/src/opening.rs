//! Opens databases at the start, and waits for one that is away.
//!
//! A process may be started before its database: orchestrators start everything at once, and a database fails over. What may
//! pass by itself is waited for, told each time, and for a minute at the most: then the process ends and its orchestrator,
//! which starts it again, shows that it does not come up. What somebody has to mend (a wrong password, a missing database, a
//! damaged file) ends it at once: waiting would only hide it.

use std::time::{Duration, Instant};

use fault::{Common, Fault};
use runtime::Readiness;
use store::Db;

use crate::config::Config;
use crate::folder;
use crate::roles::Role;

/// How long a database may be away when the process starts.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// The pause before the second try; it doubles each time.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The database of a role, as soon as it is there, by so many connections at the most.
pub(crate) async fn open(
    config: &Config,
    role: &Role,
    connections_max: u32,
    readiness: &Readiness,
) -> Result<Db, Fault> {
    folder::refuse_lost(config, role)?;
    let started = Instant::now();
    let mut pause = PAUSE;
    loop {
        let (database, migrations) = (config.database(role.name, connections_max), (role.migrations)());
        let opened = match config.migrate_at_start {
            true => Db::open(&database, role.name, migrations).await,
            false => Db::open_migrated(&database, role.name, migrations).await,
        };
        match opened {
            Err(fault) if may_pass(&fault) && started.elapsed() < WAIT_MAX => {
                tracing::warn!(
                    role = role.name,
                    "{fault}; waiting for it, for {} s at the most",
                    WAIT_MAX.as_secs()
                );
                readiness.waits_for(&fault);
                kernel::pause(pause).await;
                pause = pause.saturating_mul(2).min(PAUSE_MAX);
            }
            Ok(db) => {
                folder::note_begun(config, role)?;
                return Ok(db);
            }
            Err(fault) => return Err(fault),
        }
    }
}

fn may_pass(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Unavailable {
            reason: Common::Unavailable,
            ..
        }
    )
}
