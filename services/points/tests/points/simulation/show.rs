//! What the ledger shows by its contract, against the model.

use contracts_points::v1::hold_service_client::HoldServiceClient;
use contracts_points::v1::ledger_service_client::LedgerServiceClient;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_points::v1::pool_service_client::PoolServiceClient;
use contracts_points::v1::*;
use kernel::Time;
use ledger::LotKey;
use rpc::Channel;

use super::brand::Account;
use super::pools::POOLS;
use super::replay::{Replay, lot_parts};
use super::world::World;

const PAGE: i32 = 500;

/// Every entry of every account.
pub(super) async fn entries(world: &World) -> Vec<Entry> {
    let link = world.link(0).await;
    let mut all = Vec::new();
    for account in world.members.accounts() {
        let holder = world.members.id(account.member);
        let mut page_token = String::new();
        loop {
            let (channel, holder, token) = (link.channel(), holder.clone(), page_token);
            let page = async move {
                match account.pool() {
                    None => entries_of_member(channel, holder, account.asset().code, token).await,
                    Some(_) => entries_of_pool(channel, holder, token).await,
                }
            };
            let (entries, next) = link.run(page).await.unwrap();
            all.extend(entries);
            page_token = next;
            if page_token.is_empty() {
                break;
            }
        }
    }
    all
}

async fn entries_of_member(
    channel: Channel,
    member_id: String,
    asset_code: &str,
    page_token: String,
) -> (Vec<Entry>, String) {
    let request = ListEntriesRequest {
        member_id,
        asset_code: asset_code.to_owned(),
        page_size: PAGE,
        page_token,
    };
    let page = PointsServiceClient::new(channel).list_entries(request).await;
    let page = page.unwrap().into_inner();
    (page.entries, page.next_page_token)
}

async fn entries_of_pool(channel: Channel, pool_id: String, page_token: String) -> (Vec<Entry>, String) {
    let request = ListPoolEntriesRequest {
        pool_id,
        page_size: PAGE,
        page_token,
    };
    let page = PoolServiceClient::new(channel).list_pool_entries(request).await;
    let page = page.unwrap().into_inner();
    (page.entries, page.next_page_token)
}

/// Balances, lots and holds are the model's, and the ledger agrees with itself.
pub(super) async fn check(world: &World, replay: &Replay) {
    let link = world.link(0).await;
    for account in world.members.accounts() {
        if replay.family.leads.is_itself(account.member) {
            let (member, asset) = (world.members.id(account.member), account.asset().code.to_owned());
            let channel = link.channel();
            let read = async move {
                match account.pool() {
                    None => Shown::read(channel, member, asset).await,
                    Some(_) => Shown::read_pool(channel, member).await,
                }
            };
            let shown = link.run(read).await.unwrap();
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
    /// Those of a pool are not shown.
    lots: Option<Vec<Lot>>,
    holds: Vec<Hold>,
    pool: Option<Pool>,
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
            lots: Some(points.list_lots(lots).await.unwrap().into_inner().lots),
            holds: holds.list_holds(open).await.unwrap().into_inner().holds,
            pool: None,
        }
    }

    async fn read_pool(channel: Channel, pool_id: String) -> Self {
        let mut pools = PoolServiceClient::new(channel);
        let open = ListPoolHoldsRequest {
            pool_id: pool_id.clone(),
            open_only: true,
            page_size: PAGE,
            page_token: String::new(),
        };
        let holds = pools.list_pool_holds(open).await.unwrap().into_inner().holds;
        let pool = pools.get_pool(GetPoolRequest { pool_id }).await.unwrap().into_inner();
        let pool = pool.pool.unwrap();
        Self {
            balance: pool.balance.clone().unwrap(),
            lots: None,
            holds,
            pool: Some(pool),
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
        let shown = self.lots.as_ref();
        let shown: Option<Vec<(LotKey, [i64; 3])>> = shown.map(|lots| lots.iter().map(lot).collect());
        let live = mine().filter(|((expire_time, _), lot)| lot.available > 0 && *expire_time > now);
        let expected: Vec<(LotKey, [i64; 3])> = live
            .map(|(key, lot)| (*key, [lot.granted, lot.available, lot.held]))
            .collect();
        assert!(shown.is_none_or(|shown| shown == expected), "{account:?}: {expected:?}");
        self.check_places(replay, account);
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

impl Shown {
    /// A pool's places are whose they should be by now.
    fn check_places(&self, replay: &Replay, account: Account) {
        let (Some(number), Some(pool)) = (account.pool(), &self.pool) else {
            return;
        };
        let places = pool.members.iter();
        let mut shown: Vec<(String, bool)> = places
            .map(|place| (place.member_id.clone(), place.join_time.is_some()))
            .collect();
        shown.sort_unstable();
        let joined = replay.joined(number);
        let expected = (0..replay.members.ids.len()).filter(|member| replay.has_place(number, *member));
        let mut expected: Vec<(String, bool)> = expected
            .map(|member| (replay.members.id(member), joined.contains(&member)))
            .collect();
        expected.sort_unstable();
        assert_eq!(shown, expected, "{pool:?}");
        let owner = POOLS[number].owner(&replay.family.leads);
        assert_eq!(pool.owner_member_id, replay.members.id(owner), "{pool:?}");
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
