//! Next versions that are worked on while the present ones earn, and what has become of all versions.

use contracts_points::v1::earning_rule_draft_service_client::EarningRuleDraftServiceClient;
use contracts_points::v1::*;
use rpc::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::brand::{Brand, brand, mask, order_rule, reason};
use crate::currencies::asks_for_currency;
use crate::reasons::Produced;

impl Brand {
    fn drafts(&self) -> EarningRuleDraftServiceClient<Channel> {
        EarningRuleDraftServiceClient::new(self.channel())
    }

    async fn begin_draft(&self, code: &str) -> Result<EarningRuleDraft, Status> {
        let request = CreateEarningRuleDraftRequest {
            request_id: self.request_id(),
            code: code.to_owned(),
        };
        let begun = self.drafts().create_earning_rule_draft(request).await?.into_inner();
        Ok(begun.earning_rule_draft.unwrap())
    }

    async fn change_draft(&self, rule: EarningRule, paths: &[&str], etag: &str) -> Result<EarningRuleDraft, Status> {
        let request = UpdateEarningRuleDraftRequest {
            request_id: self.request_id(),
            code: "base".to_owned(),
            earning_rule: Some(rule),
            update_mask: Some(mask(paths)),
            etag: etag.to_owned(),
        };
        let changed = self.drafts().update_earning_rule_draft(request).await?.into_inner();
        Ok(changed.earning_rule_draft.unwrap())
    }

    async fn draft(&self, code: &str) -> Result<EarningRuleDraft, Status> {
        let request = GetEarningRuleDraftRequest { code: code.to_owned() };
        let found = self.drafts().get_earning_rule_draft(request).await?.into_inner();
        Ok(found.earning_rule_draft.unwrap())
    }

    async fn discard_draft(&self, code: &str) -> Result<(), Status> {
        let request = DiscardEarningRuleDraftRequest {
            request_id: self.request_id(),
            code: code.to_owned(),
        };
        self.drafts().discard_earning_rule_draft(request).await.map(drop)
    }

    fn activation(&self) -> ActivateEarningRuleDraftRequest {
        ActivateEarningRuleDraftRequest {
            request_id: self.request_id(),
            code: "base".to_owned(),
            effect_time: None,
            etag: String::new(),
            discard_later_versions: false,
        }
    }

    async fn activate(&self, request: ActivateEarningRuleDraftRequest) -> Result<EarningRule, Status> {
        let activated = self.drafts().activate_earning_rule_draft(request).await?.into_inner();
        Ok(activated.earning_rule.unwrap())
    }

    /// What an order of 100 would earn, by rule and version.
    async fn simulate(&self, include_drafts: bool, codes: &[&str]) -> Result<Vec<(String, i32, i64)>, Status> {
        let request = SimulateEarningRequest {
            activity: Some(self.activity(&self.member(), "order_paid", "order-1", 100)),
            include_drafts,
            draft_rule_codes: codes.iter().map(|&code| code.to_owned()).collect(),
            ..SimulateEarningRequest::default()
        };
        let outcomes = self.rules().simulate_earning(request).await?.into_inner().outcomes;
        let told = outcomes
            .into_iter()
            .map(|it| (it.rule_code, it.rule_version, it.amount));
        Ok(told.collect())
    }

    async fn earns(&self) -> i64 {
        let member = self.member();
        self.pay(&member, &format!("order-of-{member}"), 100);
        self.h.settle().await;
        self.balance(&member).await
    }

    async fn versions(&self, page_size: i32) -> Vec<EarningRuleVersion> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListEarningRuleVersionsRequest {
                code: "base".to_owned(),
                page_size,
                page_token,
            };
            let page = self
                .rules()
                .list_earning_rule_versions(request)
                .await
                .unwrap()
                .into_inner();
            all.extend(page.versions);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }
}

fn formula(formula: &str) -> EarningRule {
    EarningRule {
        amount_formula: formula.to_owned(),
        ..EarningRule::default()
    }
}

const FORMULA: &[&str] = &["amount_formula"];

