//! A request's body, read field by field. Every complaint names the field and never quotes what was sent in it: a
//! parser's own message could hold a code.

use lambda_http::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{base::error::Refusal, edge::http::request::Request, proof::code::Code};

/// The largest body that is read, in bytes.
const LARGEST: usize = 16 * 1024;

/// The fields of a JSON object that were not taken yet.
pub struct Fields(Map<String, Value>);

impl Request {
    /// The body's fields. No body at all is an object without fields.
    pub fn fields(&self) -> Result<Fields, Refusal> {
        let bytes = self.body();
        if bytes.is_empty() {
            return Ok(Fields(Map::new()));
        }
        if bytes.len() > LARGEST {
            return Err(Refusal::BodyTooLarge);
        }
        if !self.header(CONTENT_TYPE.as_str()).is_some_and(is_json) {
            return Err(Refusal::UnsupportedMediaType);
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Fields(fields)),
            _ => Err(Refusal::invalid("The body must be a JSON object.")),
        }
    }
}

/// Whether a content type is JSON's. Its parameters mean nothing (RFC 8259 section 11), but a charset that is not UTF-8 says that
/// the bytes can't be read.
fn is_json(content_type: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    // A parameter's value may be in quotes, with semicolons within (RFC 9110 section 5.6.6).
    let mut parts = content_type.split(|c| {
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        c == ';' && !quoted
    });
    let is_json = parts.next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"));
    let mut charsets = parts.filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    is_json && charsets.all(|charset| ["utf-8", "utf8"].iter().any(|utf8| charset.eq_ignore_ascii_case(utf8)))
}

impl Fields {
    /// The text of a field that must be there.
    pub fn text(&mut self, name: &str) -> Result<String, Refusal> {
        self.optional_text(name)?.ok_or_else(|| missing(name))
    }

    /// The text of a field that may be absent, or null.
    pub fn optional_text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::invalid(format!("The field `{name}` must be a string."))),
        }
    }

    /// What a field that may be absent, or null, holds, of the type that is asked for; `form` says which that is.
    pub fn optional<T: DeserializeOwned>(&mut self, name: &str, form: &str) -> Result<Option<T>, Refusal> {
        let value = self.0.remove(name).filter(|value| !value.is_null()).map(serde_json::from_value).transpose();
        // The parser's own words could quote what was sent.
        value.map_err(|_| Refusal::invalid(format!("The field `{name}` must be {form}.")))
    }

    /// The field `code`: six digits.
    pub fn code(&mut self) -> Result<Code, Refusal> {
        Code::parse(&self.text("code")?).ok_or_else(|| Refusal::invalid("The field `code` must be six digits."))
    }

    /// Refuses what is left by name: nothing that was sent is silently ignored.
    pub fn end(self) -> Result<(), Refusal> {
        match self.0.keys().next() {
            None => Ok(()),
            // A name of this form is a name; anything else could be a secret in the wrong place.
            Some(name) if name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') => {
                Err(Refusal::invalid(format!("The field `{name}` is not known here.")))
            }
            Some(_) => Err(Refusal::invalid("There is a field that is not known here.")),
        }
    }
}

/// The refusal of a body that lacks a field.
pub fn missing(name: &str) -> Refusal {
    Refusal::invalid(format!("The field `{name}` is missing."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_json_with_any_parameters_but_another_charset() {
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=utf-8",
            "application/json; charset=\"utf-8\"",
            "application/json ; Charset=utf8 ",
            "application/json;",
            "application/json; ;",
            "application/json; odata.metadata=minimal; charset=utf-8",
            "application/json; profile=\"x; charset=latin1\"",
            "application/json; profile=\"x\\\"; charset=latin1\"; v=1",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            ";",
            "text/plain",
            "application/jsonx",
            "application/problem+json",
            "application/json; charset=latin1",
            "application/json; charset=\"utf-16\"",
            "application/json; charset=",
            "application/json; v=1; charset=us-ascii",
            "application/json; charset=utf-8; charset=latin1",
            "application/json; profile=\"x\\\\\"; charset=latin1",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_left_is_named_only_if_it_looks_like_a_name() {
        let left = |name: &str| Fields(Map::from_iter([(name.to_owned(), Value::Null)])).end();
        assert_eq!(left("codes"), Err(Refusal::invalid("The field `codes` is not known here.")));
        for secret in ["123456", "JBSWY3DPEHPK3PXP", "k3xq-9f2m-7w4d-h8ra"] {
            assert_eq!(left(secret), Err(Refusal::invalid("There is a field that is not known here.")), "{secret}");
        }
    }
}
