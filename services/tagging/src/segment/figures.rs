//! Running figures for reports and counts, written in the transaction of what they count.

use std::collections::BTreeMap;

use fault::Fault;
use kernel::{Clock, Tenant};
use sea_orm::{ConnectionTrait, QueryResult, Value};
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

/// In how many rows a figure is kept where transactions run side by side; each adds to one of them.
const STRIPES: u8 = 16;

/// Where a transaction counts. On PostgreSQL many at a time count into the same few figures, and each would wait for the
/// commit of the one before: so a figure is the sum of several rows, its stripes, and of the row in which it was kept before
/// there were any. On SQLite transactions follow one another, and one row does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stripe(Option<i32>);

impl Stripe {
    /// The stripe is drawn by the transaction, so that it has one row of each figure to lock.
    pub(crate) fn draw(tx: &Tx, clock: &Clock) -> Self {
        if store::is_serial(tx.get_database_backend()) {
            return Self(None);
        }
        // The last bits of an id are random.
        let [.., random] = clock.uuid().into_bytes();
        Self(Some(i32::from(random.checked_rem(STRIPES).unwrap_or(0))))
    }

    /// Adds `rows`, each a figure's key and what is added to it, to the figures of a table.
    async fn add(self, tx: &Tx, figures: &Figures, rows: impl Iterator<Item = Addition>) -> Result<(), Fault> {
        let Figures { table, key, sums } = figures;
        let (table, stripe) = match self.0 {
            None => ((*table).to_owned(), ""),
            Some(_) => (format!("striped_{table}"), ", stripe"),
        };
        let head = format!("INSERT INTO {table} ({key}{stripe}, {})", sums.join(", "));
        let added = sums.iter().map(|sum| format!("{sum} = {table}.{sum} + excluded.{sum}"));
        let added: Vec<String> = added.collect();
        let tail = format!("ON CONFLICT ({key}{stripe}) DO UPDATE SET {}", added.join(", "));
        let rows = rows.map(|(key, sums)| key.into_iter().chain(self.0.map(Value::from)).chain(sums).collect());
        insert_rows(&**tx, &head, rows.collect(), &tail).await?;
        Ok(())
    }
}

/// A figure's key, and what is added to its sums.
type Addition = (Vec<Value>, Vec<Value>);

/// A table of figures, of which `striped_` and its name has the stripes.
struct Figures {
    table: &'static str,
    key: &'static str,
    sums: &'static [&'static str],
}

const TALLIES: Figures = Figures {
    table: "tally",
    key: "tenant_id, kind, code, value",
    sums: &["members"],
};

const CHANNEL_TOTALS: Figures = Figures {
    table: "channel_total",
    key: "tenant_id, channel_code, currency_code",
    sums: &["activity_count", "order_count", "refund_count", "sales", "refunds"],
};

impl Figures {
    /// What follows `FROM`: the figures for which a condition on their key holds, each with its sums.
    fn summed(&self, condition: &str) -> String {
        let Self { table, key, sums } = self;
        let whole: Vec<String> = sums
            .iter()
            .map(|sum| format!("CAST(SUM({sum}) AS BIGINT) AS {sum}"))
            .collect();
        let columns = format!("{key}, {}", sums.join(", "));
        format!(
            "(SELECT {key}, {} FROM (SELECT {columns} FROM {table} WHERE {condition} \
             UNION ALL SELECT {columns} FROM striped_{table} WHERE {condition}) AS part GROUP BY {key}) AS {table}",
            whole.join(", ")
        )
    }
}

/// Counts members more or less. The rows are locked in one order.
pub(crate) async fn count(tx: &Tx, tenant: Tenant, tallies: &Tallies, stripe: Stripe) -> Result<(), Fault> {
    let row = |(tally, members): (&Tally, &i64)| {
        let (kind, code, value) = tally.columns();
        let key = vec![tenant.uuid().into(), kind.into(), code.into(), value.into()];
        (key, vec![(*members).into()])
    };
    let rows = tallies.iter().filter(|(_, members)| **members != 0).map(row);
    stripe.add(tx, &TALLIES, rows).await
}

/// Adds to what happened in channels.
pub(crate) async fn add(tx: &Tx, tenant: Tenant, totals: &ChannelTotals, stripe: Stripe) -> Result<(), Fault> {
    let row = |((channel, currency), total): (&(String, String), &ChannelTotal)| {
        let key = vec![tenant.uuid().into(), channel.clone().into(), currency.clone().into()];
        let ChannelTotal {
            activity_count,
            order_count,
            refund_count,
            sales,
            refunds,
        } = *total;
        let sums = [activity_count, order_count, refund_count, sales, refunds];
        (key, sums.map(Value::from).to_vec())
    };
    stripe.add(tx, &CHANNEL_TOTALS, totals.iter().map(row)).await
}

/// How many members a tally counts.
pub(crate) async fn members(conn: &impl ConnectionTrait, tenant: Tenant, tally: &Tally) -> Result<i64, Fault> {
    let found = TALLIES.summed("tenant_id = $1 AND kind = $2 AND code = $3 AND value = $4");
    let (kind, code, value) = tally.columns();
    let parameters = [tenant.uuid().into(), kind.into(), code.into(), value.into()];
    let rows = query(conn, &format!("SELECT members FROM {found}"), parameters).await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// All segments with their numbers of members.
pub(crate) async fn segments(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<BTreeMap<String, i64>, Fault> {
    let found = TALLIES.summed("tenant_id = $1 AND kind = 'segment'");
    let sql = format!("SELECT code, members FROM {found} WHERE members > 0");
    let rows = query(conn, &sql, [tenant.uuid().into()]).await?;
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
         FROM {others} WHERE members > 0 \
         UNION ALL SELECT 'tag', code, value, value_type, members, 0, 0, 0, 0 FROM (\
         SELECT tally.code, tally.value, tag.value_type, tally.members FROM {tags} \
         JOIN tag ON tag.tenant_id = tally.tenant_id AND tag.tag_code = tally.code \
         WHERE tally.members > 0 \
         ORDER BY tally.members DESC, tally.code, tally.value LIMIT {tags_max}) AS frequent \
         UNION ALL SELECT 'name', segment_code, display_name, '', 0, 0, 0, 0, 0 FROM segment WHERE tenant_id = $1 \
         UNION ALL SELECT 'channel', channel_code, currency_code, '', activity_count, order_count, refund_count, sales, \
         refunds FROM {channels}",
        others = TALLIES.summed("tenant_id = $1 AND kind <> 'tag'"),
        tags = TALLIES.summed("tenant_id = $1 AND kind = 'tag'"),
        channels = CHANNEL_TOTALS.summed("tenant_id = $1"),
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
