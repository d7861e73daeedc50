//! Times and dates as files have them.

use fault::Fault;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};
use kernel::Time;
use kernel::text::tidy;

/// Days that a spreadsheet counts from 1899-12-30: 1954 to 2119.
const SERIAL_DAYS: std::ops::RangeInclusive<i64> = 20_000..=80_000;
const FORMS: &str = "must be a time such as 2024-03-08 10:21:00 or 2024/3/8, or RFC 3339";

/// Where the clocks went by which a file's times were written that name no zone themselves.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    name: String,
    zone: TimeZone,
}

/// A time of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) time: Time,
    /// Whether the clocks showed this time twice, and the first one was taken.
    pub(super) is_first_of_two: bool,
}

impl Zone {
    /// A zone by its IANA name.
    pub(super) fn named(name: &str) -> Result<Self, Fault> {
        Self::find(name).map_err(|unknown| Fault::invalid("time_zone", unknown))
    }

    /// The same, or why there is none, for those who name the place of the name themselves.
    pub(super) fn find(name: &str) -> Result<Self, String> {
        let zone = TimeZone::get(name);
        let zone =
            zone.map_err(|_| format!("there is no time zone {name}: give an IANA name such as Asia/Shanghai or UTC"))?;
        let name = zone.iana_name().unwrap_or(name).to_owned();
        Ok(Self { name, zone })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What is said of a time in `column` that the clocks showed twice.
    pub(super) fn note(&self, column: &str) -> String {
        format!(
            "{column}: the clocks of {} showed this time twice, and the first one was taken",
            self.name
        )
    }

    /// Reads RFC 3339, or a local time with the year first; or says why it cannot.
    pub(super) fn moment(&self, text: &str) -> Result<Moment, String> {
        let text = tidy(text);
        if let Some(time) = Time::parse_rfc3339(&text) {
            return Ok(Moment {
                time,
                is_first_of_two: false,
            });
        }
        let local = local(&text)?;
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let is_first_of_two = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => false,
            AmbiguousOffset::Fold { .. } => true,
            AmbiguousOffset::Gap { .. } => {
                return Err(format!(
                    "{text} was no time in {}: the clocks were put forward",
                    self.name
                ));
            }
        };
        let time = ambiguous.earlier().map_err(|_| FORMS)?;
        Ok(Moment {
            time: Time::from_micros(time.as_microsecond()),
            is_first_of_two,
        })
    }
}

/// Reads a day as "YYYY-MM-DD"; a spreadsheet may have added midnight.
pub(super) fn day(text: &str) -> Result<String, String> {
    let text = tidy(text);
    let local = local(&text).map_err(|reason| reason.replace(FORMS, "must be a day such as 1990-05-01 or 1990/5/1"))?;
    if local.time() != civil::Time::midnight() {
        return Err(format!("{text} must be a day, without a time"));
    }
    Ok(local.date().to_string())
}

fn local(text: &str) -> Result<civil::DateTime, String> {
    if let Some(day) = serial(text) {
        return Err(format!(
            "{text} is a spreadsheet's number of a day ({day}): format the column as yyyy-mm-dd hh:mm:ss and save again"
        ));
    }
    read(text).ok_or_else(|| FORMS.to_owned())
}

fn read(text: &str) -> Option<civil::DateTime> {
    if text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let (date, time) = text.split_at_checked(8)?;
        let pairs = [time.get(..2)?, time.get(2..4)?, time.get(4..)?].join(":");
        return Some(date_of(date)?.to_datetime(time_of(&pairs)?));
    }
    let (date, time) = match text.split_once([' ', 'T', '日']) {
        Some((date, time)) => (date, time.trim()),
        None => (text, ""),
    };
    let time = if time.is_empty() {
        civil::Time::midnight()
    } else {
        time_of(time)?
    };
    Some(date_of(date)?.to_datetime(time))
}

/// 2024-3-8, 2024/03/08, 2024.3.8, 2024年3月8(日), 20240308.
fn date_of(text: &str) -> Option<civil::Date> {
    let text = text.strip_suffix(['日', '号']).unwrap_or(text);
    let parts: Vec<&str> = if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        vec![text.get(..4)?, text.get(4..6)?, text.get(6..)?]
    } else {
        text.split(['-', '/', '.', '年', '月']).collect()
    };
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    if year.len() != 4 {
        return None;
    }
    civil::Date::new(number(year)?, number(month)?, number(day)?).ok()
}

