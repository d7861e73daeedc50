use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How NATS stands, as far as a process has seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JetStreamStanding {
    /// Whether it is connected.
    pub is_connected: bool,
    /// The last position that each service's stream was seen with.
    pub published: BTreeMap<String, i64>,
    /// How each consumer of this process gets its facts.
    pub consumers: BTreeMap<String, Way>,
    /// What is wrong. Facts flow nevertheless.
    pub troubles: Vec<String>,
}

/// How a consumer gets its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// From the stream.
    Stream,
    /// From the feed, because it is behind what the stream holds. It will have caught up.
    CatchingUp(String),
    /// From the feed, because of trouble with NATS or with what publishes.
    Feed(String),
}

/// What is noted while a process works.
#[derive(Debug, Default)]
pub(super) struct Standings(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    published: BTreeMap<String, i64>,
    publishing: BTreeMap<String, String>,
    consumers: BTreeMap<String, Way>,
    /// Why it could not be connected the last time.
    connecting: Option<String>,
}

impl Standings {
    pub(super) fn read(&self, is_connected: bool) -> JetStreamStanding {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let away = (!is_connected).then(|| {
            let why = noted
                .connecting
                .as_ref()
                .map(|why| format!(" ({why})"))
                .unwrap_or_default();
            format!("NATS is away{why}: facts are read from the services that tell them")
        });
        let publishing = noted
            .publishing
            .iter()
            .map(|(service, trouble)| format!("the facts of {service} are not published: {trouble}"));
        let by_feed = noted.consumers.iter().filter_map(|(consumer, way)| match way {
            Way::Feed(trouble) => Some(format!("{consumer} reads from the feed: {trouble}")),
            Way::Stream | Way::CatchingUp(_) => None,
        });
        // Where NATS is away all the rest follows from it.
        let troubles = match away {
            Some(away) => vec![away],
            None => publishing.chain(by_feed).collect(),
        };
        JetStreamStanding {
            is_connected,
            published: noted.published.clone(),
            consumers: noted.consumers.clone(),
            troubles,
        }
    }

    /// A stream was seen with this last position.
    pub(super) fn published(&self, service: &str, last: i64) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match noted.published.get_mut(service) {
            Some(position) => *position = last,
            None => drop(noted.published.insert(service.to_owned(), last)),
        }
    }

    /// The last position that a service's stream was seen with.
    pub(super) fn last_of(&self, service: &str) -> i64 {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.published.get(service).copied().unwrap_or_default()
    }

    /// It could not be connected for this reason, or was.
    pub(super) fn connecting(&self, trouble: Option<String>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.connecting = trouble;
    }

    /// A service's facts cannot be published for this reason, or can again. Each trouble is told once.
    pub(super) fn publishing(&self, service: &str, trouble: Option<String>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match &trouble {
            Some(trouble) => noted.publishing.insert(service.to_owned(), trouble.clone()),
            None => noted.publishing.remove(service),
        };
        match (before, trouble) {
            (before, Some(trouble)) if before.as_ref() != Some(&trouble) => {
                tracing::warn!(
                    service,
                    trouble,
                    "facts are not published; consumers read them from the feed"
                );
            }
            (Some(_), None) => tracing::warn!(service, "facts are published again"),
            (_, _) => {}
        }
    }

    /// Another replica publishes from here on.
    pub(super) fn leaves_publishing(&self, service: &str) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.publishing.remove(service);
    }

    /// Another replica's consumer gets them from here on.
    pub(super) fn leaves(&self, consumer: &str) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.consumers.remove(consumer);
    }

    /// A consumer gets its facts this way. Each change is told once.
    pub(super) fn reads(&self, consumer: &str, way: Way) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.consumers.get(consumer) == Some(&way) {
            return;
        }
        match &way {
            // Told as loudly as the way to the feed was.
            Way::Stream if matches!(noted.consumers.get(consumer), Some(Way::Feed(_))) => {
                tracing::warn!(consumer, "facts are read from the stream again");
            }
            Way::Stream => tracing::info!(consumer, "facts are read from the stream"),
            Way::CatchingUp(gap) => {
                tracing::info!(consumer, gap, "facts are read from the feed until the stream has them");
            }
            Way::Feed(trouble) => tracing::warn!(consumer, trouble, "facts are read from the feed"),
        }
        noted.consumers.insert(consumer.to_owned(), way);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_and_a_consumer_that_catches_up_is_none() {
        let standings = Standings::default();
        standings.reads(
            "points.earn",
            Way::CatchingUp("the stream begins with 7, behind 3".to_owned()),
        );
        standings.published("tagging", 7);
        assert_eq!(standings.read(true).troubles, Vec::<String>::new());
        standings.reads("points.earn", Way::Feed("it is silent".to_owned()));
        standings.publishing("points", Some("it is full".to_owned()));
        assert_eq!(
            standings.read(true).troubles,
            [
                "the facts of points are not published: it is full",
                "points.earn reads from the feed: it is silent"
            ]
        );
        assert_eq!(standings.read(false).troubles.len(), 1, "the rest follows from it");
        standings.publishing("points", None);
        standings.reads("points.earn", Way::Stream);
        let standing = standings.read(true);
        assert_eq!((standing.troubles, standing.published["tagging"]), (Vec::new(), 7));
    }

    #[test]
    fn what_another_replica_does_from_now_on_is_no_trouble_of_this_one() {
        let standings = Standings::default();
        standings.reads("points.earn", Way::Feed("it is silent".to_owned()));
        standings.publishing("points", Some("it is full".to_owned()));
        assert_eq!(standings.read(true).troubles.len(), 2);
        standings.leaves("points.earn");
        standings.leaves_publishing("points");
        assert_eq!(
            standings.read(true),
            JetStreamStanding {
                is_connected: true,
                ..JetStreamStanding::default()
            }
        );
    }
}
