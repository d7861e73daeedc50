//! What the ledger shows by its contract, against the model.

use contracts::points::v1::hold_service_client::HoldServiceClient;
use contracts::points::v1::ledger_service_client::LedgerServiceClient;
use contracts::points::v1::points_service_client::PointsServiceClient;
use contracts::points::v1::*;
use kernel::Time;
use rpc::Channel;

use super::brand::{ASSETS, Account};
use super::replay::{Replay, lot_parts};
use super::world::World;
use crate::domain::LotKey;

const PAGE: i32 = 500;

/// All accounts that there can be.
fn accounts(world: &World) -> impl Iterator<Item = Account> + '_ {
    let members = 0..world.members.ids.len();
    members.flat_map(|member| (0..ASSETS.len()).map(move |asset| Account { member, asset }))
}

/// Every entry of every account.
pub(super) async fn entries(world: &World) -> Vec<Entry> {
    let link = world.link(0).await;
    let mut all = Vec::new();
    for account in accounts(world) {
        let mut request = ListEntriesRequest {
            member_id: world.members.id(account.member),
            asset_code: account.asset().code.to_owned(),
            page_size: PAGE,
            page_token: String::new(),
        };
        loop {
            let (mut points, asked) = (PointsServiceClient::new(link.channel()), request.clone());
            let page = link
                .run(async move { points.list_entries(asked).await.unwrap().into_inner() })
                .await
                .unwrap();
            all.extend(page.entries);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
    }
    all
}

/// Balances, lots and holds are the model's, and the ledger agrees with itself.
pub(super) async fn check(world: &World, replay: &Replay) {
    let link = world.link(0).await;
    for account in accounts(world) {
        if replay.family.leads.is_itself(account.member) {
            let (member, asset) = (world.members.id(account.member), account.asset().code.to_owned());
            let channel = link.channel();
            let shown = link.run(Shown::read(channel, member, asset)).await.unwrap();
            shown.check(replay, account, world.now());
        } else {
            replay.check_nothing_left(account.holder());
        }
    }
    let channel = link.channel();
    let disagreements = link.run(disagreements(channel)).await.unwrap();
    assert_eq!(disagreements, []);
}

async fn disagreements(channel: Channel) -> Vec<Disagreement> {
    let mut ledger = LedgerServiceClient::new(channel);
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ReconcileAccountsRequest {
            page_size: PAGE,
            page_token,
        };
        let page = ledger.reconcile_accounts(request).await.unwrap().into_inner();
        found.extend(page.disagreements);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

/// What is shown of one account.
struct Shown {
    balance: Balance,
    lots: Vec<Lot>,
    holds: Vec<Hold>,
}

impl Shown {
    async fn read(channel: Channel, member_id: String, asset_code: String) -> Self {
        let (mut points, mut holds) = (
            PointsServiceClient::new(channel.clone()),
            HoldServiceClient::new(channel),
        );
        let balance = GetBalanceRequest {
            member_id: member_id.clone(),
            asset_code: asset_code.clone(),
            expiring_within_days: 0,
        };
        let lots = ListLotsRequest {
            member_id: member_id.clone(),
            asset_code: asset_code.clone(),
            page_size: PAGE,
            page_token: String::new(),
        };
        let open = ListHoldsRequest {
            member_id,
            asset_code,
            open_only: true,
            page_size: PAGE,
            page_token: String::new(),
        };
        Self {
            balance: points.get_balance(balance).await.unwrap().into_inner().balance.unwrap(),
            lots: points.list_lots(lots).await.unwrap().into_inner().lots,
            holds: holds.list_holds(open).await.unwrap().into_inner().holds,
        }
    }

    fn check(&self, replay: &Replay, account: Account, now: Time) {
        let holder = account.holder();
        let mine = || replay.model.lots.iter().filter(|(_, lot)| lot.holder == holder);
        let balance = &self.balance;
        assert_eq!(
            (
                balance.available,
                balance.held,
                balance.pending,
                balance.debt,
                balance.sequence
            ),
            (
                replay.model.available(holder, now),
                mine().map(|(_, lot)| lot.held).sum::<i64>(),
                mine().map(|(_, lot)| lot.pending).sum::<i64>(),
                replay.model.debt(holder),
                replay.sequence(holder),
            ),
            "{account:?}"
        );
        let shown: Vec<(LotKey, [i64; 3])> = self.lots.iter().map(lot).collect();
        let live = mine().filter(|((expire_time, _), lot)| lot.available > 0 && *expire_time > now);
        let expected: Vec<(LotKey, [i64; 3])> = live
            .map(|(key, lot)| (*key, [lot.granted, lot.available, lot.held]))
            .collect();
        assert_eq!(shown, expected, "{account:?}");
        let held = |hold: &Hold| (hold.hold_id.clone(), lot_parts(&hold.lots));
        let mut shown: Vec<(String, Vec<(LotKey, i64)>)> = self.holds.iter().map(held).collect();
        shown.sort_unstable();
        let open = replay
            .model
            .holds
            .iter()
            .filter(|(_, hold)| hold.open && hold.holder == holder);
        let mut expected: Vec<_> = open.map(|(id, hold)| (id.to_string(), hold.parts.clone())).collect();
        expected.sort_unstable();
        assert_eq!(shown, expected, "{account:?}");
        for (key, lot) in mine() {
            let gone = lot.spent + lot.expired + lot.clawed + lot.given;
            assert_eq!(lot.granted, lot.available + lot.held + lot.pending + gone, "{key:?}");
        }
    }
}

fn lot(lot: &Lot) -> (LotKey, [i64; 3]) {
    let expire_time = lot
        .expire_time
        .as_ref()
        .map_or(Time::MAX, |time| Time::from_wire(time).unwrap());
    (
        (expire_time, lot.lot_id.parse().unwrap()),
        [lot.granted, lot.remaining, lot.held],
    )
}
