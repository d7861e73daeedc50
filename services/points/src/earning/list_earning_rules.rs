use contracts_points::v1::{ListEarningRulesRequest, ListEarningRulesResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::rows::list_rules;
use super::wire::rule_to_wire;
use crate::api::PointsApi;

impl PointsApi {
    pub(crate) async fn list_earning_rules(
        &self,
        call: Call<ListEarningRulesRequest>,
    ) -> Result<ListEarningRulesResponse, Fault> {
        let page = Page::parse("earning rules", call.page_size, &call.page_token)?;
        let after = page.text()?.unwrap_or_default();
        let mut rows = list_rules(self.db.read(), call.tenant(), &after, page.rows_max()).await?;
        let next_page_token = page.cut(&mut rows, |row| row.rule.code.clone());
        let now = self.clock.now();
        Ok(ListEarningRulesResponse {
            earning_rules: rows.iter().map(|row| rule_to_wire(row, now)).collect(),
            next_page_token,
        })
    }
}
