mod create_coupon_template;
mod get_coupon_template;
mod list_coupon_templates;
pub(crate) mod refusals;
pub(crate) mod rows;
mod service;
mod update_coupon_template;
mod wire;

use kernel::{Money, Time};

use crate::benefit::{Benefit, Terms, TermsError};
use crate::coupon::validity::{Period, Validity};

/// A template, from which coupons with the same terms are issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CouponTemplate {
    /// Its code, chosen by the brand.
    pub(crate) code: String,
    /// The name that members read.
    pub(crate) name: String,
    /// The benefit of a coupon, and the orders that get it.
    pub(crate) terms: Terms,
    /// When a coupon can be redeemed.
    pub(crate) validity: Validity,
    /// How many coupons may be issued in total.
    pub(crate) total_cap: Option<i64>,
    /// How many coupons may be issued to one member.
    pub(crate) member_cap: Option<i64>,
    /// Whether coupons are issued.
    pub(crate) state: TemplateState,
    /// How many coupons were issued.
    pub(crate) issued_count: i64,
    /// Grows with every update; issuing leaves it.
    pub(crate) version: i64,
    /// When it was created.
    pub(crate) create_time: Time,
    /// When it was updated last.
    pub(crate) update_time: Time,
}

/// Whether coupons are issued: from draft to active to closed, and never back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TemplateState {
    /// Being written.
    Draft,
    /// Issuing.
    Active,
    /// Issuing no more.
    Closed,
}

impl TemplateState {
    /// The state's name, as it is stored and told.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Closed => "closed",
        }
    }
}

/// The change of a limit by an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LimitChange<T> {
    /// It stays.
    #[default]
    Keep,
    /// There is none any more.
    Lift,
    /// There is this one.
    Set(T),
}

impl<T> LimitChange<T> {
    /// A limit that an update names, with the value that it gives or none.
    pub(crate) fn to(limit: Option<T>) -> Self {
        limit.map_or(Self::Lift, Self::Set)
    }

    /// The limit after the change.
    fn of(self, present: Option<T>) -> Option<T> {
        match self {
            Self::Keep => present,
            Self::Lift => None,
            Self::Set(limit) => Some(limit),
        }
    }
}

/// New values for the fields that an update names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TemplateChange {
    /// The name.
    pub(crate) name: Option<String>,
    /// The benefit of a coupon.
    pub(crate) benefit: Option<Benefit>,
    /// The order amount from which on a coupon gives its benefit.
    pub(crate) minimum_spend: LimitChange<Money>,
    /// When a coupon can be redeemed.
    pub(crate) validity: Option<Validity>,
    /// The cap in total.
    pub(crate) total_cap: LimitChange<i64>,
    /// The cap for one member.
    pub(crate) member_cap: LimitChange<i64>,
    /// Whether coupons are issued.
    pub(crate) state: Option<TemplateState>,
}

/// Why a template is not changed, or issues nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateRefusal {
    /// The field may be changed in a draft only.
    #[error("the {field} of an {} template is fixed, since members may hold its coupons: create another template", state.name())]
    FieldFixed {
        /// The field.
        field: &'static str,
        /// The template's state.
        state: TemplateState,
    },
    /// The state goes one way.
    #[error("a template goes from draft to active to closed, not from {} to {}", from.name(), to.name())]
    StateFinal {
        /// The state that it has.
        from: TemplateState,
        /// The state that was asked for.
        to: TemplateState,
    },
    /// More were issued.
    #[error("a total cap of {total_cap} is below the {issued} coupons that were issued: choose {issued} or more")]
    CapBelowIssued {
        /// The cap that was asked for.
        total_cap: i64,
        /// How many were issued.
        issued: i64,
    },
    /// The new terms are none.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// The template issues nothing in this state.
    #[error("the template is {}, not active", state.name())]
    NotActive {
        /// The template's state.
        state: TemplateState,
    },
    /// The template's window has ended.
    #[error("the template's window ended at {end}")]
    WindowOver {
        /// When.
        end: Time,
    },
}

impl CouponTemplate {
    /// The template with the change, at its next version.
    pub(crate) fn change(&self, change: TemplateChange, now: Time) -> Result<Self, TemplateRefusal> {
        self.refuse_fixed(&change)?;
        let state = change.state.unwrap_or(self.state);
        if state < self.state {
            return Err(TemplateRefusal::StateFinal {
                from: self.state,
                to: state,
            });
        }
        let total_cap = change.total_cap.of(self.total_cap);
        if let Some(total_cap) = total_cap.filter(|cap| *cap < self.issued_count) {
            return Err(TemplateRefusal::CapBelowIssued {
                total_cap,
                issued: self.issued_count,
            });
        }
        let benefit = change.benefit.unwrap_or_else(|| self.terms.benefit().clone());
        let minimum_spend = change.minimum_spend.of(self.terms.minimum_spend());
        Ok(Self {
            code: self.code.clone(),
            name: change.name.unwrap_or_else(|| self.name.clone()),
            terms: Terms::new(benefit, minimum_spend)?,
            validity: change.validity.unwrap_or(self.validity),
            total_cap,
            member_cap: change.member_cap.of(self.member_cap),
            state,
            issued_count: self.issued_count,
            version: self.version.saturating_add(1),
            create_time: self.create_time,
            update_time: now,
        })
    }

