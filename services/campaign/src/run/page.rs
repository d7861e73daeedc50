use contracts_campaign::v1::JourneyRun;
use fault::Fault;
use kernel::{Page, Tenant};
use store::Db;

use super::rows;
use super::rows::ListOf;
use super::wire;

/// A page of runs, the newest first.
pub(crate) struct RunPage {
    pub(crate) runs: Vec<JourneyRun>,
    pub(crate) next_page_token: String,
}

impl RunPage {
    pub(crate) async fn read(db: &Db, tenant: Tenant, of: ListOf<'_>, page: &Page) -> Result<Self, Fault> {
        let mut rows = rows::list(db.read(), tenant, of, page.id()?, page.rows_max()).await?;
        let next_page_token = page.cut(&mut rows, |last| last.run_id.uuid().into_bytes());
        let parked = rows::parked(db.read(), tenant, &rows).await?;
        Ok(Self {
            runs: rows.iter().map(|row| wire::run(row, parked.get(&row.run_id))).collect(),
            next_page_token,
        })
    }
}
