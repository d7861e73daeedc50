mod create_channel;
mod get_channel;
mod list_channels;
pub(crate) mod rows;
mod service;
mod update_channel;
mod wire;

use std::collections::BTreeMap;

use kernel::Time;

use crate::profile::Source;

/// The most channels of a tenant: they are read together with every arrival.
pub(crate) const CHANNELS_MAX: usize = 200;
/// Values by `UpdateMember` are trusted above those of every channel, whose ranks begin at 1.
const TRUST_RANK_OF_UPDATE: i32 = 0;
/// Values that came through no channel are trusted least; the ranks of channels end at 1000.
const TRUST_RANK_OF_IMPORT: i32 = 1001;

/// A place where members turn up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Channel {
    pub(crate) code: String,
    /// The contract's number of the kind; no rule depends on it.
    pub(crate) kind: i32,
    pub(crate) display_name: String,
    pub(crate) account: String,
    /// Where its union-level ids are valid; none where its platform has no such ids.
    pub(crate) union_code: Option<String>,
    /// 1 is trusted most.
    pub(crate) trust_rank: i32,
    pub(crate) create_time: Time,
    pub(crate) version: i64,
}

/// All channels of a tenant, by their codes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Channels(BTreeMap<String, Channel>);

impl Channels {
    pub(crate) fn new(channels: impl IntoIterator<Item = Channel>) -> Self {
        Self(
            channels
                .into_iter()
                .map(|channel| (channel.code.clone(), channel))
                .collect(),
        )
    }

    pub(crate) fn get(&self, code: &str) -> Option<&Channel> {
        self.0.get(code)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How far values of a source are trusted; less is more.
    pub(crate) fn trust_rank(&self, source: &Source) -> i32 {
        match source {
            Source::Update => TRUST_RANK_OF_UPDATE,
            Source::Channel(code) => self
                .0
                .get(code)
                .map_or(TRUST_RANK_OF_IMPORT, |channel| channel.trust_rank),
            Source::Import => TRUST_RANK_OF_IMPORT,
        }
    }
}
