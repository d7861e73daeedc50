use contracts::campaign::v1::JourneyRun;
use fault::Fault;
use kernel::{PageToken, PageTokenError, Tenant, page_size};
use store::Db;
use uuid::Uuid;

use super::RunId;
use super::rows;
use super::rows::ListOf;
use super::wire;

/// A page of runs, the newest first.
pub(crate) struct RunPage {
    pub(crate) runs: Vec<JourneyRun>,
    pub(crate) next_page_token: String,
}

impl RunPage {
    pub(crate) async fn read(
        db: &Db,
        tenant: Tenant,
        of: ListOf<'_>,
        filter: &[u8],
        asked: i32,
        page_token: &str,
    ) -> Result<Self, Fault> {
        let before = Fault::check_page_token(filter, page_token)?;
        let before = before
            .map(|cursor| Uuid::from_slice(&cursor).map_err(|_| PageTokenError::Malformed))
            .transpose()?;
        let limit = page_size(asked);

        // One more than asked for tells whether there is a next page.
        let mut rows = rows::list(
            db.read(),
            tenant,
            of,
            before.map(RunId::from_uuid),
            limit.saturating_add(1),
        )
        .await?;
        let whole = usize::try_from(limit).map_err(Fault::internal)?;
        let more = rows.len() > whole;
        rows.truncate(whole);
        let next = rows
            .last()
            .filter(|_| more)
            .map(|last| PageToken::encode(filter, last.run_id.uuid().as_bytes()));
        let parked = rows::parked(db.read(), tenant, &rows).await?;
        Ok(Self {
            runs: rows.iter().map(|row| wire::run(row, parked.get(&row.run_id))).collect(),
            next_page_token: next.unwrap_or_default(),
        })
    }
}
