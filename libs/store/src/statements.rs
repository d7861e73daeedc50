use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use fault::Trouble;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};

use crate::health::{Demand, Health};

/// A pool of connections, or a transaction, whose statements are watched: where the database is away they end soon and say
/// so, and whatever keeps it from working is told with its place.
#[derive(Debug, Clone)]
pub struct Statements<C> {
    inner: C,
    health: Arc<Health>,
    connection: Connection,
}

/// What the statements run on.
#[derive(Debug, Clone)]
enum Connection {
    /// Each takes one of a pool for itself.
    Each(Demand),
    /// All have the same, until there is trouble: SQLite undoes a transaction that meets a full disk by itself, and would do
    /// what came after it on its own, never to be undone.
    One(Box<OnceLock<Trouble>>),
}

impl Statements<DatabaseConnection> {
    pub(crate) fn of_pool(pool: DatabaseConnection, health: Arc<Health>, demand: Demand) -> Self {
        Self {
            inner: pool,
            health,
            connection: Connection::Each(demand),
        }
    }

    /// The pool itself, unwatched.
    pub(crate) fn pool(&self) -> &DatabaseConnection {
        &self.inner
    }
}

impl Statements<DatabaseTransaction> {
    pub(crate) fn of_transaction(transaction: DatabaseTransaction, health: Arc<Health>) -> Self {
        Self {
            inner: transaction,
            health,
            connection: Connection::One(Box::default()),
        }
    }

    /// Makes everything durable.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        let Self {
            inner,
            health,
            connection,
        } = self;
        connection.allow()?;
        health.during(inner.commit()).await
    }
}

impl Connection {
    /// Whether there is no reason against another statement.
    fn allow(&self) -> Result<(), DbErr> {
        match self {
            Self::Each(_) => Ok(()),
            Self::One(trouble) => trouble
                .get()
                .map_or(Ok(()), |trouble| Err(trouble.clone().into_error())),
        }
    }
}

impl<C> Statements<C> {
    async fn watched<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        match &self.connection {
            Connection::Each(demand) => {
                let _user = demand.enter();
                self.health.during(work).await
            }
            Connection::One(trouble) => {
                self.connection.allow()?;
                let outcome = self.health.during(work).await;
                if let Some(met) = outcome.as_ref().err().and_then(Trouble::of) {
                    let _ = trouble.set(met);
                }
                outcome
            }
        }
    }
}

#[async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Statements<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.watched(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.watched(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.watched(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.watched(self.inner.query_all_raw(statement)).await
    }
}
