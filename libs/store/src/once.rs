use std::marker::PhantomData;
use std::ops::Deref;

use fault::{Common, Fault};
use kernel::RequestKey;
use prost::Message;
use sea_orm::ConnectionTrait;

use crate::{Tx, statement};

/// A request that takes effect once.
#[derive(Debug)]
pub enum Begun<A> {
    /// It took effect before; this was the answer.
    Replay(A),
    /// It has not yet.
    Fresh(OnceTx<A>),
}

/// A transaction that can only be committed together with the answer to its request.
#[derive(Debug)]
pub struct OnceTx<A> {
    tx: Tx,
    key: RequestKey,
    answer: PhantomData<fn(A)>,
}

const FIND: &str = "SELECT digest, answer FROM request WHERE tenant_id = $1 AND method = $2 AND request_id = $3";
const CLAIM: &str = "INSERT INTO request (tenant_id, method, request_id, digest, answer) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT DO NOTHING";
const REMEMBER: &str = "UPDATE request SET answer = $4 WHERE tenant_id = $1 AND method = $2 AND request_id = $3";

/// Claims the request before anything else is locked: a copy that runs at the same time waits here for the outcome of the
/// first, instead of meeting the first one's effects and refusing because of them.
pub(crate) async fn begin<A: Message + Default>(tx: Tx, key: &RequestKey) -> Result<Begun<A>, Fault> {
    let claim = [
        key.tenant.uuid().into(),
        key.method.into(),
        key.request_id.clone().into(),
        key.digest.to_vec().into(),
        Vec::<u8>::new().into(),
    ];
    if tx.execute_raw(statement(&*tx, CLAIM, claim)).await?.rows_affected() == 0 {
        // Committed, or it would have been waited for; gone again, if it has been rolled back since: run again.
        return answered(&*tx, key).await?.map(Begun::Replay).ok_or(Fault::Contended);
    }
    Ok(Begun::Fresh(OnceTx {
        tx,
        key: key.clone(),
        answer: PhantomData,
    }))
}

pub(crate) async fn answered<A: Message + Default>(
    conn: &impl ConnectionTrait,
    key: &RequestKey,
) -> Result<Option<A>, Fault> {
    let find = [
        key.tenant.uuid().into(),
        key.method.into(),
        key.request_id.clone().into(),
    ];
    let Some(row) = conn.query_one_raw(statement(conn, FIND, find)).await? else {
        return Ok(None);
    };
    let digest: Vec<u8> = row.try_get_by_index(0)?;
    if digest != key.digest {
        return Err(reused(key));
    }
    let answer: Vec<u8> = row.try_get_by_index(1)?;
    A::decode(&*answer).map(Some).map_err(Fault::internal)
}

fn reused(key: &RequestKey) -> Fault {
    let message = format!(
        "the request id {} was used before for a request with another content: use a new id for a new request",
        key.request_id
    );
    Fault::refused(Common::RequestIdReused, message)
        .with("request_id", &key.request_id)
        .with("method", key.method)
}

impl<A: Message> OnceTx<A> {
    /// Records the answer and commits it together with the effects that earned it.
    pub async fn commit(self, answer: A) -> Result<A, Fault> {
        let Self { tx, key, .. } = self;
        let remember = [
            key.tenant.uuid().into(),
            key.method.into(),
            key.request_id.into(),
            answer.encode_to_vec().into(),
        ];
        tx.execute_raw(statement(&*tx, REMEMBER, remember)).await?;
        tx.commit().await?;
        Ok(answer)
    }
}

impl<A> Deref for OnceTx<A> {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.tx
    }
}
