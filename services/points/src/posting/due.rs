use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use ledger::{AccountKey, Act, ConfirmCause, Earns, LotId, Posting, Refusal, ReleaseCause};
use runtime::{Deps, Queue, Timer, Worker};
use store::Db;

use super::post::post_many;
use super::refusals::refused;
use crate::account::lots::{due_lots, due_pending};
use crate::account::rows::idle_accounts;
use crate::asset::rows::tenants;
use crate::hold::RELEASE_HOLDS;
use crate::hold::rows::{due_holds, next_hold_due};
use crate::store::row::account_item;

/// Posts what comes due. What to do follows from the table and the clock alone, so a missed, doubled or crashed tick is
/// repaired by the next one. Accounts that are frozen wait; one that cannot be posted to for another reason is set aside, and
/// the others go on. Each brand gets a page at a time, so that none waits for all that another one has due.
pub(crate) struct PostDue {
    name: &'static str,
    dues: Vec<(Due, Queue)>,
    pace: Pace,
    clock: Clock,
    db: Db,
}

/// How long after its time something that nobody waits for may still stand in the books as if it had not come: many are posted
/// at a time, and a look that finds nothing is one search of an index for each brand.
const A_MINUTE: Duration = Duration::from_mins(1);

/// When it looks.
enum Pace {
    /// After a pause. What has expired counts and is spent no more meanwhile.
    Every(Duration),
    /// When the next hold's deadline comes, for a member at a till waits for it.
    Holds(Timer),
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
    pub(crate) fn expire_lots(deps: &Deps) -> Self {
        let dues = &[Due::Lots, Due::IdleAccounts];
        Self::new(deps, "points.expire_lots", dues, Pace::Every(A_MINUTE))
    }

    /// Makes pending earns available whose time has come.
    pub(crate) fn confirm_pending(deps: &Deps) -> Self {
        let pace = Pace::Every(A_MINUTE);
        Self::new(deps, "points.confirm_pending", &[Due::Pending], pace)
    }

    /// Gives holds back whose deadline has passed.
    pub(crate) fn release_holds(deps: &Deps) -> Self {
        let pace = Pace::Holds(Timer::new(RELEASE_HOLDS, deps));
        Self::new(deps, RELEASE_HOLDS, &[Due::Holds], pace)
    }

    fn new(deps: &Deps, name: &'static str, dues: &[Due], pace: Pace) -> Self {
        Self {
            name,
            dues: dues.iter().map(|due| (*due, Queue::new(due.queue(), deps))).collect(),
            pace,
            clock: deps.clock.clone(),
            db: deps.db.clone(),
        }
    }

    async fn post(&self, postings: Vec<Posting>) -> Result<(), Fault> {
        let tx = self.db.begin().await?;
        for decided in post_many(&tx, &self.clock, &postings).await? {
            match decided {
                // Frozen since it was found.
                Ok(_) | Err(Refusal::Frozen { .. }) => {}
                Err(refusal) => return Err(refused(refusal)),
            }
        }
        tx.commit().await
    }
}

impl Due {
    /// The queue of the accounts for which it is due.
    fn queue(self) -> &'static str {
        match self {
            Self::Lots => "points.expire_lots",
            Self::IdleAccounts => "points.expire_idle_accounts",
            Self::Pending => "points.confirm_pending",
            Self::Holds => RELEASE_HOLDS,
        }
    }

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
        let (conn, queue, limit) = (db.read(), self.queue(), self.page_max());
        Ok(match self {
            Self::Lots => {
                let mut lots: BTreeMap<AccountKey, Vec<LotId>> = BTreeMap::new();
                for due in due_lots(conn, queue, tenant, now, limit).await? {
                    lots.entry(due.account).or_default().push(due.lot);
                }
                let expire = |(account, lots)| Posting::new(account, Act::Expire { lots });
                lots.into_iter().map(expire).collect()
            }
            Self::IdleAccounts => {
                let idle = idle_accounts(conn, queue, tenant, now, limit).await?.into_iter();
                idle.map(|account| Posting::new(account, Act::Expire { lots: Vec::new() }))
                    .collect()
            }
            Self::Pending => {
                let due = due_pending(conn, queue, tenant, now, limit).await?.into_iter();
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
                let due = due_holds(conn, queue, tenant, now, limit).await?.into_iter();
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
        let now = match &mut self.pace {
            Pace::Every(_) => self.clock.now(),
            Pace::Holds(timer) => timer.look(),
        };
        let mut posted: usize = 0;
        for tenant in tenants(self.db.read()).await? {
            for (due, queue) in &self.dues {
                let postings = due.find(&self.db, tenant, now).await?;
                let name = |posting: &Posting| (tenant, account_item(&posting.account));
                let post = |postings| self.post(postings);
                posted = posted.saturating_add(queue.attempt_all(postings, name, post).await?);
            }
        }
        if let Pace::Holds(timer) = &mut self.pace {
            timer.found_next(next_hold_due(self.db.read(), now).await?);
        }
        Ok(posted)
    }

    fn does_due_work(&self) -> bool {
        true
    }

    async fn rest(&mut self) {
        match &self.pace {
            Pace::Every(pause) => self.clock.sleep(*pause).await,
            Pace::Holds(timer) => timer.rest().await,
        }
    }

    fn waits_for_clock(&self) -> bool {
        true
    }
}
