use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::comments::Comments;
use super::limits;
use super::schema::{Schemas, is_json_value};
use rpc::Access;

use crate::contract::{Body, FieldPath, Route};

/// How deep query parameters lead into messages within messages.
const QUERY_DEPTH_MAX: usize = 4;

/// One address of one method.
pub(super) fn describe(route: &Route, variables: &[String], comments: &Comments, schemas: &mut Schemas<'_>) -> Value {
    let method = &route.method.descriptor;
    let comment = comments.of_method(method);
    let mut operation = json!({
        "operationId": operation_id(route),
        "tags": [method.parent_service().name()],
        "summary": summary(comment, method.name()),
        "description": description(comment, &route.method.access),
        "parameters": parameters(route, variables, comments, schemas),
        "responses": {
            "200": {
                "description": comments.of_message(&method.output()),
                "content": content(method.is_server_streaming(), answer(route, schemas)),
            },
            "default": {"$ref": "#/components/responses/Error"},
        },
    });
    let Some(fields) = operation.as_object_mut() else {
        return operation;
    };
    if let Some(schema) = body(route, schemas) {
        let content = content(method.is_client_streaming(), schema);
        fields.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
    }
    let reasons = schemas.reasons_in(comment);
    if !reasons.is_empty() {
        fields.insert("x-quanyu-reasons".to_owned(), json!(reasons));
    }
    match &route.method.access {
        Access::Public => drop(fields.insert("security".to_owned(), json!([]))),
        Access::Scopes(scopes) => drop(fields.insert("x-quanyu-scopes".to_owned(), json!(scopes))),
        Access::Internal => {}
    }
    operation
}

/// The service and the method; an additional address of the same method adds its number, for ids are unique.
fn operation_id(route: &Route) -> String {
    let method = &route.method.descriptor;
    let id = format!("{}_{}", method.parent_service().name(), method.name());
    if route.number == 0 {
        id
    } else {
        format!("{id}_{}", route.number)
    }
}

/// The first sentence.
fn summary(comment: &str, name: &str) -> String {
    let text = comment.replace('\n', " ");
    match text.split_once(". ") {
        Some((first, _)) => first.to_owned(),
        None if text.is_empty() => name.to_owned(),
        None => text.trim_end_matches('.').to_owned(),
    }
}

fn description(comment: &str, access: &Access) -> String {
    let access = match access {
        Access::Public => "No API key is asked for.".to_owned(),
        Access::Scopes(scopes) => {
            let scopes: Vec<String> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
            format!("The API key needs the scope {}.", scopes.join(" or "))
        }
        Access::Internal => String::new(),
    };
    format!("{comment}\n\n{access}")
}

fn content(streaming: bool, schema: Value) -> Value {
    if streaming {
        json!({"application/x-ndjson": {"schema": schema}})
    } else {
        json!({"application/json": {"schema": schema}})
    }
}

fn answer(route: &Route, schemas: &mut Schemas<'_>) -> Value {
    match &route.response_body {
        None => schemas.of_message(&route.method.descriptor.output()),
        Some(field) => schemas.of_field(field),
    }
}

/// The body without what the path says.
fn body(route: &Route, schemas: &mut Schemas<'_>) -> Option<Value> {
    match &route.body {
        Body::None => None,
        Body::Field(field) => Some(schemas.of_field(field)),
        Body::Whole => {
            let in_path: Vec<&FieldDescriptor> = route
                .variables
                .iter()
                .filter_map(|(path, _)| {
                    if let [field] = path.as_slice() {
                        Some(field)
                    } else {
                        None
                    }
                })
                .collect();
            Some(schemas.of_request(&route.method.descriptor.input(), &in_path))
        }
    }
}

fn parameters(route: &Route, variables: &[String], comments: &Comments, schemas: &mut Schemas<'_>) -> Vec<Value> {
    let mut parameters = Vec::new();
    for ((path, _), name) in route.variables.iter().zip(variables) {
        let Some(field) = path.last() else { continue };
        parameters.push(json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": comments.of_field(field),
            "schema": schemas.of_field_bare(field),
        }));
    }
    if !matches!(route.body, Body::Whole) {
        query_parameters(
            route,
            &route.method.descriptor.input(),
            &FieldPath::new(),
            comments,
            schemas,
            &mut parameters,
        );
    }
    parameters
}

fn query_parameters(
    route: &Route,
    message: &MessageDescriptor,
    parents: &FieldPath,
    comments: &Comments,
    schemas: &mut Schemas<'_>,
    parameters: &mut Vec<Value>,
) {
    for field in message.fields() {
        let path: FieldPath = parents.iter().chain([&field]).cloned().collect();
        let in_body = matches!(&route.body, Body::Field(body) if parents.is_empty() && *body == field);
        if in_body || field.is_map() || route.variables.iter().any(|(variable, _)| *variable == path) {
            continue;
        }
        match field.kind() {
            Kind::Message(child) if !is_json_value(&child) => {
                if !field.is_list() && path.len() < QUERY_DEPTH_MAX {
                    query_parameters(route, &child, &path, comments, schemas, parameters);
                }
            }
            _ => {
                let mut parameter = Map::new();
                let name = path
                    .iter()
                    .map(FieldDescriptor::json_name)
                    .collect::<Vec<_>>()
                    .join(".");
                parameter.insert("name".to_owned(), json!(name));
                parameter.insert("in".to_owned(), json!("query"));
                parameter.insert("description".to_owned(), json!(comments.of_field(&field)));
                if parents.is_empty() && limits::is_required(&field) {
                    parameter.insert("required".to_owned(), json!(true));
                }
                parameter.insert("schema".to_owned(), schemas.of_field_bare(&field));
                parameters.push(Value::Object(parameter));
            }
        }
    }
}
