use std::borrow::Cow;
use std::collections::HashMap;

use http::uri::PathAndQuery;
use percent_encoding::percent_decode_str;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use rpc::{Method, Methods};

use super::{ContractError, Segment, Template, is_served};
use crate::rest::{Items, no_such_field, tells_paths};

/// The longest path that is looked at, in segments.
const SEGMENTS_MAX: usize = 32;

/// Which REST address belongs to which method.
///
/// A tree by segments: a literal goes before a variable, so that `/v1/members/{id}` and `/v1/members/me` may stand side by
/// side; two methods with the same address stop the start.
#[derive(Debug, Default)]
pub(crate) struct Router {
    root: Node,
    routes: Vec<Route>,
}

/// A REST address of a method. A method may have several.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static Method,
    /// The how manieth additional address of its method it is; 0 for the first one.
    pub(crate) number: usize,
    /// The method's path on the wire.
    pub(crate) wire_path: PathAndQuery,
    pub(crate) http_method: http::Method,
    pub(crate) template: Template,
    /// As the contract has it.
    pub(crate) address: String,
    /// The fields that the path fills, each with the segments that fill it.
    pub(crate) variables: Vec<(FieldPath, std::ops::Range<usize>)>,
    pub(crate) body: Body,
    /// The field of the answer that the HTTP body carries; none where it carries the whole answer.
    pub(crate) response_body: Option<FieldDescriptor>,
    /// The items of the request that are judged by themselves.
    pub(crate) items: Option<Items>,
    /// Whether an answer may name fields of the request.
    pub(crate) tells_paths: bool,
}

/// The way to a field from the request: at least one field, all but the last of them messages.
pub(crate) type FieldPath = Vec<FieldDescriptor>;

/// The part of the request message that the HTTP body carries.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// There is none: the fields that the path does not fill come as query parameters.
    None,
    /// The whole request.
    Whole,
    /// One field of it; the others come as query parameters.
    Field(FieldDescriptor),
}

/// The route at a path.
pub(crate) enum Found<'r, 'p> {
    /// A route, with the decoded segments of the path.
    Route(&'r Route, Vec<Cow<'p, str>>),
    /// Only methods that answer to other HTTP methods.
    OtherMethods(Vec<&'r http::Method>),
    /// Nothing.
    Nothing,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, Node>,
    one: Option<Box<Node>>,
    rest: Option<Box<Node>>,
    /// The routes that end here, as positions in `Router::routes`.
    ends: Vec<usize>,
}

impl Router {
    /// The routes of all methods that are served.
    pub(crate) fn of(methods: &Methods) -> Result<Self, ContractError> {
        let mut served: Vec<_> = methods.iter().filter(|method| is_served(method)).collect();
        served.sort_by_key(|method| method.full_name);
        let mut router = Self::default();
        for method in served {
            for route in Route::all_of(method)? {
                router.add(route)?;
            }
        }
        Ok(router)
    }

    fn add(&mut self, route: Route) -> Result<(), ContractError> {
        let mut node = &mut self.root;
        for segment in &route.template.segments {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Segment::One => node.one.get_or_insert_default(),
                Segment::Rest => node.rest.get_or_insert_default(),
            };
        }
        let same =
            |other: &&Route| other.http_method == route.http_method && other.template.verb == route.template.verb;
        if let Some(other) = node.ends.iter().filter_map(|&end| self.routes.get(end)).find(same) {
            return Err(ContractError::Ambiguous {
                first: other.method.full_name.to_owned(),
                second: route.method.full_name.to_owned(),
                address: format!("{} {}", route.http_method, route.address),
            });
        }
        node.ends.push(self.routes.len());
        self.routes.push(route);
        Ok(())
    }

    /// All routes.
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The route of a request's path, as it was sent, without its query.
    ///
    /// What follows the last colon is tried as a verb first; a value with a colon in it (`wx:123`) is found where no
    /// such verb exists, whatever its HTTP method, and always where the colon is sent as %3A.
    pub(crate) fn find<'p>(&self, http_method: &http::Method, path: &'p str) -> Found<'_, 'p> {
        let path = path.strip_prefix('/').unwrap_or(path);
        if path.split('/').count() > SEGMENTS_MAX {
            return Found::Nothing;
        }
        let last = path.rfind('/').map_or(0, |slash| slash.saturating_add(1));
        let colon = path
            .get(last..)
            .and_then(|piece| piece.rfind(':'))
            .map(|colon| last.saturating_add(colon));
        let with_verb = colon.and_then(|colon| Some((path.get(..colon)?, Some(path.get(colon.saturating_add(1)..)?))));
        for (path, verb) in with_verb.into_iter().chain([(path, None)]) {
            let Some(segments) = decode(path) else { continue };
            let mut ends = Vec::new();
            self.root.walk(&segments, &mut ends);
            let of_verb: Vec<&Route> = ends
                .iter()
                .filter_map(|&end| self.routes.get(end))
                .filter(|route| route.template.verb.as_deref() == verb)
                .collect();
            if let Some(route) = of_verb.iter().find(|route| route.http_method == *http_method) {
                return Found::Route(route, segments);
            }
            if !of_verb.is_empty() {
                return Found::OtherMethods(of_verb.into_iter().map(|route| &route.http_method).collect());
            }
        }
        Found::Nothing
    }
}

