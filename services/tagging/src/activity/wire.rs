use std::collections::HashSet;
use std::time::Duration;

use contracts::codec::Incoming;
use contracts::r#type::v1 as shared;
use contracts_tagging::v1;
use fault::{Fault, Violation, Violations};
use kernel::text::{is_count, is_placeholder};
use kernel::{BEFORE_RECORDS, Money, TIME_RANGE, Time};

use super::{Activity, ActivityId, Item, SourceKey};
use crate::member::MemberId;

/// How far ahead of the platform's clock an activity may occur: the clocks of tills and phones are not exact.
const OCCUR_AHEAD_MAX: Duration = Duration::from_hours(24);
/// The largest amount of one activity, in minor units, so that sums of millions of them stay within 64 bits.
const AMOUNT_MAX: i64 = 1_000_000_000_000;
/// The most pieces of one line, so that sums of millions of them do, too.
const QUANTITY_MAX: i64 = 1_000_000;

/// The fields that tell whose an activity is, and the activity as a whole.
const OF_WHO: [&str; 4] = ["", "channel_code", "external_id", "member_id"];

/// Who did it, as the source tells it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Who {
    /// A member by id.
    Member(MemberId),
    /// A person by the id in a channel.
    External { channel_code: String, external_id: String },
}

/// An activity that is to be recorded, as far as it could be read.
pub(crate) struct Parsed {
    /// Whose it is, where it tells.
    pub(crate) who: Option<Who>,
    /// The activity, or everything that is wrong with it.
    pub(crate) activity: Result<Activity, Vec<Violation>>,
}

/// Reads an activity that is to be recorded.
pub(crate) fn parse(wire: v1::Activity, now: Time) -> Parsed {
    let mut violations = Violations::new();
    if violations.take("", wire.check()).is_err() {
        violations.add("", "cannot be checked");
    }
    let who = parse_who(&wire, &mut violations);
    violations.check(
        is_code_or_empty(&wire.channel_code),
        "channel_code",
        "must be a channel's code: a small letter, then up to 63 small letters, digits and underscores",
    );
    let occur_time = wire.occur_time.as_ref().and_then(Time::from_wire);
    violations.check(
        occur_time.is_some() || wire.occur_time.is_none(),
        "occur_time",
        TIME_RANGE,
    );
    violations.check(
        occur_time.is_none_or(|occur_time| occur_time >= Time::RECORDS_BEGIN),
        "occur_time",
        BEFORE_RECORDS,
    );
    violations.check(
        occur_time.is_none_or(|occur_time| occur_time <= now.plus(OCCUR_AHEAD_MAX)),
        "occur_time",
        format!("must be at most a day ahead of the platform's clock, which is at {now}"),
    );
    check_ids(&wire, &mut violations);
    check_amounts(&wire, &mut violations);
    check_lines(&wire.items, &mut violations);

    let mut violations = violations.into_inner();
    // Nobody is looked up by an id that cannot be one.
    let is_of_who = |violation: &Violation| OF_WHO.contains(&&*violation.path);
    let who = who.filter(|_| !violations.iter().any(is_of_who));
    // What the amounts come to is told with everything else, where each of them is right by itself.
    let is_of_money = |violation: &Violation| violation.path.contains("amount");
    let total = if violations.iter().any(is_of_money) {
        None
    } else {
        let occur_time = wire.occur_time.or_else(|| Some(now.to_wire()));
        read(v1::Activity { occur_time, ..wire }).map(with_total)
    };
    let activity = match total {
        Some(Ok(activity)) if violations.is_empty() => Ok(activity),
        Some(Ok(_)) => Err(violations),
        Some(Err(violation)) => {
            violations.push(violation);
            Err(violations)
        }
        None => {
            if violations.is_empty() {
                violations.push(Violation {
                    path: String::new(),
                    message: "is not an activity".into(),
                });
            }
            Err(violations)
        }
    };
    Parsed { who, activity }
}

/// The activity with the amount that its lines come to, where it does not say it itself.
fn with_total(activity: Activity) -> Result<Activity, Violation> {
    let amount = activity.amounts().total().map_err(|error| Violation {
        path: error.path(),
        message: error.to_string(),
    })?;
    match amount {
        Some(total) if total.minor_units() > AMOUNT_MAX => Err(Violation {
            path: "amount.minor_units".to_owned(),
            message: format!("must be at most {AMOUNT_MAX}, and the items come to {total}"),
        }),
        amount => Ok(Activity { amount, ..activity }),
    }
}

/// Checks each amount by itself; what they say together is the domain's.
fn check_amounts(wire: &v1::Activity, violations: &mut Violations) {
    let whole = [
        ("amount", &wire.amount),
        ("discount_amount", &wire.discount_amount),
        ("surcharge_amount", &wire.surcharge_amount),
    ];
    for (path, money) in whole {
        check_amount(path, money.as_ref(), violations);
    }
    for (index, item) in wire.items.iter().enumerate() {
        if let Some(money) = &item.amount {
            check_amount(&format!("items[{index}].amount"), Some(money), violations);
        }
    }
}

