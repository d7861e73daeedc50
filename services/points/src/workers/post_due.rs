use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use runtime::Worker;
use store::Db;

use crate::domain::{AccountKey, Act, ConfirmCause, Earns, LotId, Posting, Refusal, ReleaseCause};
use crate::post::post_many;
use crate::store::{due_holds, due_lots, due_pending, idle_accounts, tenants};

/// Posts what comes due. What to do follows from the table and the clock alone, so a missed, doubled or crashed tick is
/// repaired by the next one. Accounts that are frozen wait.
pub(crate) struct PostDue {
    name: &'static str,
    dues: &'static [Due],
    /// How long after its time something may still stand in the books as if it had not come. What has expired counts and is
    /// spent no more meanwhile, and no hold is captured after its deadline.
    lateness_max: Duration,
    clock: Clock,
    db: Db,
}

/// What comes due.
#[derive(Clone, Copy, Debug)]
enum Due {
    /// Lots whose time has come expire.
    Lots,
    /// Accounts that have been idle for too long lose all that can be spent of them.
    IdleAccounts,
    /// Pending earns whose time has come become available.
    Pending,
    /// Holds whose deadline has passed are given back.
    Holds,
}

impl PostDue {
    /// Expires lots whose time has come, and what was idle for too long.
    pub(crate) fn expire_lots(clock: Clock, db: Db) -> Self {
        Self {
            name: "points.expire_lots",
            dues: &[Due::Lots, Due::IdleAccounts],
            lateness_max: Duration::from_mins(10),
            clock,
            db,
        }
    }

    /// Makes pending earns available whose time has come.
    pub(crate) fn confirm_pending(clock: Clock, db: Db) -> Self {
        Self {
            name: "points.confirm_pending",
            dues: &[Due::Pending],
            lateness_max: Duration::from_mins(1),
            clock,
            db,
        }
    }

    /// Gives holds back whose deadline has passed.
    pub(crate) fn release_holds(clock: Clock, db: Db) -> Self {
        Self {
            name: "points.release_holds",
            dues: &[Due::Holds],
            lateness_max: Duration::from_secs(30),
            clock,
            db,
        }
    }

    async fn post(&self, due: Due, tenant: Tenant, now: Time) -> Result<usize, Fault> {
        let postings = due.find(&self.db, tenant, now).await?;
        if postings.is_empty() {
            return Ok(0);
        }
        let tx = self.db.begin().await?;
        for decided in post_many(&tx, &self.clock, &postings).await? {
            match decided {
                // Frozen since it was found.
                Ok(_) | Err(Refusal::Frozen { .. }) => {}
                Err(refusal) => return Err(refusal.into()),
            }
        }
        tx.commit().await?;
        Ok(postings.len())
    }
}

impl Due {
    /// How many of a tenant are posted in one transaction.
    fn page_max(self) -> i64 {
        match self {
            Self::Lots | Self::Pending => 1_000,
            Self::IdleAccounts => 200,
            Self::Holds => 500,
        }
    }

    /// The next ones of a tenant, those first that have waited longest.
    async fn find(self, db: &Db, tenant: Tenant, now: Time) -> Result<Vec<Posting>, Fault> {
        let (conn, limit) = (db.read(), self.page_max());
        Ok(match self {
            Self::Lots => {
                let mut lots: BTreeMap<AccountKey, Vec<LotId>> = BTreeMap::new();
                for due in due_lots(conn, tenant, now, limit).await? {
                    lots.entry(due.account).or_default().push(due.lot);
                }
                let expire = |(account, lots)| Posting::new(account, Act::Expire { lots });
                lots.into_iter().map(expire).collect()
            }
            Self::IdleAccounts => {
                let idle = idle_accounts(conn, tenant, now, limit).await?.into_iter();
                idle.map(|account| Posting::new(account, Act::Expire { lots: Vec::new() }))
                    .collect()
            }
            Self::Pending => {
                let due = due_pending(conn, tenant, now, limit).await?.into_iter();
                due.map(|(account, entry)| {
                    let act = Act::Confirm {
                        earns: Earns::Entry(entry),
                        cause: ConfirmCause::Time,
                    };
                    Posting::new(account, act)
                })
                .collect()
            }
            Self::Holds => {
                let due = due_holds(conn, tenant, now, limit).await?.into_iter();
                due.map(|(account, hold)| {
                    let cause = ReleaseCause::Deadline;
                    Posting::new(account, Act::Release { hold, cause })
                })
                .collect()
            }
        })
    }
}

#[async_trait]
impl Worker for PostDue {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let now = self.clock.now();
        let mut posted: usize = 0;
        for tenant in tenants(self.db.read()).await? {
            for due in self.dues {
                posted = posted.saturating_add(self.post(*due, tenant, now).await?);
            }
        }
        Ok(posted)
    }

    async fn rest(&mut self) {
        self.clock.sleep(self.lateness_max).await;
    }

    fn waits_for_clock(&self) -> bool {
        true
    }
}
