use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

use super::{Form, OutboxRow, Stretch};
use crate::{Db, statement};

/// How many positions are looked at for each fact that may be answered with.
const POSITIONS_PER_FACT: i64 = 8;

/// One row at least, and that of nothing but the first three columns where nothing is wanted.
const LOOKED: &str = "SELECT looked.positions, looked.last, looked.own, f.position, f.fact_id, f.tenant_id, f.kind, f.subject, f.payload, \
     f.occur_time, f.traceparent FROM (SELECT COUNT(*) FILTER (WHERE position > $1) AS positions, COALESCE(MAX(position), $1) AS last, \
     COUNT(*) FILTER (WHERE position = $1) AS own";

impl Form {
    /// The facts in positions from $1 to $2, at most $3 of them, of those that a further condition on `kind` lets through.
    fn select(self, of_kinds: &str) -> String {
        match self {
            Self::Within => format!(
                "{LOOKED} FROM outbox WHERE position >= $1 AND position <= $2) AS looked \
                 LEFT JOIN outbox AS f ON f.position > $1 AND f.position <= $2{of_kinds} ORDER BY f.position LIMIT $3"
            ),
            // Only what is wanted is looked up, each by its id.
            Self::Beside => format!(
                "{LOOKED} FROM fact_position WHERE position >= $1 AND position <= $2) AS looked \
                 LEFT JOIN (SELECT p.position, o.* FROM (SELECT position, fact_id FROM fact_position \
                     WHERE position > $1 AND position <= $2{of_kinds} ORDER BY position LIMIT $3) AS p \
                     LEFT JOIN LATERAL (SELECT * FROM outbox WHERE fact_id = p.fact_id OFFSET 0) AS o ON TRUE) AS f \
                 ON TRUE ORDER BY f.position"
            ),
        }
    }

    fn last(self) -> &'static str {
        match self {
            Self::Within => "SELECT COALESCE(MAX(position), 0) FROM outbox",
            Self::Beside => "SELECT COALESCE(MAX(position), 0) FROM fact_position",
        }
    }
}

impl Db {
    /// The facts of some kinds, or of all, after a position, in order. Looks past as many others at a time as are read
    /// quickly. Fails where a position is missing: then facts were lost, and nothing must be applied past them; and where
    /// the reader is further than was ever told.
    pub async fn facts_after(&self, position: i64, kinds: Option<&[String]>, facts_max: u32) -> Result<Stretch, Fault> {
        let form = self.form().await?;
        let facts = self.stretch(form, position, kinds, facts_max).await;
        if self.were_moved(form, &facts).await? {
            return self.stretch(Form::Beside, position, kinds, facts_max).await;
        }
        facts
    }

    /// Fails where a reader has come further than was ever told: it or the service was brought back to another moment.
    async fn told_up_to(&self, form: Form, position: i64) -> Result<(), Fault> {
        let last = self.last(form).await?;
        if position <= last {
            return Ok(());
        }
        let told = format!(
            "facts up to {position} were read, and those in {} end with {last}: it was brought back to an earlier moment than \
             the database of who reads them",
            self.health().place().name()
        );
        Err(Fault::invalid("after_position", told))
    }

    /// The last position that was given.
    pub async fn last_position(&self) -> Result<i64, Fault> {
        let form = self.form().await?;
        let last = self.last(form).await;
        if self.were_moved(form, &last).await? {
            return self.last(Form::Beside).await;
        }
        last
    }

    async fn last(&self, form: Form) -> Result<i64, Fault> {
        let row = self
            .read()
            .query_one_raw(statement(self.read(), form.last(), []))
            .await?;
        let row = row.ok_or_else(|| Fault::internal("an aggregate answered without a row"))?;
        Ok(row.try_get_by_index(0)?)
    }

    async fn stretch(
        &self,
        form: Form,
        position: i64,
        kinds: Option<&[String]>,
        facts_max: u32,
    ) -> Result<Stretch, Fault> {
        let until = position.saturating_add(i64::from(facts_max.max(1)).saturating_mul(POSITIONS_PER_FACT));
        let mut parameters: Vec<Value> = vec![position.into(), until.into(), i64::from(facts_max).into()];
        let of_kinds = kinds.map_or_else(String::new, |kinds| {
            let first = parameters.len().saturating_add(1);
            let numbers: Vec<String> = (first..).map(|number| format!("${number}")).take(kinds.len()).collect();
            parameters.extend(kinds.iter().map(Value::from));
            format!(" AND kind IN ({})", numbers.join(", "))
        });
        let conn = self.read();
        let rows = conn
            .query_all_raw(statement(conn, &form.select(&of_kinds), parameters))
            .await?;
        let Some(first) = rows.first() else {
            return Err(Fault::internal("an aggregate answered without a row"));
        };
        let (positions, last): (i64, i64) = (first.try_get_by_index(0)?, first.try_get_by_index(1)?);
        let own: i64 = first.try_get_by_index(2)?;
        if position > 0 && positions == 0 && own == 0 {
            self.told_up_to(form, position).await?;
        }
        if last.saturating_sub(position) != positions {
            return Err(Fault::internal(format!(
                "facts are missing: of the positions from {position} to {last} there are {positions}"
            )));
        }
        let mut facts = Vec::with_capacity(rows.len());
        for row in &rows {
            facts.extend(fact(row)?);
        }
        let is_full = facts.len() >= usize::try_from(facts_max).map_err(Fault::internal)?;
        Ok(Stretch {
            last_position: facts.last().filter(|_| is_full).map_or(last, |fact| fact.position),
            has_more: is_full || last == until,
            facts,
        })
    }
}

/// None in the row of a stretch in which nothing is wanted.
fn fact(row: &QueryResult) -> Result<Option<OutboxRow>, Fault> {
    let Some(position) = row.try_get_by_index(3)? else {
        return Ok(None);
    };
    let Some(fact_id) = row.try_get_by_index::<Option<Uuid>>(4)? else {
        return Err(Fault::internal(format!(
            "facts are missing: there is none at the position {position}"
        )));
    };
    Ok(Some(OutboxRow {
        position,
        fact_id,
        tenant: Tenant::from_uuid(row.try_get_by_index(5)?),
        kind: row.try_get_by_index(6)?,
        subject: row.try_get_by_index(7)?,
        payload: row.try_get_by_index(8)?,
        occur_time: Time::from_micros(row.try_get_by_index(9)?),
        traceparent: row.try_get_by_index(10)?,
    }))
}
