//! A factor, as the table stores it in its user's account.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, IntoDeserializer, value},
};

use crate::{
    aws::seal::Sealed,
    base::clock::Timestamp,
    proof::{
        code::SentCode,
        factor::{EnrolledBy, Factor, FactorName, Kind, Method, PENDING_TRIES, Progress, Status},
        phone::Phone,
    },
};

/// The attributes of a factor. Not every factor has all of them.
#[derive(Serialize, Deserialize)]
struct Row {
    kind: Kind,
    status: Status,
    name: FactorName,
    created_at: Timestamp,
    #[serde(default, deserialize_with = "known_or_first", skip_serializing_if = "EnrolledBy::is_first")]
    enrolled_by: EnrolledBy,
    /// Absent in old rows. Such a factor counts as active since it was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    activated_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Timestamp>,
    sealed: Sealed,
    /// Only of a pending factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tries: Option<u32>,
    /// Only of an app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_step: Option<u64>,
    /// Only of a phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<Phone>,
    /// Only of a phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<SentCode>,
}

/// Reads how a factor was begun. A value that only another release knows counts as `first`. So its user can log in with
/// it, and a step-up by it waits for a day.
fn known_or_first<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EnrolledBy, D::Error> {
    let name = String::deserialize(deserializer)?;
    let known: Result<_, value::Error> = EnrolledBy::deserialize(name.into_deserializer());
    Ok(known.unwrap_or(EnrolledBy::First))
}

impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Row::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Row::deserialize(deserializer)?
            .factor()
            .ok_or_else(|| D::Error::custom("a factor of kind sms has no field phone"))
    }
}

impl From<Factor> for Row {
    fn from(factor: Factor) -> Self {
        let (kind, status) = (factor.kind(), factor.status());
        let Factor { method, progress, name, created_at, enrolled_by, last_used_at, sealed } = factor;
        let (last_step, phone, code) = match method {
            Method::Totp { last_step } => (last_step, None, None),
            Method::Sms { phone, code } => (None, Some(phone), code),
        };
        let (tries, activated_at) = match progress {
            Progress::Pending { tries } => (Some(tries), None),
            Progress::Active { since } => (None, Some(since)),
        };
        Self {
            kind,
            status,
            name,
            created_at,
            enrolled_by,
            activated_at,
            last_used_at,
            sealed,
            tries,
            last_step,
            phone,
            code,
        }
    }
}

