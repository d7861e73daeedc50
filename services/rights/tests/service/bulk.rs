//! Facts by the thousand.

use crate::brand::brand_with_ladder;

#[tokio::test]
async fn thousands_of_facts_of_many_members_and_brands_are_applied_in_order() {
    const MEMBERS: usize = 700;
    let mut brand = brand_with_ladder().await;
    let (first, second) = (brand.tenant, brand.harness.other_tenant());
    let members: Vec<String> = (0..MEMBERS).map(|_| brand.member()).collect();
    for member in &members {
        brand.tell_registered(member);
    }
    for round in 0..5 {
        for (number, member) in members.iter().enumerate() {
            // Every tenth fact is of the other brand, whose ladder is not set.
            brand.tenant = if (number + round) % 10 == 0 { second } else { first };
            brand.tell_earned(member, "growth", 30);
        }
    }
    brand.tenant = first;
    brand.settle().await;
    let counts: Vec<(String, i64)> = brand
        .summary()
        .await
        .tiers
        .into_iter()
        .map(|tier| (tier.tier_code, tier.member_count))
        .collect();
    // Half of the members had all five rounds here and half had four: 150 or 120, silver in both cases.
    let expected = [("bronze", 0), ("silver", 700), ("gold", 0), ("platinum", 0)];
    assert_eq!(counts, expected.map(|(code, count)| (code.to_owned(), count)));
    let mut values = Vec::new();
    for member in &members[..10] {
        values.push(brand.standing(member).await.growth_value);
    }
    values.sort_unstable();
    assert_eq!(values, [120, 120, 120, 120, 120, 150, 150, 150, 150, 150]);
    assert_eq!(brand.harness.published().await.len(), 2 * MEMBERS);
}