/// The refusals about drafts.
pub(crate) async fn produce(brand: &Brand) -> Vec<Produced> {
    brand.create_rule("worked_on", order_rule("1")).await;
    brand.begin_draft("worked_on").await.unwrap();
    let exists = brand.begin_draft("worked_on").await.unwrap_err();
    brand.update_rule("worked_on", formula("2"), FORMULA).await.unwrap();
    let activation = ActivateEarningRuleDraftRequest {
        code: "worked_on".to_owned(),
        ..brand.activation()
    };
    let outdated = brand.activate(activation).await.unwrap_err();
    vec![
        (exists, Code::AlreadyExists, vec!["code"]),
        (
            outdated,
            Code::FailedPrecondition,
            vec!["code", "base_version", "version"],
        ),
    ]
}

#[tokio::test]
async fn a_draft_is_edited_and_simulated_while_the_rule_earns_on() {
    let brand = brand().await;
    brand.create_rule("base", order_rule("1")).await;
    brand.create_rule("other", order_rule("5")).await;
    let draft = brand.begin_draft("base").await.unwrap();
    let copy = draft.earning_rule.clone().unwrap();
    assert_eq!((draft.base_version, draft.outdated), (1, false));
    assert_eq!(
        (copy.state(), copy.version, copy.amount_formula.as_str()),
        (EarningRuleState::Draft, 0, "1")
    );
    let changed = brand.change_draft(formula("10"), FORMULA, &draft.etag).await.unwrap();
    assert_eq!(brand.draft("base").await.unwrap(), changed);
    brand.begin_draft("other").await.unwrap();

    assert_eq!(brand.earns().await, 6, "the draft earns nothing");
    let told = |code: &str, version, amount| (code.to_owned(), version, amount);
    assert_eq!(
        brand.simulate(false, &[]).await.unwrap(),
        [told("base", 1, 1), told("other", 1, 5)]
    );
    assert_eq!(
        brand.simulate(false, &["base"]).await.unwrap(),
        [told("base", 0, 10), told("other", 1, 5)],
        "the draft in the rule's place"
    );
    assert_eq!(
        brand.simulate(true, &[]).await.unwrap(),
        [told("base", 0, 10), told("other", 0, 5)]
    );

    let request = brand.activation();
    let second = brand.activate(request.clone()).await.unwrap();
    assert_eq!((second.version, second.state()), (2, EarningRuleState::Active));
    assert_eq!(brand.earns().await, 15);
    assert_eq!(reason(&brand.draft("base").await.unwrap_err()), "NOT_FOUND");
    assert_eq!(
        brand.activate(request).await.unwrap(),
        second,
        "repeated, it is the first answer"
    );
    let none = brand.simulate(false, &["base"]).await.unwrap_err();
    assert_eq!(reason(&none), "NOT_FOUND");
}

#[tokio::test]
async fn a_draft_is_activated_at_a_time() {
    let brand = brand().await;
    brand.create_rule("base", order_rule("1")).await;
    brand.begin_draft("base").await.unwrap();
    brand.change_draft(formula("10"), FORMULA, "").await.unwrap();
    let at = |days| ActivateEarningRuleDraftRequest {
        effect_time: Some(brand.now().plus_days(days).to_wire()),
        ..brand.activation()
    };
    assert_eq!(reason(&brand.activate(at(0)).await.unwrap_err()), "INVALID_FIELD");
    let second = brand.activate(at(2)).await.unwrap();
    assert_eq!((second.version, second.state()), (2, EarningRuleState::Scheduled));
    assert_eq!(brand.earns().await, 1);
    brand.turn_days(2);
    assert_eq!(brand.earns().await, 10);
}

#[tokio::test]
async fn a_draft_takes_back_what_others_have_changed_only_if_it_is_told_to() {
    let brand = brand().await;
    brand.create_rule("base", order_rule("1")).await;
    let draft = brand.begin_draft("base").await.unwrap();
    brand.update_rule("base", formula("2"), FORMULA).await.unwrap();
    assert!(brand.draft("base").await.unwrap().outdated);
    let refused = brand.activate(brand.activation()).await.unwrap_err();
    assert_eq!(reason(&refused), "EARNING_RULE_DRAFT_OUTDATED");

    brand.change_draft(formula("3"), FORMULA, &draft.etag).await.unwrap();
    let unread = brand
        .change_draft(formula("4"), FORMULA, &draft.etag)
        .await
        .unwrap_err();
    assert_eq!(reason(&unread), "ETAG_MISMATCH");
    let unread = ActivateEarningRuleDraftRequest {
        etag: draft.etag,
        ..brand.activation()
    };
    assert_eq!(reason(&brand.activate(unread).await.unwrap_err()), "ETAG_MISMATCH");
    let told = ActivateEarningRuleDraftRequest {
        discard_later_versions: true,
        ..brand.activation()
    };
    assert_eq!(brand.activate(told).await.unwrap().version, 3);
    assert_eq!(brand.earns().await, 3);
}

