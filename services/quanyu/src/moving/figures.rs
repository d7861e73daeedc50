//! The figures of the ledger, computed by itself over each side: they say the same where the rows say the same, by another way.

use std::collections::BTreeMap;

use contracts_points::v1::{
    GetLiabilityRequest, GetLiabilityResponse, ListAssetsRequest, ListFrozenAccountsRequest, ReconcileAccountsRequest,
};
use fault::Fault;
use kernel::Tenant;
use store::Db;

use crate::config::Config;
use crate::connections::OF_ONE_MIN;
use crate::ledger::Ledger;

/// Figures by their names.
pub(super) type Figures = BTreeMap<String, i64>;

/// How many accounts are proven by one call, and how many assets are listed.
const ACCOUNTS_MAX: i32 = 5_000;
const ASSETS_MAX: i32 = 500;

/// Those of the files.
pub(super) async fn of_files(files: &Config) -> Result<Figures, Fault> {
    let attach =
        async |name: &'static str, migrations| Db::attach(&files.database(name, OF_ONE_MIN), name, migrations).await;
    let gateway = attach(gateway::NAME, gateway::migrations()).await?;
    let points = attach(points::NAME, points::migrations()).await?;
    of(&gateway, &points).await
}

/// Those of the database, whose schemas are not let go yet.
pub(super) async fn of_database(config: &Config) -> Result<Figures, Fault> {
    let attach = async |name: &'static str| Db::attach_while_filled(&config.database(name, OF_ONE_MIN), name).await;
    let (gateway, points) = (attach(gateway::NAME).await?, attach(points::NAME).await?);
    of(&gateway, &points).await
}

async fn of(gateway: &Db, points: &Db) -> Result<Figures, Fault> {
    let ledger = Ledger::over(points)?;
    let mut figures = Figures::new();
    for tenant in gateway::tenants(gateway).await? {
        let mut put = |what: &str, figure: i64| {
            figures.insert(format!("{tenant}: {what}"), figure);
        };
        let (proven, wrong) = proven(&ledger, tenant).await?;
        put("accounts", proven);
        put("accounts that disagree", wrong);
        put("accounts frozen", frozen(&ledger, tenant).await?);
        for asset in assets(&ledger, tenant).await? {
            for (what, figure) in liability(&ledger, tenant, &asset).await? {
                put(&format!("{asset} {what}"), figure);
            }
        }
    }
    gateway.close().await?;
    points.close().await?;
    Ok(figures)
}

/// How many accounts were proven from their entries, and how many of them disagree.
async fn proven(ledger: &Ledger, tenant: Tenant) -> Result<(i64, i64), Fault> {
    let (mut client, mut checked, mut wrong) = (ledger.of(tenant)?, 0_i64, 0_i64);
    let mut request = ReconcileAccountsRequest {
        page_size: ACCOUNTS_MAX,
        page_token: String::new(),
    };
    loop {
        let page = client
            .reconcile_accounts(request.clone())
            .await
            .map_err(Fault::from_peer)?;
        let page = page.into_inner();
        checked = checked.saturating_add(i64::from(page.checked_count));
        wrong = wrong.saturating_add(i64::try_from(page.disagreements.len()).map_err(Fault::internal)?);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok((checked, wrong));
        }
    }
}

async fn frozen(ledger: &Ledger, tenant: Tenant) -> Result<i64, Fault> {
    let (mut client, mut count) = (ledger.of(tenant)?, 0_i64);
    let mut request = ListFrozenAccountsRequest::default();
    loop {
        let page = client
            .list_frozen_accounts(request.clone())
            .await
            .map_err(Fault::from_peer)?;
        let page = page.into_inner();
        count = count.saturating_add(i64::try_from(page.frozen_accounts.len()).map_err(Fault::internal)?);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(count);
        }
    }
}

async fn assets(ledger: &Ledger, tenant: Tenant) -> Result<Vec<String>, Fault> {
    let (mut client, mut codes) = (ledger.assets_of(tenant)?, Vec::new());
    let mut request = ListAssetsRequest {
        page_size: ASSETS_MAX,
        page_token: String::new(),
    };
    loop {
        let page = client
            .list_assets(request.clone())
            .await
            .map_err(Fault::from_peer)?
            .into_inner();
        codes.extend(page.assets.into_iter().map(|asset| asset.code));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(codes);
        }
    }
}

async fn liability(ledger: &Ledger, tenant: Tenant, asset: &str) -> Result<[(&'static str, i64); 9], Fault> {
    let request = GetLiabilityRequest {
        asset_code: asset.to_owned(),
    };
    let answer = ledger
        .of(tenant)?
        .get_liability(request)
        .await
        .map_err(Fault::from_peer)?;
    let GetLiabilityResponse {
        issued,
        redeemed,
        returned,
        taken_back,
        expired,
        outstanding,
        entry_count,
        debt,
        adjusted,
    } = answer.into_inner();
    Ok([
        ("issued", issued),
        ("redeemed", redeemed),
        ("returned", returned),
        ("taken back", taken_back),
        ("expired", expired),
        ("outstanding", outstanding),
        ("entries", entry_count),
        ("debt", debt),
        ("adjusted", adjusted),
    ])
}
