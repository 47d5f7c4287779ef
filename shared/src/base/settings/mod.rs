//! The settings of a function, from its environment variables. `main.rs` reads them once. Each part asks for its
//! settings by name. If one is missing, the function does not start, and the error names it.

use std::collections::HashMap;

pub use self::setting::{Setting, SettingError, Unset};

pub mod setting;

/// Settings, by the names of their environment variables.
#[derive(Clone, Default)]
pub struct Settings(HashMap<String, String>);

impl Settings {
    /// Reads the process's environment. An empty variable counts as absent.
    pub fn from_environment() -> Self {
        std::env::vars().collect()
    }

    /// Adds `others`, which replace settings of the same name.
    #[must_use]
    pub fn with(mut self, others: impl IntoIterator<Item = (String, String)>) -> Self {
        for (name, value) in others {
            self.0.insert(name, value);
        }
        self
    }

    /// The setting `name`.
    ///
    /// # Errors
    /// The setting is missing. The error names it.
    pub fn required(&self, name: &'static str) -> Result<String, SettingError> {
        self.optional(name).ok_or(SettingError::Missing(name))
    }

    /// The setting `name`, if it is there.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// The value of `setting`, or its default.
    ///
    /// # Errors
    /// The setting has neither.
    pub fn get(&self, setting: &Setting) -> Result<String, SettingError> {
        self.find(setting).ok_or(SettingError::Missing(setting.name))
    }

    /// The value of `setting`, or its default, if it has either.
    pub fn find(&self, setting: &Setting) -> Option<String> {
        let default = match setting.unset {
            Unset::Required | Unset::Nothing => None,
            Unset::Default(value) => Some(value.to_owned()),
        };
        self.optional(setting.name).or(default)
    }

    /// The key ring in `setting`.
    pub fn key_ring(&self, setting: &Setting) -> Result<KeyRing, SettingError> {
        KeyRing::parse(&self.get(setting)?)
            .ok_or(setting.invalid("keys with labels, such as a=key,b=key, the current one first"))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Settings {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(pairs.filter(|(_, value): &(String, String)| !value.is_empty()).collect())
    }
}

/// The KMS keys for one use, by short labels: `2027=<key id or ARN>,2026=…`. The first is the current one. The others
/// still serve what was made with them. A key can be removed when nothing of that is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRing(Vec<(String, String)>);

impl KeyRing {
    fn parse(text: &str) -> Option<Self> {
        let mut keys: Vec<(String, String)> = Vec::new();
        for entry in text.split(',') {
            let (label, key) = entry.trim().split_once('=')?;
            let spelled = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            let known = keys.iter().any(|(other, _)| other == label);
            if !spelled || known || key.is_empty() {
                return None;
            }
            keys.push((label.to_owned(), key.to_owned()));
        }
        Some(Self(keys))
    }

    /// The label and key id of the current key, the one for anything new.
    pub fn current(&self) -> Option<(&str, &str)> {
        self.iter().next()
    }

    /// The key id of `label`.
    pub fn find(&self, label: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == label).map(|(_, key)| key)
    }

    /// The label and key id of each key, the current one first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(label, key)| (label.as_str(), key.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_empty_setting_is_named() {
        let settings = Settings::from_iter([("MFA_TABLE", "")]);
        assert_eq!(settings.required("MFA_TABLE"), Err(SettingError::Missing("MFA_TABLE")));
        assert_eq!(SettingError::Missing("MFA_TABLE").to_string(), "the setting MFA_TABLE is missing");
    }

    #[test]
    fn the_first_key_of_a_ring_is_the_current_one() {
        let ring = KeyRing::parse("b=arn:aws:kms:eu-west-1:1:key/2, a=alias/one").unwrap();
        assert_eq!(ring.current(), Some(("b", "arn:aws:kms:eu-west-1:1:key/2")));
        assert_eq!(ring.find("a"), Some("alias/one"));
        assert_eq!(ring.find("c"), None);
    }

    #[test]
    fn a_ring_without_labels_or_with_one_label_twice_is_refused() {
        for bad in ["", "alias/one", "=x", "a=", "a b=x", "a=x,a=y", "a=x,"] {
            assert_eq!(KeyRing::parse(bad), None, "{bad:?}");
        }
    }
}
