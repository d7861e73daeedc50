//! Templates: created, read, changed.

use contracts_rights::v1::coupon_benefit::Kind as Benefit;
use contracts_rights::v1::coupon_validity::Kind as Validity;
use contracts_rights::v1::*;
use kernel::Time;
use prost_types::FieldMask;
use tonic::Status;

use crate::brand::{Brand, brand, cny, reason, refusal, ten_off, wrong_fields};

fn draft(code: &str) -> CouponTemplate {
    CouponTemplate {
        state: CouponTemplateState::Draft.into(),
        ..ten_off(code)
    }
}

impl Brand {
    async fn update(
        &self,
        code: &str,
        paths: &[&str],
        template: CouponTemplateChange,
        etag: &str,
    ) -> Result<CouponTemplate, Status> {
        let request = UpdateCouponTemplateRequest {
            request_id: format!("update {}", self.harness.clock.uuid()),
            template_code: code.to_owned(),
            template: Some(template),
            update_mask: Some(FieldMask {
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            }),
            etag: etag.to_owned(),
        };
        Ok(self
            .templates()
            .update_coupon_template(request)
            .await?
            .into_inner()
            .template
            .unwrap())
    }
}

fn to_state(state: CouponTemplateState) -> CouponTemplateChange {
    CouponTemplateChange {
        state: state.into(),
        ..CouponTemplateChange::default()
    }
}

#[tokio::test]
async fn a_template_is_read_as_it_was_created() {
    let brand = brand().await;
    let window = ValidityWindow {
        start_time: Some(Time::from_seconds(1_780_000_000).to_wire()),
        end_time: Some(Time::from_seconds(1_790_000_000).to_wire()),
    };
    let most = PercentOff {
        basis_points: 1_500,
        discount_max: Some(cny(5_000)),
    };
    let benefits = [
        Benefit::AmountOff(AmountOff {
            amount: Some(cny(1_000)),
        }),
        Benefit::PercentOff(most),
        Benefit::PercentOff(PercentOff {
            basis_points: 10_000,
            discount_max: None,
        }),
        Benefit::Gift(Gift {
            sku: "MUG-1".to_owned(),
        }),
        Benefit::FreeShipping(FreeShipping {}),
    ];
    for (number, benefit) in benefits.into_iter().enumerate() {
        let asked = CouponTemplate {
            benefit: Some(CouponBenefit { kind: Some(benefit) }),
            minimum_spend: (number % 2 == 0).then(|| cny(10_000)),
            total_cap: Some(1_000),
            member_cap: (number > 2).then_some(2),
            validity: Some(CouponValidity {
                kind: Some(Validity::Window(window)),
            }),
            ..draft(&format!("t{number}"))
        };
        let now = Some(brand.harness.clock.now().to_wire());
        let expected = CouponTemplate {
            etag: "1".to_owned(),
            create_time: now,
            update_time: now,
            ..asked.clone()
        };
        assert_eq!(brand.create(asked).await.unwrap(), expected);
        assert_eq!(brand.template(&expected.code).await, expected);
    }
}