fn check_amount(path: &str, money: Option<&shared::Money>, violations: &mut Violations) {
    let amount = money.and_then(|money| money.parse(path, violations));
    let minor_units = amount.map_or(0, |amount| amount.minor_units());
    violations.check(
        minor_units <= AMOUNT_MAX,
        format!("{path}.minor_units"),
        format!("must be at most {AMOUNT_MAX}"),
    );
}

/// A number that stands for nothing would make one order of all that have it, and each but the first would be lost as its
/// repetition.
fn check_ids(wire: &v1::Activity, violations: &mut Violations) {
    for (path, id) in [
        ("source_id", &wire.source_id),
        ("refunded_source_id", &wire.refunded_source_id),
    ] {
        let is_number = id.is_empty() || !is_placeholder(id);
        violations.check(
            is_number,
            path,
            format!("{id} can stand for any activity: send its own number"),
        );
    }
}

fn check_lines(items: &[v1::ActivityItem], violations: &mut Violations) {
    let mut line_ids = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        if !(0..=QUANTITY_MAX).contains(&item.quantity) {
            let message = format!(
                "must be 0 to {QUANTITY_MAX} pieces: what was given back is recorded as order_refunded, with a quantity \
                 above 0"
            );
            violations.add(format!("items[{index}].quantity"), message);
        }
        let is_line = item.line_id.is_empty() || is_count(&item.line_id) || !is_placeholder(&item.line_id);
        if !is_line {
            let message = format!("{} can stand for any line: send its own, or none", item.line_id);
            violations.add(format!("items[{index}].line_id"), message);
        } else if !item.line_id.is_empty() && !line_ids.insert(&item.line_id) {
            let message = format!("names the line {} a second time: a line is told once", item.line_id);
            violations.add(format!("items[{index}].line_id"), message);
        }
    }
}

fn parse_who(wire: &v1::Activity, violations: &mut Violations) -> Option<Who> {
    if !wire.member_id.is_empty() {
        return violations.parse("member_id", wire.member_id.parse()).map(Who::Member);
    }
    let is_told = !wire.channel_code.is_empty() && !wire.external_id.is_empty();
    violations.check(
        is_told,
        "member_id",
        "must be given, or else channel_code together with external_id",
    );
    is_told.then(|| Who::External {
        channel_code: wire.channel_code.clone(),
        external_id: wire.external_id.clone(),
    })
}

