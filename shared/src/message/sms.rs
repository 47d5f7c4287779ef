//! Texts on their way: Amazon SNS. Each is tried once: a try whose response is lost may have been sent, and a second text
//! would cost twice and confuse. So is the look for a STOP, which must not keep a login waiting.

use aws_sdk_sns::{Client, Config, config::retry::RetryConfig, types::MessageAttributeValue};

use super::unsent::{Unsent, why};
use crate::{
    clients::{Clients, Late},
    phone::PhoneNumber,
    settings::{SettingError, Settings},
};

/// The most that one text may cost, in US dollars, unless set: some five times the list price in the United States.
const MAX_PRICE: &str = "0.05";

/// Sends texts.
pub struct Sender {
    sns: Late<Client>,
    attributes: Vec<(&'static str, MessageAttributeValue)>,
}

impl Sender {
    /// Takes from the settings `MFA_TEXT_ORIGINATION_NUMBER` (a long number, or a short code; unless set, SNS chooses one of
    /// the account's) and `MFA_TEXT_MAX_PRICE` (US dollars, 0.05 unless set).
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        let price = settings.optional("MFA_TEXT_MAX_PRICE").unwrap_or_else(|| MAX_PRICE.to_owned());
        let spelled = price.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if !spelled || !price.parse::<f64>().is_ok_and(|price| price > 0.0) {
            return Err(SettingError::Invalid("MFA_TEXT_MAX_PRICE", "US dollars, as 0.05"));
        }
        let mut attributes = vec![
            ("AWS.SNS.SMS.SMSType", attribute("String", "Transactional")?),
            ("AWS.SNS.SMS.MaxPrice", attribute("Number", &price)?),
        ];
        if let Some(number) = settings.optional("MFA_TEXT_ORIGINATION_NUMBER") {
            let digits = number.strip_prefix('+').unwrap_or(&number);
            if !(5..=14).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(SettingError::Invalid("MFA_TEXT_ORIGINATION_NUMBER", "5 to 14 digits, as +14155550100"));
            }
            attributes.push(("AWS.MM.SMS.OriginationNumber", attribute("String", &number)?));
        }
        let config = aws.config.clone();
        let once = move || Config::new(&config).to_builder().retry_config(RetryConfig::disabled()).build();
        Ok(Self { sns: Late::new(move || Client::from_conf(once())), attributes })
    }

    /// Whether the number has texted STOP. Where that can't be found out it counts as not: a text too many is better than
    /// a login that waits for one.
    pub async fn opted_out(&self, number: &PhoneNumber) -> bool {
        match self.sns.check_if_phone_number_is_opted_out().phone_number(number.e164()).send().await {
            Ok(reply) => reply.is_opted_out,
            Err(error) => {
                tracing::error!(why = why(&error), "could not find out whether a phone has opted out");
                false
            }
        }
    }

    /// Sends a text.
    pub async fn send(&self, number: &PhoneNumber, text: &str) -> Result<(), Unsent> {
        let mut publish = self.sns.publish().phone_number(number.e164()).message(text);
        for (name, value) in &self.attributes {
            publish = publish.message_attributes(*name, value.clone());
        }
        match publish.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Unsent::new("a text", &error)),
        }
    }
}

fn attribute(kind: &str, value: &str) -> Result<MessageAttributeValue, SettingError> {
    let attribute = MessageAttributeValue::builder().data_type(kind).string_value(value).build();
    // It fails without a type, and there is one.
    attribute.map_err(|_| SettingError::Invalid("MFA_TEXT_ORIGINATION_NUMBER", "5 to 14 digits, as +14155550100"))
}