#[tokio::test]
async fn a_code_names_one_template() {
    let brand = brand().await;
    brand.create(ten_off("welcome")).await.unwrap();
    let request = CreateCouponTemplateRequest {
        request_id: "other".to_owned(),
        template: Some(draft("welcome")),
    };
    let refused = refusal(brand.templates().create_coupon_template(request).await);
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["template_code"].as_str()),
        ("TEMPLATE_EXISTS", "welcome")
    );
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_template_is_told_at_once() {
    let brand = brand().await;
    let window = ValidityWindow {
        start_time: Some(Time::from_seconds(1_800_000_000).to_wire()),
        end_time: Some(Time::from_seconds(1_800_000_000).to_wire()),
    };
    let template = CouponTemplate {
        benefit: Some(CouponBenefit {
            kind: Some(Benefit::AmountOff(AmountOff { amount: Some(cny(0)) })),
        }),
        validity: Some(CouponValidity {
            kind: Some(Validity::Window(window)),
        }),
        state: CouponTemplateState::Closed.into(),
        ..ten_off("bad")
    };
    let mut fields = wrong_fields(brand.create(template).await);
    fields.sort();
    assert_eq!(
        fields,
        [
            "template.benefit",
            "template.state",
            "template.validity.window.end_time"
        ]
    );
    let dollars = contracts::r#type::v1::Money {
        currency_code: "USD".to_owned(),
        minor_units: 5,
    };
    let mixed = CouponTemplate {
        minimum_spend: Some(dollars),
        ..ten_off("mixed")
    };
    assert_eq!(wrong_fields(brand.create(mixed).await), ["template.benefit"]);
    let rmb = |minor_units| contracts::r#type::v1::Money {
        currency_code: "RMB".to_owned(),
        minor_units,
    };
    let off = AmountOff { amount: Some(rmb(5)) };
    let in_no_currency = CouponTemplate {
        minimum_spend: Some(rmb(-5)),
        benefit: Some(CouponBenefit {
            kind: Some(Benefit::AmountOff(off)),
        }),
        ..ten_off("rmb")
    };
    let mut fields = wrong_fields(brand.create(in_no_currency).await);
    fields.sort();
    assert_eq!(
        fields,
        [
            "template.benefit.amount_off.amount.currency_code",
            "template.minimum_spend.currency_code"
        ]
    );
    let shapeless = CouponTemplate {
        benefit: None,
        total_cap: Some(0),
        ..ten_off("shapeless")
    };
    let mut fields = wrong_fields(brand.create(shapeless).await);
    fields.sort();
    assert_eq!(fields, ["template.benefit", "template.total_cap"]);
    let stateless = CouponTemplate {
        state: 0,
        ..ten_off("stateless")
    };
    assert_eq!(wrong_fields(brand.create(stateless).await), ["template.state"]);
}

#[tokio::test]
async fn a_draft_is_changed_in_everything_that_the_mask_names_and_nothing_else() {
    let brand = brand().await;
    let before = brand
        .create(CouponTemplate {
            total_cap: Some(5),
            member_cap: Some(1),
            ..draft("june")
        })
        .await
        .unwrap();
    let change = CouponTemplateChange {
        name: "Juni".to_owned(),
        benefit: Some(CouponBenefit {
            kind: Some(Benefit::FreeShipping(FreeShipping {})),
        }),
        minimum_spend: Some(cny(7)),
        total_cap: None,
        member_cap: Some(9),
        validity: Some(CouponValidity {
            kind: Some(Validity::DaysAfterIssue(3)),
        }),
        state: CouponTemplateState::Active.into(),
    };
    let after = brand
        .update("june", &["name", "total_cap", "validity"], change.clone(), &before.etag)
        .await
        .unwrap();
    let expected = CouponTemplate {
        name: "Juni".to_owned(),
        total_cap: None,
        validity: change.validity,
        etag: "2".to_owned(),
        ..before
    };
    assert_eq!(after, expected);
    let all = ["benefit", "minimum_spend", "member_cap", "state"];
    let after = brand.update("june", &all, change.clone(), &after.etag).await.unwrap();
    let expected = CouponTemplate {
        benefit: change.benefit.clone(),
        minimum_spend: change.minimum_spend.clone(),
        member_cap: Some(9),
        state: CouponTemplateState::Active.into(),
        etag: "3".to_owned(),
        ..expected
    };
    assert_eq!(after, expected);
    assert_eq!(brand.template("june").await, expected);
}

#[tokio::test]
async fn an_update_is_refused_over_another_etag_and_for_wrong_masks() {
    let brand = brand().await;
    brand.create(draft("june")).await.unwrap();
    let change = CouponTemplateChange {
        name: "x".to_owned(),
        ..CouponTemplateChange::default()
    };
    let refused = refusal(brand.update("june", &["name"], change.clone(), "7").await);
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["etag"].as_str()),
        ("ETAG_MISMATCH", "1")
    );
    assert_eq!(
        reason(brand.update("july", &["name"], change.clone(), "1").await),
        "NOT_FOUND"
    );
    assert_eq!(
        wrong_fields(brand.update("june", &[], change.clone(), "1").await),
        ["update_mask"]
    );
    let outcome = brand.update("june", &["code", "state", "benefit"], change, "1").await;
    assert_eq!(
        wrong_fields(outcome),
        ["update_mask", "template.state", "template.benefit"]
    );
}

