use std::collections::{BTreeSet, HashMap};
use std::marker::PhantomData;
use std::ops::Deref;

use fault::{Common, Fault};
use kernel::RequestKey;
use prost::Message;
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use crate::{Column, Tx, insert_rows, look_up, statement, values};

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

/// Begins the request of a method that takes effect once: `store::begin_or_replay!(self.db, call)` is its transaction, an
/// [`OnceTx`]. Where the request took effect before, the method returns that answer here.
///
/// `call` is a call whose request has a `request_id`. What the method refuses before this line, it refuses its copies, too,
/// even if the first one took effect: so nothing that depends on the time or the state is checked before it.
///
/// A function cannot return for its caller, and a closure that takes the transaction does not compile in a handler.
#[macro_export]
macro_rules! begin_or_replay {
    ($db:expr, $call:expr) => {
        match $db.begin_once(&$call.key(&$call.request_id)).await? {
            $crate::Begun::Replay(answer) => return Ok(answer),
            $crate::Begun::Fresh(tx) => tx,
        }
    };
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

/// What makes two requests copies of each other, the content aside.
type Name = (Uuid, String, String);

/// The answers to many requests that take effect in one transaction, each of them once: those that were given before, and
/// those that are given now.
///
/// It shares the table with [`crate::Db::begin_once`], and claims nothing beforehand: a caller locks first what its
/// requests change, and reads the answers then. A copy that runs at the same time waits for these locks, and finds the
/// answer; one that has other locks because its content is another one loses the race for the request's row, at
/// [`Answers::remember`], and is run again.
#[derive(Debug)]
pub struct Answers {
    given: HashMap<Name, Given>,
    /// Of this transaction, in one order for all who write them, so that no two wait for each other.
    new: BTreeSet<Name>,
}

#[derive(Debug)]
struct Given {
    digest: Vec<u8>,
    answer: Vec<u8>,
}

impl Answers {
    /// Those that were given to these requests before.
    pub async fn to<'k>(tx: &Tx, keys: impl Iterator<Item = &'k RequestKey>) -> Result<Self, Fault> {
        Self::found(&**tx, keys).await
    }

    pub(crate) async fn found<'k>(
        conn: &impl ConnectionTrait,
        keys: impl Iterator<Item = &'k RequestKey>,
    ) -> Result<Self, Fault> {
        let mut given = HashMap::new();
        let names: BTreeSet<Name> = keys.map(name).collect();
        if !names.is_empty() {
            let rows = names.into_iter().map(name_values).map(Vec::from).collect();
            let backend = conn.get_database_backend();
            let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Text, Column::Text], rows);
            let found = look_up(backend, &list, "request", MATCHES);
            let sql = format!("SELECT t.tenant_id, t.method, t.request_id, t.digest, t.answer FROM {found}");
            for row in conn.query_all_raw(statement(conn, &sql, parameters)).await? {
                let name = (
                    row.try_get_by_index(0)?,
                    row.try_get_by_index(1)?,
                    row.try_get_by_index(2)?,
                );
                let (digest, answer) = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
                given.insert(name, Given { digest, answer });
            }
        }
        Ok(Self {
            given,
            new: BTreeSet::new(),
        })
    }

    /// The answer to a request, if it has one. Refuses where that was to another content.
    pub fn get(&self, key: &RequestKey) -> Result<Option<&[u8]>, Fault> {
        match self.given.get(&name(key)) {
            None => Ok(None),
            Some(given) if given.digest == key.digest => Ok(Some(&given.answer)),
            Some(_) => Err(reused(key)),
        }
    }

    /// The same, as the message that it is.
    pub fn message<A: Message + Default>(&self, key: &RequestKey) -> Result<Option<A>, Fault> {
        let answer = self.get(key)?.map(A::decode);
        answer.transpose().map_err(Fault::internal)
    }

    /// Answers a request that takes effect in this transaction.
    pub fn give(&mut self, key: &RequestKey, answer: Vec<u8>) {
        let digest = key.digest.to_vec();
        let before = self.given.insert(name(key), Given { digest, answer });
        assert!(before.is_none(), "the request {} was answered before", key.request_id);
        self.new.insert(name(key));
    }

    /// Records the answers that were given now. The last statement before the commit: what it says holds with it.
    pub async fn remember(self, tx: &Tx) -> Result<(), Fault> {
        const INSERT: &str = "INSERT INTO request (tenant_id, method, request_id, digest, answer)";
        let Self { mut given, new } = self;
        let rows = new.into_iter().filter_map(|name| {
            let Given { digest, answer } = given.remove(&name)?;
            let [tenant, method, request_id] = name_values(name);
            Some(vec![tenant, method, request_id, digest.into(), answer.into()])
        });
        insert_rows(&**tx, INSERT, rows.collect(), "").await?;
        Ok(())
    }
}

const MATCHES: &str = "t.tenant_id = k.column1 AND t.method = k.column2 AND t.request_id = k.column3";

fn name(key: &RequestKey) -> Name {
    (key.tenant.uuid(), key.method.to_owned(), key.request_id.clone())
}

fn name_values((tenant, method, request_id): Name) -> [Value; 3] {
    [tenant.into(), method.into(), request_id.into()]
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
