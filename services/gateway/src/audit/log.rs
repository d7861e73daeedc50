use fault::Fault;
use kernel::{Clock, Tenant};
use sea_orm::ConnectionTrait;
use store::Db;

use super::link::{Event, Link};
use super::rows;
use super::rows::Written;

/// The way into the audit log.
#[derive(Clone)]
pub(crate) struct AuditLog {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
}

impl AuditLog {
    /// Writes a link in a transaction of its own, and answers its place in the tenant's chain.
    pub(crate) async fn write(&self, tenant: Tenant, event: Event, resources: String) -> Result<i64, Fault> {
        rpc::retry(|| async {
            let tx = self.db.begin().await?;
            let sequence = append(&*tx, &self.clock, tenant, event.clone(), resources.clone()).await?;
            tx.commit().await?;
            Ok(sequence)
        })
        .await
    }
}

/// Writes a link in a transaction that is under way, and answers its place in the tenant's chain.
pub(crate) async fn append(
    conn: &impl ConnectionTrait,
    clock: &Clock,
    tenant: Tenant,
    event: Event,
    resources: String,
) -> Result<i64, Fault> {
    let head = rows::lock_head(conn, tenant).await?;
    let link = Link {
        sequence: head.sequence.saturating_add(1),
        create_time: clock.now(),
        event,
        resources,
    };
    let hash = link.hash(tenant, &head.hash);
    let sequence = link.sequence;
    rows::append(conn, tenant, &Written { link, hash }).await?;
    Ok(sequence)
}
