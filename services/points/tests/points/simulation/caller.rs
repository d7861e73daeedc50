//! One of those who ask.

use std::sync::Arc;

use contracts_points::v1::posting_service_client::PostingServiceClient;
use contracts_points::v1::{PostBatchRequest, PostStreamRequest};
use futures::StreamExt;
use futures::future::join;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use testkit::Link;
use tokio::sync::mpsc;

use super::answer::{Answer, Outcome};
use super::ask::{Ask, Waits};
use super::brand::{Account, Members, OWED};
use super::dice::{draw, draw_posting};
use super::world::World;

/// How a request is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By its own method.
    Method,
    Batch,
    /// In a batch of which all or nothing is to be posted.
    Together,
    Stream,
}

/// How often a request is asked again whose outcome is unknown.
const REPEATS_MAX: usize = 100;

pub(super) struct Caller {
    pub(super) name: String,
    pub(super) world: Arc<World>,
    pub(super) dice: StdRng,
}

impl Caller {
    /// Asks for so many things, one after the other, and does not go on before the outcome of each is known.
    pub(super) async fn run(mut self, steps: usize) {
        for step in 0..steps {
            match self.dice.random_range(0..20) {
                0..9 => self.single(step).await,
                9..11 => self.twice_at_once(step).await,
                11..13 => self.many(step, Way::Batch).await,
                13..15 => self.together(step).await,
                15..17 => self.many(step, Way::Stream).await,
                17 => self.run_up_debts(step).await,
                _ => self.again().await,
            }
        }
    }

    async fn single(&mut self, step: usize) {
        let ask = draw(
            &mut self.dice,
            &self.world.members,
            &self.world.history.known(),
            self.world.now(),
        );
        let asks = vec![(format!("{}_{step}", self.name), ask)];
        self.until_known(Way::Method, asks).await;
    }

    async fn twice_at_once(&mut self, step: usize) {
        let ask = draw(
            &mut self.dice,
            &self.world.members,
            &self.world.history.known(),
            self.world.now(),
        );
        let asks = vec![(format!("{}_{step}", self.name), ask)];
        let (one, other) = (self.replica(), self.replica());
        join(
            self.world.send(one, Way::Method, asks.clone()),
            self.world.send(other, Way::Method, asks.clone()),
        )
        .await;
        // Nobody may have been answered.
        self.until_known(Way::Method, asks).await;
    }

    /// A few postings, some of them twice.
    async fn many(&mut self, step: usize, way: Way) {
        let mut asks: Vec<(String, Ask)> = Vec::new();
        for number in 0..self.dice.random_range(2..8) {
            let repeated = asks.iter().choose(&mut self.dice).cloned();
            let repeated = repeated.filter(|_| self.dice.random_bool(0.1));
            asks.push(repeated.unwrap_or_else(|| {
                let known = self.world.history.known();
                let ask = draw_posting(&mut self.dice, &self.world.members, &known, self.world.now());
                (format!("{}_{step}_{number}", self.name), ask)
            }));
        }
        self.until_known(way, asks).await;
    }

    /// Of each account one posting: what is refused in the end was refused on what was there, not on what the others of
    /// the batch would have made of it.
    async fn together(&mut self, step: usize) {
        let mut asks: Vec<(String, Ask)> = Vec::new();
        for number in 0..self.dice.random_range(2..4) {
            let known = self.world.history.known();
            let ask = draw_posting(&mut self.dice, &self.world.members, &known, self.world.now());
            let account = ask.account();
            let is_new = asks.iter().all(|(_, other)| other.account() != account);
            let is_of_one = !matches!(ask, Ask::Contribute { .. });
            if is_new && is_of_one && self.world.members.stays(account.member) {
                asks.push((format!("{}_{step}_{number}", self.name), ask));
            }
        }
        if !asks.is_empty() {
            self.until_known(Way::Together, asks).await;
        }
    }

    /// Earns, spends all that there is, and has the earn taken back: what is owed then is seldom come to by chance.
    async fn run_up_debts(&mut self, step: usize) {
        let account = Account {
            member: self.dice.random_range(self.world.members.family()),
            asset: OWED,
        };
        let id = |what: &str| format!("{}_{step}_{what}", self.name);
        let (earned, spent, reversed) = (id("earned"), id("spent"), id("reversed"));
        let earn = Ask::Earn {
            account,
            amount: self.dice.random_range(1..60),
            expire_time: None,
            waits: Waits::No,
        };
        self.until_known(Way::Method, vec![(earned.clone(), earn)]).await;
        let Some(Answer::Earn(told)) = self.world.history.ops()[&earned].done().cloned() else {
            return;
        };
        let entry = told.entry.unwrap();
        let redeem = Ask::Redeem {
            account,
            amount: entry.balance.max(1),
        };
        self.until_known(Way::Method, vec![(spent, redeem)]).await;
        let reverse = Ask::Reverse {
            account,
            entry: entry.entry_id,
            amount: 0,
        };
        self.until_known(Way::Method, vec![(reversed, reverse)]).await;
    }