/// 10:21, 9:05:07, 09:05:07.250, 10时21分.
fn time_of(text: &str) -> Option<civil::Time> {
    let text = text.replace(['时', '分'], ":").replace('秒', "");
    let mut parts = text.trim_end_matches(':').split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let (second, fraction) = match parts.next() {
        Some(second) => second.split_once('.').unwrap_or((second, "")),
        None => ("0", ""),
    };
    if parts.next().is_some() || fraction.len() > 9 {
        return None;
    }
    let nanos = number(&format!("{fraction:0<9}"))?;
    civil::Time::new(hour, minute, number(second)?, nanos).ok()
}

fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let are_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| text.parse().ok()).flatten()
}

/// The day that a spreadsheet means by a number.
fn serial(text: &str) -> Option<civil::Date> {
    let (days, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let days = number::<i64>(days).filter(|days| SERIAL_DAYS.contains(days))?;
    number::<u64>(fraction.get(..fraction.len().min(15))?)?;
    let since = jiff::Span::new().try_days(days).ok()?;
    civil::Date::new(1899, 12, 30).ok()?.checked_add(since).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::named(name).unwrap()
    }

    fn utc(text: &str) -> Time {
        Time::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn times_are_read_as_spreadsheets_and_people_write_them() {
        let shanghai = zone("asia/shanghai");
        assert_eq!(shanghai.name, "Asia/Shanghai");
        for text in [
            "2024-03-08T10:21:00+08:00",
            "2024-03-08T02:21:00Z",
            "2024-03-08 10:21:00",
            "2024-03-08T10:21:00",
            "2024/3/8 10:21",
            "2024-3-8 10:21",
            "2024.3.8 10:21",
            "2024年3月8日 10:21",
            "2024年3月8日10时21分",
            "20240308 10:21",
            "20240308102100",
            "２０２４／３／８　１０：２１",
            "\u{a0}2024/3/8 10:21:00.000 ",
        ] {
            assert_eq!(
                shanghai.moment(text).map(|moment| moment.time),
                Ok(utc("2024-03-08T02:21:00Z")),
                "{text}"
            );
        }
        let day = |zone: &Zone| zone.moment("2024/3/8").map(|moment| moment.time);
        assert_eq!(day(&shanghai), Ok(utc("2024-03-07T16:00:00Z")));
        assert_eq!(day(&zone("UTC")), Ok(utc("2024-03-08T00:00:00Z")));
    }

    #[test]
    fn what_is_no_time_is_told_how_to_write_it() {
        for text in [
            "",
            "3/8/2024",
            "08.03.2024",
            "24-3-8",
            "2024-02-30",
            "2024-03-08 25:00",
            "2024-03-08 10",
            "1709864460",
            "2024-03-08 10:21 PM",
            "yesterday",
        ] {
            assert_eq!(zone("UTC").moment(text), Err(FORMS.to_owned()), "{text}");
        }
        let reason = zone("UTC").moment("45359.43").unwrap_err();
        assert!(
            reason.contains("2024-03-08") && reason.contains("format the column"),
            "{reason}"
        );
    }

    #[test]
    fn an_hour_that_the_clocks_skipped_is_refused_and_of_one_shown_twice_the_first_is_taken() {
        let berlin = zone("Europe/Berlin");
        let reason = berlin.moment("2024-03-31 02:30").unwrap_err();
        assert!(reason.contains("Europe/Berlin"), "{reason}");
        let twice = berlin.moment("2024-10-27 02:30").unwrap();
        assert_eq!((twice.time, twice.is_first_of_two), (utc("2024-10-27T00:30:00Z"), true));
        assert_eq!(
            berlin.moment("2024-10-27 03:30").map(|moment| moment.is_first_of_two),
            Ok(false)
        );
    }

    #[test]
    fn a_day_is_a_day_however_it_is_written() {
        for text in [
            "1990-05-01",
            "1990/5/1",
            "1990年5月1日",
            "19900501",
            "1990/5/1 0:00",
            "1990-05-01 00:00:00",
        ] {
            assert_eq!(day(text), Ok("1990-05-01".to_owned()), "{text}");
        }
        for text in ["1990-02-30", "1990/5/1 8:00", "5/1/1990", "32994"] {
            assert!(day(text).is_err(), "{text}");
        }
        assert!(
            Zone::named("Mars/Olympus")
                .unwrap_err()
                .to_string()
                .contains("Mars/Olympus")
        );
    }
}
