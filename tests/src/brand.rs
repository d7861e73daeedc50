//! The brand that the stories are about: three channels, points and growth value, a ladder of tiers, tags, a segment and a
//! journey that thanks with a coupon.

use contracts::r#type::v1::Money;
use contracts_campaign::v1::node::Kind as NodeKind;
use contracts_campaign::v1::{
    CreateJourneyRequest, ExitNode, FactPattern, IssueCouponNode, Journey, JourneyDefinition, Node,
    PublishJourneyRequest, ReentryRule,
};
use contracts_identity::v1::{Channel, ChannelKind, CreateChannelRequest};
use contracts_points::v1::expiry_policy::Rule as ExpiryRule;
use contracts_points::v1::{
    Asset, AssetKind, CreateAssetRequest, CreateEarningRuleRequest, EarningRule, EarningRuleState, ExpireAfterDays,
    ExpiryPolicy,
};
use contracts_rights::v1::coupon_benefit::Kind as BenefitKind;
use contracts_rights::v1::coupon_validity::Kind as ValidityKind;
use contracts_rights::v1::{
    AmountOff, CouponBenefit, CouponTemplate, CouponTemplateState, CouponValidity, CreateCouponTemplateRequest, Tier,
    UpsertTierLadderRequest,
};
use contracts_tagging::v1::condition::Kind as ConditionKind;
use contracts_tagging::v1::tag_value::Kind as ValueKind;
use contracts_tagging::v1::{
    Aggregate, Comparison, Computation, Condition, ConditionList, CreateSegmentRequest, CreateTagRequest, Operand,
    ProfileCondition, ProfileField, Segment, Tag, TagCondition, TagMutability, TagSourceKind, TagValue,
};
use tonic::Status;

use crate::Api;

/// The brand's online shop.
pub const TMALL: &str = "tmall";
/// The brand's mini program.
pub const MINI: &str = "wechat_mini";
/// The brand's stores.
pub const POS: &str = "pos";
/// What members spend.
pub const POINTS: &str = "points";
/// What decides the tier.
pub const GROWTH: &str = "growth";
/// The tiers and the growth value that they begin with.
pub const TIERS: [(&str, i64); 3] = [("member", 0), ("silver", 200), ("gold", 1_000)];
/// How many orders of the last 30 days.
pub const ORDERS_30D: &str = "orders_30d";
/// What all orders came to.
pub const SPENT: &str = "spent";
/// Who has bought lately and is silver or gold.
pub const GOOD_BUYERS: &str = "good_buyers";
/// The coupon that thanks.
pub const THANKS: &str = "thanks";
/// The journey that issues it, once a member enters the segment.
pub const JOURNEY: &str = "thank_good_buyers";

/// What rules and tags count orders in.
pub fn yuan(yuan: i64) -> Money {
    Money {
        currency_code: "CNY".to_owned(),
        minor_units: yuan * 100,
    }
}

/// Sets the brand up. May be repeated: every request keeps its id.
pub async fn found(api: &Api) -> Result<(), Status> {
    create_channels(api).await?;
    create_assets(api).await?;
    create_rules(api).await?;
    create_ladder(api).await?;
    create_template(api).await?;
    create_tags(api).await?;
    create_segment(api).await?;
    create_journey(api).await
}

async fn create_channels(api: &Api) -> Result<(), Status> {
    let kinds = [
        (TMALL, ChannelKind::Tmall),
        (MINI, ChannelKind::WechatMini),
        (POS, ChannelKind::Pos),
    ];
    for (code, kind) in kinds {
        let channel = Channel {
            channel_code: code.to_owned(),
            kind: kind.into(),
            display_name: code.to_owned(),
            trust_rank: 100,
            ..Channel::default()
        };
        let request = CreateChannelRequest {
            request_id: format!("channel-{code}"),
            channel: Some(channel),
        };
        api.channels().create_channel(request).await?;
    }
    Ok(())
}

async fn create_assets(api: &Api) -> Result<(), Status> {
    let year = ExpiryPolicy {
        rule: Some(ExpiryRule::AfterDays(ExpireAfterDays { days: 365 })),
    };
    for (code, kind, expiry_policy) in [
        (POINTS, AssetKind::Points, Some(year)),
        (GROWTH, AssetKind::Growth, None),
    ] {
        let asset = Asset {
            kind: kind.into(),
            expiry_policy,
            utc_offset_minutes: 480,
            ..Asset::default()
        };
        let request = CreateAssetRequest {
            request_id: format!("asset-{code}"),
            code: code.to_owned(),
            asset: Some(asset),
        };
        api.assets().create_asset(request).await?;
    }
    Ok(())
}

/// One point and one growth value for each yuan.
async fn create_rules(api: &Api) -> Result<(), Status> {
    for asset_code in [POINTS, GROWTH] {
        let rule = EarningRule {
            state: EarningRuleState::Active.into(),
            asset_code: asset_code.to_owned(),
            activity_types: vec!["order_paid".to_owned()],
            amount_formula: "activity.amount / 100".to_owned(),
            currency_code: "CNY".to_owned(),
            ..EarningRule::default()
        };
        let request = CreateEarningRuleRequest {
            request_id: format!("rule-{asset_code}"),
            code: format!("{asset_code}_order"),
            earning_rule: Some(rule),
        };
        api.earning_rules().create_earning_rule(request).await?;
    }
    Ok(())
}

