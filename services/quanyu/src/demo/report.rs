//! The report that a manager would read. Pure: figures in, text out.

use std::fmt::Write;
use std::time::Duration;

use contracts_tagging::v1::TagTotal;
use contracts_tagging::v1::tag_value::Kind as ValueKind;

use super::brand::NODES;
use super::check::{Check, shop_figures};
use super::figures::Figures;
use super::people::Shop;
use super::phases::{Phase, Phases};
use super::plan::{Expected, ShopFigures};
use super::replay::Tally;
use super::text::{Table, dollars, number, share};
use crate::progress::rate;

/// Everything but the story of one member.
pub(super) fn report(expected: &Expected, tally: &Tally, figures: &Figures) -> String {
    let sections = [
        ("Members", members(expected, tally, figures)),
        ("Channels", channels(figures)),
        ("Who buys where", overlaps(figures)),
        ("Points", points(figures)),
        ("Tiers", tiers(figures)),
        ("Coupons", coupons(figures)),
        ("Tags", tags(figures)),
        ("Segments", segments(figures)),
        ("Journey \"From welcome to loyal\"", journey(figures)),
    ];
    sections.into_iter().fold(String::new(), |mut text, (title, section)| {
        let _ = write!(text, "\n{title}\n{section}");
        text
    })
}

fn members(expected: &Expected, tally: &Tally, figures: &Figures) -> String {
    let members = &figures.members;
    let identities: u64 = members.identities.values().sum();
    let mut table = Table::plain(1);
    table.row(["people in the data".to_owned(), number(expected.people)]);
    table.row(["members registered".to_owned(), number(tally.created)]);
    table.row(["unified by a merge".to_owned(), number(tally.merged)]);
    table.row(["members now".to_owned(), number(members.count)]);
    table.row(["ids that lead to them".to_owned(), number(identities)]);
    for (kind, count) in &members.identities {
        table.row([format!("  {kind}"), number(*count)]);
    }
    for (channels, count) in &members.by_channels {
        let noun = if *channels == 1 { "channel" } else { "channels" };
        table.row([format!("known in {channels} {noun}"), number(*count)]);
    }
    table.text()
}

fn channels(figures: &Figures) -> String {
    let mut table = Table::new(
        1,
        [
            "channel",
            "active members",
            "orders",
            "sales",
            "an order",
            "refunds",
            "given back",
        ],
    );
    let mut total = ShopFigures::default();
    for shop in Shop::ALL {
        let found = shop_figures(shop, figures);
        let active = figures
            .insight
            .channels
            .iter()
            .find(|channel| channel.channel_code == shop.code());
        let active = active.map_or(0, |channel| channel.member_count);
        table.row(channel_row(shop.name(), number(active), found));
        total.orders = total.orders.saturating_add(found.orders);
        total.sales_cents = total.sales_cents.saturating_add(found.sales_cents);
        total.refunds = total.refunds.saturating_add(found.refunds);
        total.refund_cents = total.refund_cents.saturating_add(found.refund_cents);
    }
    table.row(channel_row("all", String::new(), total));
    table.text()
}

fn channel_row(name: &str, active: String, figures: ShopFigures) -> [String; 7] {
    let average = figures.sales_cents.checked_div(figures.orders).unwrap_or(0);
    [
        name.to_owned(),
        active,
        number(figures.orders),
        dollars(figures.sales_cents),
        dollars(average),
        number(figures.refunds),
        dollars(figures.refund_cents),
    ]
}

fn overlaps(figures: &Figures) -> String {
    let mut table = Table::new(1, ["active in each of", "members", "of all"]);
    for overlap in &figures.insight.overlaps {
        let of_all = share(overlap.member_count, figures.insight.member_count);
        table.row([overlap.channel_codes.join(" + "), number(overlap.member_count), of_all]);
    }
    table.text()
}

fn points(figures: &Figures) -> String {
    let mut table = Table::new(1, ["", "points", "of the issued", "growth value"]);
    let (points, growth) = (&figures.points, &figures.growth);
    let rows = [
        ("issued", points.issued, growth.issued),
        ("redeemed", points.redeemed, growth.redeemed),
        ("given back to members by refunds", points.returned, growth.returned),
        ("taken back by refunds", points.taken_back, growth.taken_back),
        ("expired after 365 days", points.expired, growth.expired),
        ("outstanding", points.outstanding, growth.outstanding),
    ];
    for (name, points, growth) in rows {
        table.row([
            name.to_owned(),
            number(points),
            share(points, figures.points.issued),
            number(growth),
        ]);
    }
    table.row([
        "ledger entries".to_owned(),
        number(points.entry_count),
        String::new(),
        number(growth.entry_count),
    ]);
    table.text()
}