#[tokio::test]
async fn a_draft_is_checked_like_a_rule_and_thrown_away_without_a_trace() {
    let brand = brand().await;
    brand.create_rule("base", order_rule("1")).await;
    let first = brand.begin_draft("base").await.unwrap();
    for (rule, paths) in [
        (formula("activity.amuont"), FORMULA),
        (
            EarningRule {
                state: EarningRuleState::Active.into(),
                ..EarningRule::default()
            },
            &["state"],
        ),
    ] {
        assert_eq!(
            reason(&brand.change_draft(rule, paths, "").await.unwrap_err()),
            "INVALID_FIELD"
        );
    }
    let elsewhere = EarningRule {
        asset_code: "miles".to_owned(),
        ..EarningRule::default()
    };
    let refused = brand.change_draft(elsewhere, &["asset_code"], "").await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_FOUND");
    brand.discard_draft("base").await.unwrap();
    assert_eq!(reason(&brand.discard_draft("base").await.unwrap_err()), "NOT_FOUND");
    assert_eq!(brand.versions(0).await.len(), 1);
    brand.turn_days(1);
    assert_ne!(brand.begin_draft("base").await.unwrap().etag, first.etag);
}

#[tokio::test]
async fn only_a_rule_that_has_been_activated_and_goes_on_has_drafts() {
    let brand = brand().await;
    let draft = EarningRule {
        state: EarningRuleState::Draft.into(),
        ..order_rule("1")
    };
    brand.create_rule("base", draft).await;
    let state = |state: EarningRuleState| EarningRule {
        state: state.into(),
        ..EarningRule::default()
    };
    assert_eq!(
        reason(&brand.begin_draft("base").await.unwrap_err()),
        "EARNING_RULE_STATE_FORBIDS"
    );
    let active = state(EarningRuleState::Active);
    brand.update_rule("base", active, &["state"]).await.unwrap();
    brand.begin_draft("base").await.unwrap();
    let archived = state(EarningRuleState::Archived);
    brand.update_rule("base", archived, &["state"]).await.unwrap();
    assert_eq!(
        reason(&brand.activate(brand.activation()).await.unwrap_err()),
        "EARNING_RULE_STATE_FORBIDS",
        "what was archived stays so"
    );
    assert_eq!(reason(&brand.begin_draft("none").await.unwrap_err()), "NOT_FOUND");
}

#[tokio::test]
async fn the_versions_of_a_rule_say_what_has_become_of_them() {
    let brand = brand().await;
    let begun = brand.now();
    let draft = EarningRule {
        state: EarningRuleState::Draft.into(),
        ..order_rule("1")
    };
    brand.create_rule("base", draft).await;
    brand.turn_days(1);
    let update = async |state: EarningRuleState, days: Option<i64>| {
        let rule = EarningRule {
            state: state.into(),
            effect_time: days.map(|days| begun.plus_days(days).to_wire()),
            ..EarningRule::default()
        };
        let paths: &[&str] = if days.is_some() {
            &["state", "effect_time"]
        } else {
            &["state"]
        };
        brand.update_rule("base", rule, paths).await.unwrap();
    };
    update(EarningRuleState::Active, None).await;
    update(EarningRuleState::Scheduled, Some(9)).await;
    update(EarningRuleState::Scheduled, Some(5)).await;
    let at = |days| Some(begun.plus_days(days).to_wire());
    let told = async |page_size| -> Vec<_> {
        let versions = brand.versions(page_size).await;
        let told = versions.into_iter().map(|it| {
            let version = it.earning_rule.as_ref().unwrap().version;
            (version, it.state(), it.force_start_time, it.force_end_time)
        });
        told.collect()
    };
    let expected = [
        (4, EarningRuleState::Scheduled, at(5), None),
        (3, EarningRuleState::Archived, None, None),
        (2, EarningRuleState::Active, at(1), at(5)),
        (1, EarningRuleState::Archived, None, None),
    ];
    assert_eq!(told(0).await, expected);
    assert_eq!(told(1).await, expected, "the same, page by page");
    brand.turn_days(4);
    assert_eq!(told(3).await[0].1, EarningRuleState::Active);
    assert_eq!(told(3).await[2], (2, EarningRuleState::Archived, at(1), at(5)));
    brand.turn_days(1);
    update(EarningRuleState::Archived, None).await;
    assert_eq!(
        told(0).await[..2],
        [
            (5, EarningRuleState::Archived, None, None),
            (4, EarningRuleState::Archived, at(5), at(6))
        ]
    );
}

