//! One member's whole story, told from the API's answers alone.

use std::fmt::Write;

use contracts_campaign::v1::{GetJourneyRunRequest, JourneyRunState, JourneyRunStep, ListMemberJourneyRunsRequest};
use contracts_identity::v1::{Gender, IdentityKind, LookUpMemberRequest, Member};
use contracts_points::v1::{EntryKind, ListBalancesRequest, ListEntriesRequest, ListLotsRequest, LotAmount};
use contracts_rights::v1::{CouponState, GetMemberTierRequest, ListMemberCouponsRequest, ListTierChangesRequest};
use contracts_tagging::v1::{ListActivitiesRequest, ListMemberSegmentsRequest, ListMemberTagsRequest};
use fault::Fault;

use super::brand::{NODES, POINTS};
use super::figures::kind_name;
use super::people::Person;
use super::report::value_text;
use super::text::{Table, day, dollars, number, signed};
use crate::api::{Api, patiently};

/// No chapter has more lines; the first line of a chapter says how many there are.
const LINES_MAX: usize = 16;

/// Tells the story of a person.
pub(super) async fn tell(api: &Api, person: &Person) -> Result<String, Fault> {
    let request = LookUpMemberRequest {
        kind: IdentityKind::ExternalId.into(),
        value: person.home.external_id(person.customer),
        channel_code: person.home.code().to_owned(),
    };
    let member = patiently(async || api.members().look_up_member(request.clone()).await)
        .await?
        .member
        .unwrap_or_default();
    let id = &member.member_id;
    let chapters = [
        who(&member),
        timeline(api, id).await?,
        points(api, id).await?,
        lots(api, id).await?,
        tier(api, id).await?,
        coupons(api, id).await?,
        tags(api, id).await?,
        path(api, id).await?,
    ];
    Ok(format!("\nOne member's story: {id}\n{}", chapters.concat()))
}

fn who(member: &Member) -> String {
    let profile = member.profile.clone().unwrap_or_default();
    let gender = match profile.gender() {
        Gender::Female => "a woman",
        Gender::Male => "a man",
        Gender::Other | Gender::Unspecified => "somebody",
    };
    let mut table = Table::plain(4);
    for identity in &member.identities {
        table.row([
            day(identity.link_time.as_ref()),
            kind_name(identity.kind()).to_owned(),
            identity.value.clone(),
            format!("by {}", identity.source_channel_code),
        ]);
    }
    let since = day(member.register_time.as_ref());
    let city = profile.city;
    format!(
        " {gender} from {city}, a member since {since}, known by {} ids\n{}",
        member.identities.len(),
        table.text()
    )
}

async fn timeline(api: &Api, member_id: &str) -> Result<String, Fault> {
    let request = ListActivitiesRequest {
        member_id: member_id.to_owned(),
        page_size: 500,
        ..ListActivitiesRequest::default()
    };
    let activities = patiently(async || api.activities().list_activities(request.clone()).await)
        .await?
        .activities;
    let mut table = Table::plain(4);
    for activity in activities.iter().take(LINES_MAX) {
        let amount = activity.amount.as_ref().map_or(0, |money| money.minor_units);
        table.row([
            day(activity.occur_time.as_ref()),
            activity.activity_type.clone(),
            activity.channel_code.clone(),
            activity.source_id.clone(),
            dollars(amount),
        ]);
    }
    Ok(chapter(
        "orders and refunds, the latest first",
        activities.len(),
        &table,
    ))
}

async fn points(api: &Api, member_id: &str) -> Result<String, Fault> {
    let request = ListEntriesRequest {
        member_id: member_id.to_owned(),
        asset_code: POINTS.to_owned(),
        page_size: 500,
        ..ListEntriesRequest::default()
    };
    let entries = patiently(async || api.points().list_entries(request.clone()).await)
        .await?
        .entries;
    let mut table = Table::plain(3);
    for entry in entries.iter().take(LINES_MAX) {
        let rule = entry.earned_by.as_ref().filter(|earned| !earned.rule_code.is_empty());
        let by = rule.map_or_else(
            || entry.reference.clone(),
            |earned| format!("{} v{}", earned.rule_code, earned.rule_version),
        );
        table.row([
            day(entry.post_time.as_ref()),
            entry_name(entry.kind()).to_owned(),
            by,
            signed(entry.amount),
            number(entry.balance),
            lot_amounts(&entry.lots),
        ]);
    }
    Ok(chapter(
        "points: change, balance, the lots that it touched, the latest first",
        entries.len(),
        &table,
    ))
}

