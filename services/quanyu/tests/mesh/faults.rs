//! What callers see of a fault, as a row of the table.

use std::fmt;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::load::{Load, ROLES};
use crate::sdk::Call;

/// The longest time without an answer that is allowed.
pub(crate) const GAP_MAX: Duration = Duration::from_secs(5);

/// Writes a line at once, for who watches.
pub(crate) fn tell(line: impl fmt::Display) {
    // Nobody watches, perhaps.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A machine that answers nobody for so long is busy with other things: callers have four seconds.
const STANDSTILL: Duration = Duration::from_secs(2);

/// What the calls came to while something was broken, and until it was whole again.
#[derive(Debug)]
pub(crate) struct Row {
    what: String,
    calls: usize,
    retries: usize,
    /// Attempts of which the gateway said that they failed.
    told: Vec<String>,
    failures: usize,
    /// The longest time in which no call of one role was answered, and which role that was.
    gap: Duration,
    of: &'static str,
    /// The longest time that one call took, with all its attempts.
    longest: Duration,
    /// The longest time in which no call of a role that was not broken was answered: how long the machine stood still.
    standstill: Duration,
    /// How long something was away of which there is no second one: nobody can answer without it.
    away: Duration,
}

impl Row {
    /// Breaks something and mends it, under load, and sees how the calls fared.
    pub(crate) async fn of(what: impl Into<String>, load: &Load, work: impl Future<Output = ()>) -> Self {
        Self::made(what.into(), None, load, work).await
    }

    /// The same of what concerns one role: by the others it is seen what of it is the machine's.
    pub(crate) async fn of_role(what: &str, role: &str, load: &Load, work: impl Future<Output = ()>) -> Self {
        Self::made(format!("{what} of {role}"), Some(role), load, work).await
    }

    async fn made(what: String, role: Option<&str>, load: &Load, work: impl Future<Output = ()>) -> Self {
        let began = Instant::now();
        work.await;
        load.goes_on().await;
        let (ended, calls) = (Instant::now(), load.sdk.since(began));
        let mut row = Self::read(what, began, ended, &calls);
        if let Some(role) = role.filter(|role| ROLES.contains(role)) {
            let others = ROLES.iter().filter(|other| **other != role);
            let mut gaps: Vec<Duration> = others.map(|other| longest_gap(other, began, ended, &calls)).collect();
            gaps.sort_unstable();
            // Half of them, for one may call the role that is broken.
            row.standstill = gaps[gaps.len() / 2];
        }
        tell(&row);
        row
    }

    fn read(what: String, began: Instant, ended: Instant, calls: &[Call]) -> Self {
        let (gap, of) = ROLES
            .map(|role| (longest_gap(role, began, ended, calls), role))
            .into_iter()
            .max()
            .unwrap_or_default();
        let failures = calls.iter().flat_map(|call| &call.failures);
        let told = failures
            .filter(|failure| failure.is_of_gateway)
            .map(|failure| failure.status.to_string());
        Self {
            what,
            calls: calls.len(),
            retries: calls.iter().map(|call| call.failures.len()).sum(),
            told: told.collect(),
            failures: calls.iter().filter(|call| !call.is_answered).count(),
            gap,
            of,
            longest: calls
                .iter()
                .map(|call| call.ended.duration_since(call.began))
                .max()
                .unwrap_or_default(),
            standstill: Duration::ZERO,
            away: Duration::ZERO,
        }
    }

    /// The same where the only one of something was away for so long.
    pub(crate) fn without(mut self, away: Duration) -> Self {
        tell(format_args!("it was away for {away:?}"));
        self.away = away;
        self
    }

    /// The longest time without an answer in a calm: what of the rows below is the machine's.
    pub(crate) fn gap(&self) -> Duration {
        self.gap
    }

    /// Every call was answered in the end, and at no time were all calls of a role without an answer for more than five
    /// seconds. A machine that is busy with other things answers late without any fault: twice the longest time of the calm
    /// is added, or of roles that were not broken meanwhile, and the time that it took to start the only database.
    pub(crate) fn check(&self, calm: Duration) {
        assert_eq!(self.failures, 0, "{}: calls failed for good", self.what);
        let bound = GAP_MAX + calm.max(self.standstill) * 2 + self.away;
        assert!(
            self.gap <= bound,
            "{}: no answer of {} for {:?}, more than {bound:?}",
            self.what,
            self.of,
            self.gap
        );
    }

    /// No gateway has told anybody of a failure; where the machine stood still, deadlines have passed.
    pub(crate) fn check_unseen(&self) {
        assert!(
            self.told.is_empty() || self.standstill > STANDSTILL,
            "{}: callers were told {} failures: {:?}",
            self.what,
            self.told.len(),
            self.told
        );
    }

    /// The heads of the columns.
    pub(crate) fn heads() -> String {
        format!(
            "{:<58} {:>6} {:>8} {:>6} {:>9} {:>12}             {:>13}",
            "fault", "calls", "retries", "told", "failures", "longest gap", "longest call"
        )
    }
}

/// Between the answers of a role; what comes before the first one and after the last one counts too.
fn longest_gap(role: &str, began: Instant, ended: Instant, calls: &[Call]) -> Duration {
    let answered = calls
        .iter()
        .filter(|call| call.role == role && call.is_answered && call.ended <= ended);
    let mut times: Vec<Instant> = answered.map(|call| call.ended).chain([began, ended]).collect();
    times.sort_unstable();
    let gaps = times.windows(2).map(|pair| pair[1].duration_since(pair[0]));
    gaps.max().unwrap_or_default()
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            calls,
            retries,
            told,
            failures,
            gap,
            of,
            longest,
            standstill: _,
            away: _,
        } = self;
        let (told, gap, longest) = (told.len(), gap.as_millis(), longest.as_millis());
        write!(
            f,
            "{what:<58} {calls:>6} {retries:>8} {told:>6} {failures:>9} {gap:>9} ms ({of:<8}) {longest:>10} ms"
        )
    }
}