impl Node {
    /// Gathers the routes that match, the more literal ones first.
    fn walk(&self, segments: &[Cow<'_, str>], ends: &mut Vec<usize>) {
        let Some((first, others)) = segments.split_first() else {
            ends.extend(&self.ends);
            if let Some(rest) = &self.rest {
                ends.extend(&rest.ends);
            }
            return;
        };
        if let Some(node) = self.literals.get(&**first) {
            node.walk(others, ends);
        }
        if let Some(node) = self.one.as_ref().filter(|_| !first.is_empty()) {
            node.walk(others, ends);
        }
        if let Some(rest) = &self.rest {
            ends.extend(&rest.ends);
        }
    }
}

/// The segments with their percent signs resolved; none where the result is no UTF-8.
fn decode(path: &str) -> Option<Vec<Cow<'_, str>>> {
    path.split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8().ok())
        .collect()
}

impl Route {
    /// All addresses that the contract gives a method, the additional ones too.
    fn all_of(method: &'static Method) -> Result<Vec<Self>, ContractError> {
        let options = method.descriptor.options();
        let http = method.descriptor.parent_pool().get_extension_by_name("google.api.http");
        let Some(http) = http.filter(|http| options.has_extension(http)) else {
            return Ok(Vec::new());
        };
        let rule = options.get_extension(&http);
        let Some(rule) = rule.as_message() else {
            return Ok(Vec::new());
        };
        let additional = rule.get_field_by_name("additional_bindings");
        let additional = additional
            .iter()
            .filter_map(|value| value.as_list())
            .flatten()
            .filter_map(Value::as_message);
        let rules = std::iter::once(rule).chain(additional);
        rules
            .enumerate()
            .map(|(number, rule)| Self::read(method, number, rule))
            .collect()
    }

    fn read(method: &'static Method, number: usize, rule: &DynamicMessage) -> Result<Self, ContractError> {
        let (http_method, address) = pattern(rule).unwrap_or_default();
        let wrong = |reason: String| ContractError::Address {
            method: method.full_name.to_owned(),
            address: address.clone(),
            reason,
        };
        let template: Template = address.parse().map_err(&wrong)?;
        let variables = template.variables.iter().map(|variable| {
            let path = field_path(&method.descriptor.input(), &variable.field)?;
            match path.last() {
                Some(field) if field.is_list() || field.is_map() || matches!(field.kind(), Kind::Message(_)) => {
                    Err(format!("{} holds more than a path can say", field.full_name()))
                }
                Some(_) | None => Ok((path, variable.segments.clone())),
            }
        });
        let variables = variables.collect::<Result<_, _>>().map_err(&wrong)?;
        let body = match text(rule, "body").as_str() {
            "" => Body::None,
            "*" => Body::Whole,
            name => Body::Field(
                method
                    .descriptor
                    .input()
                    .get_field_by_name(name)
                    .ok_or_else(|| wrong(format!("the body names no field: {name}")))?,
            ),
        };
        let response_body = match text(rule, "response_body").as_str() {
            "" => None,
            name => {
                let field = method.descriptor.output().get_field_by_name(name);
                Some(field.ok_or_else(|| wrong(format!("the response body names no field: {name}")))?)
            }
        };
        let wire_path = format!("/{}", method.full_name).parse();
        let wire_path = wire_path.map_err(|_| wrong("the method's name is no path".to_owned()))?;
        Ok(Self {
            method,
            number,
            wire_path,
            http_method,
            template,
            address,
            variables,
            body,
            response_body,
            items: Items::of(&method.descriptor.input()),
            tells_paths: tells_paths(&method.descriptor.output()),
        })
    }
}