fn entry_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Unspecified => "unknown",
        EntryKind::Earn => "earned",
        EntryKind::Redeem => "redeemed",
        EntryKind::RedeemReversal => "given back",
        EntryKind::EarnReversal => "taken back",
        EntryKind::Expire => "expired",
        EntryKind::MoveOut => "moved out",
        EntryKind::MoveIn => "moved in by a merge",
        EntryKind::DebtRepayment => "repaid a debt",
        EntryKind::TransferOut => "given away",
        EntryKind::TransferIn => "got as a gift",
        EntryKind::Adjustment => "corrected",
    }
}

/// "-30 of 1998-01-11, -12 of 1998-02-01": the lots by their expiry.
fn lot_amounts(lots: &[LotAmount]) -> String {
    let lots: Vec<String> = lots
        .iter()
        .map(|lot| format!("{} of {}", signed(lot.amount), day(lot.expire_time.as_ref())))
        .collect();
    lots.join(", ")
}

async fn lots(api: &Api, member_id: &str) -> Result<String, Fault> {
    let balances = ListBalancesRequest {
        member_id: member_id.to_owned(),
        ..ListBalancesRequest::default()
    };
    let balances = patiently(async || api.points().list_balances(balances.clone()).await)
        .await?
        .balances;
    let request = ListLotsRequest {
        member_id: member_id.to_owned(),
        asset_code: POINTS.to_owned(),
        page_size: 500,
        ..ListLotsRequest::default()
    };
    let lots = patiently(async || api.points().list_lots(request.clone()).await)
        .await?
        .lots;
    let mut table = Table::new(2, ["granted on", "expires on", "granted", "left"]);
    for lot in lots.iter().take(LINES_MAX) {
        table.row([
            day(lot.grant_time.as_ref()),
            day(lot.expire_time.as_ref()),
            number(lot.granted),
            number(lot.remaining),
        ]);
    }
    let held: Vec<String> = balances
        .iter()
        .map(|balance| format!("{} {}", number(balance.available), balance.asset_code))
        .collect();
    Ok(chapter(
        &format!("holds {}, in open lots", held.join(" and ")),
        lots.len(),
        &table,
    ))
}

async fn tier(api: &Api, member_id: &str) -> Result<String, Fault> {
    let ask = GetMemberTierRequest {
        member_id: member_id.to_owned(),
    };
    let now = patiently(async || api.tiers().get_member_tier(ask.clone()).await)
        .await?
        .member_tier
        .unwrap_or_default();
    let list = ListTierChangesRequest {
        member_id: member_id.to_owned(),
        ..ListTierChangesRequest::default()
    };
    let changes = patiently(async || api.tiers().list_tier_changes(list.clone()).await)
        .await?
        .tier_changes;
    let mut table = Table::plain(2);
    for change in changes.iter().take(LINES_MAX) {
        let from = if change.from_tier_code.is_empty() {
            "nothing"
        } else {
            &change.from_tier_code
        };
        let step = format!("{from} -> {}", change.to_tier_code);
        table.row([
            day(change.change_time.as_ref()),
            step,
            format!("at growth value {}", number(change.growth_value)),
        ]);
    }
    let tier = now.tier.unwrap_or_default();
    let next = now.progress.map_or_else(String::new, |progress| {
        let next = progress.next_tier.unwrap_or_default();
        format!(", {} short of {}", number(progress.missing_growth_value), next.name)
    });
    Ok(chapter(
        &format!(
            "tier {}, growth value {}{next}; changes",
            tier.name,
            number(now.growth_value)
        ),
        changes.len(),
        &table,
    ))
}

