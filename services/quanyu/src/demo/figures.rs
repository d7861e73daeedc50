//! The figures of the report, read through the public API: what the platform says of itself.

use std::collections::BTreeMap;

use contracts_campaign::v1::{GetJourneyStatisticsRequest, GetJourneyStatisticsResponse};
use contracts_identity::v1::{IdentityKind, ListMembersRequest, Member};
use contracts_points::v1::{Disagreement, GetLiabilityRequest, GetLiabilityResponse, ReconcileAccountsRequest};
use contracts_rights::v1::{GetRightsSummaryRequest, GetRightsSummaryResponse};
use contracts_tagging::v1::{GetSummaryRequest, GetSummaryResponse};
use fault::Fault;

use super::brand::{GROWTH, JOURNEY, POINTS};
use crate::api::{Api, patiently};

/// As many as a call gives.
const MEMBERS_MAX: i32 = 500;
const ACCOUNTS_MAX: i32 = 5_000;
const TAGS_MAX: i32 = 15;

/// What the platform says.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) members: Members,
    pub(super) insight: GetSummaryResponse,
    pub(super) points: GetLiabilityResponse,
    pub(super) growth: GetLiabilityResponse,
    pub(super) rights: GetRightsSummaryResponse,
    pub(super) journey: GetJourneyStatisticsResponse,
    pub(super) ledger: Ledger,
}

/// Members and the ids by which they are known, counted one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Members {
    pub(super) count: u64,
    /// Ids that lead to a member, by what they are.
    pub(super) identities: BTreeMap<&'static str, u64>,
    /// Members by how many channels they are linked to.
    pub(super) by_channels: BTreeMap<usize, u64>,
}

/// The outcome of the reconciliation.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) accounts: u64,
    pub(super) disagreements: Vec<Disagreement>,
}

impl Figures {
    pub(super) async fn read(api: &Api) -> Result<Self, Fault> {
        let summary = GetSummaryRequest { tags_max: TAGS_MAX };
        let journey = GetJourneyStatisticsRequest {
            journey_code: JOURNEY.to_owned(),
            version: 0,
        };
        let (members, ledger, insight, points, growth, rights, journey) = tokio::try_join!(
            members(api),
            reconcile(api),
            patiently(async || api.insights().get_summary(summary).await),
            liability(api, POINTS),
            liability(api, GROWTH),
            patiently(async || api
                .rights_summary()
                .get_rights_summary(GetRightsSummaryRequest {})
                .await),
            patiently(async || api.journeys().get_journey_statistics(journey.clone()).await),
        )?;
        Ok(Self {
            members,
            insight,
            points,
            growth,
            rights,
            journey,
            ledger,
        })
    }
}

async fn members(api: &Api) -> Result<Members, Fault> {
    let mut counted = Members::default();
    let mut page_token = String::new();
    loop {
        let request = ListMembersRequest {
            page_size: MEMBERS_MAX,
            page_token,
            ..ListMembersRequest::default()
        };
        let page = patiently(async || api.members().list_members(request.clone()).await).await?;
        page.members.iter().for_each(|member| counted.count(member));
        if page.next_page_token.is_empty() {
            return Ok(counted);
        }
        page_token = page.next_page_token;
    }
}

impl Members {
    fn count(&mut self, member: &Member) {
        self.count = self.count.saturating_add(1);
        let mut channels: usize = 0;
        for identity in member.identities.iter().filter(|identity| identity.verified) {
            if identity.kind() == IdentityKind::ExternalId {
                channels = channels.saturating_add(1);
            }
            let count = self.identities.entry(kind_name(identity.kind())).or_default();
            *count = count.saturating_add(1);
        }
        let count = self.by_channels.entry(channels).or_default();
        *count = count.saturating_add(1);
    }
}

/// What people call a kind of id.
pub(super) fn kind_name(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::Unspecified => "unknown",
        IdentityKind::ExternalId => "channel id",
        IdentityKind::UnionId => "union id",
        IdentityKind::Phone => "phone",
        IdentityKind::Email => "email",
        IdentityKind::CardNumber => "card number",
        IdentityKind::Device => "device",
    }
}

async fn reconcile(api: &Api) -> Result<Ledger, Fault> {
    let mut ledger = Ledger::default();
    let mut page_token = String::new();
    loop {
        let request = ReconcileAccountsRequest {
            page_size: ACCOUNTS_MAX,
            page_token,
        };
        let page = patiently(async || api.ledger().reconcile_accounts(request.clone()).await).await?;
        ledger.accounts = ledger
            .accounts
            .saturating_add(u64::try_from(page.checked_count).unwrap_or(0));
        ledger.disagreements.extend(page.disagreements);
        if page.next_page_token.is_empty() {
            return Ok(ledger);
        }
        page_token = page.next_page_token;
    }
}

async fn liability(api: &Api, asset_code: &str) -> Result<GetLiabilityResponse, Fault> {
    let request = GetLiabilityRequest {
        asset_code: asset_code.to_owned(),
    };
    patiently(async || api.ledger().get_liability(request.clone()).await).await
}
