//! The gateway's routes. They come from the contract, as in Terraform.

use std::collections::BTreeMap;

use axum::http::Method;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// The contract, compiled in.
const CONTRACT: &str = include_str!("../../../openapi.yaml");

/// The scope of operators in the contract.
const OPERATOR_SCOPE: &str = "mfa:operator";

/// The routes of the API.
pub struct Routes(Vec<Route>);

/// One operation of the contract.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// The gateway's key for the route, such as `POST /v1/factors/{factor_id}/verify`.
    pub key: String,
    /// The function that serves it: the operation's first tag.
    pub function: String,
    /// Whether the route requires no login token.
    pub open: bool,
    /// The scopes of which the login token must have one, if there are any.
    pub scopes: Vec<String>,
    method: String,
    template: String,
}

#[derive(Deserialize)]
struct Contract {
    paths: BTreeMap<String, BTreeMap<String, Operation>>,
}

#[derive(Deserialize)]
struct Operation {
    tags: Vec<String>,
    security: Option<Vec<BTreeMap<String, Vec<String>>>>,
}

impl Routes {
    /// Reads the contract. If `operator_scope` is given, it replaces the contract's scope of operators.
    pub fn read(operator_scope: Option<&str>) -> Result<Self, serde_saphyr::Error> {
        let mut routes = Self::parse(CONTRACT)?;
        for scope in routes.0.iter_mut().flat_map(|route| &mut route.scopes) {
            if let Some(name) = operator_scope.filter(|_| scope == OPERATOR_SCOPE) {
                name.clone_into(scope);
            }
        }
        Ok(routes)
    }

    fn parse(contract: &str) -> Result<Self, serde_saphyr::Error> {
        let contract: Contract = serde_saphyr::from_str(contract)?;
        let mut routes = Vec::new();
        for (template, operations) in contract.paths {
            for (method, operation) in operations {
                let method = method.to_uppercase();
                routes.push(Route {
                    key: format!("{method} {template}"),
                    function: operation.tags.into_iter().next().unwrap_or_default(),
                    open: operation.security.as_ref().is_some_and(Vec::is_empty),
                    scopes: operation
                        .security
                        .into_iter()
                        .flatten()
                        .flat_map(BTreeMap::into_values)
                        .flatten()
                        .collect(),
                    method,
                    template: template.clone(),
                });
            }
        }
        Ok(Self(routes))
    }

    /// Finds the route of a request, with its decoded path parameters.
    pub fn find(&self, method: &Method, path: &str) -> Option<(&Route, BTreeMap<String, String>)> {
        self.0
            .iter()
            .filter(|route| route.method == method.as_str())
            .find_map(|route| Some((route, parameters(&route.template, path)?)))
    }
}

/// Returns the parameters of `path`, if it matches `template`.
fn parameters(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let (mut names, mut parts) = (template.split('/'), path.split('/'));
    let mut found = BTreeMap::new();
    loop {
        match (names.next(), parts.next()) {
            (None, None) => return Some(found),
            (Some(name), Some(part)) => match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(_) if part.is_empty() => return None,
                Some(name) => {
                    found.insert(name.to_owned(), percent_decode_str(part).decode_utf8_lossy().into_owned());
                }
                None if name == part => {}
                None => return None,
            },
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operations_security_says_whether_it_is_open_and_which_scopes_it_takes() {
        let contract = r#"
            paths:
              /keys: { get: { tags: [verify], security: [] } }
              /logins: { post: { tags: [policy] } }
              /operator/reset: { post: { tags: [policy], security: [{ loginToken: ["mfa:operator"] }] } }
        "#;
        let routes = Routes::parse(contract).unwrap();
        let find =
            |method, path| routes.find(&method, path).map(|(route, _)| (route.open, route.scopes.clone())).unwrap();
        assert_eq!(find(Method::GET, "/keys"), (true, vec![]));
        assert_eq!(find(Method::POST, "/logins"), (false, vec![]));
        assert_eq!(find(Method::POST, "/operator/reset"), (false, vec!["mfa:operator".to_owned()]));
    }

    #[test]
    fn a_path_must_have_the_form_of_its_template() {
        let template = "/v1/factors/{factor_id}/verify";
        let id = |path| parameters(template, path).and_then(|mut found| found.remove("factor_id"));
        assert_eq!(id("/v1/factors/a%20b/verify").as_deref(), Some("a b"));
        for other in ["/v1/factors//verify", "/v1/factors/a/b/verify", "/v1/factors/a/verify/", "/v1/factors/a"] {
            assert_eq!(id(other), None, "{other}");
        }
    }
}
