use contracts::points::v1::{ListEarningRuleVersionsRequest, ListEarningRuleVersionsResponse};
use fault::Fault;
use rpc::Call;

use crate::api::PointsApi;
use crate::earning::draft::wire::version_to_wire;
use crate::earning::rows::versions::list_versions;
use crate::pages::{Page, parse_cursor};

impl PointsApi {
    pub(crate) async fn list_earning_rule_versions(
        &self,
        call: Call<ListEarningRuleVersionsRequest>,
    ) -> Result<ListEarningRuleVersionsResponse, Fault> {
        let filter = format!("earning rule versions {}", call.code);
        let page = Page::parse(&filter, call.page_size, &call.page_token)?;
        let before = match page.cursor.as_deref() {
            None => i32::MAX,
            cursor => parse_cursor(cursor)?,
        };
        let mut rows = list_versions(self.db.read(), call.tenant(), &call.code, before, page.limit()).await?;
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