async fn create_ladder(api: &Api) -> Result<(), Status> {
    let tier = |(code, threshold): (&str, i64)| Tier {
        code: code.to_owned(),
        name: code.to_owned(),
        threshold,
    };
    let request = UpsertTierLadderRequest {
        request_id: "ladder".to_owned(),
        asset_code: GROWTH.to_owned(),
        tiers: TIERS.into_iter().map(tier).collect(),
        etag: String::new(),
    };
    api.tiers().upsert_tier_ladder(request).await?;
    Ok(())
}

async fn create_template(api: &Api) -> Result<(), Status> {
    let benefit = BenefitKind::AmountOff(AmountOff { amount: Some(yuan(20)) });
    let template = CouponTemplate {
        code: THANKS.to_owned(),
        name: "20 yuan, with thanks".to_owned(),
        benefit: Some(CouponBenefit { kind: Some(benefit) }),
        member_cap: Some(1),
        validity: Some(CouponValidity {
            kind: Some(ValidityKind::DaysAfterIssue(30)),
        }),
        state: CouponTemplateState::Active.into(),
        ..CouponTemplate::default()
    };
    let request = CreateCouponTemplateRequest {
        request_id: "template".to_owned(),
        template: Some(template),
    };
    api.coupon_templates().create_coupon_template(request).await?;
    Ok(())
}

async fn create_tags(api: &Api) -> Result<(), Status> {
    let count = Computation {
        aggregate: Aggregate::Count.into(),
        activity_types: vec!["order_paid".to_owned()],
        window_days: 30,
        ..Computation::default()
    };
    let sum = Computation {
        aggregate: Aggregate::Sum.into(),
        operand: Operand::Amount.into(),
        activity_types: vec!["order_paid".to_owned()],
        currency_code: "CNY".to_owned(),
        ..Computation::default()
    };
    for (code, computation) in [(ORDERS_30D, count), (SPENT, sum)] {
        let tag = Tag {
            tag_code: code.to_owned(),
            display_name: code.to_owned(),
            mutability: TagMutability::Dynamic.into(),
            source_kind: TagSourceKind::Computed.into(),
            computation: Some(computation),
            ..Tag::default()
        };
        let request = CreateTagRequest {
            request_id: format!("tag-{code}"),
            tag: Some(tag),
        };
        api.tags().create_tag(request).await?;
    }
    Ok(())
}

async fn create_segment(api: &Api) -> Result<(), Status> {
    let one = TagValue {
        kind: Some(ValueKind::IntValue(1)),
    };
    let bought = ConditionKind::Tag(TagCondition {
        tag_code: ORDERS_30D.to_owned(),
        comparison: Comparison::AtLeast.into(),
        values: vec![one],
    });
    let good = ConditionKind::Profile(ProfileCondition {
        field: ProfileField::TierCode.into(),
        values: vec!["silver".to_owned(), "gold".to_owned()],
    });
    let conditions = [bought, good].map(|kind| Condition { kind: Some(kind) }).to_vec();
    let segment = Segment {
        segment_code: GOOD_BUYERS.to_owned(),
        display_name: "Good buyers".to_owned(),
        condition: Some(Condition {
            kind: Some(ConditionKind::All(ConditionList { conditions })),
        }),
        ..Segment::default()
    };
    let request = CreateSegmentRequest {
        request_id: "segment".to_owned(),
        segment: Some(segment),
    };
    api.segments().create_segment(request).await?;
    Ok(())
}

async fn create_journey(api: &Api) -> Result<(), Status> {
    let issue = NodeKind::IssueCoupon(IssueCouponNode {
        template_code: THANKS.to_owned(),
        next_node_id: "thanked".to_owned(),
        refused_node_id: "refused".to_owned(),
    });
    let exit = |outcome: &str| {
        NodeKind::Exit(ExitNode {
            outcome_code: outcome.to_owned(),
        })
    };
    let node = |(id, kind): (&str, NodeKind)| Node {
        node_id: id.to_owned(),
        display_name: String::new(),
        kind: Some(kind),
    };
    let nodes = [
        ("thank", issue),
        ("thanked", exit("thanked")),
        ("refused", exit("refused")),
    ];
    let definition = JourneyDefinition {
        trigger: Some(FactPattern {
            fact_type: "tagging.segment_entered".to_owned(),
            code: GOOD_BUYERS.to_owned(),
            condition: String::new(),
        }),
        reentry_rule: ReentryRule::Once.into(),
        first_node_id: "thank".to_owned(),
        nodes: nodes.map(node).to_vec(),
    };
    let journey = Journey {
        code: JOURNEY.to_owned(),
        display_name: "Thank good buyers".to_owned(),
        definition: Some(definition),
        ..Journey::default()
    };
    let create = CreateJourneyRequest {
        request_id: "journey".to_owned(),
        journey: Some(journey),
    };
    api.journeys().create_journey(create).await?;
    let publish = PublishJourneyRequest {
        request_id: "journey-publish".to_owned(),
        journey_code: JOURNEY.to_owned(),
        etag: String::new(),
    };
    api.journeys().publish_journey(publish).await?;
    Ok(())
}
