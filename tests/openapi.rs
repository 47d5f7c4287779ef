//! Checks every request that a test makes, and its reply, against the contract.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::stage::Reply;

/// The contract.
pub static CONTRACT: LazyLock<Value> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("../infra/openapi.yaml")).unwrap());

/// The replies that the gateway itself may give: status and message.
static GATEWAYS: LazyLock<Vec<(u16, String)>> = LazyLock::new(|| listed("Refused"));

/// The problems: status and code.
static PROBLEMS: LazyLock<Vec<(u16, String)>> = LazyLock::new(|| listed("Problem"));

/// The statuses and codes in lines such as ``404 `factor-not-found`;`` of a schema's description.
fn listed(schema: &str) -> Vec<(u16, String)> {
    let listed = CONTRACT["components"]["schemas"][schema]["description"].as_str().unwrap();
    let lines = listed
        .lines()
        .filter_map(|line| line.split_once(' ').and_then(|(status, codes)| Some((status.parse::<u16>().ok()?, codes))));
    lines
        .flat_map(|(status, codes)| codes.split('`').skip(1).step_by(2).map(move |code| (status, code.to_owned())))
        .collect()
}

/// A reply that the contract allows for a route and a status. The status `default` is a problem.
struct Answer {
    route: String,
    status: String,
    content_type: String,
    schema: Validator,
}

static ANSWERS: LazyLock<Vec<Answer>> = LazyLock::new(|| {
    let mut answers = Vec::new();
    for (route, operation) in operations() {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let answer = resolved(answer);
            for (content_type, content) in answer["content"].as_object().unwrap() {
                answers.push(Answer {
                    route: route.clone(),
                    status: status.clone(),
                    content_type: content_type.clone(),
                    schema: validator(&content["schema"]),
                });
            }
        }
    }
    answers
});

/// The schema of each operation's request body, by route.
static BODIES: LazyLock<Vec<(String, Validator)>> = LazyLock::new(|| {
    let schema =
        |operation: &'static Value| &resolved(&operation["requestBody"])["content"]["application/json"]["schema"];
    let bodies = operations().into_iter().map(|(route, operation)| (route, schema(operation)));
    bodies.filter(|(_, schema)| !schema.is_null()).map(|(route, schema)| (route, validator(schema))).collect()
});

fn validator(schema: &Value) -> Validator {
    let mut schema = schema.clone();
    schema["components"] = CONTRACT["components"].clone();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// Every operation, by its route in the gateway's format, such as `POST /v1/logins`.
pub fn operations() -> Vec<(String, &'static Value)> {
    let paths = CONTRACT["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, operations)| {
            let operations = operations.as_object().unwrap().iter();
            operations.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
        })
        .collect()
}

pub fn resolved(object: &'static Value) -> &'static Value {
    match object["$ref"].as_str() {
        Some(reference) => CONTRACT.pointer(reference.trim_start_matches('#')).unwrap(),
        None => object,
    }
}

/// Whether a path matches a template.
fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(name, part)| name.starts_with('{') && !part.is_empty() || name == part)
}

/// The route of a request, if the contract has it.
pub fn route_of(method: &str, path: &str) -> Option<&'static str> {
    ANSWERS.iter().map(|answer| answer.route.as_str()).find(|route| {
        let (known, template) = route.split_once(' ').unwrap();
        known == method && matches(template, path)
    })
}

/// Checks the body of a request, and the reply, against the contract.
#[track_caller]
pub fn judge(method: &str, path: &str, body: &[u8], reply: &Reply) {
    let gateways =
        GATEWAYS.iter().any(|(status, message)| (reply.status, &reply.body) == (*status, &json!({"message": message})));
    let Some(route) = route_of(method, path).filter(|_| !gateways) else { return };
    if let Some((_, schema)) = BODIES.iter().find(|(known, _)| known == route) {
        let body = if body.is_empty() { json!({}) } else { serde_json::from_slice(body).unwrap_or_default() };
        let allowed = schema.is_valid(&body);
        assert!(allowed || reply.status >= 400, "{route} accepts a body that the contract does not allow: {body}");
        assert!(
            !allowed || reply.code() != "invalid-request",
            "{route} refuses a body that the contract allows: {body}"
        );
    }
    let of = |status: &str, content_type: &str| {
        let mut answers = ANSWERS.iter().filter(|answer| answer.route == route && answer.status == status);
        answers.find(|answer| answer.content_type == content_type)
    };
    let success = of(&reply.status.to_string(), "application/json");
    let answer = success.or_else(|| of("default", "application/problem+json")).unwrap();
    assert_eq!(reply.header("content-type"), answer.content_type, "{route}: {reply:?}");
    let errors: Vec<_> = answer.schema.iter_errors(&reply.body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{route} gives a reply that the contract does not allow: {errors:?}: {reply:?}");
    if answer.status == "default" {
        assert_eq!(reply.body["status"], json!(reply.status), "{route}: {reply:?}");
        let known = PROBLEMS.iter().any(|(status, code)| (*status, code.as_str()) == (reply.status, reply.code()));
        assert!(known, "{route} answers {} with {}", reply.code(), reply.status);
        let waits = [429, 503].contains(&reply.status) || reply.code() == "factor-too-new";
        assert_eq!(
            reply.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0),
            waits,
            "{route}: {reply:?}"
        );
    }
    let cache =
        if path.starts_with("/.well-known/") && reply.status == 200 { "public, max-age=3600" } else { "no-store" };
    assert_eq!(reply.header("cache-control"), cache, "{route}: {reply:?}");
}