#[tokio::test]
async fn a_template_goes_forward_only_and_its_coupons_keep_their_worth() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let change = CouponTemplateChange {
        benefit: Some(CouponBenefit {
            kind: Some(Benefit::FreeShipping(FreeShipping {})),
        }),
        ..CouponTemplateChange::default()
    };
    let refused = refusal(brand.update("june", &["benefit"], change, "1").await);
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["field"].as_str()),
        ("TEMPLATE_FIELD_FIXED", "benefit")
    );
    let closed = brand
        .update("june", &["state"], to_state(CouponTemplateState::Closed), "1")
        .await
        .unwrap();
    let refused = refusal(
        brand
            .update("june", &["state"], to_state(CouponTemplateState::Active), &closed.etag)
            .await,
    );
    assert_eq!(refused.reason, "TEMPLATE_STATE_FINAL");
    assert_eq!(
        (refused.metadata["from"].as_str(), refused.metadata["to"].as_str()),
        ("closed", "active")
    );
}

#[tokio::test]
async fn a_total_cap_is_not_set_below_what_was_issued() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    for _ in 0..3 {
        brand.one("june", &brand.member()).await;
    }
    let cap = |cap| CouponTemplateChange {
        total_cap: Some(cap),
        ..CouponTemplateChange::default()
    };
    let refused = refusal(brand.update("june", &["total_cap"], cap(2), "1").await);
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["issued"].as_str()),
        ("TOTAL_CAP_BELOW_ISSUED", "3")
    );
    let after = brand.update("june", &["total_cap"], cap(3), "1").await.unwrap();
    assert_eq!((after.total_cap, after.issued_count), (Some(3), 3));
}

#[tokio::test]
async fn templates_are_listed_by_code_page_by_page() {
    let brand = brand().await;
    for code in ["d", "a", "c", "b"] {
        brand.create(draft(code)).await.unwrap();
    }
    let mut codes = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListCouponTemplatesRequest {
            page_size: 3,
            page_token,
        };
        let page = brand
            .templates()
            .list_coupon_templates(request)
            .await
            .unwrap()
            .into_inner();
        codes.extend(page.templates.into_iter().map(|template| template.code));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(codes, ["a", "b", "c", "d"]);
    let request = ListCouponTemplatesRequest {
        page_size: 0,
        page_token: "00".to_owned(),
    };
    assert_eq!(
        reason(brand.templates().list_coupon_templates(request).await),
        "PAGE_TOKEN_INVALID"
    );
    let request = GetCouponTemplateRequest {
        template_code: "nothing".to_owned(),
    };
    assert_eq!(
        reason(brand.templates().get_coupon_template(request).await),
        "NOT_FOUND"
    );
}

/// A window of the year 1 is what a program writes that has no time: its coupons would be over before they are issued.
#[tokio::test]
async fn a_window_of_times_that_programs_write_where_they_have_none_is_refused_with_both_ends() {
    let brand = brand().await;
    let window = |start: &str, end: &str| {
        let time = |text| Some(Time::parse_rfc3339(text).unwrap().to_wire());
        CouponValidity {
            kind: Some(Validity::Window(ValidityWindow {
                start_time: time(start),
                end_time: time(end),
            })),
        }
    };
    let with = |code: &str, validity| CouponTemplate {
        validity: Some(validity),
        ..ten_off(code)
    };
    let both = [
        "template.validity.window.start_time",
        "template.validity.window.end_time",
    ];
    for (start, end, paths) in [
        ("0001-01-01T00:00:00Z", "0002-01-01T00:00:00Z", &both[..]),
        ("1753-01-01T00:00:00Z", "1899-12-30T00:00:00Z", &both[..]),
        ("1970-01-01T00:00:00Z", "1989-12-31T23:59:59.999999Z", &both[..]),
        ("0001-01-01T00:00:00Z", "2027-01-01T00:00:00Z", &both[..1]),
        ("1980-01-01T00:00:00Z", "9999-12-31T23:59:59Z", &both[..1]),
    ] {
        assert_eq!(
            wrong_fields(brand.create(with("early", window(start, end))).await),
            paths
        );
    }
    let earliest = window("1990-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    brand.create(with("right", earliest)).await.unwrap();
    let draft = CouponTemplate {
        state: CouponTemplateState::Draft.into(),
        ..ten_off("draft")
    };
    let draft = brand.create(draft).await.unwrap();
    let update = UpdateCouponTemplateRequest {
        request_id: "update".to_owned(),
        template_code: "draft".to_owned(),
        template: Some(CouponTemplateChange {
            validity: Some(window("0001-01-01T00:00:00Z", "0002-01-01T00:00:00Z")),
            ..CouponTemplateChange::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["validity".to_owned()],
        }),
        etag: draft.etag,
    };
    assert_eq!(
        wrong_fields(brand.templates().update_coupon_template(update).await),
        both
    );
}
