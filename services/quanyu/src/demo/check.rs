//! Compares what the platform says with what the replay did and with what the plan foresaw. Pure.

use super::brand::CURRENCY;
use super::figures::Figures;
use super::people::Shop;
use super::plan::{Expected, ShopFigures};
use super::replay::Tally;

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// What is compared.
    pub(super) what: String,
    /// What it must be.
    pub(super) expected: i128,
    /// What the platform says.
    pub(super) found: i128,
}

impl Check {
    fn new(what: impl Into<String>, expected: impl Into<i128>, found: impl Into<i128>) -> Self {
        Self {
            what: what.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    pub(super) fn holds(&self) -> bool {
        self.expected == self.found
    }
}

/// Every comparison.
pub(super) fn checks(expected: &Expected, tally: &Tally, figures: &Figures) -> Vec<Check> {
    let mut checks = vec![
        Check::new(
            "arrivals, activities and evidence that went otherwise than planned",
            0,
            tally.complaint_count,
        ),
        Check::new("activities recorded", tally.sent, tally.recorded),
        Check::new("members registered", expected.registrations, tally.created),
        Check::new("members merged", expected.merges, tally.merged),
        Check::new("members that identity lists", expected.members, figures.members.count),
        Check::new(
            "members that tagging knows",
            expected.members,
            figures.insight.member_count,
        ),
    ];
    checks.extend(
        Shop::ALL
            .into_iter()
            .flat_map(|shop| shop_checks(shop, expected, figures)),
    );
    checks.extend(points_checks(tally, figures));
    checks.extend(rights_checks(expected, tally, figures));
    checks.extend([
        Check::new("journeys begun", expected.registrations, figures.journey.started_count),
        Check::new(
            "accounts that disagree with their entries or lots",
            0,
            disagreements(figures),
        ),
    ]);
    checks
}

fn disagreements(figures: &Figures) -> i64 {
    i64::try_from(figures.ledger.disagreements.len()).unwrap_or(i64::MAX)
}

fn shop_checks(shop: Shop, expected: &Expected, figures: &Figures) -> [Check; 4] {
    let expected = expected.shops.get(&shop).copied().unwrap_or_default();
    let found = shop_figures(shop, figures);
    let code = shop.code();
    [
        Check::new(format!("orders of {code}"), expected.orders, found.orders),
        Check::new(
            format!("sales of {code}, in cents"),
            expected.sales_cents,
            found.sales_cents,
        ),
        Check::new(format!("refunds of {code}"), expected.refunds, found.refunds),
        Check::new(
            format!("money given back by {code}, in cents"),
            expected.refund_cents,
            found.refund_cents,
        ),
    ]
}

/// What tagging says of a shop.
pub(super) fn shop_figures(shop: Shop, figures: &Figures) -> ShopFigures {
    let Some(total) = figures
        .insight
        .channels
        .iter()
        .find(|channel| channel.channel_code == shop.code())
    else {
        return ShopFigures::default();
    };
    let in_cents = |amounts: &[contracts::r#type::v1::Money]| {
        amounts
            .iter()
            .filter(|money| money.currency_code == CURRENCY)
            .map(|money| money.minor_units)
            .sum()
    };
    ShopFigures {
        orders: total.order_count,
        sales_cents: in_cents(&total.sales),
        refunds: total.refund_count,
        refund_cents: in_cents(&total.refunds),
    }
}

fn points_checks(tally: &Tally, figures: &Figures) -> [Check; 4] {
    let books = |sums: &contracts_points::v1::GetLiabilityResponse| {
        let came = i128::from(sums.issued).saturating_add(i128::from(sums.returned));
        let went = [sums.redeemed, sums.taken_back, sums.expired, sums.outstanding].map(i128::from);
        (came, went.into_iter().sum::<i128>())
    };
    let (points, growth) = (books(&figures.points), books(&figures.growth));
    [
        Check::new("points redeemed", tally.points_redeemed, figures.points.redeemed),
        Check::new(
            "points given back by refunds",
            tally.points_returned,
            figures.points.returned,
        ),
        Check::new(
            "points: issued + given back = redeemed + taken back + expired + outstanding",
            points.0,
            points.1,
        ),
        Check::new(
            "growth: issued + given back = redeemed + taken back + expired + outstanding",
            growth.0,
            growth.1,
        ),
    ]
}

fn rights_checks(expected: &Expected, tally: &Tally, figures: &Figures) -> [Check; 2] {
    let on_ladder: i64 = figures.rights.tiers.iter().map(|tier| tier.member_count).sum();
    let redeemed: i64 = figures
        .rights
        .coupon_templates
        .iter()
        .map(|template| template.redeemed_count)
        .sum();
    let kept = tally.coupons_redeemed.saturating_sub(tally.coupons_returned);
    [
        Check::new("members on the tier ladder", expected.members, on_ladder),
        Check::new("coupons redeemed and not returned", kept, redeemed),
    ]
}

#[cfg(test)]
mod tests {
    use contracts::r#type::v1::Money;
    use contracts_campaign::v1::GetJourneyStatisticsResponse;
    use contracts_points::v1::{Disagreement, GetLiabilityResponse};
    use contracts_rights::v1::{CouponTemplateCount, GetRightsSummaryResponse, TierCount};
    use contracts_tagging::v1::{ChannelTotal, GetSummaryResponse};

    use super::super::figures::{Ledger, Members};
    use super::super::report::verdict;
    use super::*;

    /// Two members, one of them with an order of 7.50, a coupon and 5 points spent.
    fn right() -> (Expected, Tally, Figures) {
        let shop = ShopFigures {
            orders: 1,
            sales_cents: 750,
            refunds: 0,
            refund_cents: 0,
        };
        let expected = Expected {
            people: 2,
            members: 2,
            registrations: 3,
            merges: 1,
            shops: [(Shop::Pos, shop)].into(),
        };
        let mut tally = Tally::default();
        (tally.created, tally.merged, tally.sent, tally.recorded) = (3, 1, 1, 1);
        (tally.coupons_redeemed, tally.points_redeemed) = (1, 5);
        let sales = vec![Money {
            currency_code: CURRENCY.to_owned(),
            minor_units: 750,
        }];
        let channel = ChannelTotal {
            channel_code: "pos".to_owned(),
            order_count: 1,
            sales,
            ..ChannelTotal::default()
        };
        let figures = Figures {
            members: Members {
                count: 2,
                ..Members::default()
            },
            insight: GetSummaryResponse {
                member_count: 2,
                channels: vec![channel],
                ..GetSummaryResponse::default()
            },
            points: GetLiabilityResponse {
                issued: 7,
                redeemed: 5,
                outstanding: 2,
                ..GetLiabilityResponse::default()
            },
            growth: GetLiabilityResponse::default(),
            rights: GetRightsSummaryResponse {
                tiers: vec![TierCount {
                    member_count: 2,
                    ..TierCount::default()
                }],
                coupon_templates: vec![CouponTemplateCount {
                    redeemed_count: 1,
                    ..CouponTemplateCount::default()
                }],
            },
            journey: GetJourneyStatisticsResponse {
                started_count: 3,
                ..GetJourneyStatisticsResponse::default()
            },
            ledger: Ledger::default(),
        };
        (expected, tally, figures)
    }

    fn failed(expected: &Expected, tally: &Tally, figures: &Figures) -> Vec<String> {
        let failed = checks(expected, tally, figures)
            .into_iter()
            .filter(|check| !check.holds());
        failed.map(|check| check.what).collect()
    }

    #[test]
    fn figures_that_agree_with_what_was_sent_pass() {
        let (expected, tally, figures) = right();
        assert_eq!(failed(&expected, &tally, &figures), Vec::<String>::new());
    }

    #[test]
    fn a_lost_cent_a_lost_point_and_an_account_in_disorder_are_each_told() {
        let (expected, tally, mut figures) = right();
        figures.insight.channels[0].sales[0].minor_units -= 1;
        figures.points.outstanding -= 1;
        figures.ledger.disagreements.push(Disagreement::default());
        let failed = failed(&expected, &tally, &figures);
        assert_eq!(failed.len(), 3, "{failed:?}");
        let text = verdict(&checks(&expected, &tally, &figures), &tally, &figures);
        assert!(
            text.contains("NOT SO: sales of pos, in cents: 750 expected, 749 found"),
            "{text}"
        );
        assert!(text.contains("1 DISAGREE"), "{text}");
    }
}
