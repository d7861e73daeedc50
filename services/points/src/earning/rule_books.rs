use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{CompiledRule, RuleBook, environment};
use rules::Environment;
use store::Tx;

use super::rows::{next_effect, rule_revisions, rules_at};

/// How many tenants' rules are kept read; beyond that all are read anew.
const TENANTS_MAX: usize = 10_000;

/// The rules in force, read and checked once for as long as they do not change. Whether they have changed is asked of the
/// database for each batch of facts, by one row of each tenant however many rules it has, so that a change holds from the
/// next batch on, for every replica. A version that waits for its time is read when that has come.
pub(crate) struct RuleBooks {
    environment: Environment,
    kept: Mutex<HashMap<Tenant, Kept>>,
}

#[derive(Clone)]
struct Kept {
    revision: i64,
    /// From when until before when these are the rules in force, if nobody changes them.
    from: Time,
    until: Time,
    book: Arc<RuleBook>,
}

impl RuleBooks {
    pub(crate) fn new() -> Self {
        Self {
            environment: environment(),
            kept: Mutex::default(),
        }
    }

    /// The rule books of these tenants as they are in this transaction, at this time.
    pub(crate) async fn of(
        &self,
        tx: &Tx,
        tenants: &BTreeSet<Tenant>,
        now: Time,
    ) -> Result<HashMap<Tenant, Arc<RuleBook>>, Fault> {
        let mut books = HashMap::new();
        for (tenant, revision) in rule_revisions(&**tx, tenants).await? {
            let book = match self.kept(tenant, revision, now) {
                Some(book) => book,
                None => self.read(tx, tenant, revision, now).await?,
            };
            books.insert(tenant, book);
        }
        Ok(books)
    }

    fn kept(&self, tenant: Tenant, revision: i64, now: Time) -> Option<Arc<RuleBook>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&tenant)
            .filter(|kept| kept.revision == revision && kept.from <= now && now < kept.until)
            .map(|kept| kept.book.clone())
    }

    /// Reads rules that are at least as new as the revision, which was read before them: if they are newer, the next batch
    /// reads them once more.
    async fn read(&self, tx: &Tx, tenant: Tenant, revision: i64, now: Time) -> Result<Arc<RuleBook>, Fault> {
        let rules = rules_at(&**tx, tenant, now).await?;
        let until = next_effect(&**tx, tenant, now).await?;
        let compiled = rules.into_iter().filter_map(|rule| self.compile(tenant, rule));
        let book = Arc::new(RuleBook::new(compiled.collect()));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= TENANTS_MAX {
            kept.clear();
        }
        kept.insert(
            tenant,
            Kept {
                revision,
                from: now,
                until,
                book: book.clone(),
            },
        );
        Ok(book)
    }

    /// Rules are checked before they are saved; one that is not understood any more must not hold up the others.
    fn compile(&self, tenant: Tenant, rule: ledger::EarningRule) -> Option<CompiledRule> {
        let code = rule.code.clone();
        match CompiledRule::compile(&self.environment, rule) {
            Ok(compiled) => Some(compiled),
            Err(mistakes) => {
                tracing::error!(%tenant, rule = code, ?mistakes, "an earning rule is not understood and was left out");
                None
            }
        }
    }
}