/// The draft of a rule from before a currency was asked for is a copy of it: it can be begun, and is completed in it.
#[tokio::test]
async fn a_draft_that_reads_amounts_is_neither_saved_nor_activated_without_their_currency() {
    let brand = brand().await;
    brand.create_rule("base", order_rule("activity.amount")).await;
    let forget = "UPDATE earning_rule_version SET currency_code = ''";
    assert_eq!(brand.execute(forget).await, Ok(1));
    brand.begin_draft("base").await.unwrap();
    assert_eq!(brand.simulate(true, &[]).await.unwrap()[0].2, 100, "as it is");
    asks_for_currency(brand.activate(brand.activation()).await);
    asks_for_currency(brand.change_draft(formula("activity.amount / 2"), FORMULA, "").await);
    let named = order_rule("activity.amount / 2");
    let paths = &["amount_formula", "currency_code"];
    brand.change_draft(named, paths, "").await.unwrap();
    let activated = brand.activate(brand.activation()).await.unwrap();
    assert_eq!((activated.version, activated.currency_code.as_str()), (2, "CNY"));
    assert_eq!(brand.earns().await, 50);
}

#[tokio::test]
async fn a_mask_that_names_what_may_not_change_is_told_what_may_of_a_rule_and_of_its_draft() {
    fn told(refused: &Status) -> Vec<(String, String)> {
        let details = refused.get_error_details();
        let wrong = details
            .bad_request()
            .unwrap_or_else(|| panic!("no field is named: {refused}"));
        let violations = wrong.field_violations.clone();
        violations.into_iter().map(|it| (it.field, it.description)).collect()
    }

    let brand = brand().await;
    brand.create_rule("base", order_rule("1")).await;
    brand.begin_draft("base").await.unwrap();
    let no_time = prost_types::Timestamp { seconds: 0, nanos: -1 };
    let update = UpdateEarningRuleRequest {
        request_id: brand.request_id(),
        code: "base".to_owned(),
        earning_rule: Some(EarningRule {
            end_time: Some(no_time),
            ..order_rule("1")
        }),
        update_mask: Some(mask(&["code", "priority"])),
        etag: String::new(),
    };
    let refused = told(&brand.rules().update_earning_rule(update).await.unwrap_err());
    let [(path, words), (other, _)] = &refused[..] else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (path.as_str(), other.as_str()),
        ("update_mask", "earning_rule.end_time")
    );
    assert!(
        words.starts_with("names code, but only display_name, state, "),
        "{words}"
    );
    assert!(words.ends_with("end_time and effect_time may change"), "{words}");

    // State and time of a draft are decided when it is activated.
    let refused = brand.change_draft(order_rule("1"), &["state"], "").await.unwrap_err();
    let refused = told(&refused);
    let [(path, words)] = &refused[..] else {
        panic!("{refused:?}")
    };
    assert_eq!(path, "update_mask");
    assert!(
        words.starts_with("names state, but only display_name, asset_code, "),
        "{words}"
    );
    assert!(words.ends_with("start_time and end_time may change"), "{words}");
    let refused = brand.change_draft(order_rule("1"), &[], "").await.unwrap_err();
    let expected = ("update_mask".to_owned(), "must name at least one field".to_owned());
    assert_eq!(told(&refused), [expected]);
}