    /// Asks for something again that somebody has asked for before.
    async fn again(&mut self) {
        let ops = self.world.history.ops();
        let done = ops.into_iter().filter(|(_, op)| op.done().is_some());
        if let Some((id, op)) = done.choose(&mut self.dice) {
            self.until_known(Way::Method, vec![(id, op.ask)]).await;
        }
    }

    fn replica(&mut self) -> usize {
        self.dice.random_range(0..self.world.replicas())
    }

    /// Asks, and asks again, until every outcome is known.
    async fn until_known(&mut self, way: Way, mut asks: Vec<(String, Ask)>) {
        for _ in 0..REPEATS_MAX {
            let replica = self.replica();
            let outcomes = self.world.send(replica, way, asks.clone()).await;
            let unknown = asks.into_iter().zip(outcomes).filter(|(_, it)| *it == Outcome::Unknown);
            asks = unknown.map(|(ask, _)| ask).collect();
            if asks.is_empty() {
                return;
            }
        }
        panic!("nobody answers {asks:?}");
    }
}

impl World {
    /// Asks a replica for some things, and notes what is learnt of each. What is not answered is unknown.
    pub(super) async fn send(&self, replica: usize, way: Way, asks: Vec<(String, Ask)>) -> Vec<Outcome> {
        let link = self.link(replica).await;
        let asked = self.history.ask();
        let (answers, mut answered) = mpsc::channel(asks.len());
        let call = carry(self.members.clone(), link.clone(), way, asks.clone(), answers);
        let mut outcomes = vec![Outcome::Unknown; asks.len()];
        let mut learn = |place: usize, outcome: Outcome| {
            let (id, ask) = &asks[place];
            let outcome = match outcome {
                Outcome::Broken(_) if link.is_killed() => Outcome::Unknown,
                Outcome::Broken(why) => panic!("{id}, {ask:?}: {why}"),
                known => known,
            };
            self.history
                .answer(id, ask, asked, outcome.clone(), way == Way::Together);
            outcomes[place] = outcome;
        };
        let learnt = async {
            let mut places = Vec::new();
            while let Some((place, outcome)) = answered.recv().await {
                learn(place, outcome);
                places.push(place);
            }
            places
        };
        let (_, places) = join(link.run(call), learnt).await;
        for place in (0..asks.len()).filter(|place| !places.contains(place)) {
            learn(place, Outcome::Unknown);
        }
        outcomes
    }
}

/// Makes the call, and tells every outcome as soon as there is one.
async fn carry(
    members: Members,
    link: Link,
    way: Way,
    asks: Vec<(String, Ask)>,
    answers: mpsc::Sender<(usize, Outcome)>,
) {
    let postings = || asks.iter().filter_map(|(id, ask)| ask.posting(id, &members));
    let mut client = PostingServiceClient::new(link.channel());
    let tell = async |place: usize, outcome: Outcome| answers.send((place, outcome)).await.unwrap();
    match way {
        Way::Method => {
            for (place, (id, ask)) in asks.iter().enumerate() {
                tell(place, ask.send(id, &members, link.channel()).await).await;
            }
        }
        Way::Batch | Way::Together => {
            let request = PostBatchRequest {
                unreadable_items: Vec::new(),
                postings: postings().collect(),
                all_or_nothing: way == Way::Together,
            };
            match client.post_batch(request).await {
                Ok(answer) => {
                    for (place, result) in answer.into_inner().results.into_iter().enumerate() {
                        tell(place, Outcome::of_result(result)).await;
                    }
                }
                Err(status) => {
                    for place in 0..asks.len() {
                        tell(place, Outcome::of_status(&status)).await;
                    }
                }
            }
        }
        Way::Stream => {
            let requests: Vec<PostStreamRequest> = postings()
                .map(|posting| PostStreamRequest {
                    unreadable_items: Vec::new(),
                    posting: Some(posting),
                })
                .collect();
            let Ok(results) = client.post_stream(tokio_stream::iter(requests)).await else {
                return;
            };
            let mut results = results.into_inner().enumerate();
            while let Some((place, Ok(answer))) = results.next().await {
                tell(place, Outcome::of_result(answer.result.unwrap())).await;
            }
        }
    }
}
