mod archive_journey;
mod create_journey;
mod currencies;
pub(crate) mod definition;
mod expression;
pub(crate) mod figures;
mod get_journey;
mod get_journey_statistics;
mod get_journey_version;
mod graph;
mod list_journeys;
mod publish_journey;
mod refusals;
mod rows;
mod service;
mod update_journey;
pub(crate) mod versions;
mod wire;

use kernel::Time;

/// A journey as the brand edits it. Its nodes are in the draft, which is checked before it comes here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Journey {
    pub(crate) code: String,
    pub(crate) display_name: String,
    /// The draft as the contract encodes it.
    pub(crate) draft: Vec<u8>,
    pub(crate) archived: bool,
    /// 0 where nothing was published.
    pub(crate) published_version: i32,
    /// Whether the draft differs from what was published.
    pub(crate) draft_changed: bool,
    /// Counts the changes; its text is the etag.
    pub(crate) revision: i64,
    pub(crate) create_time: Time,
    pub(crate) update_time: Time,
}

/// Why a journey stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JourneyError {
    #[error("the journey {code} was archived and cannot be changed any more: create another one")]
    Archived { code: String },
    #[error("the draft of the journey {code} is what is published already, as version {version}")]
    Unchanged { code: String, version: i32 },
    #[error("somebody else changed the journey meanwhile: read it again, then repeat")]
    EtagMismatch { etag: String, sent: String },
}

/// New values of a journey's fields; none leaves the field as it is.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    pub(crate) display_name: Option<String>,
    pub(crate) draft: Option<Vec<u8>>,
}

impl Journey {
    /// A draft that was never published.
    pub(crate) fn create(code: String, display_name: String, draft: Vec<u8>, now: Time) -> Self {
        Self {
            code,
            display_name,
            draft,
            archived: false,
            published_version: 0,
            draft_changed: true,
            revision: 1,
            create_time: now,
            update_time: now,
        }
    }

    pub(crate) fn etag(&self) -> String {
        self.revision.to_string()
    }

    /// The journey after an edit. `published` is what was published last, encoded as the draft is.
    pub(crate) fn edit(
        &self,
        edit: Edit,
        etag: &str,
        published: Option<&[u8]>,
        now: Time,
    ) -> Result<Self, JourneyError> {
        self.check_changeable(etag)?;
        let mut edited = self.changed(now);
        if let Some(display_name) = edit.display_name {
            edited.display_name = display_name;
        }
        if let Some(draft) = edit.draft {
            edited.draft_changed = published != Some(draft.as_slice());
            edited.draft = draft;
        }
        Ok(edited)
    }

    /// The journey with its draft as the next version.
    pub(crate) fn publish(&self, etag: &str, now: Time) -> Result<Self, JourneyError> {
        self.check_changeable(etag)?;
        let unchanged = || JourneyError::Unchanged {
            code: self.code.clone(),
            version: self.published_version,
        };
        if !self.draft_changed {
            return Err(unchanged());
        }
        let published_version = self.published_version.checked_add(1).ok_or_else(unchanged)?;
        Ok(Self {
            published_version,
            draft_changed: false,
            ..self.changed(now)
        })
    }

    /// The journey, closed for ever.
    pub(crate) fn archive(&self, etag: &str, now: Time) -> Result<Self, JourneyError> {
        self.check_changeable(etag)?;
        Ok(Self {
            archived: true,
            ..self.changed(now)
        })
    }

    fn check_changeable(&self, etag: &str) -> Result<(), JourneyError> {
        if self.archived {
            return Err(JourneyError::Archived {
                code: self.code.clone(),
            });
        }
        if !etag.is_empty() && etag != self.etag() {
            return Err(JourneyError::EtagMismatch {
                etag: self.etag(),
                sent: etag.to_owned(),
            });
        }
        Ok(())
    }

    fn changed(&self, now: Time) -> Self {
        Self {
            revision: self.revision.saturating_add(1),
            update_time: now,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Journey {
        Journey::create("welcome".to_owned(), "Welcome".to_owned(), b"one".to_vec(), Time::EPOCH)
    }

    #[test]
    fn a_draft_becomes_a_version_once() {
        let published = draft().publish("", Time::EPOCH).unwrap();
        assert_eq!((published.published_version, published.draft_changed), (1, false));
        assert_eq!(
            published.publish("", Time::EPOCH),
            Err(JourneyError::Unchanged {
                code: "welcome".to_owned(),
                version: 1
            })
        );
        let edit = |content: &[u8]| Edit {
            draft: Some(content.to_vec()),
            ..Edit::default()
        };
        let edited = published.edit(edit(b"two"), "2", Some(b"one"), Time::EPOCH).unwrap();
        assert_eq!(
            (
                edited.draft_changed,
                edited.publish("", Time::EPOCH).unwrap().published_version
            ),
            (true, 2)
        );
        let back = edited.edit(edit(b"one"), "", Some(b"one"), Time::EPOCH).unwrap();
        assert!(!back.draft_changed);
    }

    #[test]
    fn an_old_etag_changes_nothing() {
        let mismatch = JourneyError::EtagMismatch {
            etag: "1".to_owned(),
            sent: "0".to_owned(),
        };
        assert_eq!(draft().publish("0", Time::EPOCH), Err(mismatch.clone()));
        assert_eq!(draft().archive("0", Time::EPOCH), Err(mismatch.clone()));
        assert_eq!(draft().edit(Edit::default(), "0", None, Time::EPOCH), Err(mismatch));
    }

    #[test]
    fn what_is_archived_stays_archived() {
        let archived = draft().archive("1", Time::EPOCH).unwrap();
        let refused = JourneyError::Archived {
            code: "welcome".to_owned(),
        };
        assert_eq!(archived.publish("", Time::EPOCH), Err(refused.clone()));
        assert_eq!(archived.archive("", Time::EPOCH), Err(refused.clone()));
        assert_eq!(archived.edit(Edit::default(), "", None, Time::EPOCH), Err(refused));
    }
}
