//! A brand's tags and segments at one moment, with the ways from what changes to what depends on it.

use std::collections::{BTreeMap, BTreeSet};

use super::Tag;
use crate::member::Field;
use crate::segment::condition::Condition;

/// The definitions by which members are evaluated.
#[derive(Debug, Default)]
pub struct Catalog {
    tags: BTreeMap<String, Tag>,
    conditions: BTreeMap<String, Condition>,
    computed_by_type: BTreeMap<String, Vec<String>>,
    segments_by_tag: BTreeMap<String, Vec<String>>,
    segments_by_field: BTreeMap<Field, Vec<String>>,
}

impl Catalog {
    /// A catalog of these tags, and of segments given as code and condition.
    pub fn new(tags: impl IntoIterator<Item = Tag>, segments: impl IntoIterator<Item = (String, Condition)>) -> Self {
        let mut catalog = Self::default();
        for tag in tags {
            for activity_type in tag
                .computation()
                .iter()
                .flat_map(|computation| &computation.activity_types)
            {
                catalog
                    .computed_by_type
                    .entry(activity_type.clone())
                    .or_default()
                    .push(tag.code.clone());
            }
            catalog.tags.insert(tag.code.clone(), tag);
        }
        for (code, condition) in segments {
            let mentions = condition.mentions();
            for tag in mentions.tags {
                catalog.segments_by_tag.entry(tag).or_default().push(code.clone());
            }
            for field in mentions.fields {
                catalog.segments_by_field.entry(field).or_default().push(code.clone());
            }
            catalog.conditions.insert(code, condition);
        }
        catalog
    }

    /// A tag by its code.
    pub fn tag(&self, code: &str) -> Option<&Tag> {
        self.tags.get(code)
    }

    /// All computed tags.
    pub fn computed(&self) -> impl Iterator<Item = &Tag> {
        self.tags.values().filter(|tag| tag.computation().is_some())
    }

    /// The computed tags that activities of a type may change.
    pub fn computed_from(&self, activity_type: &str) -> impl Iterator<Item = &Tag> {
        let codes = self.computed_by_type.get(activity_type).into_iter().flatten();
        codes.filter_map(|code| self.tags.get(code))
    }

    /// A segment's condition.
    pub fn condition(&self, segment_code: &str) -> Option<&Condition> {
        self.conditions.get(segment_code)
    }

    /// All segments.
    pub fn segments(&self) -> BTreeSet<&str> {
        self.conditions.keys().map(String::as_str).collect()
    }

    /// The segments whose conditions look at any of these; no other can change.
    pub fn segments_touched<'a>(
        &self,
        tags: impl Iterator<Item = &'a str>,
        fields: impl Iterator<Item = Field>,
    ) -> BTreeSet<&str> {
        let by_tag = tags.filter_map(|tag| self.segments_by_tag.get(tag));
        let by_field = fields.filter_map(|field| self.segments_by_field.get(&field));
        by_tag.chain(by_field).flatten().map(String::as_str).collect()
    }
}
