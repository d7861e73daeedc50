use contracts::r#type::v1::Money;
use contracts_tagging::v1::insight_service_client::InsightServiceClient;
use contracts_tagging::v1::*;

use crate::world::{World, count, int, is_set, manual, text};

fn money(currency_code: &str, minor_units: i64) -> Money {
    Money {
        currency_code: currency_code.into(),
        minor_units,
    }
}

#[tokio::test]
async fn a_summary_says_who_bought_where_and_who_has_which_tag() {
    let world = World::new().await;
    world.create_tag(count("orders_30d", 30)).await;
    world.create_tag(manual("store", TagValueType::String)).await;
    world.create_segment("buyers", is_set("orders_30d")).await;
    let activity = |number, id: &str, channel: &str, activity_type: &str, amount| Activity {
        channel_code: channel.into(),
        activity_type: activity_type.into(),
        amount,
        ..world.order(number, id, 0)
    };
    let activities = vec![
        activity(1, "a", "tmall", "order_paid", Some(money("CNY", 100))),
        activity(1, "b", "pos", "order_paid", Some(money("CNY", 50))),
        activity(1, "c", "app", "browsed", None),
        activity(2, "d", "tmall", "order_paid", Some(money("USD", 7))),
        activity(2, "e", "tmall", "order_refunded", Some(money("USD", 2))),
        activity(2, "f", "pos", "scanned", None),
        activity(3, "g", "pos", "order_paid", Some(money("CNY", 1))),
    ];
    world.record(activities.clone()).await;
    world.record(activities).await;
    world.assign(1, "store", Some(text("suzhou"))).await;
    world.assign(2, "store", Some(text("suzhou"))).await;
    world.assign(3, "store", Some(text("wuxi"))).await;
    world.assign(3, "store", Some(text("suzhou"))).await;
    world.assign(4, "store", Some(text("wuxi"))).await;
    world.harness.settle().await;

    let mut insight = InsightServiceClient::new(world.harness.channel());
    let summary = insight
        .get_summary(GetSummaryRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(summary.member_count, 4);
    let tag = |code: &str, value, member_count| TagTotal {
        tag_code: code.into(),
        value,
        member_count,
    };
    let expected = [
        tag("orders_30d", None, 3),
        tag("store", Some(text("suzhou")), 3),
        tag("store", Some(text("wuxi")), 1),
    ];
    assert_eq!(summary.tags, expected);
    assert_eq!(
        summary
            .segments
            .iter()
            .map(|s| (&*s.segment_code, s.member_count))
            .collect::<Vec<_>>(),
        [("buyers", 3)]
    );

    let channels: Vec<_> = summary
        .channels
        .iter()
        .map(|c| {
            (
                &*c.channel_code,
                c.member_count,
                c.activity_count,
                c.order_count,
                c.refund_count,
            )
        })
        .collect();
    assert_eq!(
        channels,
        [("app", 1, 1, 0, 0), ("pos", 3, 3, 2, 0), ("tmall", 2, 3, 2, 1)]
    );
    let tmall = &summary.channels[2];
    assert_eq!(
        (&tmall.sales, &tmall.refunds),
        (&vec![money("CNY", 100), money("USD", 7)], &vec![money("USD", 2)])
    );
    let overlaps: Vec<_> = summary
        .overlaps
        .iter()
        .map(|o| (o.channel_codes.join(" "), o.member_count))
        .collect();
    let expected = [("app pos", 1), ("app pos tmall", 1), ("app tmall", 1), ("pos tmall", 2)];
    assert_eq!(overlaps, expected.map(|(codes, count)| (codes.to_owned(), count)));

    let request = GetSummaryRequest { tags_max: 1 };
    assert_eq!(insight.get_summary(request).await.unwrap().into_inner().tags.len(), 1);
    world.assign(1, "store", Some(text("suzhou"))).await;
    world.pass_days(30).await;
    let summary = insight
        .get_summary(GetSummaryRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(summary.tags.len(), 2, "what has left its window is not counted");
    assert_eq!(world.int_of(1, "orders_30d").await.map(int), None);
}
