use std::collections::HashMap;

use kernel::{Exact, Time};

use super::{Coupon, CouponId, CouponState};
use crate::coupon_template::{CouponTemplate, TemplateRefusal};
use crate::member::MemberId;

/// One coupon that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// The member that gets it.
    pub(crate) member: MemberId,
    /// The caller's id of the item; none where it has none.
    pub(crate) item_id: Option<String>,
}

/// The coupons of a template that were issued before, as far as they concern some items.
#[derive(Clone, Debug, Default)]
pub(crate) struct Issued {
    /// How many coupons each member was issued.
    pub(crate) by_member: HashMap<MemberId, i64>,
    /// The coupons that item ids have issued.
    pub(crate) by_item: HashMap<String, Coupon>,
}

/// The outcome of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ItemOutcome {
    /// A coupon was issued.
    Issued(Coupon),
    /// The item id has issued this coupon before.
    Earlier(Coupon),
    /// Nothing was issued.
    Refused(ItemRefusal),
}

/// Why an item issues nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ItemRefusal {
    /// All of the template are issued.
    #[error("all {cap} coupons of the template are issued")]
    TotalCap {
        /// The cap.
        cap: i64,
    },
    /// The member has had all that one may have.
    #[error("the member has been issued all {cap} coupons that one member may have")]
    MemberCap {
        /// The cap.
        cap: i64,
    },
    /// The item id issued a coupon to another member.
    #[error("the item id has issued the coupon {coupon} to another member: use a new id for a new item")]
    ItemIdReused {
        /// The coupon.
        coupon: CouponId,
    },
}

/// Decides some items, one by one in their order: as many are granted as the caps allow. The template
/// must issue at all, unless there is nothing new to be issued.
pub(crate) fn issue(
    template: &CouponTemplate,
    items: &[Item],
    mut issued: Issued,
    now: Time,
    mut new_id: impl FnMut() -> CouponId,
) -> Result<Vec<ItemOutcome>, TemplateRefusal> {
    let mut issued_count = template.issued_count;
    let mut outcomes = Vec::with_capacity(items.len());
    for item in items {
        if let Some(outcome) = earlier(item, &issued) {
            outcomes.push(outcome);
            continue;
        }
        let period = template.period_of_issue(now)?;
        let held = issued.by_member.entry(item.member).or_default();
        if let Err(refusal) = refuse_above_caps(template, issued_count, *held) {
            outcomes.push(ItemOutcome::Refused(refusal));
            continue;
        }
        issued_count = issued_count.exact_add(1);
        *held = held.exact_add(1);
        let coupon = Coupon {
            id: new_id(),
            template_code: template.code.clone(),
            member: item.member,
            issue_time: now,
            period,
            state: CouponState::Issued,
            version: 1,
        };
        if let Some(item_id) = &item.item_id {
            issued.by_item.insert(item_id.clone(), coupon.clone());
        }
        outcomes.push(ItemOutcome::Issued(coupon));
    }
    assert!(
        template
            .total_cap
            .is_none_or(|cap| issued_count <= cap.max(template.issued_count)),
        "a cap holds"
    );
    Ok(outcomes)
}

/// The outcome of an item that was sent before; none where it is new.
fn earlier(item: &Item, issued: &Issued) -> Option<ItemOutcome> {
    let coupon = issued.by_item.get(item.item_id.as_ref()?)?;
    Some(if coupon.member == item.member {
        ItemOutcome::Earlier(coupon.clone())
    } else {
        ItemOutcome::Refused(ItemRefusal::ItemIdReused { coupon: coupon.id })
    })
}

