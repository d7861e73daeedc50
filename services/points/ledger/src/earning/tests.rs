use kernel::{Tenant, Time};
use proptest::prelude::*;
use rules::{Facts, Object};
use uuid::Uuid;

use super::*;
use crate::MemberId;

fn rule(code: &str, formula: &str) -> EarningRule {
    EarningRule {
        code: code.to_owned(),
        version: 1,
        state: RuleState::Active,
        effect: Time::EPOCH,
        asset: "points".into(),
        activity_types: vec!["order_paid".to_owned()],
        channels: Vec::new(),
        condition: String::new(),
        amount: Amount::Formula(formula.to_owned()),
        amount_max: 0,
        caps: MemberCaps::default(),
        budget: 0,
        priority: 0,
        stop: false,
        exclusion_group: String::new(),
        currency: String::new(),
        start: None,
        end: None,
    }
}

fn fixed(code: &str, points: i64) -> EarningRule {
    EarningRule {
        amount: Amount::Fixed(points),
        ..rule(code, "")
    }
}

fn multiplier(code: &str, numerator: i64, denominator: i64) -> EarningRule {
    EarningRule {
        amount: Amount::Multiplier(times(numerator, denominator)),
        ..rule(code, "")
    }
}

fn times(numerator: i64, denominator: i64) -> Multiplier {
    Multiplier {
        numerator,
        denominator,
        rounding: Rounding::Down,
        compounds: false,
        base_rules: Vec::new(),
    }
}

fn rate(points: i64, per: i64, rounding: Rounding) -> Rate {
    Rate {
        points,
        per,
        rounding,
        whole_steps: false,
    }
}

fn order(amount: i64) -> ActivityFacts {
    ActivityFacts {
        activity_type: "order_paid".to_owned(),
        channel: "tmall".to_owned(),
        occur_time: Time::from_seconds(1_000),
        money: amount,
        currency: "CNY".to_owned(),
        items: Vec::new(),
        facts: Facts::new().with("activity.amount", amount).with("member.tier", "gold"),
    }
}

fn item(category: &str, quantity: i64, money: i64) -> Item {
    Item {
        quantity,
        money,
        facts: Object::new()
            .with("category", category)
            .with("quantity", quantity)
            .with("amount", money),
    }
}

fn subject() -> Subject {
    Subject {
        tenant: Tenant::from_uuid(Uuid::from_u128(1)),
        member: Some(MemberId::from_uuid(Uuid::from_u128(2))),
    }
}

fn outcomes(rules: Vec<EarningRule>, activity: &ActivityFacts, counters: &mut Counters) -> Vec<Outcome> {
    let compiled = rules
        .into_iter()
        .map(|rule| CompiledRule::compile(&environment(), rule).unwrap());
    let book = RuleBook::new(compiled.collect());
    let calendars = Calendars::from([("points".into(), 480)]);
    let rules = book.matching(&activity.activity_type, &activity.channel);
    judge(rules, activity, &subject(), &calendars, counters)
}

fn verdicts(rules: Vec<EarningRule>, activity: &ActivityFacts) -> Vec<(String, Verdict)> {
    outcomes(rules, activity, &mut Counters::default())
        .into_iter()
        .map(|outcome| (outcome.rule.rule.code.clone(), outcome.verdict))
        .collect()
}

fn verdict(rule: EarningRule, activity: &ActivityFacts) -> Verdict {
    verdicts(vec![rule], activity).remove(0).1
}

#[test]
fn each_rule_earns_by_itself_in_the_order_of_priority() {
    let second = EarningRule {
        priority: 5,
        condition: "member.tier == \"gold\"".into(),
        ..rule("b", "50")
    };
    let found = verdicts(vec![rule("a", "activity.amount / 100"), second], &order(1_250));
    assert_eq!(
        found,
        [("b".into(), Verdict::Earns(50)), ("a".into(), Verdict::Earns(12))]
    );
}

