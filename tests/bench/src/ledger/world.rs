use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_points::v1::posting::Request;
use contracts_points::v1::posting_service_client::PostingServiceClient;
use contracts_points::v1::{
    Asset, AssetKind, CreateAssetRequest, EarnPointsRequest, GetBalanceRequest, PostBatchRequest, Posting,
    RedeemPointsRequest,
};
use fault::Fault;
use futures::{StreamExt, TryStreamExt};
use kernel::{Clock, Id, Kind};
use points::Ledger;
use store::Db;
use tonic::Status;

use super::LedgerArgs;
use super::check::agree;
use super::ways::{Way, Ways};
use crate::fleet::Fleet;
use crate::load::{Figures, Load};

/// How many postings a batch has.
pub(crate) const BATCH: u64 = 1_000;
/// How many batches are under way while the ledger is filled.
const FILLED_AT_ONCE: usize = 4;
const ASSET: &str = "points";
/// What each lot has: enough for everything that is redeemed from one account.
const ENDOWMENT: i64 = 1_000_000_000;
/// When the three lots of each account expire.
const EXPIRE_DAYS: [i64; 3] = [30, 60, 90];

enum Member {}

impl Kind for Member {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}

/// Whose points are redeemed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Skew {
    /// Everybody's alike.
    Uniform,
    /// Four of five calls are about one of a hundred accounts.
    Hot,
    /// One account's only.
    One,
}

impl Skew {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Hot => "1 % hot",
            Self::One => "one account",
        }
    }

    /// The place of the member that the nth call is about, of so many.
    fn place(self, n: u64, count: u64) -> u64 {
        // Scattered: neighbours in time are no neighbours in the index.
        let scattered = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let among = |count: u64| scattered.checked_rem(count.max(1)).unwrap_or(0);
        match self {
            Self::Uniform => among(count),
            Self::Hot if n % 5 == 4 => among(count),
            Self::Hot => among(count / 100),
            Self::One => 0,
        }
    }
}

/// A filled ledger and the ways to it.
pub(crate) struct World {
    members: Arc<[String]>,
    /// The member with one lot and hardly a past.
    pub(crate) short: String,
    /// The member with many entries.
    pub(crate) long: String,
    /// The member with many live lots.
    pub(crate) wide: String,
    ways: Ways,
    db: Db,
    clock: Clock,
    run: String,
    requests: Arc<AtomicU64>,
}

impl World {
    pub(crate) async fn build(fleet: &Fleet, scale: &LedgerArgs) -> Result<Self, Fault> {
        let clock = Clock::system();
        let db = Db::open(&fleet.database_of(points::NAME), points::NAME, points::migrations()).await?;
        let member = || Id::<Member>::generate(&clock).to_string();
        let world = Self {
            members: (0..scale.accounts.max(1)).map(|_| member()).collect(),
            short: member(),
            long: member(),
            wide: member(),
            ways: Ways::new(fleet, Ledger::start(clock.clone(), db.clone()))?,
            run: clock.now().micros().to_string(),
            db,
            clock,
            requests: Arc::default(),
        };
        world.create_asset().await?;
        world.fill(scale).await?;
        agree(&world.db, "the filling").await?;
        Ok(world)
    }

    async fn create_asset(&self) -> Result<(), Fault> {
        let route = self.ways.route(Way::Direct);
        let request = CreateAssetRequest {
            request_id: self.request_id(),
            code: ASSET.to_owned(),
            asset: Some(Asset {
                kind: AssetKind::Points.into(),
                ..Asset::default()
            }),
        };
        let mut client = AssetServiceClient::new(route.channel());
        client
            .create_asset(route.request(request))
            .await
            .map(drop)
            .map_err(Fault::from_peer)
    }

    /// Every account gets its three lots, and the three that are special theirs. By the contract, in batches.
    async fn fill(&self, scale: &LedgerArgs) -> Result<(), Fault> {
        let lots = EXPIRE_DAYS
            .iter()
            .flat_map(|days| self.members.iter().map(|member| self.earn(member, ENDOWMENT, *days)));
        let one = [&self.short, &self.long].map(|member| self.earn(member, ENDOWMENT, 30));
        let wide = (0..scale.lots).map(|_| self.earn(&self.wide, 1_000, 30));
        self.post_all(lots.chain(one).chain(wide)).await?;
        self.post_all((0..scale.entries).map(|_| self.redeem_posting(&self.long, 1)))
            .await
    }

    async fn post_all(&self, postings: impl Iterator<Item = Posting>) -> Result<(), Fault> {
        let size = usize::try_from(BATCH).map_err(Fault::internal)?;
        let batches = futures::stream::iter(postings).chunks(size);
        batches
            .map(|postings| self.post(postings))
            .buffered(FILLED_AT_ONCE)
            .try_for_each(|()| async { Ok(()) })
            .await
            .map_err(Fault::from_peer)
    }

