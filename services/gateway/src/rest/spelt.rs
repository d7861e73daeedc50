use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::json::Spellings;

/// How the caller spells names, as far as the body has been read.
#[derive(Debug, Default)]
pub(crate) struct Spelt {
    first: OnceLock<Spellings>,
    /// Of the messages of a stream that have no answer yet, where each gets one, in their order.
    waiting: Option<Mutex<VecDeque<Spellings>>>,
}

impl Spelt {
    /// Of a request that was read whole.
    pub(crate) fn whole(spelling: Spellings) -> Self {
        Self {
            first: OnceLock::from(spelling),
            waiting: None,
        }
    }

    /// Of a stream of messages. `each_answered`: each gets an answer, in their order.
    pub(crate) fn stream(each_answered: bool) -> Self {
        Self {
            first: OnceLock::new(),
            waiting: each_answered.then(Mutex::default),
        }
    }

    /// Notes a message of the stream.
    pub(crate) fn note(&self, spelling: &Spellings) {
        self.first.get_or_init(|| spelling.clone());
        if let Some(waiting) = &self.waiting {
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push_back(spelling.clone());
        }
    }

    /// That of the message that is answered next.
    pub(crate) fn of_next(&self) -> Option<Spellings> {
        let mut waiting = self.waiting.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.pop_front()
    }

    /// That of the request, or of the first message of a stream.
    pub(crate) fn of_all(&self) -> Spellings {
        self.first.get().cloned().unwrap_or_default()
    }
}
