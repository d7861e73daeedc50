use contracts_rights::v1 as wire;
use contracts_rights::v1::coupon_benefit::Kind as BenefitKind;
use contracts_rights::v1::coupon_validity::Kind as ValidityKind;
use fault::Violations;

use super::{CouponTemplate, TemplateState};
use crate::benefit::Benefit;
use crate::coupon::validity::{Period, Validity};

pub(crate) fn coupon_template(template: &CouponTemplate) -> wire::CouponTemplate {
    wire::CouponTemplate {
        code: template.code.clone(),
        name: template.name.clone(),
        benefit: Some(wire::CouponBenefit {
            kind: Some(benefit(template.terms.benefit())),
        }),
        minimum_spend: template.terms.minimum_spend().map(Into::into),
        total_cap: template.total_cap,
        member_cap: template.member_cap,
        validity: Some(wire::CouponValidity {
            kind: Some(validity(template.validity)),
        }),
        state: state(template.state).into(),
        issued_count: template.issued_count,
        etag: etag(template),
        create_time: Some(template.create_time.to_wire()),
        update_time: Some(template.update_time.to_wire()),
    }
}

pub(crate) fn etag(template: &CouponTemplate) -> String {
    template.version.to_string()
}

fn benefit(benefit: &Benefit) -> BenefitKind {
    match benefit {
        Benefit::AmountOff(amount) => BenefitKind::AmountOff(wire::AmountOff {
            amount: Some((*amount).into()),
        }),
        Benefit::PercentOff {
            basis_points,
            discount_max,
        } => BenefitKind::PercentOff(wire::PercentOff {
            // At most 10,000, by the terms' own rule.
            basis_points: i32::try_from(*basis_points).unwrap_or(i32::MAX),
            discount_max: discount_max.map(Into::into),
        }),
        Benefit::Gift(sku) => BenefitKind::Gift(wire::Gift { sku: sku.clone() }),
        Benefit::FreeShipping => BenefitKind::FreeShipping(wire::FreeShipping {}),
    }
}

fn validity(validity: Validity) -> ValidityKind {
    match validity {
        Validity::Window(window) => ValidityKind::Window(wire::ValidityWindow {
            start_time: Some(window.start().to_wire()),
            end_time: Some(window.end().to_wire()),
        }),
        // At most ten years, by the contract.
        Validity::DaysAfterIssue(days) => ValidityKind::DaysAfterIssue(i32::try_from(days).unwrap_or(i32::MAX)),
    }
}

fn state(state: TemplateState) -> wire::CouponTemplateState {
    match state {
        TemplateState::Draft => wire::CouponTemplateState::Draft,
        TemplateState::Active => wire::CouponTemplateState::Active,
        TemplateState::Closed => wire::CouponTemplateState::Closed,
    }
}

pub(crate) fn parse_state(
    violations: &mut Violations,
    path: &str,
    state: wire::CouponTemplateState,
) -> Option<TemplateState> {
    match state {
        wire::CouponTemplateState::Unspecified => {
            violations.add(
                path,
                contracts_rights::CONTRACT.must_be_one_of("quanyu.rights.v1.CouponTemplateState"),
            );
            None
        }
        wire::CouponTemplateState::Draft => Some(TemplateState::Draft),
        wire::CouponTemplateState::Active => Some(TemplateState::Active),
        wire::CouponTemplateState::Closed => Some(TemplateState::Closed),
    }
}

pub(crate) fn parse_benefit(
    violations: &mut Violations,
    path: &str,
    benefit: Option<&wire::CouponBenefit>,
) -> Option<Benefit> {
    let Some(kind) = benefit.and_then(|benefit| benefit.kind.as_ref()) else {
        violations.add(path, "must name one kind of benefit");
        return None;
    };
    match kind {
        BenefitKind::AmountOff(off) => {
            let amount = off.amount.as_ref();
            violations.check(amount.is_some(), format!("{path}.amount_off.amount"), "must be given");
            let amount = amount?.parse(&format!("{path}.amount_off.amount"), violations);
            amount.map(Benefit::AmountOff)
        }
        BenefitKind::PercentOff(off) => {
            let discount_max = match &off.discount_max {
                None => None,
                Some(most) => Some(most.parse(&format!("{path}.percent_off.discount_max"), violations)?),
            };
            Some(Benefit::PercentOff {
                basis_points: i64::from(off.basis_points),
                discount_max,
            })
        }
        BenefitKind::Gift(gift) => Some(Benefit::Gift(gift.sku.clone())),
        BenefitKind::FreeShipping(wire::FreeShipping {}) => Some(Benefit::FreeShipping),
    }
}

pub(crate) fn parse_validity(
    violations: &mut Violations,
    path: &str,
    validity: Option<&wire::CouponValidity>,
) -> Option<Validity> {
    match validity.and_then(|validity| validity.kind.as_ref()) {
        None => {
            violations.add(path, "must name one kind of validity");
            None
        }
        Some(ValidityKind::DaysAfterIssue(days)) => Some(Validity::DaysAfterIssue(i64::from(*days))),
        Some(ValidityKind::Window(window)) => {
            let start = violations.recorded_time(format!("{path}.window.start_time"), window.start_time.as_ref());
            let end = violations.recorded_time(format!("{path}.window.end_time"), window.end_time.as_ref());
            let window = Period::new(start?, end?);
            violations.check(
                window.is_some(),
                format!("{path}.window.end_time"),
                "must be after the start",
            );
            window.map(Validity::Window)
        }
    }
}
