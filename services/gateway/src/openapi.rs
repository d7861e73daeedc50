//! The `OpenAPI` document of everything that the gateway serves, made from the contracts: their addresses, messages, shape
//! rules and comments.

mod comments;
mod limits;
mod operation;
mod schema;

use std::collections::BTreeMap;

use prost::DecodeError;
use prost_reflect::ServiceDescriptor;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::contract::{FieldPath, Route, Router, Segment};
use comments::Comments;
use schema::Schemas;

/// Its schemas are those of JSON Schema, 2020-12.
const OPENAPI_VERSION: &str = "3.1.1";

const DESCRIPTION: &str = "The member middle platform of a brand: one member over all channels, one ledger of points, one \
set of rights, tags and journeys.\n\nEvery method is served as gRPC too, at the same address. Names are written in \
lowerCamelCase and read in both spellings; 64-bit integers are written as strings and read as both; times are RFC 3339; \
fields with their default value are written too.\n\nEvery request that changes something carries a `requestId` of the \
caller's own: a caller who did not learn the outcome repeats the request unchanged, and is answered with the first outcome.\n\n\
Identifiers (`x-text: identifier`) have one form: blanks around them and characters that show nothing are dropped, full and \
half width are made usual, letters are composed. No text may hold U+0000, and no identifier a control character or a number \
that a spreadsheet has rounded (`6.22203E+15`).\n\nA \
deadline may be set with the header `grpc-timeout`, for example `500m` for half a second, or with \
`connect-timeout-ms`, for example `500`.";

/// The document.
#[derive(Serialize)]
pub(crate) struct Document {
    openapi: &'static str,
    info: Value,
    servers: Value,
    security: Value,
    tags: Vec<Value>,
    #[serde(serialize_with = "in_order")]
    paths: Vec<(String, Value)>,
    components: Value,
}

/// A map of JSON sorts its names; these have an order of their own.
fn in_order<S: Serializer>(paths: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(paths.iter().map(|(address, item)| (address, item)))
}

/// What a caller shows in `authorization`.
const BEARER: &str = "An API key, `Bearer qy_...`, or a token (JWT) of an issuer that the platform trusts.";

/// Writes the document, with the comments of the contracts.
pub(crate) fn document(router: &Router) -> Result<Document, DecodeError> {
    let comments = Comments::read(&contracts_all::CONTRACT.descriptor_set())?;
    let mut schemas = Schemas::new(&comments);
    let paths = paths(router.routes(), &comments, &mut schemas);
    Ok(Document {
        openapi: OPENAPI_VERSION,
        info: json!({"title": "Quanyu", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION}),
        servers: json!([{"url": "/"}]),
        security: json!([{"bearer": []}, {"apiKey": []}]),
        tags: tags(router, &comments),
        paths,
        components: json!({
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": BEARER},
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "An API key: `qy_...`."},
            },
            "responses": {"Error": error_response()},
            "schemas": schemas.finish(error_schema()),
        }),
    })
}

/// The services that have an address, in the order of their names.
fn tags(router: &Router, comments: &Comments) -> Vec<Value> {
    let services: BTreeMap<String, ServiceDescriptor> = router
        .routes()
        .iter()
        .map(|route| route.method.descriptor.parent_service())
        .map(|service| (service.name().to_owned(), service.clone()))
        .collect();
    services
        .iter()
        .map(|(name, service)| json!({"name": name, "description": comments.of_service(service)}))
        .collect()
}

/// All addresses. Two that differ in nothing but the names of their variables are one path for `OpenAPI`, so they share the
/// names of the first.
///
/// Some clients take the first path that matches, so the more literal ones come first: a name before a variable, and
/// `{id}:verb` before `{id}`.
fn paths(routes: &[Route], comments: &Comments, schemas: &mut Schemas<'_>) -> Vec<(String, Value)> {
    let mut by_shape: BTreeMap<Shape, Vec<&Route>> = BTreeMap::new();
    for route in routes {
        by_shape.entry(shape(route)).or_default().push(route);
    }
    let mut paths = Vec::new();
    for routes in by_shape.values() {
        let names = routes.first().map(|route| variable_names(route)).unwrap_or_default();
        let mut item = Map::new();
        for route in routes {
            let operation = operation::describe(route, &names, comments, schemas);
            item.insert(route.http_method.as_str().to_ascii_lowercase(), operation);
        }
        if let Some(route) = routes.first() {
            paths.push((address(route, &names), Value::Object(item)));
        }
    }
    paths
}

