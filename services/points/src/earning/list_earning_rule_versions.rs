use contracts_points::v1::{ListEarningRuleVersionsRequest, ListEarningRuleVersionsResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use crate::api::PointsApi;
use crate::earning::draft::wire::version_to_wire;
use crate::earning::rows::versions::list_versions;
use crate::wire::parse_cursor;

impl PointsApi {
    pub(crate) async fn list_earning_rule_versions(
        &self,
        call: Call<ListEarningRuleVersionsRequest>,
    ) -> Result<ListEarningRuleVersionsResponse, Fault> {
        let filter = format!("earning rule versions {}", call.code);
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let before = match page.text()? {
            None => i32::MAX,
            Some(cursor) => parse_cursor(Some(&cursor))?,
        };
        let mut rows = list_versions(self.db.read(), call.tenant(), &call.code, before, page.rows_max()).await?;
        if rows.is_empty() {
            return Err(Fault::not_found("earning rule", &call.code));
        }
        let next_page_token = page.cut(&mut rows, |version| version.row.rule.version.to_string());
        let now = self.clock.now();
        Ok(ListEarningRuleVersionsResponse {
            versions: rows.iter().map(|version| version_to_wire(version, now)).collect(),
            next_page_token,
        })
    }
}
