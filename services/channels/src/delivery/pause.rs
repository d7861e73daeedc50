//! When a delivery that was not taken is tried again.

use std::time::Duration;

use kernel::Time;

use super::{Attempt, TRIED_FOR, Verdict};
use crate::subscription::DisableReason;

/// The pause after the first try; it doubles with each further one.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest pause of the platform's own making.
const PAUSE_MAX: Duration = Duration::from_hours(1);
/// The longest pause that a receiver may ask for.
const ASKED_MAX: Duration = Duration::from_hours(24);
/// How many parts a pause has, of which chance takes away some, up to a quarter: receivers that were away are not asked all at
/// once.
const PARTS: u32 = 1_024;
const CHANCE_PARTS: u32 = 256;
/// The status of a receiver that wants nothing any more.
const GONE: u16 = 410;

/// What follows from a try of a delivery that was tried so often before, and is tried since then.
pub(crate) fn verdict(attempt: &Attempt, tries_before: i64, since: Time, chance: u32) -> Verdict {
    if attempt.failure.is_none() {
        return Verdict::Delivered;
    }
    if attempt.code == Some(GONE) {
        return Verdict::Disable(DisableReason::Gone);
    }
    let now = attempt.start.plus(attempt.took);
    let last = since.plus(TRIED_FOR);
    if now >= last {
        return Verdict::Disable(DisableReason::Unreachable);
    }
    let asked = attempt.retry_after.unwrap_or_default().min(ASKED_MAX);
    let pause = own_pause(tries_before, chance).max(asked);
    // The last try comes when the time is over, not long before.
    Verdict::Again(now.plus(pause).min(last))
}

fn own_pause(tries_before: i64, chance: u32) -> Duration {
    let doublings = u32::try_from(tries_before).unwrap_or(u32::MAX);
    let factor = 1_u32
        .checked_shl(doublings)
        .filter(|factor| *factor > 0)
        .unwrap_or(u32::MAX);
    let pause = PAUSE.saturating_mul(factor).min(PAUSE_MAX);
    let taken = chance.checked_rem(CHANCE_PARTS).unwrap_or(0);
    let part = pause.checked_div(PARTS).unwrap_or_default();
    pause.saturating_sub(part.saturating_mul(taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_seconds(1_000_000);

    fn failed(code: Option<u16>) -> Attempt {
        Attempt {
            start: NOW,
            took: Duration::ZERO,
            code,
            failure: Some("it failed".to_owned()),
            answer: String::new(),
            retry_after: None,
        }
    }

    fn pause_after(tries: i64, chance: u32) -> Duration {
        match verdict(&failed(None), tries, NOW, chance) {
            Verdict::Again(time) => time.since(NOW),
            Verdict::Delivered | Verdict::Disable(_) => panic!("it is tried again"),
        }
    }

    #[test]
    fn pauses_double_up_to_an_hour_and_chance_shortens_them_by_a_quarter_at_the_most() {
        assert_eq!(pause_after(0, 0), Duration::from_secs(5));
        assert_eq!(pause_after(1, 0), Duration::from_secs(10));
        assert_eq!(pause_after(4, 0), Duration::from_secs(80));
        for tries in [10, 31, 32, 1_000, i64::MAX] {
            assert_eq!(pause_after(tries, 0), Duration::from_hours(1), "{tries}");
        }
        for chance in [1, 255, 256, u32::MAX] {
            let pause = pause_after(20, chance);
            assert!(
                pause > Duration::from_mins(45) && pause <= Duration::from_hours(1),
                "{pause:?}"
            );
        }
        assert!(pause_after(3, 255) < pause_after(3, 0));
    }

    #[test]
    fn what_a_receiver_asks_for_is_kept_up_to_a_day() {
        let asks = |seconds| Attempt {
            retry_after: Some(Duration::from_secs(seconds)),
            ..failed(Some(503))
        };
        let again = |seconds| Verdict::Again(NOW.plus(Duration::from_secs(seconds)));
        assert_eq!(verdict(&asks(120), 0, NOW, 0), again(120));
        assert_eq!(verdict(&asks(1), 0, NOW, 0), again(5));
        assert_eq!(verdict(&asks(10_000_000), 0, NOW, 0), again(86_400));
    }

    #[test]
    fn after_three_days_or_when_it_is_gone_the_receiver_is_left_alone() {
        let since = NOW.minus(TRIED_FOR);
        let unreachable = Verdict::Disable(DisableReason::Unreachable);
        assert_eq!(verdict(&failed(Some(500)), 70, since, 0), unreachable);
        let nearly = since.plus(Duration::from_secs(1));
        assert_eq!(
            verdict(&failed(Some(500)), 70, nearly, 0),
            Verdict::Again(nearly.plus(TRIED_FOR)),
            "the last try comes when the time is over"
        );
        assert_eq!(
            verdict(&failed(Some(410)), 0, NOW, 0),
            Verdict::Disable(DisableReason::Gone)
        );
        let taken = Attempt {
            failure: None,
            ..failed(Some(204))
        };
        assert_eq!(verdict(&taken, 70, since, 0), Verdict::Delivered);
    }
}