/// What two routes have in common whose variables differ in name only, in the order of the document.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    /// Without the verb. A brace sorts behind letters, digits and hyphens.
    place: String,
    has_no_verb: bool,
    verb: String,
}

fn shape(route: &Route) -> Shape {
    Shape {
        place: place(route, &vec![String::new(); route.variables.len()]),
        has_no_verb: route.template.verb.is_none(),
        verb: route.template.verb.clone().unwrap_or_default(),
    }
}

/// The names of the variables, as the document has them.
fn variable_names(route: &Route) -> Vec<String> {
    let dotted = |path: &FieldPath| {
        path.iter()
            .map(|f| f.json_name().to_owned())
            .collect::<Vec<_>>()
            .join(".")
    };
    route.variables.iter().map(|(path, _)| dotted(path)).collect()
}

/// The path as `OpenAPI` writes it: every variable as one name in braces.
fn address(route: &Route, names: &[String]) -> String {
    let verb = route.template.verb.iter().map(|verb| format!(":{verb}"));
    std::iter::once(place(route, names)).chain(verb).collect()
}

/// The path without its verb.
fn place(route: &Route, names: &[String]) -> String {
    let mut pieces = Vec::new();
    for (at, segment) in route.template.segments.iter().enumerate() {
        let variable = route
            .variables
            .iter()
            .zip(names)
            .find(|((_, taken), _)| taken.contains(&at));
        match (variable, segment) {
            (Some(((_, taken), name)), _) if taken.start == at => pieces.push(format!("/{{{name}}}")),
            (Some(_), _) => {}
            (None, Segment::Literal(text)) => pieces.push(format!("/{text}")),
            (None, Segment::One | Segment::Rest) => pieces.push("/*".to_owned()),
        }
    }
    pieces.concat()
}

fn error_response() -> Value {
    json!({
        "description": "The request was refused, or failed. The detail `google.rpc.ErrorInfo` names the reason, which the \
            method's description lists; `google.rpc.BadRequest` lists every field that is wrong; `google.rpc.RetryInfo` \
            says when to try again.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/google.rpc.Status"}}},
    })
}