    /// When a coupon that is issued now can be redeemed.
    pub(crate) fn period_of_issue(&self, now: Time) -> Result<Period, TemplateRefusal> {
        match self.state {
            TemplateState::Active => self
                .validity
                .of_issue(now)
                .ok_or(TemplateRefusal::WindowOver { end: self.end() }),
            TemplateState::Draft | TemplateState::Closed => Err(TemplateRefusal::NotActive { state: self.state }),
        }
    }

    /// The terms of coupons that members may hold are fixed: only a draft changes them.
    fn refuse_fixed(&self, change: &TemplateChange) -> Result<(), TemplateRefusal> {
        let fixed = [
            ("benefit", change.benefit.is_some()),
            ("minimum_spend", change.minimum_spend != LimitChange::Keep),
            ("validity", change.validity.is_some()),
        ];
        match fixed.into_iter().find(|(_, changed)| *changed) {
            Some((field, _)) if self.state != TemplateState::Draft => Err(TemplateRefusal::FieldFixed {
                field,
                state: self.state,
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// When the last coupon's validity ends, as far as the template says.
    fn end(&self) -> Time {
        match self.validity {
            Validity::Window(window) => window.end(),
            Validity::DaysAfterIssue(_) => Time::MAX,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// 10.00 yuan off, for 30 days, at most 3 in total and 2 a member.
    pub(crate) fn template(state: TemplateState) -> CouponTemplate {
        CouponTemplate {
            code: "ten_off".to_owned(),
            name: "Ten off".to_owned(),
            terms: Terms::new(Benefit::AmountOff(cny(1_000)), None).unwrap(),
            validity: Validity::DaysAfterIssue(30),
            total_cap: Some(3),
            member_cap: Some(2),
            state,
            issued_count: 0,
            version: 1,
            create_time: Time::EPOCH,
            update_time: Time::EPOCH,
        }
    }

    fn cny(minor_units: i64) -> Money {
        Money::stored("CNY", minor_units).unwrap()
    }

    const NOON: Time = Time::from_seconds(43_200);

    #[test]
    fn a_template_goes_from_draft_to_active_to_closed_and_never_back() {
        use TemplateState::{Active, Closed, Draft};
        for (from, to, goes) in [
            (Draft, Draft, true),
            (Draft, Active, true),
            (Draft, Closed, true),
            (Active, Draft, false),
            (Active, Active, true),
            (Active, Closed, true),
            (Closed, Draft, false),
            (Closed, Active, false),
            (Closed, Closed, true),
        ] {
            let change = TemplateChange {
                state: Some(to),
                ..TemplateChange::default()
            };
            let changed = template(from).change(change, NOON);
            assert_eq!(
                changed.map(|template| template.state).ok(),
                goes.then_some(to),
                "from {from:?} to {to:?}"
            );
        }
    }

    #[test]
    fn what_members_hold_coupons_of_is_changed_in_a_draft_only() {
        let changes = [
            (
                "benefit",
                TemplateChange {
                    benefit: Some(Benefit::FreeShipping),
                    ..TemplateChange::default()
                },
            ),
            (
                "minimum_spend",
                TemplateChange {
                    minimum_spend: LimitChange::Lift,
                    ..TemplateChange::default()
                },
            ),
            (
                "validity",
                TemplateChange {
                    validity: Some(Validity::DaysAfterIssue(1)),
                    ..TemplateChange::default()
                },
            ),
        ];
        for (field, change) in changes {
            assert!(
                template(TemplateState::Draft).change(change.clone(), NOON).is_ok(),
                "{field}"
            );
            for state in [TemplateState::Active, TemplateState::Closed] {
                let refusal = TemplateRefusal::FieldFixed { field, state };
                assert_eq!(template(state).change(change.clone(), NOON), Err(refusal));
            }
        }
    }

    #[test]
    fn a_total_cap_is_not_set_below_what_was_issued() {
        let template = CouponTemplate {
            issued_count: 2,
            ..template(TemplateState::Active)
        };
        let change = |cap| TemplateChange {
            total_cap: LimitChange::to(cap),
            ..TemplateChange::default()
        };
        assert_eq!(template.change(change(Some(2)), NOON).unwrap().total_cap, Some(2));
        assert_eq!(template.change(change(None), NOON).unwrap().total_cap, None);
        let refusal = TemplateRefusal::CapBelowIssued {
            total_cap: 1,
            issued: 2,
        };
        assert_eq!(template.change(change(Some(1)), NOON), Err(refusal));
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name_and_takes_the_next_version() {
        let before = template(TemplateState::Draft);
        let change = TemplateChange {
            name: Some("Zehn".to_owned()),
            member_cap: LimitChange::Lift,
            ..TemplateChange::default()
        };
        let expected = CouponTemplate {
            name: "Zehn".to_owned(),
            member_cap: None,
            version: 2,
            update_time: NOON,
            ..before.clone()
        };
        assert_eq!(before.change(change, NOON), Ok(expected));
    }

    #[test]
    fn only_an_active_template_within_its_window_issues() {
        for state in [TemplateState::Draft, TemplateState::Closed] {
            assert_eq!(
                template(state).period_of_issue(NOON),
                Err(TemplateRefusal::NotActive { state })
            );
        }
        let window = Period::new(Time::EPOCH, NOON).unwrap();
        let ended = CouponTemplate {
            validity: Validity::Window(window),
            ..template(TemplateState::Active)
        };
        assert_eq!(
            ended.period_of_issue(NOON),
            Err(TemplateRefusal::WindowOver { end: NOON })
        );
        assert!(template(TemplateState::Active).period_of_issue(NOON).is_ok());
    }
}
