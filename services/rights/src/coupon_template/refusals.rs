use contracts_rights::v1::ErrorReason;
use fault::Fault;

use super::TemplateRefusal;

/// A template's refusal, with the template that refuses.
pub(crate) fn of_template(code: &str, refusal: TemplateRefusal) -> Fault {
    let message = refusal.to_string();
    let fault = match refusal {
        TemplateRefusal::FieldFixed { field, state } => Fault::refused(ErrorReason::TemplateFieldFixed, message)
            .with("field", field)
            .with("state", state.name()),
        TemplateRefusal::StateFinal { from, to } => Fault::refused(ErrorReason::TemplateStateFinal, message)
            .with("from", from.name())
            .with("to", to.name()),
        TemplateRefusal::CapBelowIssued { total_cap, issued } => {
            Fault::refused(ErrorReason::TotalCapBelowIssued, message)
                .with("total_cap", total_cap)
                .with("issued", issued)
        }
        TemplateRefusal::Terms(_) => return Fault::invalid("template.benefit", message),
        TemplateRefusal::NotActive { state } => {
            Fault::refused(ErrorReason::TemplateNotActive, message).with("state", state.name())
        }
        TemplateRefusal::WindowOver { end } => {
            Fault::refused(ErrorReason::TemplateWindowOver, message).with("end_time", end)
        }
    };
    fault.with("template_code", code)
}