fn error_schema() -> (String, Value) {
    let schema = json!({
        "type": "object",
        "description": "Why there is no answer.",
        "properties": {
            "code": {"type": "integer", "format": "int32", "description": "The code of gRPC, for example 3 for INVALID_ARGUMENT."},
            "message": {"type": "string", "description": "For a person: who fixes it, and how."},
            "details": {
                "type": "array",
                "description": "For a program.",
                "items": {
                    "type": "object",
                    "description": "google.rpc.ErrorInfo, google.rpc.BadRequest or google.rpc.RetryInfo.",
                    "properties": {"@type": {"type": "string", "examples": ["type.googleapis.com/google.rpc.ErrorInfo"]}},
                    "required": ["@type"],
                    "additionalProperties": true,
                },
            },
        },
        "examples": [{
            "code": 5,
            "message": "there is no member mbr_01h455vb4pex5vsknk084sn02q",
            "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "NOT_FOUND",
                "domain": "quanyu",
                "metadata": {"resource": "member", "id": "mbr_01h455vb4pex5vsknk084sn02q"},
            }],
        }],
    });
    ("google.rpc.Status".to_owned(), schema)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::contract::{Contracts, is_served};

    fn generated() -> Value {
        serde_json::to_value(document(&Contracts::read().unwrap().router).unwrap()).unwrap()
    }

    fn operations(document: &Value) -> Vec<&Value> {
        let paths = document["paths"].as_object().unwrap();
        paths
            .values()
            .flat_map(|item| item.as_object().unwrap().values())
            .collect()
    }

    fn visit<'v>(value: &'v Value, each: &mut dyn FnMut(&'v Value)) {
        each(value);
        match value {
            Value::Array(items) => items.iter().for_each(|item| visit(item, each)),
            Value::Object(fields) => fields.values().for_each(|field| visit(field, each)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_public_method_is_there_and_no_internal_one() {
        let document = generated();
        let ids: Vec<&str> = operations(&document)
            .iter()
            .map(|operation| operation["operationId"].as_str().unwrap())
            .collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "operation ids are unique");
        for method in contracts_all::CONTRACT.methods().unwrap().iter() {
            let id = format!(
                "{}_{}",
                method.descriptor.parent_service().name(),
                method.descriptor.name()
            );
            assert_eq!(unique.contains(id.as_str()), is_served(method), "{}", method.full_name);
        }
        assert!(!document.to_string().contains("FeedService"));
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        let document = generated();
        let mut references = BTreeSet::new();
        visit(&document, &mut |value| references.extend(value["$ref"].as_str()));
        assert!(references.len() > 20);
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some_and(Value::is_object), "{reference}");
        }
    }

    #[test]
    fn every_variable_of_a_path_is_a_parameter_of_its_operations() {
        let document = generated();
        for (path, item) in document["paths"].as_object().unwrap() {
            let names: BTreeSet<&str> = path
                .split('{')
                .skip(1)
                .map(|rest| rest.split('}').next().unwrap())
                .collect();
            for operation in item.as_object().unwrap().values() {
                let parameters = operation["parameters"].as_array().unwrap().iter();
                let in_path = parameters.filter(|parameter| parameter["in"] == "path");
                assert_eq!(
                    in_path
                        .map(|parameter| parameter["name"].as_str().unwrap())
                        .collect::<BTreeSet<_>>(),
                    names,
                    "{path}"
                );
            }
        }
    }

    /// Whether a client takes the path for the template's, as by the expression `[^/]+` for each variable.
    fn matches(template: &str, path: &str) -> bool {
        let (templates, pieces): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        let is_match = |(template, piece): (&&str, &&str)| match template.split_once('}') {
            Some((_, verb)) => piece.len() > verb.len() && piece.ends_with(verb),
            None => template == piece,
        };
        templates.len() == pieces.len() && templates.iter().zip(&pieces).all(is_match)
    }

    #[test]
    fn the_first_path_that_matches_is_the_right_one() {
        let written = serde_json::to_string(&document(&Contracts::read().unwrap().router).unwrap()).unwrap();
        let paths: Vec<String> = {
            // Read in the order of the text, which a map would not keep.
            let parsed: Value = serde_json::from_str(&written).unwrap();
            let mut paths: Vec<String> = parsed["paths"].as_object().unwrap().keys().cloned().collect();
            paths.sort_by_key(|path| written.find(&format!("\"{path}\":{{")).unwrap());
            paths
        };
        assert!(paths.iter().any(|path| path.contains("}:")));
        for path in &paths {
            let example = path.replace(['{', '}'], "x");
            let first = paths.iter().find(|template| matches(template, &example)).unwrap();
            assert_eq!(first, path);
        }
    }

    #[test]
    fn comments_limits_and_scopes_reach_the_document() {
        let document = generated();
        let redeem = &document["paths"]["/v1/members/{memberId}/points:redeem"]["post"];
        assert_eq!(redeem["x-quanyu-scopes"], json!(["points.redeem"]));
        let reasons = redeem["x-quanyu-reasons"].as_array().unwrap();
        assert!(reasons.contains(&json!("INSUFFICIENT_POINTS")), "{reasons:?}");
        assert!(
            redeem["description"].as_str().unwrap().contains("INSUFFICIENT_POINTS"),
            "{redeem:#}"
        );
        let body = &redeem["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(body["required"], json!(["requestId", "assetCode", "amount"]));
        let fields = &body["properties"];
        assert!(fields["memberId"].is_null(), "the path says it");
        assert_eq!(
            (&fields["requestId"]["minLength"], &fields["requestId"]["maxLength"]),
            (&json!(1), &json!(128))
        );
        assert_eq!(fields["amount"]["type"], "string");
        assert!(
            fields["amount"]["description"]
                .as_str()
                .unwrap()
                .contains("more than 0"),
            "{}",
            fields["amount"]
        );
        let list = &document["paths"]["/v1/channels"]["get"]["parameters"][0];
        assert_eq!((&list["name"], &list["in"]), (&json!("pageSize"), &json!("query")));
        assert_eq!(
            list["schema"],
            json!({"type": "integer", "format": "int32", "minimum": 0, "maximum": 500})
        );
        let activity = &document["components"]["schemas"]["quanyu.tagging.v1.Activity"]["properties"];
        assert_eq!(activity["activityId"]["readOnly"], true);
        assert_eq!(activity["items"]["maxItems"], 200);
        assert_eq!(activity["attributes"]["maxProperties"], 50);
    }

    #[test]
    fn streams_are_lines() {
        let document = generated();
        let stream = &document["paths"]["/v1/activities:stream"]["post"];
        assert!(stream["requestBody"]["content"]["application/x-ndjson"].is_object());
        assert!(stream["responses"]["200"]["content"]["application/x-ndjson"].is_object());
    }
}