#[test]
fn a_rule_that_stops_lets_no_other_of_its_asset_follow() {
    let first = EarningRule {
        priority: 5,
        stop: true,
        ..rule("b", "50")
    };
    let growth = EarningRule {
        asset: "growth".into(),
        ..rule("c", "7")
    };
    let found = verdicts(vec![rule("a", "1"), first, growth, multiplier("m", 2, 1)], &order(100));
    assert_eq!(
        found,
        [
            ("b".into(), Verdict::Earns(50)),
            ("a".into(), Verdict::Stopped("b".into())),
            ("c".into(), Verdict::Earns(7)),
            ("m".into(), Verdict::Earns(50))
        ]
    );
}

#[test]
fn a_rule_that_stops_but_does_not_earn_stops_nobody() {
    let first = EarningRule {
        priority: 5,
        stop: true,
        condition: "false".into(),
        ..rule("b", "50")
    };
    let found = verdicts(vec![rule("a", "1"), first], &order(100));
    assert_eq!(
        found,
        [("b".into(), Verdict::ConditionFalse), ("a".into(), Verdict::Earns(1))]
    );
}

#[test]
fn a_rule_holds_from_its_start_until_before_its_end() {
    let at = |seconds| Some(Time::from_seconds(seconds));
    let window = |start, end| {
        let windowed = EarningRule {
            start,
            end,
            ..rule("a", "1")
        };
        verdict(windowed, &order(1))
    };
    assert_eq!(window(at(1_000), at(1_001)), Verdict::Earns(1));
    assert_eq!(window(at(1_001), None), Verdict::OutOfTime);
    assert_eq!(window(None, at(1_000)), Verdict::OutOfTime);
}

#[test]
fn channels_and_types_select_the_rules() {
    let pos = EarningRule {
        channels: vec!["pos".into()],
        ..rule("pos", "1")
    };
    let tmall = EarningRule {
        channels: vec!["tmall".into(), "jd".into()],
        ..rule("tmall", "2")
    };
    let browse = EarningRule {
        activity_types: vec!["browsed".into()],
        ..rule("browse", "3")
    };
    assert_eq!(
        verdicts(vec![pos, tmall, browse], &order(1)),
        [("tmall".into(), Verdict::Earns(2))]
    );
}

/// Matching must not loop over all rules: of 10,000 rules for other types and channels none is looked at.
#[test]
fn ten_thousand_rules_for_other_types_and_channels_are_not_looked_at() {
    let others = (0..10_000).map(|number| EarningRule {
        activity_types: vec![if number % 2 == 0 {
            format!("type_{number}")
        } else {
            "order_paid".to_owned()
        }],
        channels: if number % 2 == 0 {
            Vec::new()
        } else {
            vec![format!("channel_{number}")]
        },
        ..fixed(&format!("other_{number}"), 1)
    });
    let rules = others.chain([fixed("base", 1)]);
    let compiled = rules.map(|rule| CompiledRule::compile(&environment(), rule).unwrap());
    let book = RuleBook::new(compiled.collect());
    assert_eq!(
        book.matching("order_paid", "tmall").len(),
        1,
        "every member who is found is judged"
    );
    assert_eq!(book.matching("order_paid", "channel_7").len(), 2);
    assert_eq!(book.matching("type_8", "channel_7").len(), 1);
    assert!(book.matching("browsed", "tmall").is_empty());
}

#[test]
fn amounts_are_capped_and_what_is_not_positive_earns_nothing() {
    let capped = EarningRule {
        amount_max: 100,
        ..rule("a", "activity.amount")
    };
    assert_eq!(verdict(capped, &order(1_250)), Verdict::Earns(100));
    assert_eq!(
        verdict(rule("a", "activity.amount - 2000"), &order(1_250)),
        Verdict::Nothing(-750)
    );
}

