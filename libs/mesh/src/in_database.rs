use std::time::{Duration, Instant};

use async_trait::async_trait;
use fault::Fault;
use kernel::Clock;
use store::{Db, Fence};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use crate::leadership::{Leadership, Lease};

/// How long a lease lasts that is not renewed, by the clock of the database.
const LASTS: Duration = Duration::from_secs(4);
/// When a leader that could not renew it believes that it is lost: earlier than others may have it, by the time that work under
/// way is given to end.
const BELIEVED: Duration = Duration::from_secs(3);
/// How often it is renewed, and looked whether another one's has ended.
const EVERY: Duration = Duration::from_millis(500);

/// Leadership among the replicas that share a database: a row that the leader renews, by the database's own clock. A leader
/// that stops gives it up; one that dies is followed after four and a half seconds at the most: its lease ends after four, and who
/// waits for it looks every half second. What one that stood still would write when it goes on, the database refuses ([`Fence`]).
#[derive(Debug, Clone)]
pub struct InDatabase {
    db: Db,
    holder: Uuid,
}

impl InDatabase {
    /// For one process, that is to have one.
    pub fn new(db: Db) -> Self {
        let holder = Clock::system().uuid();
        Self { db, holder }
    }
}

#[async_trait]
impl Leadership for InDatabase {
    async fn lead(&self, role: &str) -> Result<Lease, Fault> {
        loop {
            let asked = Instant::now();
            if let Some(token) = self.db.take_lease(role, self.holder, LASTS).await? {
                let (lost, loss) = watch::channel(false);
                let (told, given_up) = oneshot::channel();
                let held = Held {
                    db: self.db.clone(),
                    role: role.to_owned(),
                    holder: self.holder,
                    token,
                };
                let keeper = tokio::spawn(held.keep(asked, lost, given_up));
                return Ok(Lease::new(Fence::new(role, self.holder, token), loss).kept_by(told, keeper));
            }
            kernel::pause(EVERY).await;
        }
    }
}

struct Held {
    db: Db,
    role: String,
    holder: Uuid,
    token: i64,
}

impl Held {
    /// Renews it until it is given up or lost. What another process did to the row is known at the next renewal.
    async fn keep(self, mut asked: Instant, lost: watch::Sender<bool>, given_up: oneshot::Receiver<()>) {
        let renewed = async {
            loop {
                kernel::pause(EVERY).await;
                let asking = Instant::now();
                let left = BELIEVED.saturating_sub(asked.elapsed());
                let renewing = self.db.renew_lease(&self.role, self.holder, self.token, LASTS);
                match tokio::time::timeout(left, renewing).await {
                    Ok(Ok(true)) => asked = asking,
                    Ok(Ok(false)) => return,
                    Ok(Err(fault)) => tracing::warn!(role = self.role, %fault, "a lease cannot be renewed"),
                    Err(_) => {}
                }
                if asked.elapsed() >= BELIEVED {
                    return;
                }
            }
        };
        tokio::select! {
            () = renewed => {
                lost.send_replace(true);
            }
            // By its owner, or because that one has gone without a word.
            _ = given_up => {
                if let Err(fault) = self.db.end_lease(&self.role, self.holder, self.token).await {
                    tracing::debug!(role = self.role, %fault, "a lease ends by its time alone");
                }
            }
        }
    }
}
