//! What members do, and what a shop asks about them. Each function is one sentence of a story.

use contracts_campaign::v1::ListMemberJourneyRunsRequest;
use contracts_identity::v1::{
    Arrival, Evidence, IdentityKind, MergeMembersRequest, Proof, ResolveMemberRequest, UndoMergeRequest,
    UndoMergeResponse,
};
use contracts_points::v1::{
    EarnPointsRequest, Entry, GetBalanceRequest, ListEntriesRequest, ReconcileAccountsRequest, RedeemPointsRequest,
};
use contracts_rights::v1::{Coupon, GetMemberTierRequest, ListMemberCouponsRequest};
use contracts_tagging::v1::tag_value::Kind as ValueKind;
use contracts_tagging::v1::{
    Activity, ActivityOutcome, ListActivitiesRequest, ListMemberSegmentsRequest, ListMemberTagsRequest,
    RecordActivitiesRequest,
};
use kernel::{Clock, Time};
use tonic::Status;

use crate::brand::{GOOD_BUYERS, GROWTH, POINTS, POS, TMALL, yuan};
use crate::{Api, brand, until};

/// The longest page of a list.
const PAGE: i32 = 500;

/// A person turns up in a channel, perhaps with a phone number that the channel has proved; answers who it is.
pub async fn arrive(api: &Api, channel: &str, external_id: &str, phone: Option<&str>) -> Result<String, Status> {
    let evidence = |phone: &str| Evidence {
        kind: IdentityKind::Phone.into(),
        value: phone.to_owned(),
        proof: Proof::Platform.into(),
        channel_code: String::new(),
    };
    let arrival = Arrival {
        channel_code: channel.to_owned(),
        external_id: external_id.to_owned(),
        evidence: phone.map(evidence).into_iter().collect(),
        profile: None,
    };
    let request = ResolveMemberRequest {
        request_id: format!("arrival-{channel}-{external_id}"),
        arrival: Some(arrival),
    };
    let answer = api.members().resolve_member(request).await?.into_inner();
    Ok(answer.resolution.expect("a resolution").member_id)
}

/// An order, as a channel tells of it.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Where it was paid.
    pub channel: &'a str,
    /// Who paid, as the channel knows them.
    pub external_id: &'a str,
    /// Its number there.
    pub number: &'a str,
    /// When.
    pub time: Time,
    /// What was paid.
    pub yuan: i64,
}

impl Order<'_> {
    /// The order as an activity.
    pub fn activity(&self) -> Activity {
        Activity {
            channel_code: self.channel.to_owned(),
            external_id: self.external_id.to_owned(),
            source_id: self.number.to_owned(),
            activity_type: "order_paid".to_owned(),
            occur_time: Some(self.time.to_wire()),
            amount: Some(yuan(self.yuan)),
            ..Activity::default()
        }
    }

    /// The channel tells that it was paid.
    pub async fn pay(&self, api: &Api) -> Result<ActivityOutcome, Status> {
        record(api, self.activity()).await
    }

    /// The channel tells that some of it was given back.
    pub async fn refund(&self, api: &Api, number: &str, yuan_back: i64) -> Result<ActivityOutcome, Status> {
        let activity = Activity {
            source_id: number.to_owned(),
            activity_type: "order_refunded".to_owned(),
            refunded_source_id: self.number.to_owned(),
            amount: Some(yuan(yuan_back)),
            ..self.activity()
        };
        record(api, activity).await
    }
}

async fn record(api: &Api, activity: Activity) -> Result<ActivityOutcome, Status> {
    let answer = api
        .activities()
        .record_activities(recording(activity))
        .await?
        .into_inner();
    Ok(answer.results[0].outcome())
}

/// The request that records an activity.
pub fn recording(activity: Activity) -> RecordActivitiesRequest {
    RecordActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: Api::request_id(),
        validate_only: false,
        activities: vec![activity],
    }
}