/// The HTTP method and the path template of a rule.
fn pattern(rule: &DynamicMessage) -> Option<(http::Method, String)> {
    for name in ["get", "put", "post", "delete", "patch"] {
        let address = text(rule, name);
        if !address.is_empty() {
            return Some((name.to_ascii_uppercase().parse().ok()?, address));
        }
    }
    let custom = rule.get_field_by_name("custom")?;
    let custom = custom.as_message()?;
    Some((text(custom, "kind").parse().ok()?, text(custom, "path")))
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message
        .get_field_by_name(field)
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Follows names, of the contract or in lowerCamelCase, from a message to a field.
pub(crate) fn field_path<S: AsRef<str>>(message: &MessageDescriptor, names: &[S]) -> Result<FieldPath, String> {
    let mut path = FieldPath::new();
    for name in names {
        let parent = match path.last().map(FieldDescriptor::kind) {
            None => message.clone(),
            Some(Kind::Message(parent)) if path.last().is_some_and(|field| !field.is_list() && !field.is_map()) => {
                parent
            }
            Some(_) => return Err("leads into something that has no fields".to_owned()),
        };
        let name = name.as_ref();
        let field = parent
            .get_field_by_name(name)
            .or_else(|| parent.get_field_by_json_name(name));
        path.push(field.ok_or_else(|| no_such_field(&parent, name))?);
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contracts;

    fn router() -> Router {
        Contracts::read().unwrap().router
    }

    fn found(router: &Router, http_method: &http::Method, path: &str) -> Option<(&'static str, Vec<String>)> {
        match router.find(http_method, path) {
            Found::Route(route, segments) => Some((
                route.method.descriptor.full_name().to_owned().leak(),
                segments.into_iter().map(Cow::into_owned).collect(),
            )),
            Found::OtherMethods(_) | Found::Nothing => None,
        }
    }

    #[test]
    fn every_address_of_every_contract_leads_to_its_own_method() {
        let router = router();
        assert!(router.routes().len() > 10);
        for route in router.routes() {
            let segments = route.template.segments.iter().map(|segment| match segment {
                Segment::Literal(text) => text.as_str(),
                Segment::One => "value",
                Segment::Rest => "and/more",
            });
            let mut path = format!("/{}", segments.collect::<Vec<_>>().join("/"));
            path.extend(route.template.verb.iter().flat_map(|verb| [":", verb]));
            let Found::Route(at, _) = router.find(&route.http_method, &path) else {
                panic!("{path} leads nowhere")
            };
            assert_eq!(
                (at.method.full_name, &at.address),
                (route.method.full_name, &route.address),
                "{path}"
            );
        }
    }

    #[test]
    fn every_public_method_has_an_address() {
        let router = router();
        for method in contracts_all::CONTRACT
            .methods()
            .unwrap()
            .iter()
            .filter(|method| crate::contract::is_served(method))
        {
            assert!(
                router
                    .routes()
                    .iter()
                    .any(|route| route.method.full_name == method.full_name),
                "{}",
                method.full_name
            );
        }
    }

    #[test]
    fn two_methods_with_one_address_stop_the_start() {
        let mut router = router();
        let method = router.routes()[0].method;
        let error = Route::all_of(method)
            .unwrap()
            .into_iter()
            .try_for_each(|route| router.add(route))
            .unwrap_err();
        assert!(matches!(error, ContractError::Ambiguous { .. }), "{error}");
    }

    #[test]
    fn a_verb_goes_before_a_value_with_a_colon() {
        let router = router();
        let post = http::Method::POST;
        let redeem = found(&router, &post, "/v1/members/mbr_1/points:redeem").unwrap();
        assert_eq!(redeem.0, "quanyu.points.v1.PointsService.RedeemPoints");
        let get = found(&router, &http::Method::GET, "/v1/members/wx:123").unwrap();
        assert_eq!(
            (get.0, get.1[2].as_str()),
            ("quanyu.identity.v1.MemberService.GetMember", "wx:123")
        );
        let Found::OtherMethods(others) = router.find(&http::Method::GET, "/v1/members/mbr_1:undoMerge") else {
            panic!("a verb is no part of an id")
        };
        assert_eq!(others, [&post]);
        let escaped = found(&router, &http::Method::GET, "/v1/members/a%3AlookUp%2Fb").unwrap();
        assert_eq!(
            (escaped.0, escaped.1[2].as_str()),
            ("quanyu.identity.v1.MemberService.GetMember", "a:lookUp/b")
        );
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let router = router();
        let deep = "/a".repeat(SEGMENTS_MAX + 1);
        for path in [
            "",
            "/",
            "/v1",
            "/v1/members/",
            "/v1/members//points:redeem",
            "/v2/members",
            "/v1/members/%ff",
            &deep,
        ] {
            assert!(
                matches!(router.find(&http::Method::GET, path), Found::Nothing),
                "{path}"
            );
        }
        let Found::OtherMethods(others) = router.find(&http::Method::DELETE, "/v1/channels") else {
            panic!()
        };
        assert_eq!(others, [&http::Method::POST, &http::Method::GET]);
    }
}
