//! `quanyu clock`: what time the platform believes it is, and how an operator agrees with a clock that it does not believe.

use std::time::Duration;

use clap::{Args, Subcommand};
use fault::Fault;
use kernel::{Clock, Time};
use runtime::Doubt;
use store::{Db, LastSeen};

use crate::config::Config;
use crate::connections::OF_ONE_MIN;
use crate::folder;
use crate::roles::ROLES;
use crate::terminal::say;

/// How far the dates of the world go before and behind that of UTC.
const WESTMOST: Duration = Duration::from_hours(12);
const EASTMOST: Duration = Duration::from_hours(14);

/// What is asked of the clock.
#[derive(Debug, Subcommand)]
pub enum ClockCommand {
    /// Shows this machine's clock, when each service was last seen at work, and why a clock is not believed.
    Show,
    /// Says that this machine's clock is right, after a stop of more than 14 days or after it was set: what waits for it is
    /// done within seconds. Give it on the machine on which the platform runs.
    Accept(AcceptArgs),
}

/// What the operator says.
#[derive(Debug, Args)]
pub struct AcceptArgs {
    /// Today's date, from your own watch or telephone: the machine's clock must show it.
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: String,
}

/// Runs it; answers whether the clock is believed.
pub async fn run(command: ClockCommand, config: &Config) -> Result<bool, Fault> {
    let now = Clock::system().now();
    folder::refuse_empty(config)?;
    let mut databases = Vec::new();
    for role in &ROLES {
        databases.push(Db::attach(&config.database(role.name, OF_ONE_MIN), role.name, (role.migrations)()).await?);
    }
    if let ClockCommand::Accept(AcceptArgs { today }) = command {
        accept(&databases, &today, now).await?;
    }
    show(&databases, now).await
}

async fn accept(databases: &[Db], today: &str, now: Time) -> Result<(), Fault> {
    check(today, now)?;
    for db in databases {
        let seen = db.last_seen().await?;
        if let Some(doubt @ Doubt::Apart { .. }) = Doubt::of(&seen, now) {
            return Err(Fault::invalid("today", format!("{doubt}: {}", doubt.remedy())));
        }
    }
    for db in databases {
        db.accept_clock(now).await?;
    }
    say("accepted: a running platform does within seconds what has waited for it");
    Ok(())
}

/// Refuses a date that the clock does not show, wherever on Earth the operator's watch is.
fn check(today: &str, now: Time) -> Result<(), Fault> {
    let dates = [now.minus(WESTMOST), now, now.plus(EASTMOST)].map(date);
    if dates.iter().any(|date| date == today) {
        return Ok(());
    }
    if !is_date(today) {
        return Err(Fault::invalid(
            "today",
            format!("is {today}: write the date as YYYY-MM-DD"),
        ));
    }
    Err(Fault::invalid(
        "today",
        format!("is {today}, and this machine's clock shows {now}: set the clock right first"),
    ))
}

/// Whether a text has the form of a date, whichever it is.
fn is_date(text: &str) -> bool {
    let digits = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c });
    digits.collect::<String>() == "0000-00-00"
}

fn date(time: Time) -> String {
    time.to_string().chars().take("YYYY-MM-DD".len()).collect()
}

async fn show(databases: &[Db], now: Time) -> Result<bool, Fault> {
    let mut is_believed = true;
    say(format_args!("this machine: {now}"));
    for db in databases {
        let seen = db.last_seen().await?;
        let at = seen
            .seen_time
            .map_or_else(|| "never".to_owned(), |time| time.to_string());
        say(format_args!("{}: last seen at work {at}", db.service()));
        if let Some((doubt, remedy)) = doubted(&seen, now) {
            is_believed = false;
            say(format_args!("  {doubt}\n  {remedy}"));
        }
    }
    Ok(is_believed)
}

/// Why a service's clock is not believed, and what to do about it: what this machine's clock shows is out of the question, or a
/// running process has said so of its own.
pub(crate) fn doubted(seen: &LastSeen, now: Time) -> Option<(String, &'static str)> {
    match Doubt::of(seen, now) {
        Some(doubt) => Some((doubt.to_string(), doubt.remedy())),
        None => seen.doubt.clone().map(|doubt| (doubt, Doubt::REMEDY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_the_clock_shows_nowhere_on_earth_is_refused() {
        let midnight = Time::from_seconds(1_767_225_600);
        for (hours, today, is_right) in [
            (0, "2026-01-01", true),
            (0, "2025-12-31", true),
            (0, "2026-01-02", false),
            (11, "2026-01-02", true),
            (13, "2025-12-31", false),
            (0, "2025-01-01", false),
            (0, "2026", false),
            (0, "", false),
        ] {
            let now = midnight.plus(Duration::from_hours(hours));
            assert_eq!(check(today, now).is_ok(), is_right, "{today} at {now}");
        }
    }

    #[test]
    fn a_date_of_another_form_is_told_its_form_and_not_that_the_clock_is_wrong() {
        let now = Time::from_seconds(1_767_225_600);
        for (today, told) in [
            ("01.01.2026", "YYYY-MM-DD"),
            ("2026-1-1", "YYYY-MM-DD"),
            ("2025-01-01", "set the clock right"),
        ] {
            let fault = check(today, now).unwrap_err().to_string();
            assert!(fault.contains(told), "{fault}");
        }
    }

    #[test]
    fn what_a_running_process_has_said_of_its_clock_is_told_where_this_machine_s_own_is_right() {
        let now = Time::from_seconds(1_767_225_600);
        let mut seen = LastSeen {
            seen_time: Some(now),
            ..LastSeen::default()
        };
        assert_eq!(doubted(&seen, now), None);
        seen.doubt = Some("the clock has leapt".to_owned());
        let (doubt, remedy) = doubted(&seen, now).unwrap();
        assert!(doubt.contains("has leapt") && remedy.contains("quanyu clock accept"));
    }
}
