//! The purchases that the demo replays: 69,659 rows of 23,570 real people, 1997-01-01 to 1998-06-30.
//!
//! Source and licence: tests/data/cdnow/README.md. The file is part of the binary, so that the demo works anywhere.

use std::io::Read;

use fault::Fault;
use flate2::read::GzDecoder;
use kernel::Time;
use time::{Date, Month, Time as TimeOfDay};

const COMPRESSED: &[u8] = include_bytes!("../../../../tests/data/cdnow/CDNOW_master.txt.gz");
/// The file is two megabytes; a broken archive must not fill the memory.
const BYTES_MAX: u64 = 8 * 1024 * 1024;

/// One purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Purchase {
    /// The number of its line in the file, the first after the header being 1.
    pub(super) row: u32,
    /// Who bought: 1 to 23,570.
    pub(super) customer: u32,
    /// The day, at midnight UTC.
    pub(super) day: Time,
    /// How many CDs.
    pub(super) items: i64,
    /// What was paid, in cents.
    pub(super) cents: i64,
}

/// All purchases, by customer and then by day, as the file has them.
pub(super) fn purchases() -> Result<Vec<Purchase>, Fault> {
    let mut text = String::new();
    GzDecoder::new(COMPRESSED)
        .take(BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(Fault::internal)?;
    let lines = text.lines().skip(1);
    lines
        .zip(1..)
        .map(|(line, row)| parse(line, row).ok_or_else(|| broken(row)))
        .collect()
}

fn parse(line: &str, row: u32) -> Option<Purchase> {
    let mut columns = line.split_whitespace();
    let purchase = Purchase {
        row,
        customer: columns.next()?.parse().ok()?,
        day: day(columns.next()?)?,
        items: columns.next()?.parse().ok()?,
        cents: cents(columns.next()?)?,
    };
    columns.next().is_none().then_some(purchase)
}

/// "19970112" as its midnight.
fn day(digits: &str) -> Option<Time> {
    let year = digits.get(..4)?.parse().ok()?;
    let month: u8 = digits.get(4..6)?.parse().ok()?;
    let day = digits.get(6..)?.parse().ok()?;
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?;
    Some(Time::from_datetime(date.with_time(TimeOfDay::MIDNIGHT).assume_utc()))
}

/// "77.00" in cents. Never by way of a float.
fn cents(amount: &str) -> Option<i64> {
    let (whole, fraction) = amount.split_once('.')?;
    let (whole, fraction_digits): (i64, _) = (whole.parse().ok()?, fraction.len());
    let fraction: i64 = fraction.parse().ok()?;
    (fraction_digits == 2).then_some(())?;
    whole.checked_mul(100)?.checked_add(fraction)
}

fn broken(row: u32) -> Fault {
    Fault::internal(format!(
        "the purchases that this binary carries are broken at row {row}"
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_purchase_is_there_to_the_cent() {
        let purchases = purchases().unwrap();
        assert_eq!(purchases.len(), 69_659);
        assert_eq!(
            purchases.iter().map(|p| p.customer).collect::<BTreeSet<_>>().len(),
            23_570
        );
        assert_eq!(purchases.iter().map(|p| p.cents).sum::<i64>(), 250_031_563);
        assert_eq!(
            purchases.iter().map(|p| p.day).min(),
            Time::parse_rfc3339("1997-01-01T00:00:00Z")
        );
        assert_eq!(
            purchases.iter().map(|p| p.day).max(),
            Time::parse_rfc3339("1998-06-30T00:00:00Z")
        );
        assert_eq!(purchases.last().map(|p| p.row), Some(69_659));
        assert!(purchases.is_sorted_by_key(|p| (p.customer, p.day)));
    }

    #[test]
    fn a_line_is_read_whole_or_not_at_all() {
        let day = Time::parse_rfc3339("1997-01-12T00:00:00Z").unwrap();
        let read = Purchase {
            row: 3,
            customer: 2,
            day,
            items: 5,
            cents: 7_700,
        };
        assert_eq!(parse(" 00002 19970112  5   77.00", 3), Some(read));
        for broken in [
            "00002 19970112 5",
            "00002 19970112 5 77.00 1",
            "00002 19971312 5 77.00",
            "2 19970112 5 77.0",
        ] {
            assert_eq!(parse(broken, 1), None, "{broken}");
        }
    }
}