fn refuse_above_caps(template: &CouponTemplate, issued_count: i64, held: i64) -> Result<(), ItemRefusal> {
    if let Some(cap) = template.total_cap.filter(|cap| *cap <= issued_count) {
        return Err(ItemRefusal::TotalCap { cap });
    }
    if let Some(cap) = template.member_cap.filter(|cap| *cap <= held) {
        return Err(ItemRefusal::MemberCap { cap });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kernel::{Clock, Id};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::coupon_template::TemplateState;
    use crate::coupon_template::tests::template;

    fn item(member: u128, item_id: Option<&str>) -> Item {
        Item {
            member: Id::from_uuid(Uuid::from_u128(member)),
            item_id: item_id.map(ToOwned::to_owned),
        }
    }

    fn decide(template: &CouponTemplate, items: &[Item], issued: Issued) -> Result<Vec<ItemOutcome>, TemplateRefusal> {
        let clock = Clock::manual(Time::from_seconds(1_000));
        issue(template, items, issued, clock.now(), || Id::generate(&clock))
    }

    /// The outcome of each item in one letter: issued, earlier, total cap, member cap, reused.
    fn letters(outcomes: &[ItemOutcome]) -> String {
        let letter = |outcome: &ItemOutcome| match outcome {
            ItemOutcome::Issued(_) => 'i',
            ItemOutcome::Earlier(_) => 'e',
            ItemOutcome::Refused(ItemRefusal::TotalCap { .. }) => 't',
            ItemOutcome::Refused(ItemRefusal::MemberCap { .. }) => 'm',
            ItemOutcome::Refused(ItemRefusal::ItemIdReused { .. }) => 'r',
        };
        outcomes.iter().map(letter).collect()
    }

    #[test]
    fn items_are_granted_in_their_order_as_far_as_the_caps_allow() {
        let template = template(TemplateState::Active);
        let items = [
            item(1, None),
            item(1, None),
            item(1, None),
            item(2, None),
            item(3, None),
        ];
        assert_eq!(letters(&decide(&template, &items, Issued::default()).unwrap()), "iimit");
    }

    #[test]
    fn what_was_issued_before_counts() {
        let template = CouponTemplate {
            issued_count: 2,
            ..template(TemplateState::Active)
        };
        let issued = Issued {
            by_member: HashMap::from([(item(1, None).member, 2)]),
            by_item: HashMap::new(),
        };
        let items = [item(1, None), item(2, None), item(3, None)];
        assert_eq!(letters(&decide(&template, &items, issued).unwrap()), "mit");
    }

    #[test]
    fn an_item_id_issues_one_coupon() {
        let template = template(TemplateState::Active);
        let items = [
            item(1, Some("a")),
            item(1, Some("a")),
            item(2, Some("a")),
            item(2, Some("b")),
        ];
        let outcomes = decide(&template, &items, Issued::default()).unwrap();
        assert_eq!(letters(&outcomes), "ieri");
        let (ItemOutcome::Issued(first), ItemOutcome::Earlier(again)) = (&outcomes[0], &outcomes[1]) else {
            panic!("issued, then earlier")
        };
        assert_eq!(first, again);
    }

    #[test]
    fn a_closed_template_still_answers_for_what_it_has_issued() {
        let active = template(TemplateState::Active);
        let outcomes = decide(&active, &[item(1, Some("a"))], Issued::default()).unwrap();
        let ItemOutcome::Issued(coupon) = &outcomes[0] else {
            panic!("issued")
        };
        let issued = Issued {
            by_member: HashMap::new(),
            by_item: HashMap::from([("a".to_owned(), coupon.clone())]),
        };
        let closed = CouponTemplate {
            issued_count: 1,
            ..template(TemplateState::Closed)
        };
        assert_eq!(
            letters(&decide(&closed, &[item(1, Some("a"))], issued.clone()).unwrap()),
            "e"
        );
        let refusal = TemplateRefusal::NotActive {
            state: TemplateState::Closed,
        };
        assert_eq!(
            decide(&closed, &[item(1, Some("a")), item(1, None)], issued),
            Err(refusal)
        );
    }

    proptest! {
        #[test]
        fn no_cap_is_ever_passed(
            total_cap in proptest::option::of(1..20_i64),
            member_cap in proptest::option::of(1..5_i64),
            members in proptest::collection::vec(0..6_u128, 1..60),
        ) {
            let template = CouponTemplate { total_cap, member_cap, ..template(TemplateState::Active) };
            let items: Vec<Item> = members.iter().map(|member| item(*member, None)).collect();
            let outcomes = decide(&template, &items, Issued::default()).unwrap();
            let mut held: HashMap<MemberId, i64> = HashMap::new();
            for outcome in &outcomes {
                if let ItemOutcome::Issued(coupon) = outcome {
                    *held.entry(coupon.member).or_default() += 1;
                }
            }
            let total: i64 = held.values().sum();
            prop_assert!(total_cap.is_none_or(|cap| total <= cap));
            prop_assert!(held.values().all(|held| member_cap.is_none_or(|cap| *held <= cap)));
            // Nobody is refused while there is room: a refusal means that a cap is used up.
            for (item, outcome) in items.iter().zip(&outcomes) {
                match outcome {
                    ItemOutcome::Refused(ItemRefusal::TotalCap { cap }) => prop_assert_eq!(total, *cap),
                    ItemOutcome::Refused(ItemRefusal::MemberCap { cap }) => prop_assert_eq!(held[&item.member], *cap),
                    _ => {}
                }
            }
        }
    }
}
