//! Running figures for reports and counts, written in the transaction of what they count.

use std::collections::BTreeMap;

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, QueryResult};
use store::{Row as _, Tx, insert_rows};

use crate::store::query;

/// What members are counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tally {
    /// All who have a row.
    Members,
    /// A tag and, where values are few, its value.
    Tag { code: String, value: String },
    /// A segment.
    Segment { code: String },
    /// Exactly these channels of activity, as they stand in the member's row.
    Channels { codes: String },
}

impl Tally {
    fn columns(&self) -> (&'static str, &str, &str) {
        match self {
            Self::Members => ("members", "", ""),
            Self::Tag { code, value } => ("tag", code, value),
            Self::Segment { code } => ("segment", code, ""),
            Self::Channels { codes } => ("channels", codes, ""),
        }
    }
}

/// Members who are to be counted more or less.
pub(crate) type Tallies = BTreeMap<Tally, i64>;

/// What happened in a channel, by channel and currency; without an amount the currency is empty.
pub(crate) type ChannelTotals = BTreeMap<(String, String), ChannelTotal>;

/// Sums of what happened in a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChannelTotal {
    pub(crate) activity_count: i64,
    pub(crate) order_count: i64,
    pub(crate) refund_count: i64,
    pub(crate) sales: i64,
    pub(crate) refunds: i64,
}

/// Counts members more or less. The rows are locked in one order.
pub(crate) async fn count(tx: &Tx, tenant: Tenant, tallies: &Tallies) -> Result<(), Fault> {
    const HEAD: &str = "INSERT INTO tally (tenant_id, kind, code, value, members)";
    const TAIL: &str =
        "ON CONFLICT (tenant_id, kind, code, value) DO UPDATE SET members = tally.members + excluded.members";
    let row = |(tally, members): (&Tally, &i64)| {
        let (kind, code, value) = tally.columns();
        vec![
            tenant.uuid().into(),
            kind.into(),
            code.into(),
            value.into(),
            (*members).into(),
        ]
    };
    let rows = tallies.iter().filter(|(_, members)| **members != 0).map(row);
    insert_rows(&**tx, HEAD, rows.collect(), TAIL).await?;
    Ok(())
}

/// Adds to what happened in channels.
pub(crate) async fn add(tx: &Tx, tenant: Tenant, totals: &ChannelTotals) -> Result<(), Fault> {
    const HEAD: &str = "INSERT INTO channel_total (tenant_id, channel_code, currency_code, activity_count, order_count, \
         refund_count, sales, refunds)";
    const TAIL: &str = "ON CONFLICT (tenant_id, channel_code, currency_code) DO UPDATE SET \
         activity_count = channel_total.activity_count + excluded.activity_count, \
         order_count = channel_total.order_count + excluded.order_count, \
         refund_count = channel_total.refund_count + excluded.refund_count, \
         sales = channel_total.sales + excluded.sales, refunds = channel_total.refunds + excluded.refunds";
    let row = |((channel, currency), total): (&(String, String), &ChannelTotal)| {
        vec![
            tenant.uuid().into(),
            channel.clone().into(),
            currency.clone().into(),
            total.activity_count.into(),
            total.order_count.into(),
            total.refund_count.into(),
            total.sales.into(),
            total.refunds.into(),
        ]
    };
    insert_rows(&**tx, HEAD, totals.iter().map(row).collect(), TAIL).await?;
    Ok(())
}

