//! What the methods of points need. Each room implements the services of the contract beside their methods.

use fault::Fault;
use kernel::{Clock, Tenant};
use ledger::{CompiledRule, EarningRule, MemberId, RuleMistake, RuleState, environment};
use rules::Environment;
use runtime::Batcher;
use store::Db;

use crate::account::reading::Reading;
use crate::posting::engine::Engine;

/// All services of the package.
#[derive(Clone)]
pub(crate) struct PointsApi {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) engine: Engine,
    pub(crate) reading: Batcher<Reading>,
    environment: Environment,
}

/// What counts as expiring soon where the caller does not say.
const EXPIRING_WITHIN_DAYS: i32 = 30;

impl PointsApi {
    pub(crate) fn new(clock: Clock, db: Db) -> Self {
        Self {
            engine: Engine::start(clock.clone(), db.clone()),
            reading: Reading::start(clock.clone(), db.clone()),
            clock,
            db,
            environment: environment(),
        }
    }

    /// A member, or whom the member was merged into, as far as it is known outside of a transaction.
    pub(crate) async fn read_member(&self, tenant: Tenant, member: MemberId) -> Result<MemberId, Fault> {
        lineage::follow(self.db.read(), tenant, member).await
    }

    /// A rule with its expressions read, or the refusal of the request with every mistake in them.
    pub(crate) fn compile(&self, rule: EarningRule) -> Result<CompiledRule, Fault> {
        CompiledRule::compile(&self.environment, rule).map_err(|mistakes| {
            let violation = |it: RuleMistake| fault::Violation {
                path: format!("earning_rule.{}", it.field),
                message: it.error.to_string(),
            };
            Fault::invalid_fields(mistakes.into_iter().map(violation).collect())
        })
    }

    /// Checks a rule that is about to be saved: its expressions, and that it says in which currency the amounts are that it
    /// reads. That is not asked of a rule that is archived, which reads none any more; nor of the rules that were saved
    /// before it was asked, which go on as they are until they are saved again.
    pub(crate) fn check_rule(&self, rule: &EarningRule) -> Result<(), Fault> {
        let compiled = self.compile(rule.clone())?;
        if rule.state != RuleState::Archived && compiled.mixes_currencies() {
            return Err(Fault::invalid(
                "earning_rule.currency_code",
                "the rule reads amounts: name the currency they are in, such as CNY, or test activity.currency_code in the \
                 condition",
            ));
        }
        Ok(())
    }
}

pub(crate) fn expiring_within_days(asked: i32) -> i64 {
    i64::from(if asked == 0 { EXPIRING_WITHIN_DAYS } else { asked })
}
