//! The service under load, and what is done to it.

use std::sync::Arc;
use std::time::Duration;

use kernel::Time;
use ledger::MemberId;
use rand::Rng;
use rand::rngs::StdRng;
use sea_orm::DbBackend;
use testkit::{Fleet, Link, Replica};
use tokio::sync::{Mutex, watch};

use super::ask::{Ask, Waits};
use super::brand::{ASSETS, Account, MEMBERS, Members, WITNESS};
use super::caller::Way;
use super::dice::Event;
use super::history::History;
use super::identity::{Identity, Passage};
use super::pools::POOLS;

/// How long after a request has been sent its replica is killed at the latest: long enough for every step of a posting.
const KILL_WITHIN: Duration = Duration::from_millis(8);

pub(super) struct World {
    pub(super) fleet: Fleet,
    pub(super) members: Members,
    pub(super) history: History,
    identity: Mutex<Identity>,
    replicas: Vec<Slot>,
}

/// Where a replica runs, or will run again.
struct Slot {
    replica: Mutex<Option<Arc<Replica>>>,
    link: watch::Sender<Option<Link>>,
}

impl World {
    /// Some members, before anything has happened but that pools were founded, and that those of the family have their witnesses. SQLite has one process;
    /// PostgreSQL is posted to by two.
    pub(super) async fn new() -> Self {
        let fleet = Fleet::new(points::NAME, points::migrations, points::service).await;
        let replicas = match fleet.db().backend() {
            DbBackend::Sqlite => 1,
            _ => 2,
        };
        let slot = |_| Slot {
            replica: Mutex::new(None),
            link: watch::Sender::new(None),
        };
        let ids = (0..MEMBERS).map(|_| MemberId::generate(&fleet.clock)).collect();
        let mut world = Self {
            members: Members { ids, pools: Vec::new() },
            history: History::new(fleet.clock.clone()),
            identity: Mutex::new(Identity::new(MEMBERS + POOLS.len())),
            fleet,
            replicas: (0..replicas).map(slot).collect(),
        };
        for replica in 0..replicas {
            world.start(replica).await;
        }
        let link = world.link(0).await;
        for asset in &ASSETS {
            link.run(asset.create(link.channel())).await.unwrap();
        }
        for pool in &POOLS {
            let create = pool.create(world.members.clone(), link.channel());
            world.members.pools.push(link.run(create).await.unwrap());
        }
        world.bear_witness().await;
        world
    }

    async fn bear_witness(&self) {
        for member in self.members.family() {
            let witness = Ask::Earn {
                account: Account { member, asset: WITNESS },
                amount: 1,
                expire_time: None,
                waits: Waits::No,
            };
            self.send(0, Way::Method, vec![(format!("witness_{member}"), witness)])
                .await;
        }
    }

    /// All that has happened to members, in the order in which the service was told.
    pub(super) async fn passages(&self) -> Vec<Passage> {
        self.identity.lock().await.passages()
    }

    pub(super) fn now(&self) -> Time {
        self.fleet.clock.now()
    }

    pub(super) fn replicas(&self) -> usize {
        self.replicas.len()
    }

    /// How a replica is called, as soon as it runs.
    pub(super) async fn link(&self, replica: usize) -> Link {
        let mut link = self.replicas[replica].link.subscribe();
        let link = link.wait_for(Option::is_some).await.unwrap();
        link.clone().unwrap()
    }

    async fn start(&self, replica: usize) {
        let started = self.fleet.start().await;
        let slot = &self.replicas[replica];
        slot.link.send_replace(Some(started.link()));
        *slot.replica.lock().await = Some(Arc::new(started));
    }

    async fn kill(&self, replica: usize) {
        let slot = &self.replicas[replica];
        slot.link.send_replace(None);
        let killed = slot.replica.lock().await.take().unwrap();
        Arc::into_inner(killed).expect("nobody works with it").kill();
        self.start(replica).await;
    }

    /// Everybody of one replica does what is due. Another one may be at the same.
    async fn settle(&self, replica: usize) -> Result<usize, String> {
        let runs = self.replicas[replica].replica.lock().await;
        runs.as_ref().unwrap().settle().await
    }

    /// Everybody does what is due, and nobody is in anybody's way for long.
    pub(super) async fn settle_all(&self) {
        const TRIES_MAX: usize = 20;
        for replica in 0..self.replicas() {
            let mut outcome = Err(String::new());
            for _ in 0..TRIES_MAX {
                outcome = self.settle(replica).await;
                if outcome.is_ok() {
                    break;
                }
            }
            outcome.unwrap();
        }
    }

    /// Does to the service what is to be done, each thing when its time has come.
    pub(super) async fn conduct(&self, events: &[(u64, Event)], mut dice: StdRng) {
        for (after, event) in events {
            self.history.wait_until_asked(*after).await;
            kernel::pause(KILL_WITHIN.mul_f64(dice.random_range(0.0..1.0))).await;
            match *event {
                Event::Kill { replica } => self.kill(replica).await,
                Event::Turn { hours } => {
                    let turn = Duration::from_hours(hours.try_into().unwrap());
                    self.history.turn(self.now().plus(turn));
                }
                Event::Settle { replica } => {
                    // It may lose a race, and will be repeated.
                    let _ = self.settle(replica).await;
                }
                Event::KillAtWork { replica } => {
                    self.history.turn(self.now().plus_days(1));
                    let moment = kernel::pause(KILL_WITHIN.mul_f64(dice.random_range(0.0..1.0)));
                    tokio::select! {
                        _ = self.settle(replica) => {}
                        () = moment => {}
                    }
                    self.kill(replica).await;
                }
                Event::Pass { heard } => {
                    let mut identity = self.identity.lock().await;
                    identity.go_on(&mut dice, &self.members, &self.fleet);
                    if heard {
                        let _ = self.settle(0).await;
                    }
                }
            }
        }
    }
}
