use kernel::Time;

/// When the coupons of a template can be redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// The same times for all.
    Window(Period),
    /// From the issue on, for as many days of 24 hours.
    DaysAfterIssue(i64),
}

/// From one moment, including it, to another, not including it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    start: Time,
    end: Time,
}

impl Period {
    /// A period; none where the end is not after the start.
    pub(crate) fn new(start: Time, end: Time) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The first moment.
    pub(crate) fn start(&self) -> Time {
        self.start
    }

    /// The first moment after.
    pub(crate) fn end(&self) -> Time {
        self.end
    }
}

impl Validity {
    /// When a coupon that is issued now can be redeemed; none where that would be over already.
    pub(crate) fn of_issue(&self, now: Time) -> Option<Period> {
        match self {
            Self::Window(window) => (now < window.end).then_some(*window),
            Self::DaysAfterIssue(days) => Period::new(now, now.plus_days(*days)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_the_same_for_all_and_issues_nothing_once_it_has_ended() {
        let (start, end) = (Time::from_seconds(10), Time::from_seconds(20));
        let validity = Validity::Window(Period::new(start, end).unwrap());
        for (now, issues) in [(0, true), (10, true), (19, true), (20, false), (21, false)] {
            assert_eq!(validity.of_issue(Time::from_seconds(now)).is_some(), issues, "at {now}");
        }
    }

    #[test]
    fn days_are_counted_from_the_issue() {
        let now = Time::from_seconds(5);
        let period = Validity::DaysAfterIssue(30).of_issue(now).unwrap();
        assert_eq!((period.start(), period.end()), (now, now.plus_days(30)));
    }

    #[test]
    fn a_period_ends_after_it_starts() {
        assert_eq!(Period::new(Time::from_seconds(2), Time::from_seconds(2)), None);
    }
}
