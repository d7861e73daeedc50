use contracts_points::v1 as wire;
use kernel::Time;
use ledger::RuleState;

use crate::earning::rows::draft::DraftRow;
use crate::earning::rows::versions::VersionRow;
use crate::earning::wire::rule_to_wire;

/// The draft of a next version.
pub(crate) fn draft_to_wire(draft: &DraftRow, now: Time) -> wire::EarningRuleDraft {
    let rule = wire::EarningRule {
        version: 0,
        update_time: None,
        effect_time: None,
        etag: String::new(),
        ..rule_to_wire(&draft.row, now)
    };
    wire::EarningRuleDraft {
        earning_rule: Some(rule),
        base_version: draft.row.rule.version,
        outdated: draft.outdated(),
        create_time: Some(draft.begin_time.to_wire()),
        update_time: Some(draft.row.update_time.to_wire()),
        etag: draft.etag(),
    }
}

/// A version with what has become of it by a moment.
pub(crate) fn version_to_wire(version: &VersionRow, now: Time) -> wire::EarningRuleVersion {
    let VersionRow { row, replace_time } = version;
    let (state, effect) = (row.rule.state, row.rule.effect);
    let replaced = replace_time.is_some_and(|time| time <= now);
    let forceful = state == RuleState::Active && replace_time.is_none_or(|time| effect < time);
    let became = match state {
        RuleState::Draft if !replaced => wire::EarningRuleState::Draft,
        RuleState::Active if forceful && !replaced && effect > now => wire::EarningRuleState::Scheduled,
        RuleState::Active if forceful && !replaced => wire::EarningRuleState::Active,
        RuleState::Draft | RuleState::Active | RuleState::Archived => wire::EarningRuleState::Archived,
    };
    wire::EarningRuleVersion {
        earning_rule: Some(rule_to_wire(row, now)),
        state: became.into(),
        force_start_time: forceful.then(|| effect.to_wire()),
        force_end_time: replace_time.filter(|_| forceful).map(Time::to_wire),
    }
}
