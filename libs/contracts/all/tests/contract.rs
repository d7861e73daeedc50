//! A contract by itself, and all of them together.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use contracts::Contract;
use contracts::codec::Incoming;
use contracts::r#type::v1::Money;
use contracts_rights::v1::RedeemCouponRequest;
use fault::Fault;
use prost_reflect::DescriptorPool;

const SERVICES: [(&str, &Contract); 7] = [
    ("campaign", &contracts_campaign::CONTRACT),
    ("channels", &contracts_channels::CONTRACT),
    ("gateway", &contracts_gateway::CONTRACT),
    ("identity", &contracts_identity::CONTRACT),
    ("points", &contracts_points::CONTRACT),
    ("rights", &contracts_rights::CONTRACT),
    ("tagging", &contracts_tagging::CONTRACT),
];

fn methods(contract: &Contract) -> BTreeSet<&'static str> {
    let methods = contract.methods().unwrap();
    methods.iter().map(|method| method.full_name).collect()
}

#[test]
fn each_contract_stands_by_itself_and_all_have_the_methods_of_each() {
    let mut of_each = BTreeSet::new();
    for (name, contract) in SERVICES {
        let own = methods(contract);
        let prefix = format!("quanyu.{name}.");
        assert!(own.iter().any(|method| method.starts_with(&prefix)), "{name}: {own:?}");
        assert!(
            own.contains("quanyu.events.internal.v1.FeedService/ReadFacts"),
            "{name}"
        );
        of_each.extend(own);
    }
    assert_eq!(methods(&contracts_all::CONTRACT), of_each);
    let rights = methods(&contracts_rights::CONTRACT);
    assert!(
        !rights.iter().any(|method| method.starts_with("quanyu.points.")),
        "{rights:?}"
    );
}

#[test]
fn a_descriptor_set_has_each_file_once_with_its_comments() {
    let set = contracts_all::CONTRACT.descriptor_set();
    let pool = DescriptorPool::decode(&*set).unwrap();
    let once: usize = pool.files().map(|file| file.encode_to_vec().len()).sum();
    assert!(set.len().abs_diff(once) < 4096, "{} bytes of {once}", set.len());
    let money = pool.get_message_by_name("quanyu.type.v1.Money").unwrap();
    let comments = money.parent_file();
    let comments = comments.file_descriptor_proto().source_code_info.as_ref().unwrap();
    assert!(comments.location.iter().any(|place| place.leading_comments.is_some()));
}

/// A process holds the descriptors of several contracts for as long as it runs.
#[test]
fn descriptors_at_hand_have_no_comments() {
    let files = contracts_all::CONTRACT.descriptors().file_descriptor_protos();
    let mut commented = files.filter(|file| file.source_code_info.is_some());
    assert_eq!(commented.next().map(|file| file.name().to_owned()), None);
}

#[test]
fn a_part_from_another_contract_is_checked_with_the_message_that_holds_it() {
    let request = RedeemCouponRequest {
        order_amount: Some(Money {
            currency_code: "renminbi".repeat(3),
            minor_units: 1,
        }),
        ..RedeemCouponRequest::default()
    };
    let Err(Fault::Refused(refusal)) = request.check() else {
        panic!("the currency has no such code")
    };
    let paths: Vec<&str> = refusal.violations.iter().map(|violation| &*violation.path).collect();
    assert!(paths.contains(&"order_amount.currency_code"), "{paths:?}");
}