fn tiers(figures: &Figures) -> String {
    let all: i64 = figures.rights.tiers.iter().map(|tier| tier.member_count).sum();
    let mut table = Table::new(1, ["tier", "members", "of all"]);
    for tier in &figures.rights.tiers {
        table.row([
            tier.tier_name.clone(),
            number(tier.member_count),
            share(tier.member_count, all),
        ]);
    }
    table.text()
}

fn coupons(figures: &Figures) -> String {
    let mut table = Table::new(
        1,
        ["coupon", "issued", "redeemed", "rate", "usable", "expired", "taken off"],
    );
    for template in &figures.rights.coupon_templates {
        table.row([
            template.template_name.clone(),
            number(template.issued_count),
            number(template.redeemed_count),
            share(template.redeemed_count, template.issued_count),
            number(template.available_count),
            number(template.expired_count),
            dollars(template.discounts.values().sum()),
        ]);
    }
    table.text()
}

fn tags(figures: &Figures) -> String {
    let mut table = Table::new(2, ["tag", "value", "members"]);
    for TagTotal {
        tag_code,
        value,
        member_count,
    } in &figures.insight.tags
    {
        let value = value.as_ref().and_then(|value| value.kind.as_ref());
        table.row([
            tag_code.clone(),
            value.map_or_else(|| "(any)".to_owned(), value_text),
            number(*member_count),
        ]);
    }
    table.text()
}

/// A tag's value in words.
pub(super) fn value_text(value: &ValueKind) -> String {
    match value {
        ValueKind::BoolValue(value) => value.to_string(),
        ValueKind::IntValue(value) => number(*value),
        ValueKind::StringValue(value) => value.clone(),
        ValueKind::TimeValue(value) => super::text::day(Some(value)),
    }
}

fn segments(figures: &Figures) -> String {
    let mut table = Table::new(1, ["segment", "members", "of all"]);
    for segment in &figures.insight.segments {
        let of_all = share(segment.member_count, figures.insight.member_count);
        table.row([segment.display_name.clone(), number(segment.member_count), of_all]);
    }
    table.text()
}

fn journey(figures: &Figures) -> String {
    let journey = &figures.journey;
    let mut table = Table::new(1, ["node", "came", "went on", "wait there", "refused"]);
    for node in &journey.nodes {
        let name = NODES
            .iter()
            .find(|(id, _)| *id == node.node_id)
            .map_or(node.node_id.as_str(), |(_, name)| name);
        table.row([
            name.to_owned(),
            number(node.entered_count),
            number(node.completed_count),
            number(node.waiting_count.saturating_add(node.running_count)),
            number(node.failed_count),
        ]);
    }
    let (active, stopped) = (number(journey.active_count), number(journey.stopped_count));
    let sums = format!("  {} began, {active} are under way, ", number(journey.started_count));
    let sums = sums
        + &format!(
            "{} came to an end, {stopped} were stopped by a merge\n",
            number(journey.completed_count)
        );
    table.text() + &sums
}

/// The comparisons, those that do not hold in full.
pub(super) fn verdict(checks: &[Check], tally: &Tally, figures: &Figures) -> String {
    let accounts = number(figures.ledger.accounts);
    let entries = number(figures.points.entry_count.saturating_add(figures.growth.entry_count));
    let mut text = format!("\nReconciliation\n  {accounts} accounts with {entries} entries: ");
    let _ = match figures.ledger.disagreements.as_slice() {
        [] => writeln!(text, "entries, lots and balances agree in all of them"),
        some => writeln!(
            text,
            "{} DISAGREE, the first one: {:?}",
            number(some.len().try_into().unwrap_or(i64::MAX)),
            some.first()
        ),
    };
    let failed: Vec<&Check> = checks.iter().filter(|check| !check.holds()).collect();
    let held = checks.len().saturating_sub(failed.len());
    let _ = writeln!(text, "  {held} of {} comparisons with what was sent hold", checks.len());
    for check in failed {
        let _ = writeln!(
            text,
            "  NOT SO: {}: {} expected, {} found",
            check.what,
            number(check.expected),
            number(check.found)
        );
    }
    for complaint in &tally.complaints {
        let _ = writeln!(text, "  {complaint}");
    }
    text
}

/// How long it took, and with what.
pub(super) fn timing(phases: &Phases, tally: &Tally, replay: Duration) -> String {
    let total = phases.total();
    let mut table = Table::new(1, ["", "seconds", "share"]);
    for phase in Phase::ALL {
        let spent = phases.of(phase);
        table.row([
            phase.name().to_owned(),
            seconds(spent),
            share(millis(spent), millis(total)),
        ]);
    }
    table.row(["all".to_owned(), seconds(total), String::new()]);
    let per_second = number(rate(tally.recorded, replay));
    format!(
        "\nTime\n{}  {} orders and refunds, {per_second} a second over the replay\n",
        table.text(),
        number(tally.recorded)
    )
}

fn millis(duration: Duration) -> i128 {
    i128::try_from(duration.as_millis()).unwrap_or(i128::MAX)
}

fn seconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}
