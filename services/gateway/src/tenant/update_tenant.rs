use ::store::Begun;
use contracts::gateway::v1::{UpdateTenantRequest, UpdateTenantResponse};
use fault::{Fault, Violations};
use rpc::Call;

use super::rows;
use super::rows::TenantRow;
use super::time_zone::TimeZone;
use crate::api::GatewayApi;
use crate::wire;

impl GatewayApi {
    pub(crate) async fn update_tenant(&self, call: Call<UpdateTenantRequest>) -> Result<UpdateTenantResponse, Fault> {
        let change = Change::parse(&call)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let row = rows::lock(&**tx, call.tenant()).await?;
        let row = row.ok_or_else(|| Fault::not_found("tenant", call.tenant()))?;
        wire::check_etag(&call.etag, &wire::etag(&row))?;
        let row = change.apply(row);
        rows::update(&**tx, &row).await?;
        tx.commit(UpdateTenantResponse {
            tenant: Some(wire::tenant(&row)),
        })
        .await
    }
}

/// The fields that the mask names, with their new values.
#[derive(Default)]
struct Change {
    display_name: Option<String>,
    time_zone: Option<TimeZone>,
}

impl Change {
    fn parse(request: &UpdateTenantRequest) -> Result<Self, Fault> {
        let paths = request.update_mask.as_ref().map_or(&[][..], |mask| &mask.paths);
        let (mut change, mut violations) = (Self::default(), Violations::new());
        violations.check(!paths.is_empty(), "update_mask", "must name at least one field");
        for path in paths {
            match &**path {
                "display_name" => {
                    violations.check(!request.display_name.is_empty(), "display_name", "must not be empty");
                    change.display_name = Some(request.display_name.clone());
                }
                "time_zone" => match request.time_zone.parse::<TimeZone>() {
                    Ok(zone) => change.time_zone = Some(zone),
                    Err(unknown) => violations.add("time_zone", unknown.to_string()),
                },
                other => violations.add(
                    "update_mask",
                    format!("names {other}, but only display_name and time_zone of a tenant may change"),
                ),
            }
        }
        violations.finish()?;
        Ok(change)
    }

    fn apply(self, row: TenantRow) -> TenantRow {
        TenantRow {
            display_name: self.display_name.unwrap_or(row.display_name),
            time_zone: self.time_zone.unwrap_or(row.time_zone),
            version: row.version.saturating_add(1),
            ..row
        }
    }
}
