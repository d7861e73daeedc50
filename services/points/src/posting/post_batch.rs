use contracts::Unreadable;
use contracts_points::v1::posting_result::Outcome as Told;
use contracts_points::v1::{ErrorReason, PostBatchRequest, PostBatchResponse, PostingResult};
use fault::Fault;
use rpc::Call;

use super::engine::{Ask, Outcome};
use super::postings::{Form, Item, read, result};
use crate::api::PointsApi;

/// How many postings a call carries.
const POSTINGS_MAX: usize = 1_000;

impl PointsApi {
    pub(crate) async fn post_batch(&self, call: Call<PostBatchRequest>) -> Result<PostBatchResponse, Fault> {
        if !(1..=POSTINGS_MAX).contains(&call.postings.len()) {
            let message = format!("must be 1 to {POSTINGS_MAX}, not {}", call.postings.len());
            return Err(Fault::invalid("postings", message));
        }
        let unreadable = Unreadable::of(&call.unreadable_items);
        let postings = call.postings.iter().enumerate();
        let items = postings.map(|(index, posting)| read(call.principal(), posting, &unreadable, index));
        let mut names: Vec<(String, Form)> = Vec::with_capacity(call.postings.len());
        let mut asks: Vec<Result<Ask, Fault>> = Vec::with_capacity(call.postings.len());
        for Item { request_id, form, ask } in items {
            names.push((request_id, form));
            asks.push(ask);
        }
        let outcomes = match call.all_or_nothing {
            true => self.post_all_or_none(asks).await?,
            false => self.post_each(asks).await?,
        };
        let results = names.into_iter().zip(outcomes);
        let results: Vec<PostingResult> = results
            .map(|((request_id, form), outcome)| result(request_id, form, outcome))
            .collect();
        let refused = results
            .iter()
            .filter(|it| matches!(it.outcome, Some(Told::Refusal(_))))
            .count();
        let count = |number: usize| i32::try_from(number).map_err(Fault::internal);
        Ok(PostBatchResponse {
            posted_count: count(results.len().saturating_sub(refused))?,
            refused_count: count(refused)?,
            results,
        })
    }

    /// Hands them in one after the other as there is room, so that they share transactions with each other and with whatever
    /// else is asked for.
    async fn post_each(&self, asks: Vec<Result<Ask, Fault>>) -> Result<Vec<Outcome>, Fault> {
        let (right, wrong) = sort(asks);
        let mut pending = self.engine.hand_in_all(right).await?.into_iter();
        let mut outcomes = Vec::with_capacity(wrong.len());
        for wrong in wrong {
            outcomes.push(match wrong {
                Some(fault) => Err(fault),
                None => pending.next().ok_or_else(lost)?.answer().await,
            });
        }
        Ok(outcomes)
    }

    /// Where one of them is wrong already, the others are still asked whether they would be refused, so that everything
    /// can be mended in one go.
    async fn post_all_or_none(&self, asks: Vec<Result<Ask, Fault>>) -> Result<Vec<Outcome>, Fault> {
        let (right, wrong) = sort(asks);
        let all_right = wrong.iter().all(Option::is_none);
        let mut decided = self.engine.post_together(&right, all_right).await?.into_iter();
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(wrong.len());
        for wrong in wrong {
            outcomes.push(match wrong {
                Some(fault) => Some(Err(fault)),
                None => decided.next().ok_or_else(lost)?,
            });
        }
        let refused = outcomes.iter().flatten().filter(|outcome| outcome.is_err()).count();
        let told = |outcome: Option<Outcome>| outcome.unwrap_or_else(|| Err(others_refused(refused)));
        Ok(outcomes.into_iter().map(told).collect())
    }
}

/// Those that can be asked for, and for each place what is wrong there.
fn sort(asks: Vec<Result<Ask, Fault>>) -> (Vec<Ask>, Vec<Option<Fault>>) {
    let mut right = Vec::with_capacity(asks.len());
    let wrong = asks
        .into_iter()
        .map(|ask| ask.map(|ask| right.push(ask)).err())
        .collect();
    (right, wrong)
}

fn lost() -> Fault {
    Fault::internal("a posting without an outcome")
}

fn others_refused(refused: usize) -> Fault {
    let message = format!(
        "nothing is wrong with this posting, but all or nothing was asked for and {refused} of the batch were refused: \
         mend those, then send all again"
    );
    Fault::refused(ErrorReason::OthersRefused, message).with("refused_count", refused)
}
