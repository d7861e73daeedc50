use std::collections::BTreeMap;

use contracts::r#type::v1::Money;
use contracts_tagging::v1::{
    ChannelOverlap, ChannelTotal, GetSummaryRequest, GetSummaryResponse, SegmentTotal, TagTotal,
};
use fault::Fault;
use kernel::Exact;
use rpc::Call;

use crate::api::TaggingApi;
use crate::member::rows::split;
use crate::segment::figures;
use crate::segment::figures::{ChannelTotals, TagFigure};
use crate::tag;
use crate::tag::rows::value_type;
use crate::tag::value::{Value, ValueType};

/// How many tags and values a summary has where the caller names no number.
const TAGS_DEFAULT: u64 = 50;

impl TaggingApi {
    pub(crate) async fn get_summary(&self, call: Call<GetSummaryRequest>) -> Result<GetSummaryResponse, Fault> {
        let tags_max = u64::try_from(call.tags_max)
            .ok()
            .filter(|max| *max > 0)
            .unwrap_or(TAGS_DEFAULT);
        let summary = figures::summary(self.db.read(), call.tenant(), tags_max).await?;
        let segment = |(code, display_name): (String, String)| SegmentTotal {
            member_count: summary.segments.get(&code).copied().unwrap_or(0),
            segment_code: code,
            display_name,
        };
        Ok(GetSummaryResponse {
            member_count: summary.members,
            tags: summary.tags.into_iter().map(tag_total).collect::<Result<_, _>>()?,
            segments: summary.segment_names.into_iter().map(segment).collect(),
            channels: channel_totals(summary.channel_totals, &summary.channel_sets),
            overlaps: overlaps(&summary.channel_sets),
        })
    }
}

fn tag_total(figure: TagFigure) -> Result<TagTotal, Fault> {
    let value = match value_type(&figure.value_type)? {
        ValueType::Bool => Some(Value::Bool(figure.value == "true")),
        ValueType::Text => Some(Value::Text(figure.value)),
        ValueType::Int | ValueType::Time => None,
    };
    let value = value.as_ref().map(tag::value::wire::write);
    Ok(TagTotal {
        tag_code: figure.code,
        value,
        member_count: figure.members,
    })
}

/// One total a channel, with the money by currency.
fn channel_totals(totals: ChannelTotals, sets: &BTreeMap<String, i64>) -> Vec<ChannelTotal> {
    let mut members: BTreeMap<String, i64> = BTreeMap::new();
    for (codes, count) in sets {
        for code in split(codes) {
            let sum = members.entry(code).or_default();
            *sum = sum.exact_add(*count);
        }
    }
    let mut channels: BTreeMap<String, ChannelTotal> = BTreeMap::new();
    for ((channel_code, currency_code), figures) in totals {
        let channel = channels.entry(channel_code.clone()).or_default();
        channel.member_count = members.get(&channel_code).copied().unwrap_or(0);
        channel.channel_code = channel_code;
        channel.activity_count = channel.activity_count.exact_add(figures.activity_count);
        channel.order_count = channel.order_count.exact_add(figures.order_count);
        channel.refund_count = channel.refund_count.exact_add(figures.refund_count);
        let money = |minor_units| Money {
            currency_code: currency_code.clone(),
            minor_units,
        };
        channel.sales.extend((figures.sales > 0).then(|| money(figures.sales)));
        channel
            .refunds
            .extend((figures.refunds > 0).then(|| money(figures.refunds)));
    }
    channels.into_values().collect()
}

/// Members by pairs and by triples of channels, from members by exact sets of channels.
fn overlaps(sets: &BTreeMap<String, i64>) -> Vec<ChannelOverlap> {
    let mut members: BTreeMap<Vec<String>, i64> = BTreeMap::new();
    for (codes, count) in sets {
        let codes: Vec<String> = split(codes).into_iter().collect();
        for some in pairs_and_triples(&codes) {
            let sum = members.entry(some).or_default();
            *sum = sum.exact_add(*count);
        }
    }
    members
        .into_iter()
        .map(|(channel_codes, member_count)| ChannelOverlap {
            channel_codes,
            member_count,
        })
        .collect()
}

fn pairs_and_triples(codes: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (i, first) in codes.iter().enumerate() {
        let after_first = codes.iter().enumerate().skip(i).skip(1);
        for (j, second) in after_first {
            found.push(vec![first.clone(), second.clone()]);
            let after_second = codes.iter().skip(j).skip(1);
            found.extend(after_second.map(|third| vec![first.clone(), second.clone(), third.clone()]));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_of_three_channels_counts_in_each_pair_too() {
        let sets = [("pos tmall", 5), ("app pos tmall", 2), ("app", 9)].map(|(codes, count)| (codes.to_owned(), count));
        let found: Vec<(String, i64)> = overlaps(&sets.into())
            .into_iter()
            .map(|overlap| (overlap.channel_codes.join(" "), overlap.member_count))
            .collect();
        let expected = [("app pos", 2), ("app pos tmall", 2), ("app tmall", 2), ("pos tmall", 7)];
        assert_eq!(found, expected.map(|(codes, count)| (codes.to_owned(), count)));
    }
}
