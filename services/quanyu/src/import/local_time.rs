//! By whose clock the times of a file are read that name no zone.

use std::fmt;

use contracts_gateway::v1::GetTenantRequest;
use fault::Fault;

use super::moment::Zone;
use crate::api::{Api, patiently};

/// Where the clocks go by which times are read, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// The zone's IANA name.
    pub zone: String,
    /// Who says so.
    pub origin: ZoneOrigin,
}

/// Who says in which zone a file was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneOrigin {
    /// The person who imports it.
    Named,
    /// The tenant whose file it is.
    Tenant,
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match self.origin {
            ZoneOrigin::Named => "as --time-zone or QUANYU_TIME_ZONE says",
            ZoneOrigin::Tenant => "the tenant's time zone; --time-zone names another one",
        };
        write!(f, "times without a zone are of {}, {origin}", self.zone)
    }
}

/// The zone that was named, or else the tenant's own.
pub(super) async fn choose(named: Option<Zone>, api: &Api) -> Result<(Zone, LocalTime), Fault> {
    let (zone, origin) = match named {
        Some(zone) => (zone, ZoneOrigin::Named),
        None => (of_tenant(api).await?, ZoneOrigin::Tenant),
    };
    let told = LocalTime {
        zone: zone.name().to_owned(),
        origin,
    };
    Ok((zone, told))
}

async fn of_tenant(api: &Api) -> Result<Zone, Fault> {
    let answer = patiently(async || api.tenants().get_tenant(GetTenantRequest {}).await).await?;
    match answer.tenant {
        Some(tenant) if !tenant.time_zone.is_empty() => Zone::named(&tenant.time_zone),
        // A platform of an older release.
        Some(_) | None => Err(Fault::invalid(
            "time_zone",
            "the platform does not tell its tenant's time zone: name the file's with --time-zone",
        )),
    }
}
