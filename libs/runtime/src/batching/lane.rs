use std::sync::Arc;

use fault::Fault;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{Asked, Batch};

/// The way into one queue.
///
/// What comes many at a time, in batches and streams, waits for each other in one half of it, however much it is. The other
/// half is always there for callers of one, who are turned away at once rather than kept waiting.
pub(super) struct Lane<B: Batch> {
    /// It has a slot for each permit of the room, so it is never full.
    waiting: mpsc::Sender<Entry<B>>,
    room: Arc<Semaphore>,
    /// The places for what comes many at a time.
    places: Arc<Semaphore>,
    /// As much as there are places.
    weight_max: u32,
}

/// An ask in the queue, with the room that it takes until it is taken out.
struct Entry<B: Batch> {
    asked: Asked<B>,
    _room: OwnedSemaphorePermit,
}

/// The end of the queue at which runs take from it.
pub(super) struct Waiting<B: Batch> {
    entries: mpsc::Receiver<Entry<B>>,
    /// What was taken out and was too much for its run.
    over: Option<Asked<B>>,
    run_max: u32,
    room: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl<B: Batch> Lane<B> {
    pub(super) fn new(waiting_max: u32, run_max: u32) -> (Self, Waiting<B>) {
        let weight_max = waiting_max.max(1).div_ceil(2);
        let permits = |weight: u32| usize::try_from(weight).map_or(Semaphore::MAX_PERMITS, |permits| permits.max(1));
        let semaphore = |weight: u32| Arc::new(Semaphore::new(permits(weight)));
        let (room, places) = (semaphore(waiting_max), semaphore(weight_max));
        let (sender, entries) = mpsc::channel(permits(waiting_max));
        let lane = Self {
            waiting: sender,
            room: room.clone(),
            places: places.clone(),
            weight_max,
        };
        let waiting = Waiting {
            entries,
            over: None,
            run_max,
            room,
            places,
        };
        (lane, waiting)
    }

    pub(super) fn put(&self, asked: Asked<B>) -> Result<(), Fault> {
        let room = self.room.clone().try_acquire_many_owned(self.weight(&asked));
        let full = || Fault::overloaded(B::FULL, B::RETRY_AFTER);
        self.send(asked, room.map_err(|_| full())?)
    }

    /// In the order in which they came.
    pub(super) async fn put_when_room(&self, mut asked: Asked<B>) -> Result<(), Fault> {
        let weight = self.weight(&asked);
        let place = self.places.clone().acquire_many_owned(weight).await;
        asked.place = Some(place.map_err(|_| stopped::<B>())?);
        let room = self.room.clone().acquire_many_owned(weight).await;
        self.send(asked, room.map_err(|_| stopped::<B>())?)
    }

    pub(super) fn room(&self) -> usize {
        self.room.available_permits()
    }

    /// What is heavier than one half of the room waits until that half is free.
    fn weight(&self, asked: &Asked<B>) -> u32 {
        B::weight(&asked.ask).clamp(1, self.weight_max)
    }

    fn send(&self, asked: Asked<B>, room: OwnedSemaphorePermit) -> Result<(), Fault> {
        let entry = Entry { asked, _room: room };
        self.waiting.try_send(entry).map_err(|_| stopped::<B>())
    }
}

impl<B: Batch> Waiting<B> {
    /// What has come, as much of it as one run takes; waits for the first. Nothing where nobody can hand in any more.
    pub(super) async fn take(&mut self) -> Vec<Asked<B>> {
        let first = match self.over.take() {
            Some(over) => Some(over),
            None => self.entries.recv().await.map(|entry| entry.asked),
        };
        let mut asked: Vec<Asked<B>> = first.into_iter().collect();
        let mut weight = asked.first().map_or(0, |asked| B::weight(&asked.ask).max(1));
        while !asked.is_empty()
            && weight < self.run_max
            && let Ok(Entry { asked: next, .. }) = self.entries.try_recv()
        {
            weight = weight.saturating_add(B::weight(&next.ask).max(1));
            if weight > self.run_max {
                self.over = Some(next);
                break;
            }
            asked.push(next);
        }
        asked
    }
}

/// Nothing is taken out any more: who waits for room is told.
impl<B: Batch> Drop for Waiting<B> {
    fn drop(&mut self) {
        self.room.close();
        self.places.close();
    }
}

fn stopped<B: Batch>() -> Fault {
    Fault::unavailable(B::STOPPED)
}
