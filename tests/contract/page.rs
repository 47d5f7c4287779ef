//! The page of the local stack: its strict headers, and files that load nothing from other hosts and store nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use reqwest::Method;

use crate::stage::Stage;

/// What could load, run or store something in a browser. The page uses none of it.
const FORBIDDEN: [&str; 15] = [
    "localStorage",
    "sessionStorage",
    "indexedDB",
    "document.cookie",
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "DOMParser",
    "eval(",
    "new Function",
    "pushState",
    "location.",
    "style=",
    "@import",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/local/page")
}

fn files() -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    assert!(found.len() >= 30);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_served_as_it_is_under_a_strict_policy() {
    let stage = Stage::new().await;
    let client = reqwest::Client::new();
    let files = files();
    let (_, index) = files.iter().find(|(name, _)| name == "index.html").unwrap();
    let at_root = ("/".to_owned(), index.clone());
    let named = files.iter().map(|(name, text)| (format!("/page/{name}"), text.clone()));
    for (path, text) in named.chain([at_root]) {
        let reply = client.get(format!("{}{path}", stage.stack.api_url)).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{path} is compiled in");
        let header = |name: &str| reply.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let policy = header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|one| one == rule), "{path}: {rule} in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains(':') && !policy.contains('*'), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
        let extension = path.rsplit_once('.').map_or("html", |(_, extension)| extension);
        let expected = match extension {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(header("content-type"), expected, "{path}");
        assert_eq!(reply.text().await.unwrap(), text, "{path}");
    }
    for none in ["/page/", "/page/none.js", "/page/..%2Fsrc%2Fpage.rs"] {
        let reply = stage.send(stage.request(Method::GET, none)).await;
        assert_eq!(reply.status, 404, "{none}");
    }
}

#[test]
fn the_page_names_no_other_place_and_stores_and_runs_nothing() {
    for (name, text) in files() {
        let text = text.replace("http://www.w3.org/2000/svg", "");
        for elsewhere in ["http:", "https:", "\"//", "'//", "`//", "ws:", "wss:", "data:", "javascript:"] {
            assert!(!text.contains(elsewhere), "{name} names {elsewhere}");
        }
        for forbidden in FORBIDDEN {
            assert!(!text.contains(forbidden), "{name} has {forbidden}");
        }
    }
    let (_, index) = files().into_iter().find(|(name, _)| name == "index.html").unwrap();
    assert!(!index.contains("<style") && !index.contains("onload") && index.matches("<script").count() == 1);
}

/// The texts of a language by their keys.
fn words(language: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder().join(format!("words/{language}.js"))).unwrap();
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\": "));
    lines.map(|(key, words)| (key.to_owned(), words.to_owned())).collect()
}

/// The names of the placeholders in a text.
fn values(words: &str) -> BTreeSet<&str> {
    words.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
}

#[test]
fn every_language_has_the_same_keys_and_values() {
    let english = words("en");
    assert!(english.len() >= 150, "{}", english.len());
    let alike = ["app.window", "assertion.panel", "aws.head.ms", "nav.who", "phone.messages"];
    for language in ["fr", "es"] {
        let other = words(language);
        assert_eq!(english.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{language}");
        for (key, text) in &other {
            assert_eq!(values(&english[key]), values(text), "{language}: {key}");
            assert!(*text != english[key] || alike.contains(&key.as_str()), "{language}: {key} is English");
        }
    }
}

/// End users read one term.
#[test]
fn the_page_and_the_emails_speak_of_two_step_verification() {
    for (language, term) in
        [("en", "two-step verification"), ("fr", "validation en deux étapes"), ("es", "verificación en dos pasos")]
    {
        let emails = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/src/channel/email/words");
        let emails = fs::read_to_string(emails.join(format!("{language}.txt"))).unwrap();
        let page = words(language).into_values().collect::<Vec<_>>().join("\n");
        for text in [emails, page] {
            assert!(text.to_lowercase().contains(term), "{language}");
            for other in ["MFA", "2FA", "AMF", "multi-factor", "multifac", "second factor", "second step"] {
                let found = text.lines().find(|line| line.contains(other));
                assert_eq!(found, None, "{language}: {other}");
            }
        }
    }
}

#[test]
fn the_page_speaks_spanish_as_the_emails_do_to_a_friend() {
    let formal = ["usted", "inténtelo", "abra", "confirme", "configure", "elija", "escriba", "guarde", "vuelva"];
    for (key, text) in words("es") {
        let text = text.to_lowercase();
        let found = text.split(|letter: char| !letter.is_alphabetic()).find(|word| formal.contains(word));
        assert_eq!(found, None, "{key}");
    }
}

/// The first argument of each call in `text`. `call` is the function's name with its opening parenthesis.
fn first_arguments<'a>(text: &'a str, call: &str) -> Vec<&'a str> {
    let argument = |rest: &'a str| {
        let mut depth = 0;
        let end = rest.find(|letter| {
            depth += i32::from(letter == '(') - i32::from(letter == ')');
            depth < 0 || (depth == 0 && letter == ',')
        });
        &rest[..end.unwrap()]
    };
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '.';
    let calls = text.match_indices(call).filter(|(at, _)| !text[..*at].ends_with(is_name));
    calls.map(|(at, _)| argument(&text[at + call.len()..])).collect()
}

/// Each string in some code, with the code before it.
fn strings(code: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts: Vec<&str> = code.split('"').collect();
    (1..parts.len()).step_by(2).map(move |at| (parts[at - 1], parts[at]))
}

#[test]
fn every_key_and_every_problem_of_the_page_has_words() {
    let (english, mut literal) = (words("en"), 0);
    for (name, text) in files().into_iter().filter(|(name, _)| !name.starts_with("words/")) {
        let asked = ["t(", "nothing("].into_iter().flat_map(|call| first_arguments(&text, call));
        for argument in asked {
            for (index, part) in argument.split('`').enumerate() {
                // In a template literal, a key has a placeholder. Any other string is a key, unless the code compares
                // something with it.
                if index % 2 == 1 {
                    let (before, rest) = part.split_once("${").unwrap();
                    let after = rest.rsplit_once('}').unwrap().1;
                    let found = english.keys().any(|key| key.starts_with(before) && key.ends_with(after));
                    assert!(found, "{name} asks for {part}");
                } else {
                    for (code, key) in strings(part).filter(|(code, _)| !code.ends_with("=== ")) {
                        assert!(english.contains_key(key), "{name} asks for {key}, after {code}");
                        literal += 1;
                    }
                }
            }
        }
        for code in first_arguments(&text, "new Problem(").into_iter().flat_map(strings).map(|(_, code)| code) {
            let known = ["unauthorized", "gateway"].contains(&code) || english.contains_key(&format!("problem.{code}"));
            assert!(known, "{name} throws {code}");
        }
    }
    assert!(literal >= 150, "{literal}");
    // Problems that only a developer of a client meets have no text of their own.
    let of_clients = [
        "assertion-invalid",
        "assertion-required",
        "body-too-large",
        "claim-missing",
        "factor-not-sms",
        "not-operator",
        "unauthenticated",
        "unsupported-media-type",
        "user-has-factors",
        "user-not-found",
    ];
    let problem = &crate::openapi::CONTRACT["components"]["schemas"]["Problem"]["properties"]["type"]["pattern"];
    let codes = problem.as_str().unwrap().trim_start_matches("/problems/(").trim_end_matches(")$");
    for code in codes.split('|').filter(|code| !of_clients.contains(code)) {
        assert!(english.contains_key(&format!("problem.{code}")), "{code}");
    }
}