fn is_code_or_empty(code: &str) -> bool {
    let mut letters = code.chars();
    let begins = letters.next().is_none_or(|first| first.is_ascii_lowercase());
    begins && code.len() <= 64 && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// An activity as the database keeps it: the message that the fact carries, too.
pub(crate) fn write(activity: Activity, id: ActivityId, member: MemberId, record_time: Time) -> v1::Activity {
    let SourceKey {
        channel_code,
        activity_type,
        source_id,
    } = activity.key;
    v1::Activity {
        activity_id: id.to_string(),
        member_id: member.to_string(),
        channel_code,
        external_id: activity.external_id,
        source_id,
        activity_type,
        occur_time: Some(activity.occur_time.to_wire()),
        amount: activity.amount.map(Into::into),
        items: activity.items.into_iter().map(write_item).collect(),
        refunded_source_id: activity.refunded_source_id,
        attributes: activity.attributes,
        record_time: Some(record_time.to_wire()),
        discount_amount: activity.discount.map(Into::into),
        surcharge_amount: activity.surcharge.map(Into::into),
    }
}

/// An activity that was checked when it was recorded.
pub(crate) fn stored(wire: v1::Activity) -> Result<Activity, Fault> {
    let id = wire.activity_id.clone();
    read(wire).ok_or_else(|| Fault::internal(format!("the stored activity {id} does not read")))
}

/// None where a required part is absent or out of range.
fn read(wire: v1::Activity) -> Option<Activity> {
    let items: Option<Vec<Item>> = wire.items.into_iter().map(read_item).collect();
    Some(Activity {
        key: SourceKey {
            channel_code: wire.channel_code,
            activity_type: wire.activity_type,
            source_id: wire.source_id,
        },
        external_id: wire.external_id,
        occur_time: Time::from_record(&wire.occur_time?),
        amount: read_money(wire.amount).ok()?,
        items: items?,
        discount: read_money(wire.discount_amount).ok()?,
        surcharge: read_money(wire.surcharge_amount).ok()?,
        refunded_source_id: wire.refunded_source_id,
        attributes: wire.attributes,
    })
}

fn read_item(item: v1::ActivityItem) -> Option<Item> {
    Some(Item {
        line_id: item.line_id,
        sku: item.sku,
        quantity: item.quantity,
        amount: read_money(item.amount).ok()?,
        category: item.category,
    })
}

fn write_item(item: Item) -> v1::ActivityItem {
    v1::ActivityItem {
        sku: item.sku,
        quantity: item.quantity,
        amount: item.amount.map(Into::into),
        category: item.category,
        line_id: item.line_id,
    }
}

/// What was stored before codes were checked does read. An error stands for money that does not.
fn read_money(money: Option<shared::Money>) -> Result<Option<Money>, ()> {
    money.map(|money| money.stored().ok_or(())).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::RECORDS_BEGIN;

    fn order() -> v1::Activity {
        v1::Activity {
            member_id: "mbr_01h455vb4pex5vsknk084sn02q".into(),
            channel_code: "tmall".into(),
            source_id: "o1".into(),
            activity_type: "order_paid".into(),
            occur_time: Some(NOW.to_wire()),
            amount: Some(shared::Money {
                currency_code: "CNY".into(),
                minor_units: 100,
            }),
            items: vec![v1::ActivityItem {
                sku: "a".into(),
                quantity: 2,
                ..v1::ActivityItem::default()
            }],
            ..v1::Activity::default()
        }
    }

    fn paths(wire: v1::Activity) -> Vec<String> {
        parse(wire, NOW)
            .activity
            .unwrap_err()
            .into_iter()
            .map(|violation| violation.path)
            .collect()
    }

    #[test]
    fn what_is_read_is_written_again() {
        let activity = parse(order(), NOW).activity.unwrap();
        let id = "act_01h455vb4pex5vsknk084sn02q".parse().unwrap();
        let written = write(
            activity.clone(),
            id,
            "mbr_01h455vb4pex5vsknk084sn02q".parse().unwrap(),
            NOW,
        );
        assert_eq!(stored(written).unwrap(), activity);
    }

    #[test]
    fn every_violation_is_told_with_its_path() {
        let mut wrong = order();
        wrong.source_id.clear();
        wrong.activity_type = "Order Paid".into();
        wrong.member_id.clear();
        wrong.items[0].quantity = -1;
        let mut paths = paths(wrong);
        paths.sort();
        assert_eq!(paths, ["activity_type", "items[0].quantity", "member_id", "source_id"]);
    }

    #[test]
    fn a_number_that_stands_for_nothing_is_no_order_s() {
        for id in ["#N/A", "null", "-", "0", "undefined"] {
            let mut wrong = order();
            wrong.source_id = id.into();
            wrong.refunded_source_id = id.into();
            assert_eq!(paths(wrong), ["source_id", "refunded_source_id"], "{id}");
        }
        let mut right = order();
        right.source_id = "null-1".into();
        assert!(parse(right, NOW).activity.is_ok());
    }

    #[test]
    fn an_id_that_stands_for_nothing_is_no_line_s_but_an_index_is() {
        for (line_id, is_line) in [
            ("null", false),
            ("#N/A", false),
            ("-", false),
            ("0", true),
            ("00", true),
            ("7", true),
        ] {
            let mut lined = order();
            lined.items[0].line_id = line_id.into();
            assert_eq!(parse(lined, NOW).activity.is_ok(), is_line, "{line_id}");
        }
    }

    #[test]
    fn amounts_that_contradict_each_other_are_told_with_everything_else() {
        let mut wrong = order();
        wrong.occur_time = None;
        wrong.items[0].amount = Some(shared::Money {
            currency_code: "CNY".into(),
            minor_units: 300,
        });
        wrong.activity_type = "Order Paid".into();
        let mut paths = paths(wrong);
        paths.sort();
        assert_eq!(paths, ["activity_type", "amount", "occur_time"]);
    }

    #[test]
    fn what_state_or_time_forbids_is_refused_too() {
        assert_eq!(
            paths(v1::Activity {
                channel_code: "T-Mall".into(),
                ..order()
            }),
            ["channel_code"]
        );
        assert_eq!(
            paths(v1::Activity {
                member_id: "mbr_x".into(),
                ..order()
            }),
            ["member_id"]
        );
        let tomorrow = NOW.plus_days(1);
        let ahead = |time: Time| v1::Activity {
            occur_time: Some(time.to_wire()),
            ..order()
        };
        assert!(parse(ahead(tomorrow), NOW).activity.is_ok());
        assert_eq!(paths(ahead(Time::from_micros(tomorrow.micros() + 1))), ["occur_time"]);
        assert_eq!(paths(ahead(Time::from_micros(NOW.micros() - 1))), ["occur_time"]);
        let huge = Some(shared::Money {
            currency_code: "CNY".into(),
            minor_units: AMOUNT_MAX + 1,
        });
        assert_eq!(
            paths(v1::Activity {
                amount: huge,
                ..order()
            }),
            ["amount.minor_units"]
        );
    }
}