/// A member is given points.
pub async fn earn(api: &Api, request_id: &str, member: &str, amount: i64) -> Result<Entry, Status> {
    let request = EarnPointsRequest {
        request_id: request_id.to_owned(),
        member_id: member.to_owned(),
        asset_code: POINTS.to_owned(),
        amount,
        expire_time: None,
        reference: request_id.to_owned(),
        cost_centre: String::new(),
        available_time: None,
        awaits_confirmation: false,
    };
    let answer = api.points().earn_points(request).await?.into_inner();
    Ok(answer.entry.expect("an entry"))
}

/// An order of a new member, whose points follow from a fact of another service.
pub async fn earn_by_order(api: &Api, customer: &str) {
    let member = arrive(api, TMALL, customer, None).await.unwrap();
    let order = Order {
        channel: TMALL,
        external_id: customer,
        number: customer,
        time: Clock::system().now(),
        yuan: 100,
    };
    order.pay(api).await.unwrap();
    until("points by rule", 100, async || balance(api, &member, POINTS).await).await;
}

/// A member spends points.
pub async fn redeem(api: &Api, request_id: &str, member: &str, amount: i64) -> Result<Entry, Status> {
    let request = RedeemPointsRequest {
        request_id: request_id.to_owned(),
        member_id: member.to_owned(),
        asset_code: POINTS.to_owned(),
        amount,
        reference: request_id.to_owned(),
        cost_centre: String::new(),
    };
    let answer = api.points().redeem_points(request).await?.into_inner();
    Ok(answer.entry.expect("an entry"))
}

/// Somebody has found out that two members are one; answers who goes on.
pub async fn merge(api: &Api, one: &str, other: &str) -> Result<String, Status> {
    let request = MergeMembersRequest {
        request_id: format!("merge-{one}-{other}"),
        member_id: one.to_owned(),
        other_member_id: other.to_owned(),
        accept_conflicts: true,
        comment: "the same person, says the store".to_owned(),
    };
    let answer = api.members().merge_members(request).await?.into_inner();
    Ok(answer.member.expect("a member").member_id)
}

/// Somebody has found out that two members who were merged are two persons.
pub async fn undo_merge(api: &Api, absorbed: &str) -> Result<UndoMergeResponse, Status> {
    let request = UndoMergeRequest {
        request_id: format!("undo-{absorbed}"),
        member_id: absorbed.to_owned(),
        comment: "mother and daughter, says the store".to_owned(),
    };
    Ok(api.members().undo_merge(request).await?.into_inner())
}

/// What a member can spend of an asset now.
pub async fn balance(api: &Api, member: &str, asset: &str) -> i64 {
    let request = GetBalanceRequest {
        member_id: member.to_owned(),
        asset_code: asset.to_owned(),
        expiring_within_days: 0,
    };
    let answer = api.points().get_balance(request).await.expect("a balance").into_inner();
    answer.balance.expect("a balance").available
}

/// All entries of a member's account, the newest first.
pub async fn entries(api: &Api, member: &str, asset: &str) -> Vec<Entry> {
    let (mut entries, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListEntriesRequest {
            member_id: member.to_owned(),
            asset_code: asset.to_owned(),
            page_size: PAGE,
            page_token,
        };
        let page = api.points().list_entries(request).await.expect("entries").into_inner();
        entries.extend(page.entries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return entries;
        }
    }
}

/// A member's tier; empty where there is none.
pub async fn tier(api: &Api, member: &str) -> String {
    let request = GetMemberTierRequest {
        member_id: member.to_owned(),
    };
    let answer = api.tiers().get_member_tier(request).await;
    let tier = answer.ok().and_then(|answer| answer.into_inner().member_tier?.tier);
    tier.map(|tier| tier.code).unwrap_or_default()
}

/// A member's tags that are whole numbers.
pub async fn numbers(api: &Api, member: &str) -> Vec<(String, i64)> {
    let request = ListMemberTagsRequest {
        member_id: member.to_owned(),
        page_size: PAGE,
        page_token: String::new(),
    };
    let answer = api.tags().list_member_tags(request).await.expect("tags").into_inner();
    let number = |tag: contracts_tagging::v1::MemberTag| match tag.value?.kind? {
        ValueKind::IntValue(value) => Some((tag.tag_code, value)),
        ValueKind::BoolValue(_) | ValueKind::StringValue(_) | ValueKind::TimeValue(_) => None,
    };
    answer.tags.into_iter().filter_map(number).collect()
}

