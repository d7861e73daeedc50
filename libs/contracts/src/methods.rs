//! What the methods of a contract declare: who may call, and whether repeating is safe.

use std::collections::HashMap;

use kernel::Scopes;
use prost::Message;
use prost_reflect::prost_types::method_options::IdempotencyLevel;
use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor, MethodDescriptor, Value};

/// A method of the contracts.
#[derive(Debug)]
pub struct Method {
    /// Package, service and name: "quanyu.points.v1.PointsService/RedeemPoints".
    pub full_name: &'static str,
    /// The Quanyu service that serves it: "points".
    pub service: &'static str,
    /// Who may call.
    pub access: Access,
    /// Whether repeating it changes nothing, request id or not.
    pub read_only: bool,
    /// Whether it administers the tenant rather than doing its daily business.
    pub administrative: bool,
    /// Its shape.
    pub descriptor: MethodDescriptor,
}

/// Who may call a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Quanyu's own services.
    Internal,
    /// Who holds one of these scopes.
    Scopes(Vec<String>),
}

/// A contract that leaves open what it must say. It stops the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodFault {
    /// The method.
    pub method: String,
    /// What its contract lacks.
    pub lacks: &'static str,
}

impl std::fmt::Display for MethodFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the contract of {} lacks {}", self.method, self.lacks)
    }
}

impl Access {
    /// Whether a holder of these scopes, from outside, may call.
    pub fn admits(&self, scopes: &Scopes) -> bool {
        match self {
            Self::Public => true,
            Self::Internal => false,
            Self::Scopes(wanted) => wanted.iter().any(|wanted| scopes.allow(wanted)),
        }
    }
}

/// Every method of a contract, by its path on the wire.
#[derive(Debug)]
pub struct Methods(HashMap<String, &'static Method>);

impl Methods {
    /// The method at a path such as "/quanyu.points.v1.PointsService/RedeemPoints".
    pub fn at(&self, path: &str) -> Option<&'static Method> {
        self.0.get(path).copied()
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &'static Method> {
        self.0.values().copied()
    }

    pub(crate) fn read(descriptors: &DescriptorPool) -> Result<Self, Vec<MethodFault>> {
        let (mut methods, mut faults) = (HashMap::new(), Vec::new());
        let policy = descriptors.get_extension_by_name("quanyu.options.v1.policy");
        for service in descriptors
            .services()
            .filter(|service| service.full_name().starts_with("quanyu."))
        {
            for descriptor in service.methods() {
                let full_name = format!("{}/{}", service.full_name(), descriptor.name());
                match method(&full_name, descriptor, policy.as_ref()) {
                    // Leaked once for each method of a contract: every request names its method for free.
                    Ok(method) => drop(methods.insert(format!("/{full_name}"), &*Box::leak(Box::new(method)))),
                    Err(lacks) => faults.push(MethodFault {
                        method: full_name,
                        lacks,
                    }),
                }
            }
        }
        if faults.is_empty() {
            Ok(Self(methods))
        } else {
            Err(faults)
        }
    }
}

fn method(
    full_name: &str,
    descriptor: MethodDescriptor,
    policy: Option<&ExtensionDescriptor>,
) -> Result<Method, &'static str> {
    let options = descriptor.options();
    let access = policy
        .and_then(|policy| access(&options, policy))
        .ok_or("a (quanyu.options.v1.policy)")?;
    let administrative = policy.is_some_and(|policy| is_administrative(&options, policy));
    if administrative && !matches!(access, Access::Scopes(_)) {
        return Err("the scopes that an administrative method asks for");
    }
    if administrative && (descriptor.is_client_streaming() || descriptor.is_server_streaming()) {
        return Err("the one request and answer of an administrative method, by which it is audited");
    }
    let read_only = match idempotency_level(&options) {
        Some(IdempotencyLevel::NoSideEffects) => true,
        Some(IdempotencyLevel::Idempotent) => false,
        Some(IdempotencyLevel::IdempotencyUnknown) | None => return Err("an idempotency_level"),
    };
    // "quanyu.points.v1" and "quanyu.points.internal.v1" are both served by "points".
    let service = full_name.split('.').nth(1).ok_or("a package below quanyu")?;
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    Ok(Method {
        full_name: leak(full_name),
        service: leak(service),
        access,
        read_only,
        administrative,
        descriptor,
    })
}

fn idempotency_level(options: &DynamicMessage) -> Option<IdempotencyLevel> {
    let options = prost_reflect::prost_types::MethodOptions::decode(&*options.encode_to_vec()).ok()?;
    Some(options.idempotency_level())
}

fn is_administrative(options: &DynamicMessage, policy: &ExtensionDescriptor) -> bool {
    let policy = options.get_extension(policy);
    let flag = policy
        .as_message()
        .and_then(|policy| policy.get_field_by_name("administrative")?.as_bool());
    flag.unwrap_or(false)
}

fn access(options: &DynamicMessage, policy: &ExtensionDescriptor) -> Option<Access> {
    if !options.has_extension(policy) {
        return None;
    }
    let policy = options.get_extension(policy);
    let policy = policy.as_message()?;
    let flag = |name| {
        policy
            .get_field_by_name(name)
            .and_then(|value| value.as_bool())
            .unwrap_or(false)
    };
    let scopes: Vec<String> = policy
        .get_field_by_name("scopes")
        .and_then(|value| {
            value
                .as_list()
                .map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        })
        .unwrap_or_default();
    match (flag("public"), flag("internal"), scopes.is_empty()) {
        (true, false, true) => Some(Access::Public),
        (false, true, true) => Some(Access::Internal),
        (false, false, false) => Some(Access::Scopes(scopes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fault::{Common, Reason};

    #[test]
    fn a_contract_says_who_may_call_and_whether_repeating_is_safe() {
        let methods = crate::CONTRACT.methods().unwrap();
        let feed = methods.at("/quanyu.events.internal.v1.FeedService/ReadFacts").unwrap();
        assert_eq!((feed.access.clone(), feed.read_only), (Access::Internal, true));
    }

    #[test]
    fn the_common_reasons_are_those_of_the_contract() {
        let contract = crate::CONTRACT
            .descriptors()
            .get_enum_by_name("quanyu.type.v1.ErrorReason")
            .unwrap();
        let named: Vec<String> = contract
            .values()
            .skip(1)
            .map(|v| v.name().replace("ERROR_REASON_", ""))
            .collect();
        assert_eq!(named, Common::ALL.map(|reason| reason.name().to_owned()));
        for (reason, value) in Common::ALL.iter().zip(contract.values().skip(1)) {
            let declared = crate::r#type::v1::ErrorReason::try_from(value.number()).unwrap();
            assert_eq!((reason.code(), reason.domain()), (declared.code(), declared.domain()));
        }
    }
}
