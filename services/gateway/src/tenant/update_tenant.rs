use contracts_gateway::v1::{UpdateTenantRequest, UpdateTenantResponse};
use fault::{Fault, Violations};
use rpc::Call;

use super::rows;
use super::rows::TenantRow;
use super::time_zone::TimeZone;
use super::wire;
use crate::api::GatewayApi;

/// What may change of a tenant.
#[derive(Clone, Copy)]
enum Field {
    DisplayName,
    TimeZone,
}

const FIELDS: [(&str, Field); 2] = [("display_name", Field::DisplayName), ("time_zone", Field::TimeZone)];

impl GatewayApi {
    pub(crate) async fn update_tenant(&self, call: Call<UpdateTenantRequest>) -> Result<UpdateTenantResponse, Fault> {
        let change = Change::parse(&call)?;
        let tx = store::begin_or_replay!(self.db, call);
        let row = rows::lock(&**tx, call.tenant()).await?;
        let row = row.ok_or_else(|| Fault::not_found("tenant", call.tenant()))?;
        Fault::check_etag(&call.etag, row.version)?;
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
        let (mut change, mut violations) = (Self::default(), Violations::new());
        for field in violations.mask(request.update_mask.as_ref(), &FIELDS) {
            match field {
                Field::DisplayName => {
                    violations.check(!request.display_name.is_empty(), "display_name", "must not be empty");
                    change.display_name = Some(request.display_name.clone());
                }
                Field::TimeZone => change.time_zone = violations.parse("time_zone", request.time_zone.parse()),
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
