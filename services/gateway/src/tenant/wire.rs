use contracts_gateway::v1 as proto;
use fault::Fault;

use super::rows::TenantRow;
use super::time_zone::{TimeZone, UnknownTimeZone};

pub(crate) fn tenant(row: &TenantRow) -> proto::Tenant {
    proto::Tenant {
        tenant_id: row.tenant.to_string(),
        code: row.code.clone(),
        display_name: row.display_name.clone(),
        create_time: Some(row.create_time.to_wire()),
        time_zone: row.time_zone.to_string(),
        etag: row.version.to_string(),
    }
}

pub(crate) fn parse_time_zone(name: &str) -> Result<TimeZone, Fault> {
    name.parse()
        .map_err(|unknown: UnknownTimeZone| Fault::invalid("time_zone", unknown.to_string()))
}