/// The segments that a member belongs to.
pub async fn segments(api: &Api, member: &str) -> Vec<String> {
    let request = ListMemberSegmentsRequest {
        member_id: member.to_owned(),
    };
    let answer = api.segments().list_member_segments(request).await.expect("segments");
    let memberships = answer.into_inner().memberships;
    memberships
        .into_iter()
        .map(|membership| membership.segment_code)
        .collect()
}

/// A member's coupons, the newest first.
pub async fn coupons(api: &Api, member: &str) -> Vec<Coupon> {
    let request = ListMemberCouponsRequest {
        member_id: member.to_owned(),
        state: None,
        page_size: PAGE,
        page_token: String::new(),
    };
    let answer = api.coupons().list_member_coupons(request).await.expect("coupons");
    answer.into_inner().coupons
}

/// Which journeys a member has been through, and what came of them.
pub async fn journeys(api: &Api, member: &str) -> Vec<(String, String)> {
    let request = ListMemberJourneyRunsRequest {
        member_id: member.to_owned(),
        page_size: PAGE,
        page_token: String::new(),
    };
    let answer = api
        .journey_runs()
        .list_member_journey_runs(request)
        .await
        .expect("runs");
    let runs = answer.into_inner().runs;
    runs.into_iter()
        .map(|run| (run.journey_code, run.outcome_code))
        .collect()
}

/// What a member did: type and number at the source, latest first.
pub async fn timeline(api: &Api, member: &str) -> Vec<(String, String)> {
    let (mut timeline, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListActivitiesRequest {
            member_id: member.to_owned(),
            activity_type: String::new(),
            page_size: PAGE,
            page_token,
        };
        let page = api
            .activities()
            .list_activities(request)
            .await
            .expect("activities")
            .into_inner();
        timeline.extend(
            page.activities
                .into_iter()
                .map(|activity| (activity.activity_type, activity.source_id)),
        );
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return timeline;
        }
    }
}

/// Checks every account of the tenant: entries, lots and balances are one figure. Answers how many there are.
pub async fn reconcile(api: &Api) -> i64 {
    let (mut checked, mut page_token) = (0, String::new());
    loop {
        let request = ReconcileAccountsRequest {
            page_size: 5_000,
            page_token,
        };
        let page = api
            .ledger()
            .reconcile_accounts(request)
            .await
            .expect("a reconciliation")
            .into_inner();
        assert!(page.disagreements.is_empty(), "{:?}", page.disagreements);
        checked += i64::from(page.checked_count);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return checked;
        }
    }
}

/// Of a paid order, and what becomes of it in every service.
///
/// A platform of many processes tells it as one process does, on a clock that goes by itself.
pub async fn order_to_coupon(api: &Api) {
    brand::found(api).await.unwrap();

    let member = arrive(api, TMALL, "tb-1", None).await.unwrap();
    let order = Order {
        channel: TMALL,
        external_id: "tb-1",
        number: "order-1",
        time: Clock::system().now(),
        yuan: 250,
    };
    order.pay(api).await.unwrap();
    until("points by rule", 250, async || balance(api, &member, POINTS).await).await;
    until("growth by rule", 250, async || balance(api, &member, GROWTH).await).await;
    until("the tier", "silver".to_owned(), async || tier(api, &member).await).await;
    until("the segment", vec![GOOD_BUYERS.to_owned()], async || {
        segments(api, &member).await
    })
    .await;
    until("the coupon", 1, async || coupons(api, &member).await.len()).await;

    let other = arrive(api, POS, "card-1", None).await.unwrap();
    earn(api, "gift", &other, 50).await.unwrap();
    let survivor = merge(api, &member, &other).await.unwrap();
    for id in [&member, &other, &survivor] {
        until("all points on one account", 300, async || {
            balance(api, id, POINTS).await
        })
        .await;
    }
    order.refund(api, "refund-1", 100).await.unwrap();
    until("what is left after the refund", 200, async || {
        balance(api, &survivor, POINTS).await
    })
    .await;
    redeem(api, "spend", &survivor, 200).await.unwrap();
    reconcile(api).await;
}