async fn coupons(api: &Api, member_id: &str) -> Result<String, Fault> {
    let list = ListMemberCouponsRequest {
        member_id: member_id.to_owned(),
        ..ListMemberCouponsRequest::default()
    };
    let coupons = patiently(async || api.coupons().list_member_coupons(list.clone()).await)
        .await?
        .coupons;
    let mut table = Table::plain(3);
    for coupon in coupons.iter().take(LINES_MAX) {
        let state = match coupon.state() {
            CouponState::Unspecified => "unknown".to_owned(),
            CouponState::Issued => format!("usable until {}", day(coupon.expire_time.as_ref())),
            CouponState::Locked => format!("locked for {}", coupon.order_id),
            CouponState::Redeemed => {
                let off = coupon.discount.as_ref().map_or(0, |money| money.minor_units);
                format!(
                    "redeemed on {} by {}: {} off",
                    day(coupon.redeem_time.as_ref()),
                    coupon.order_id,
                    dollars(off)
                )
            }
            CouponState::Expired => format!("expired on {}", day(coupon.expire_time.as_ref())),
        };
        table.row([day(coupon.issue_time.as_ref()), coupon.template_code.clone(), state]);
    }
    Ok(chapter("coupons", coupons.len(), &table))
}

async fn tags(api: &Api, member_id: &str) -> Result<String, Fault> {
    let list = ListMemberTagsRequest {
        member_id: member_id.to_owned(),
        ..ListMemberTagsRequest::default()
    };
    let tags = patiently(async || api.tags().list_member_tags(list.clone()).await)
        .await?
        .tags;
    let mut table = Table::plain(3);
    for tag in tags.iter().take(LINES_MAX) {
        let value = tag
            .value
            .as_ref()
            .and_then(|value| value.kind.as_ref())
            .map_or_else(String::new, value_text);
        table.row([tag.tag_code.clone(), value, format!("by {}", tag.source)]);
    }
    let list = ListMemberSegmentsRequest {
        member_id: member_id.to_owned(),
    };
    let segments = patiently(async || api.segments().list_member_segments(list.clone()).await)
        .await?
        .memberships;
    let segments: Vec<String> = segments
        .iter()
        .map(|membership| {
            format!(
                "{} since {}",
                membership.segment_code,
                day(membership.enter_time.as_ref())
            )
        })
        .collect();
    Ok(chapter("tags", tags.len(), &table) + &format!(" segments: {}\n", segments.join(", ")))
}

async fn path(api: &Api, member_id: &str) -> Result<String, Fault> {
    let list = ListMemberJourneyRunsRequest {
        member_id: member_id.to_owned(),
        ..ListMemberJourneyRunsRequest::default()
    };
    let runs = patiently(async || api.journey_runs().list_member_journey_runs(list.clone()).await)
        .await?
        .runs;
    let mut text = String::new();
    for run in &runs {
        let ask = GetJourneyRunRequest {
            run_id: run.run_id.clone(),
        };
        let steps = patiently(async || api.journey_runs().get_journey_run(ask.clone()).await)
            .await?
            .steps;
        let state = match run.state() {
            JourneyRunState::Running | JourneyRunState::Unspecified => "under way".to_owned(),
            JourneyRunState::Waiting => format!("waits until {} at the longest", day(run.wait_until_time.as_ref())),
            JourneyRunState::Completed => format!("ended on {}: {}", day(run.end_time.as_ref()), run.outcome_code),
            JourneyRunState::Stopped => format!("stopped on {}: {}", day(run.end_time.as_ref()), run.stop_reason),
        };
        let title = format!("journey {} version {}, {state}; steps", run.journey_code, run.version);
        let _ = write!(text, "{}", chapter(&title, steps.len(), &steps_table(&steps)));
    }
    Ok(text)
}

fn steps_table(steps: &[JourneyRunStep]) -> Table {
    let mut table = Table::plain(3);
    for step in steps.iter().take(LINES_MAX) {
        let name = NODES
            .iter()
            .find(|(id, _)| *id == step.node_id)
            .map_or(step.node_id.as_str(), |(_, name)| name);
        table.row([day(step.enter_time.as_ref()), name.to_owned(), step.explanation.clone()]);
    }
    table
}

fn chapter(title: &str, count: usize, table: &Table) -> String {
    let cut = if count > LINES_MAX {
        format!(", {LINES_MAX} of them shown")
    } else {
        String::new()
    };
    format!(" {title} ({count}{cut})\n{}", table.text())
}