/// How many members a tally counts.
pub(crate) async fn members(conn: &impl ConnectionTrait, tenant: Tenant, tally: &Tally) -> Result<i64, Fault> {
    const READ: &str = "SELECT members FROM tally WHERE tenant_id = $1 AND kind = $2 AND code = $3 AND value = $4";
    let (kind, code, value) = tally.columns();
    let rows = query(
        conn,
        READ,
        [tenant.uuid().into(), kind.into(), code.into(), value.into()],
    )
    .await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// All segments with their numbers of members.
pub(crate) async fn segments(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<BTreeMap<String, i64>, Fault> {
    Ok(codes(conn, tenant, "segment").await?.into_iter().collect())
}

async fn codes(conn: &impl ConnectionTrait, tenant: Tenant, kind: &str) -> Result<Vec<(String, i64)>, Fault> {
    const READ: &str =
        "SELECT code, members FROM tally WHERE tenant_id = $1 AND kind = $2 AND members > 0 ORDER BY code";
    let rows = query(conn, READ, [tenant.uuid().into(), kind.into()]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// All figures of a brand.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) members: i64,
    /// The most frequent tags and values, most frequent first.
    pub(crate) tags: Vec<TagFigure>,
    /// Names of segments, by code.
    pub(crate) segment_names: BTreeMap<String, String>,
    /// Members of segments, by code.
    pub(crate) segments: BTreeMap<String, i64>,
    /// Members by the exact set of channels in which they are active.
    pub(crate) channel_sets: BTreeMap<String, i64>,
    pub(crate) channel_totals: ChannelTotals,
}

/// How many members have a tag, by value where values are few.
#[derive(Debug)]
pub(crate) struct TagFigure {
    pub(crate) code: String,
    pub(crate) value: String,
    pub(crate) value_type: String,
    pub(crate) members: i64,
}

/// Reads all figures by one statement, so that they are of one moment.
pub(crate) async fn summary(conn: &impl ConnectionTrait, tenant: Tenant, tags_max: u64) -> Result<Summary, Fault> {
    let sql = format!(
        "SELECT kind AS part, code AS a, '' AS b, '' AS c, members AS n1, 0 AS n2, 0 AS n3, 0 AS n4, 0 AS n5 \
         FROM tally WHERE tenant_id = $1 AND kind <> 'tag' AND members > 0 \
         UNION ALL SELECT 'tag', code, value, value_type, members, 0, 0, 0, 0 FROM (\
         SELECT tally.code, tally.value, tag.value_type, tally.members FROM tally \
         JOIN tag ON tag.tenant_id = tally.tenant_id AND tag.tag_code = tally.code \
         WHERE tally.tenant_id = $1 AND tally.kind = 'tag' AND tally.members > 0 \
         ORDER BY tally.members DESC, tally.code, tally.value LIMIT {tags_max}) AS frequent \
         UNION ALL SELECT 'name', segment_code, display_name, '', 0, 0, 0, 0, 0 FROM segment WHERE tenant_id = $1 \
         UNION ALL SELECT 'channel', channel_code, currency_code, '', activity_count, order_count, refund_count, sales, \
         refunds FROM channel_total WHERE tenant_id = $1"
    );
    let mut summary = Summary::default();
    for row in &query(conn, &sql, [tenant.uuid().into()]).await? {
        add_row(&mut summary, row)?;
    }
    // A union keeps no order.
    summary
        .tags
        .sort_by(|a, b| (b.members, &a.code, &a.value).cmp(&(a.members, &b.code, &b.value)));
    Ok(summary)
}

fn add_row(summary: &mut Summary, row: &QueryResult) -> Result<(), Fault> {
    let (part, a, b): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let members: i64 = row.get(4)?;
    match part.as_str() {
        "members" => summary.members = members,
        "segment" => {
            summary.segments.insert(a, members);
        }
        "channels" => {
            summary.channel_sets.insert(a, members);
        }
        "name" => {
            summary.segment_names.insert(a, b);
        }
        "tag" => summary.tags.push(TagFigure {
            code: a,
            value: b,
            value_type: row.get(3)?,
            members,
        }),
        "channel" => {
            let total = ChannelTotal {
                activity_count: members,
                order_count: row.get(5)?,
                refund_count: row.get(6)?,
                sales: row.get(7)?,
                refunds: row.get(8)?,
            };
            summary.channel_totals.insert((a, b), total);
        }
        part => return Err(Fault::internal(format!("{part} is stored as the kind of a figure"))),
    }
    Ok(())
}