    /// Posts a batch; a refused posting is an error.
    fn post(&self, postings: Vec<Posting>) -> impl Future<Output = Result<(), Status>> + Send + use<> {
        let route = self.ways.route(Way::Direct);
        async move {
            let request = PostBatchRequest {
                unreadable_items: Vec::new(),
                postings,
                all_or_nothing: false,
            };
            let mut client = PostingServiceClient::new(route.channel());
            let answer = client.post_batch(route.request(request)).await?.into_inner();
            match answer.refused_count {
                0 => Ok(()),
                refused => Err(Status::failed_precondition(format!("{refused} postings were refused"))),
            }
        }
    }

    fn request_id(&self) -> String {
        format!("{}-{}", self.run, self.requests.fetch_add(1, Ordering::Relaxed))
    }

    fn earn(&self, member: &str, amount: i64, days: i64) -> Posting {
        Posting {
            request: Some(Request::Earn(EarnPointsRequest {
                request_id: self.request_id(),
                member_id: member.to_owned(),
                asset_code: ASSET.to_owned(),
                amount,
                expire_time: Some(self.clock.now().plus_days(days).to_wire()),
                available_time: None,
                awaits_confirmation: false,
                cost_centre: String::new(),
                reference: String::new(),
            })),
        }
    }

    fn redeem_posting(&self, member: &str, amount: i64) -> Posting {
        Posting {
            request: Some(Request::Redeem(redeem(self.request_id(), member, amount))),
        }
    }

    /// Redemptions by a way; then the ledger must agree with itself.
    pub(crate) async fn redeem(&self, load: &Load, way: Way, skew: Skew) -> Result<Figures, Fault> {
        let (ways, requests, run) = (self.ways.clone(), self.requests.clone(), self.run.clone());
        let members = self.members.clone();
        let count = u64::try_from(members.len()).map_err(Fault::internal)?;
        let figures = load.measure(move |n| {
            let request_id = format!("{run}-{}", requests.fetch_add(1, Ordering::Relaxed));
            let place = usize::try_from(skew.place(n, count)).unwrap_or(0);
            let member = members.get(place).cloned().unwrap_or_default();
            let ways = ways.clone();
            async move { ways.redeem(way, redeem(request_id, &member, 1)).await }
        });
        let figures = figures.await;
        agree(&self.db, &format!("{}, {}", skew.name(), way.name())).await?;
        Ok(figures)
    }

    /// Redemptions from one account, in process.
    pub(crate) async fn redeem_of(&self, load: &Load, member: &str) -> Result<Figures, Fault> {
        let (ways, requests, run) = (self.ways.clone(), self.requests.clone(), self.run.clone());
        let member: Arc<str> = member.into();
        let figures = load.measure(move |_| {
            let request_id = format!("{run}-{}", requests.fetch_add(1, Ordering::Relaxed));
            let (ways, member) = (ways.clone(), member.clone());
            async move { ways.redeem(Way::Engine, redeem(request_id, &member, 1)).await }
        });
        let figures = figures.await;
        agree(&self.db, "one account").await?;
        Ok(figures)
    }

    /// Reads of balances by a way.
    pub(crate) async fn balance(&self, load: &Load, way: Way) -> Result<Figures, Fault> {
        let (route, members) = (self.ways.route(way), self.members.clone());
        let count = u64::try_from(members.len()).map_err(Fault::internal)?;
        let figures = load.measure(move |n| {
            let place = usize::try_from(Skew::Uniform.place(n, count)).unwrap_or(0);
            let request = GetBalanceRequest {
                member_id: members.get(place).cloned().unwrap_or_default(),
                asset_code: ASSET.to_owned(),
                expiring_within_days: 0,
            };
            let (mut client, request) = (PointsServiceClient::new(route.channel()), route.request(request));
            async move { client.get_balance(request).await.map(drop) }
        });
        Ok(figures.await)
    }

    /// Batches of redemptions by a way.
    pub(crate) async fn post_batch(&self, load: &Load, way: Way) -> Result<Figures, Fault> {
        let count = u64::try_from(self.members.len()).map_err(Fault::internal)?;
        let (members, requests, run) = (self.members.clone(), self.requests.clone(), self.run.clone());
        let route = self.ways.route(way);
        let figures = load.measure(move |n| {
            let posting = |i: u64| {
                let place = Skew::Uniform.place(n.wrapping_mul(BATCH).wrapping_add(i), count);
                let member = members
                    .get(usize::try_from(place).unwrap_or(0))
                    .cloned()
                    .unwrap_or_default();
                let request_id = format!("{run}-{}", requests.fetch_add(1, Ordering::Relaxed));
                Posting {
                    request: Some(Request::Redeem(redeem(request_id, &member, 1))),
                }
            };
            let request = PostBatchRequest {
                unreadable_items: Vec::new(),
                postings: (0..BATCH).map(posting).collect(),
                all_or_nothing: false,
            };
            let request = route.request(request);
            let mut client = PostingServiceClient::new(route.channel());
            async move { client.post_batch(request).await.map(drop) }
        });
        let figures = figures.await;
        agree(&self.db, "batches").await?;
        Ok(figures)
    }
}

fn redeem(request_id: String, member: &str, amount: i64) -> RedeemPointsRequest {
    RedeemPointsRequest {
        request_id,
        member_id: member.to_owned(),
        asset_code: ASSET.to_owned(),
        amount,
        reference: String::new(),
        cost_centre: String::new(),
    }
}
