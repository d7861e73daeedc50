//! The tier ladder and the coupons.

use contracts::r#type::v1::Money;
use contracts_rights::v1::coupon_benefit::Kind as BenefitKind;
use contracts_rights::v1::coupon_validity::Kind as ValidityKind;
use contracts_rights::v1::{
    AmountOff, CouponBenefit, CouponTemplate, CouponTemplateState, CouponValidity, CreateCouponTemplateRequest, Gift,
    Tier, UpsertTierLadderRequest,
};
use fault::Fault;

use super::{CURRENCY, GROWTH};
use crate::api::{Api, patiently};

/// A coupon template, as far as a shop must know it.
#[derive(Debug)]
pub(in crate::demo) struct Coupon {
    pub(in crate::demo) code: &'static str,
    name: &'static str,
    /// What it takes off, in cents; 0 for a gift.
    pub(in crate::demo) off_cents: i64,
    /// From which order amount on, in cents.
    pub(in crate::demo) minimum_cents: i64,
    days: i32,
}

/// What the journey gives: at the registration, after the second order, and to the loyal.
pub(in crate::demo) const COUPONS: [Coupon; 3] = [
    Coupon {
        code: "welcome",
        name: "5 off from 20",
        off_cents: 500,
        minimum_cents: 2_000,
        days: 60,
    },
    Coupon {
        code: "repeat",
        name: "8 off from 40",
        off_cents: 800,
        minimum_cents: 4_000,
        days: 90,
    },
    Coupon {
        code: "loyal",
        name: "A box set with your order",
        off_cents: 0,
        minimum_cents: 0,
        days: 180,
    },
];

/// Code, name, and from how much growth value on, that is, dollars spent.
const TIERS: [(&str, &str, i64); 4] = [
    ("member", "Member", 0),
    ("silver", "Silver", 100),
    ("gold", "Gold", 300),
    ("diamond", "Diamond", 1_000),
];

pub(super) async fn create(api: &Api) -> Result<(), Fault> {
    let tier = |(code, name, threshold): (&str, &str, i64)| Tier {
        code: code.to_owned(),
        name: name.to_owned(),
        threshold,
    };
    let ladder = UpsertTierLadderRequest {
        request_id: "ladder".to_owned(),
        asset_code: GROWTH.to_owned(),
        tiers: TIERS.into_iter().map(tier).collect(),
        etag: String::new(),
    };
    patiently(async || api.tiers().upsert_tier_ladder(ladder.clone()).await).await?;
    for coupon in &COUPONS {
        let request = CreateCouponTemplateRequest {
            request_id: format!("template-{}", coupon.code),
            template: Some(template(coupon)),
        };
        patiently(async || api.coupon_templates().create_coupon_template(request.clone()).await).await?;
    }
    Ok(())
}

fn template(coupon: &Coupon) -> CouponTemplate {
    let money = |minor_units| Money {
        currency_code: CURRENCY.to_owned(),
        minor_units,
    };
    let benefit = match coupon.off_cents {
        0 => BenefitKind::Gift(Gift {
            sku: "BOX-SET".to_owned(),
        }),
        cents => BenefitKind::AmountOff(AmountOff {
            amount: Some(money(cents)),
        }),
    };
    CouponTemplate {
        code: coupon.code.to_owned(),
        name: coupon.name.to_owned(),
        benefit: Some(CouponBenefit { kind: Some(benefit) }),
        minimum_spend: (coupon.minimum_cents > 0).then(|| money(coupon.minimum_cents)),
        member_cap: Some(1),
        validity: Some(CouponValidity {
            kind: Some(ValidityKind::DaysAfterIssue(coupon.days)),
        }),
        state: CouponTemplateState::Active.into(),
        ..CouponTemplate::default()
    }
}
