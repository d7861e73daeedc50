use contracts_points::v1::{ConfirmPendingRequest, ConfirmPendingResponse};
use fault::Fault;
use kernel::Principal;
use kernel::text::is_placeholder;
use ledger::{Act, ConfirmCause, Earns, Effects};
use rpc::Call;

use crate::api::PointsApi;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn confirm_pending(
        &self,
        call: Call<ConfirmPendingRequest>,
    ) -> Result<ConfirmPendingResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for ConfirmPendingRequest {
    const METHOD: &'static str = "quanyu.points.v1.PendingService/ConfirmPending";
    type Response = ConfirmPendingResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        let member = parse_id("member_id", &self.member_id)?;
        let act = Act::Confirm {
            earns: parse_earns(&self.entry_id, &self.reference)?,
            cause: ConfirmCause::Call,
        };
        Ok(Wish::new(Subject::Asset(member, self.asset_code.as_str().into()), act))
    }

    fn response(effects: &Effects) -> ConfirmPendingResponse {
        let amounts = effects.confirmed.iter().map(|it| it.amount);
        ConfirmPendingResponse {
            confirmed_amount: amounts.fold(0, i64::saturating_add),
            expired_amount: effects.expired,
            repaid_amount: effects.repayment().map_or(0, |entry| entry.amount.saturating_abs()),
        }
    }
}

/// Which pending earns are meant: either of the two fields says.
pub(crate) fn parse_earns(entry: &str, reference: &str) -> Result<Earns, Fault> {
    match (entry, reference) {
        ("", "") => Err(Fault::invalid("entry_id", "give it, or the reference")),
        (entry, "") => Ok(Earns::Entry(parse_id("entry_id", entry)?)),
        // It would be every order's that has no number.
        ("", reference) if is_placeholder(reference) => {
            let message = format!("{reference} can stand for any order: send its own number, or the entry_id");
            Err(Fault::invalid("reference", message))
        }
        ("", reference) => Ok(Earns::Reference(reference.to_owned())),
        _ => Err(Fault::invalid("reference", "give it, or the entry_id, not both")),
    }
}
