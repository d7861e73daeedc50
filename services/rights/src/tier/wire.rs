use contracts_rights::v1 as wire;

use super::changes::RecordedChange;
use super::roster::Cause;
use super::{Tier, TierLadder};
use crate::member::{MemberId, Standing};

pub(crate) fn tier_ladder(ladder: &TierLadder) -> wire::TierLadder {
    wire::TierLadder {
        asset_code: ladder.asset_code().to_owned(),
        tiers: ladder.tiers().iter().map(tier).collect(),
        etag: etag(ladder),
        update_time: Some(ladder.update_time().to_wire()),
    }
}

pub(crate) fn etag(ladder: &TierLadder) -> String {
    ladder.version().to_string()
}

fn tier(tier: &Tier) -> wire::Tier {
    wire::Tier {
        code: tier.code.clone(),
        name: tier.name.clone(),
        threshold: tier.threshold,
    }
}

pub(crate) fn parse_tier(tier: &wire::Tier) -> Tier {
    Tier {
        code: tier.code.clone(),
        name: tier.name.clone(),
        threshold: tier.threshold,
    }
}

/// Where a member stands by the present ladder, whether or not the worker has come by.
pub(crate) fn member_tier(member: MemberId, standing: &Standing, ladder: &TierLadder) -> wire::MemberTier {
    let growth_value = standing.growth_value(ladder.asset_code());
    let placed = ladder.place(standing.tier_code(), growth_value);
    let reached = standing.tier.as_ref().filter(|reached| reached.code == placed.code);
    let progress = ladder
        .progress(&placed.code, growth_value)
        .map(|progress| wire::TierProgress {
            next_tier: Some(tier(progress.next)),
            missing_growth_value: progress.missing,
            done_basis_points: progress.done_basis_points,
        });
    wire::MemberTier {
        member_id: member.to_string(),
        tier: Some(tier(placed)),
        growth_value,
        reach_time: reached.map(|reached| reached.time.to_wire()),
        progress,
    }
}

pub(crate) fn tier_change(recorded: RecordedChange) -> wire::TierChange {
    let change = recorded.change;
    let cause = match change.cause {
        Cause::Registered => wire::TierChangeCause::Registered,
        Cause::Growth => wire::TierChangeCause::Growth,
        Cause::Ladder => wire::TierChangeCause::Ladder,
        Cause::Merge => wire::TierChangeCause::Merge,
    };
    wire::TierChange {
        tier_change_id: recorded.id.to_string(),
        member_id: change.member.1.to_string(),
        from_tier_code: change.from.unwrap_or_default(),
        to_tier_code: change.to,
        growth_value: change.growth_value,
        cause: cause.into(),
        change_time: Some(change.time.to_wire()),
    }
}
