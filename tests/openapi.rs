//! The contract as a judge: every reply that a test gets is held to it.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::stage::Reply;

/// The contract.
pub static CONTRACT: LazyLock<Value> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("../infra/openapi.yaml")).unwrap());

/// What the gateway itself may answer.
const GATEWAYS: [(u16, &str); 6] = [
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (413, "Request Entity Too Large"),
    (431, "Request Header Fields Too Large"),
    (500, "Internal Server Error"),
];

/// The problems by status and code, from the lines ``404 `factor-not-found`;``.
static PROBLEMS: LazyLock<Vec<(u16, String)>> = LazyLock::new(|| {
    let listed = CONTRACT["components"]["schemas"]["Problem"]["description"].as_str().unwrap();
    let lines = listed
        .lines()
        .filter_map(|line| line.split_once(' ').and_then(|(status, codes)| Some((status.parse::<u16>().ok()?, codes))));
    lines
        .flat_map(|(status, codes)| codes.split('`').skip(1).step_by(2).map(move |code| (status, code.to_owned())))
        .collect()
});

/// What an operation may answer, by route and status; `default` is a problem.
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
                let mut schema = content["schema"].clone();
                schema["components"] = CONTRACT["components"].clone();
                answers.push(Answer {
                    route: route.clone(),
                    status: status.clone(),
                    content_type: content_type.clone(),
                    schema: jsonschema::options().should_validate_formats(true).build(&schema).unwrap(),
                });
            }
        }
    }
    answers
});

/// Every operation, by its route as the gateway keys it.
pub fn operations() -> Vec<(String, &'static Value)> {
    let paths = CONTRACT["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, operations)| {
            let operations = operations.as_object().unwrap().iter();
            operations.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
        })
        .collect()
}

fn resolved(object: &'static Value) -> &'static Value {
    match object["$ref"].as_str() {
        Some(reference) => CONTRACT.pointer(reference.trim_start_matches('#')).unwrap(),
        None => object,
    }
}

/// Whether a path is of the form of a template.
fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(name, part)| name.starts_with('{') && !part.is_empty() || name == part)
}

/// Holds a reply to what the contract says of its operation.
#[track_caller]
pub fn judge(method: &str, path: &str, reply: &Reply) {
    let route = ANSWERS.iter().map(|answer| answer.route.as_str()).find(|route| {
        let (known, template) = route.split_once(' ').unwrap();
        known == method && matches(template, path)
    });
    let gateways =
        GATEWAYS.iter().any(|(status, message)| (reply.status, &reply.body) == (*status, &json!({"message": message})));
    let Some(route) = route.filter(|_| !gateways) else { return };
    let of = |status: &str| ANSWERS.iter().find(|answer| answer.route == route && answer.status == status);
    let answer = of(&reply.status.to_string()).or_else(|| of("default")).unwrap();
    assert_eq!(reply.header("content-type"), answer.content_type, "{route}: {reply:?}");
    let errors: Vec<_> = answer.schema.iter_errors(&reply.body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{route} answers what the contract does not know: {errors:?}: {reply:?}");
    if answer.status == "default" {
        assert_eq!(reply.body["status"], json!(reply.status), "{route}: {reply:?}");
        let known = PROBLEMS.iter().any(|(status, code)| (*status, code.as_str()) == (reply.status, reply.code()));
        assert!(known, "{route} answers {} with {}", reply.code(), reply.status);
        let waits = [429, 503].contains(&reply.status);
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
