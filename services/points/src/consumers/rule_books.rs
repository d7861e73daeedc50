use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use kernel::Tenant;
use rules::Environment;
use store::Tx;

use crate::domain::{CompiledRule, RuleBook, environment};
use crate::store::{active_rules, active_versions};

/// How many tenants' rules are kept read; beyond that all are read anew.
const TENANTS_MAX: usize = 10_000;

/// The rules in force, read and checked once for as long as they do not change. Whether they have changed is asked of the
/// database for each batch of facts, so that a change holds at once, for every replica.
pub(super) struct RuleBooks {
    environment: Environment,
    kept: Mutex<HashMap<Tenant, Kept>>,
}

#[derive(Clone)]
struct Kept {
    versions: Vec<(String, i32)>,
    book: Arc<RuleBook>,
}

impl RuleBooks {
    pub(super) fn new() -> Self {
        Self {
            environment: environment(),
            kept: Mutex::default(),
        }
    }

    /// The rule books of these tenants as they are in this transaction.
    pub(super) async fn of(
        &self,
        tx: &Tx,
        tenants: &BTreeSet<Tenant>,
    ) -> Result<HashMap<Tenant, Arc<RuleBook>>, Fault> {
        let mut versions: HashMap<Tenant, Vec<(String, i32)>> = HashMap::new();
        for (tenant, code, version) in active_versions(&**tx, tenants).await? {
            versions.entry(tenant).or_default().push((code, version));
        }
        let mut books = HashMap::new();
        for (tenant, versions) in versions {
            let book = match self.kept(tenant, &versions) {
                Some(book) => book,
                None => self.read(tx, tenant, versions).await?,
            };
            books.insert(tenant, book);
        }
        Ok(books)
    }

    fn kept(&self, tenant: Tenant, versions: &[(String, i32)]) -> Option<Arc<RuleBook>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&tenant)
            .filter(|kept| kept.versions == versions)
            .map(|kept| kept.book.clone())
    }

    async fn read(&self, tx: &Tx, tenant: Tenant, versions: Vec<(String, i32)>) -> Result<Arc<RuleBook>, Fault> {
        let rules = active_rules(&**tx, tenant).await?;
        let book = Arc::new(RuleBook::new(
            rules
                .into_iter()
                .filter_map(|rule| self.compile(tenant, rule))
                .collect(),
        ));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= TENANTS_MAX {
            kept.clear();
        }
        kept.insert(
            tenant,
            Kept {
                versions,
                book: book.clone(),
            },
        );
        Ok(book)
    }

    /// Rules are checked before they are saved; one that is not understood any more must not hold up the others.
    fn compile(&self, tenant: Tenant, rule: crate::domain::EarningRule) -> Option<CompiledRule> {
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
