use std::sync::Arc;
use std::time::Duration;

use contracts_gateway::v1::ErrorReason;
use fault::Fault;
use kernel::{Clock, Tenant};
use store::Db;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::budget::{Asked, Budget, Granted};
use super::{Counted, RequestLimits, rows};
use crate::caller::{Caller, Identity};
use crate::recent::Recent;

/// For how long a replica goes on with what it has taken: what it has not used by then goes back with the next request, so
/// that a caller who pauses cannot gather a part from each replica.
const HELD: Duration = Duration::from_secs(1);
/// How many callers are kept in mind. Who is forgotten asks the database again, and what was taken for him is lost to him.
const CALLERS_MAX: usize = 10_000;

/// A caller of a tenant.
type Subject = (Tenant, Arc<str>);

/// Counts the requests of callers.
pub(crate) struct Meter {
    db: Db,
    clock: Clock,
    /// The limits of callers without limits of their own.
    default: RequestLimits,
    taken: Recent<Subject, Arc<Mutex<Taken>>>,
}

/// What this replica has taken out of a caller's budget.
#[derive(Default)]
struct Taken {
    limits: RequestLimits,
    left: u32,
    since: Option<Instant>,
    /// Until when the database need not be asked, for there is nothing.
    none_until: Option<(Instant, Granted)>,
}

impl Meter {
    pub(crate) fn new(db: Db, clock: Clock, default: RequestLimits) -> Self {
        Self {
            db,
            clock,
            default,
            taken: Recent::new(CALLERS_MAX),
        }
    }

    /// Counts a request, or refuses it with when to come again.
    pub(crate) async fn count(&self, caller: &Caller) -> Result<(), Fault> {
        let limits = caller.limits.or(self.default);
        if limits.are_none() {
            return Ok(());
        }
        let of = Counted {
            tenant: caller.tenant,
            subject: caller.identity.subject(),
        };
        let taken = self.taken(of);
        // Requests of one caller that find nothing wait for one that asks the database.
        let mut taken = taken.lock().await;
        if taken.limits != limits {
            *taken = Taken {
                limits,
                left: taken.left,
                ..Taken::default()
            };
        }
        let now = Instant::now();
        if taken.since.is_some_and(|at| now.duration_since(at) < HELD) && taken.left > 0 {
            taken.left = taken.left.saturating_sub(1);
            return Ok(());
        }
        if let Some((until, granted)) = taken.none_until.filter(|(until, _)| now < *until) {
            return Err(refused(
                &caller.identity,
                of,
                limits,
                granted,
                until.duration_since(now),
            ));
        }
        // Taken before it is given back: what is given back twice, since a caller went away meanwhile, would be used twice.
        let returned = std::mem::take(&mut taken.left);
        (taken.since, taken.none_until) = (None, None);
        let granted = rpc::retry(|| self.take(of, limits, returned)).await?;
        match granted {
            Granted::Requests(number) => {
                (taken.left, taken.since) = (number.saturating_sub(1), Some(now));
                Ok(())
            }
            Granted::NoneFor(pause) | Granted::NoneToday(pause) => {
                // The quota may be raised, and a day is long: it is asked again now and then.
                taken.none_until = Some((now.checked_add(pause.min(HELD)).unwrap_or(now), granted));
                Err(refused(&caller.identity, of, limits, granted, pause))
            }
        }
    }

    /// Takes requests out of a caller's budget, in a transaction of its own.
    async fn take(&self, of: Counted<'_>, limits: RequestLimits, returned: u32) -> Result<Granted, Fault> {
        let tx = self.db.begin().await?;
        let now = self.clock.now();
        let day = super::day(&rows::time_zone(&*tx, of).await?, now);
        let budget = rows::lock(&*tx, of, Budget::full(limits, now, day.0)).await?;
        let (after, granted) = budget.grant(limits, Asked { now, day, returned });
        rows::save(&*tx, of, after).await?;
        tx.commit().await?;
        Ok(granted)
    }

    fn taken(&self, of: Counted<'_>) -> Arc<Mutex<Taken>> {
        let key: Subject = (of.tenant, Arc::from(of.subject));
        self.taken.find_or(key, Arc::default)
    }
}

fn refused(identity: &Identity, of: Counted<'_>, limits: RequestLimits, granted: Granted, pause: Duration) -> Fault {
    let subject = of.subject;
    let raised = match identity {
        Identity::Key(_) => "an administrator raise its limits",
        Identity::Token(_) => {
            "the platform's operators raise those of [gateway] for all callers without limits of their own"
        }
    };
    match granted {
        Granted::NoneToday(until_tomorrow) => {
            let most = limits.per_day;
            let message =
                format!("{subject} may make {most} requests a day, and has: come again tomorrow, or have {raised}");
            let pause = pause.max(until_tomorrow);
            Fault::exhausted(ErrorReason::RequestQuotaExceeded, message, subject, pause).with("requests_per_day", most)
        }
        Granted::NoneFor(_) | Granted::Requests(_) => {
            let most = limits.per_second;
            let message = format!("{subject} may make {most} requests a second: send fewer, or have {raised}");
            Fault::exhausted(ErrorReason::RequestRateExceeded, message, subject, pause)
                .with("requests_per_second", most)
        }
    }
}