#[test]
fn a_failing_formula_fails_its_rule_only() {
    let failing = rule("a", "1 / (activity.amount - 100)");
    let huge = EarningRule {
        amount: Amount::Rate(rate(1_000_000_000, 1, Rounding::Down)),
        ..rule("c", "")
    };
    let found = verdicts(vec![failing, rule("b", "1")], &order(100));
    assert!(matches!(found[0].1, Verdict::Failed(_)));
    assert_eq!(found[1].1, Verdict::Earns(1));
    assert!(matches!(verdict(huge, &order(i64::MAX)), Verdict::Failed(_)));
}

#[test]
fn a_rate_is_rounded_as_it_says() {
    let points = |rate: Rate, money| {
        let rated = EarningRule {
            amount: Amount::Rate(rate),
            ..rule("a", "")
        };
        match verdict(rated, &order(money)) {
            Verdict::Earns(points) => points,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(points(rate(1, 100, Rounding::Down), 1_250), 12);
    assert_eq!(points(rate(1, 100, Rounding::HalfUp), 1_250), 13);
    assert_eq!(points(rate(1, 100, Rounding::HalfUp), 1_249), 12);
    assert_eq!(points(rate(1, 3, Rounding::HalfUp), 5), 2);
    assert_eq!(points(rate(1, 100, Rounding::Up), 1_201), 13);
    assert_eq!(points(rate(3, 200, Rounding::Down), 1_250), 18);
    let steps = Rate {
        whole_steps: true,
        ..rate(10, 10_000, Rounding::Down)
    };
    assert_eq!((points(steps, 19_999), points(steps, 20_000)), (10, 20));
    assert_eq!(rate(1, 100, Rounding::Up).points_for(-5), Some(0));
}

#[test]
fn items_that_fit_earn_by_the_piece_or_by_their_money() {
    let per_item = |condition: &str, worth| EarningRule {
        amount: Amount::PerItem {
            condition: condition.into(),
            worth,
        },
        ..rule("a", "")
    };
    let activity = ActivityFacts {
        items: vec![item("gift", 2, 150), item("food", 5, 900), item("gift", 1, 149)],
        ..order(1_199)
    };
    let gifts = "item.category == \"gift\" && member.tier == \"gold\"";
    let by_piece = per_item(gifts, ItemWorth::PerPiece(10));
    assert_eq!(verdict(by_piece, &activity), Verdict::Earns(30));
    let by_money = per_item(gifts, ItemWorth::Rate(rate(1, 100, Rounding::Down)));
    assert_eq!(
        verdict(by_money, &activity),
        Verdict::Earns(2),
        "of 299, not of 150 and 149"
    );
    assert_eq!(
        verdict(per_item("", ItemWorth::PerPiece(1)), &activity),
        Verdict::Earns(8)
    );
    let none = per_item("item.sku == \"x\"", ItemWorth::PerPiece(1));
    assert_eq!(verdict(none, &activity), Verdict::Nothing(0));
    let mistakes = CompiledRule::compile(&environment(), per_item("item.colour == \"x\"", ItemWorth::PerPiece(1)));
    assert_eq!(mistakes.unwrap_err()[0].field, "amount.per_item.item_condition");
}

#[test]
fn multipliers_add_up_on_the_base_and_are_told_apart_from_it() {
    let found = verdicts(
        vec![
            multiplier("triple", 3, 1),
            fixed("base", 100),
            multiplier("double", 2, 1),
            fixed("more", 7),
        ],
        &order(1),
    );
    assert_eq!(
        found,
        [
            ("base".into(), Verdict::Earns(100)),
            ("more".into(), Verdict::Earns(7)),
            ("double".into(), Verdict::Earns(107)),
            ("triple".into(), Verdict::Earns(214)),
        ],
        "1 + 1 + 2 times"
    );
}

#[test]
fn a_multiplier_that_compounds_counts_the_ones_before() {
    let compounding = EarningRule {
        amount: Amount::Multiplier(Multiplier {
            compounds: true,
            ..times(3, 1)
        }),
        ..rule("triple", "")
    };
    let found = verdicts(
        vec![fixed("base", 100), multiplier("double", 2, 1), compounding],
        &order(1),
    );
    let total: i64 = found
        .iter()
        .map(|(_, verdict)| if let Verdict::Earns(it) = verdict { *it } else { 0 })
        .sum();
    assert_eq!(total, 600, "2 x 3 times");
}

#[test]
fn a_multiplier_names_its_base_and_rounds_what_it_adds() {
    let of_base = |rounding| EarningRule {
        amount: Amount::Multiplier(Multiplier {
            rounding,
            base_rules: vec!["base".into()],
            ..times(150, 100)
        }),
        ..rule("half", "")
    };
    let added = |rounding| {
        verdicts(
            vec![fixed("base", 33), fixed("gift", 500), of_base(rounding)],
            &order(1),
        )
        .remove(2)
        .1
    };
    assert_eq!(added(Rounding::Down), Verdict::Earns(16));
    assert_eq!(added(Rounding::HalfUp), Verdict::Earns(17));
    let alone = verdict(multiplier("double", 2, 1), &order(1));
    assert_eq!(alone, Verdict::Nothing(0), "nothing was earned that it could multiply");
    let growth = EarningRule {
        asset: "growth".into(),
        ..multiplier("double", 2, 1)
    };
    assert_eq!(
        verdicts(vec![fixed("base", 33), growth], &order(1))[1].1,
        Verdict::Nothing(0)
    );
}

#[test]
fn of_a_group_only_the_first_that_earns_does() {
    let of_group = |code: &str, times, priority, condition: &str| EarningRule {
        exclusion_group: "promotion".into(),
        priority,
        condition: condition.into(),
        ..multiplier(code, times, 1)
    };
    let found = verdicts(
        vec![
            fixed("base", 10),
            of_group("fivefold", 5, 9, "member.tier == \"black\""),
            of_group("triple", 3, 8, ""),
            of_group("double", 2, 7, ""),
            multiplier("tier", 2, 1),
        ],
        &order(1),
    );
    assert_eq!(
        found[1..],
        [
            ("fivefold".into(), Verdict::ConditionFalse),
            ("triple".into(), Verdict::Earns(20)),
            ("double".into(), Verdict::Excluded("triple".into())),
            ("tier".into(), Verdict::Earns(10)),
        ]
    );
}

#[test]
fn rules_know_the_time_in_the_calendar_of_their_asset() {
    // 2026-11-08 00:30 in Beijing, a Sunday; still the 7th in UTC.
    let activity = ActivityFacts {
        occur_time: Time::from_seconds(1_794_069_000),
        ..order(1)
    };
    let member_day = "time.day == 8 && time.month == 11 && time.year == 2026 && time.weekday == 7 && time.hour == 0 && \
         time.minute == 30";
    let conditional = |asset: &str| EarningRule {
        condition: member_day.into(),
        asset: asset.into(),
        ..fixed("a", 1)
    };
    assert_eq!(verdict(conditional("points"), &activity), Verdict::Earns(1));
    assert_eq!(
        verdict(conditional("miles"), &activity),
        Verdict::ConditionFalse,
        "in UTC"
    );
}

fn capped(points: i64, day: i64, month: i64, total: i64, budget: i64) -> EarningRule {
    EarningRule {
        caps: MemberCaps { day, month, total },
        budget,
        ..fixed("a", points)
    }
}

#[test]
fn caps_are_earned_in_part_and_then_not_at_all() {
    let mut counters = Counters::default();
    let mut earn = |rule: EarningRule, day: i64| {
        let activity = ActivityFacts {
            occur_time: Time::EPOCH.plus_days(day),
            ..order(1)
        };
        outcomes(vec![rule], &activity, &mut counters).remove(0)
    };
    let by_day = |points| capped(points, 100, 250, 400, 0);
    assert_eq!(earn(by_day(70), 0).verdict, Verdict::Earns(70));
    let part = earn(by_day(70), 0);
    assert_eq!((part.verdict, part.uncapped), (Verdict::Earns(30), 70));
    assert_eq!(
        (part.caps[0].used, part.caps[0].taken, part.caps[0].period.as_str()),
        (70, 30, "1970-01-01")
    );
    assert_eq!(earn(by_day(70), 0).verdict, Verdict::CapReached);
    assert_eq!(earn(by_day(170), 1).verdict, Verdict::Earns(100));
    assert_eq!(earn(by_day(170), 2).verdict, Verdict::Earns(50), "the month");
    assert_eq!(earn(by_day(170), 3).verdict, Verdict::CapReached);
    assert_eq!(earn(by_day(170), 40).verdict, Verdict::Earns(100), "another month");
    assert_eq!(earn(by_day(170), 41).verdict, Verdict::Earns(50), "for ever");
    assert_eq!(earn(by_day(170), 80).verdict, Verdict::CapReached);
    assert_eq!(earn(capped(1, 0, 0, 0, 10), 80).verdict, Verdict::Earns(1));
    assert_eq!(earn(capped(20, 0, 0, 0, 10), 80).verdict, Verdict::Earns(9));
    assert_eq!(earn(capped(20, 0, 0, 0, 10), 80).verdict, Verdict::BudgetSpent);
    assert_eq!(
        earn(capped(20, 0, 0, 0, 5), 80).verdict,
        Verdict::BudgetSpent,
        "lowered below what was used"
    );
}

#[test]
fn a_multiplier_is_counted_on_what_the_caps_left() {
    let base = EarningRule {
        amount_max: 60,
        ..fixed("base", 100)
    };
    let found = verdicts(vec![base, multiplier("double", 2, 1)], &order(1));
    assert_eq!(found[1].1, Verdict::Earns(60));
}

#[test]
fn an_explanation_names_the_figures() {
    let rules = vec![
        capped(70, 100, 0, 0, 0),
        EarningRule {
            condition: "activity.amount > 5000".into(),
            ..fixed("large", 1)
        },
        multiplier("double", 2, 1),
    ];
    let mut counters = Counters::default();
    let activity = order(1);
    outcomes(rules.clone(), &activity, &mut counters);
    let told: Vec<String> = outcomes(rules, &activity, &mut counters)
        .iter()
        .map(|outcome| explain(outcome, &activity))
        .collect();
    for (told, part) in told.iter().zip([
        "at most 100 of the member on 1970-01-01: 70 were used, 30 more are",
        "activity.amount = 1",
        "adds to 30, to make it 2/1 times as much",
    ]) {
        assert!(told.contains(part), "{told}");
    }
}

proptest! {
    /// Random use and revert: used + left = limit, never overdrawn.
    #[test]
    fn counters_hold_what_was_earned_and_not_given_back(steps in prop::collection::vec((1..90_i64, any::<bool>()), 1..60)) {
        let mut counters = Counters::default();
        let mut held: Vec<(i64, Vec<CapUse>)> = Vec::new();
        for (points, back) in steps {
            if let Some((amount, caps)) = if back { held.pop() } else { None } {
                counters.give_back("a", &subject(), &caps, amount);
            } else {
                let outcome = outcomes(vec![capped(points, 0, 0, 0, 500)], &order(1), &mut counters).remove(0);
                if let Verdict::Earns(amount) = outcome.verdict {
                    held.push((amount, outcome.caps));
                }
            }
            let used: i64 = counters.changed().map(|(_, counter)| counter.used).sum();
            let earned: i64 = held.iter().map(|(amount, _)| *amount).sum();
            prop_assert!(used == earned && used <= 500);
        }
    }

    #[test]
    fn rounding_is_within_one_of_the_fraction(value in 0..1_000_000_i64, by in 0..1_000_i64, per in 1..1_000_i64) {
        let exact = value * by;
        let of = |rounding: Rounding| rounding.share(value, by, per).unwrap();
        prop_assert!(of(Rounding::Down) * per <= exact && exact < (of(Rounding::Down) + 1) * per);
        prop_assert!(of(Rounding::Up) * per >= exact && exact > (of(Rounding::Up) - 1) * per);
        prop_assert!((of(Rounding::HalfUp) * per - exact).abs() * 2 <= per);
    }
}
