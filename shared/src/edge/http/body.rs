//! Reads a request's body, field by field. An error names the field, but not the value, because the value could be a
//! code.

use lambda_http::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{base::error::Refusal, edge::http::request::Request, proof::code::Code};

/// The largest allowed body: 16 KiB.
const LARGEST: usize = 16 * 1024;

/// The fields of a JSON object that no method has read yet.
pub struct Fields(Map<String, Value>);

impl Request {
    /// Parses the body. An empty body counts as an object without fields.
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

/// Whether a content type is `application/json`. Parameters do not matter (RFC 8259 section 11), except a charset other
/// than UTF-8, which would make the bytes unreadable.
fn is_json(content_type: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    // A parameter's value may be in quotes, and may then contain semicolons (RFC 9110 section 5.6.6).
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
    /// Takes the text of a required field.
    pub fn text(&mut self, name: &str) -> Result<String, Refusal> {
        self.optional_text(name)?.ok_or_else(|| missing(name))
    }

    /// Takes the text of a field that may be absent or null.
    pub fn optional_text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::invalid(format!("The field `{name}` must be a string."))),
        }
    }

    /// Takes a field of type `T` that may be absent or null. In an error, `form` describes the type.
    pub fn optional<T: DeserializeOwned>(&mut self, name: &str, form: &str) -> Result<Option<T>, Refusal> {
        let value = self.0.remove(name).filter(|value| !value.is_null()).map(serde_json::from_value).transpose();
        // The parser's message could quote the value.
        value.map_err(|_| Refusal::invalid(format!("The field `{name}` must be {form}.")))
    }

    /// Takes the field `code`: six digits.
    pub fn code(&mut self) -> Result<Code, Refusal> {
        Code::parse(&self.text("code")?).ok_or_else(|| Refusal::invalid("The field `code` must be six digits."))
    }

    /// Refuses fields that no method has read, so that no field is silently ignored.
    pub fn end(self) -> Result<(), Refusal> {
        match self.0.keys().next() {
            None => Ok(()),
            // A name of another form could be a secret in the wrong place, so the error does not quote it.
            Some(name) if name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') => {
                Err(Refusal::invalid(format!("The field `{name}` is unknown.")))
            }
            Some(_) => Err(Refusal::invalid("The body has an unknown field.")),
        }
    }
}

/// Returns the refusal of a body without the field `name`.
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
        assert_eq!(left("codes"), Err(Refusal::invalid("The field `codes` is unknown.")));
        for secret in ["123456", "JBSWY3DPEHPK3PXP", "k3xq-9f2m-7w4d-h8ra"] {
            assert_eq!(left(secret), Err(Refusal::invalid("The body has an unknown field.")), "{secret}");
        }
    }
}