impl Row {
    /// Returns the factor. Returns `None` for a phone without the data of its number.
    fn factor(self) -> Option<Factor> {
        let method = match self.kind {
            Kind::Totp => Method::Totp { last_step: self.last_step },
            Kind::Sms => Method::Sms { phone: self.phone?, code: self.code },
        };
        let progress = match self.status {
            Status::Pending => Progress::Pending { tries: self.tries.unwrap_or(PENDING_TRIES) },
            Status::Active => Progress::Active { since: self.activated_at.unwrap_or(self.created_at) },
        };
        Some(Factor {
            method,
            progress,
            name: self.name,
            created_at: self.created_at,
            enrolled_by: self.enrolled_by,
            last_used_at: self.last_used_at,
            sealed: self.sealed,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{aws::derive::Nonce, proof::factor::Spent};

    const BEGUN: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const PROVEN: Timestamp = Timestamp::from_seconds(1_800_000_060);

    fn sealed() -> Sealed {
        serde_json::from_value(json!([7, 8])).unwrap()
    }

    fn phone() -> Phone {
        serde_json::from_value(phone_row()).unwrap()
    }

    fn phone_row() -> Value {
        json!({"hint": "+1 ••• ••• 0123", "number_digest": "n", "exchange_digest": "e"})
    }

    fn code_row() -> Value {
        let nonce = vec![9; 16];
        json!({"key": "a", "nonce": nonce, "expires": 1_800_000_600_000_u64, "sends": 1, "sent_at": 1_800_000_000_000_u64, "by_login": true})
    }

    /// The factors that this release writes, each with its row.
    fn factors() -> [(Factor, Value); 6] {
        let app = Factor::begun_app(None, sealed(), BEGUN);
        let name = FactorName::try_from("Work".to_owned()).unwrap();
        let mut phone = Factor::begun_phone(phone(), Some(name), sealed(), BEGUN);
        phone.enrolled_by = EnrolledBy::Otp;
        let mut texted = phone.clone();
        texted.method = Method::Sms { phone: self::phone(), code: serde_json::from_value(code_row()).unwrap() };
        [
            (
                app.clone(),
                json!({
                    "kind": "totp", "status": "pending", "name": "Authenticator app", "created_at": 1_800_000_000_000_u64,
                    "sealed": [7, 8], "tries": 0,
                }),
            ),
            (
                app.activated(Spent::Step(60_000_002), PROVEN).unwrap(),
                json!({
                    "kind": "totp", "status": "active", "name": "Authenticator app", "created_at": 1_800_000_000_000_u64,
                    "activated_at": 1_800_000_060_000_u64, "last_used_at": 1_800_000_060_000_u64, "sealed": [7, 8],
                    "last_step": 60_000_002,
                }),
            ),
            (
                phone,
                json!({
                    "kind": "sms", "status": "pending", "name": "Work", "created_at": 1_800_000_000_000_u64,
                    "enrolled_by": "otp", "sealed": [7, 8], "tries": 0, "phone": phone_row(),
                }),
            ),
            (
                texted.clone(),
                json!({
                    "kind": "sms", "status": "pending", "name": "Work", "created_at": 1_800_000_000_000_u64,
                    "enrolled_by": "otp", "sealed": [7, 8], "tries": 0, "phone": phone_row(), "code": code_row(),
                }),
            ),
            (
                texted.activated(Spent::Sent(Nonce::new([9; 16])), PROVEN).unwrap(),
                json!({
                    "kind": "sms", "status": "active", "name": "Work", "created_at": 1_800_000_000_000_u64,
                    "enrolled_by": "otp", "activated_at": 1_800_000_060_000_u64, "last_used_at": 1_800_000_060_000_u64,
                    "sealed": [7, 8], "phone": phone_row(),
                }),
            ),
            (
                Factor::imported(None, sealed(), BEGUN),
                json!({
                    "kind": "totp", "status": "active", "name": "Authenticator app", "created_at": 1_800_000_000_000_u64,
                    "enrolled_by": "import", "activated_at": 1_800_000_000_000_u64, "sealed": [7, 8],
                    "last_step": 60_000_001,
                }),
            ),
        ]
    }

    #[test]
    fn a_factor_is_written_as_it_always_was() {
        for (factor, row) in factors() {
            assert_eq!(serde_json::to_value(&factor).unwrap(), row);
            assert_eq!(serde_json::from_value::<Factor>(row.clone()).unwrap(), factor, "{row}");
        }
    }

    #[test]
    fn a_row_that_makes_no_sense_is_no_factor() {
        let app = json!({"kind": "totp", "status": "active", "name": "x", "created_at": 0, "sealed": []});
        assert!(serde_json::from_value::<Factor>(app.clone()).is_ok());
        for (attribute, value) in [
            ("kind", json!("sms")),
            ("kind", json!("passkey")),
            ("kind", json!(null)),
            ("status", json!("suspended")),
            ("name", json!("a\nb")),
            ("created_at", json!("now")),
            ("sealed", json!(null)),
        ] {
            let mut row = app.clone();
            row[attribute] = value;
            assert!(serde_json::from_value::<Factor>(row.clone()).is_err(), "{row}");
        }
    }

    #[test]
    fn an_old_row_without_its_beginnings_is_a_first_factor_active_since_it_was_begun() {
        let row =
            json!({"kind": "totp", "status": "active", "name": "x", "created_at": 1_800_000_000_000_u64, "sealed": []});
        let factor: Factor = serde_json::from_value(row).unwrap();
        assert_eq!((factor.active_since(), factor.enrolled_by), (Some(BEGUN), EnrolledBy::First));
    }

    #[test]
    fn a_code_of_another_kind_activates_no_factor() {
        let (step, sent) = (Spent::Step(1), Spent::Sent(Nonce::new([9; 16])));
        assert_eq!(Factor::begun_app(None, sealed(), BEGUN).activated(sent, PROVEN), None);
        assert_eq!(Factor::begun_phone(phone(), None, sealed(), BEGUN).activated(step, PROVEN), None);
    }
}
