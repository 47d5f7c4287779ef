//! Sends texts with Amazon SNS. Each call is tried once. If a response is lost, the text may have been sent: a second
//! one would cost again and confuse the user. The check for a STOP is tried once too, because a login waits for it.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_sns::{Client, types::MessageAttributeValue};
use tokio::time::timeout;

use crate::{
    aws::clients::Clients,
    base::{
        error::Fault,
        settings::{SettingError, Settings, setting},
    },
    channel::unsent::{Unsent, why},
    proof::phone::{Country, PhoneNumber, Regions},
};

/// The longest that a text waits for the check for a STOP.
const LOOK: Duration = Duration::from_secs(2);
/// The form of `MFA_TEXT_ORIGINATION_NUMBERS`.
const FORM: &str = "numbers of 5 to 14 digits by country, such as US=+14155550100,CA=+15145550100. If one country has \
                    a number, each country of MFA_TEXT_REGIONS needs one. Territories use the number of US";

/// Sends texts.
pub struct SmsSender {
    sns: Client,
    max_price: String,
    /// The numbers that texts come from, by country. If it is empty, SNS chooses one of the AWS account's numbers.
    numbers: BTreeMap<Country, String>,
}

impl SmsSender {
    /// Reads two optional settings:
    ///
    /// - `MFA_TEXT_ORIGINATION_NUMBERS`: a long number or a short code for each country of `MFA_TEXT_REGIONS`, such as
    ///   `US=+14155550100,CA=+15145550100`. By default SNS chooses the number.
    /// - `MFA_TEXT_MAX_PRICE`: US dollars, 0.05 by default.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        let max_price = settings.get(&setting::TEXT_MAX_PRICE)?;
        let spelled = max_price.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if !spelled || !max_price.parse::<f64>().is_ok_and(|price| price > 0.0) {
            return Err(setting::TEXT_MAX_PRICE.invalid("a number of US dollars above 0, such as 0.05"));
        }
        let set = settings.find(&setting::TEXT_ORIGINATION_NUMBERS).unwrap_or_default();
        let numbers = numbers(&set).ok_or(setting::TEXT_ORIGINATION_NUMBERS.invalid(FORM))?;
        let served = Regions::new(settings)?;
        if !numbers.is_empty() && served.countries().any(|country| !numbers.contains_key(&country)) {
            return Err(setting::TEXT_ORIGINATION_NUMBERS.invalid(FORM));
        }
        Ok(Self { sns: Client::new(&aws.texts), max_price, numbers })
    }

    /// Whether the number has texted STOP. If SNS fails or takes over 2 seconds, the answer is `false`: one text too
    /// many is better than a login that waits.
    pub async fn opted_out(&self, number: &PhoneNumber) -> bool {
        let look = self.sns.check_if_phone_number_is_opted_out().phone_number(number.e164()).send();
        let why = match timeout(LOOK, look).await {
            Ok(Ok(reply)) => return reply.is_opted_out,
            Ok(Err(error)) => why(&error),
            Err(late) => late.to_string(),
        };
        tracing::error!(why, "could not find out whether a phone has opted out");
        false
    }

    /// Sends a text.
    pub async fn send(&self, number: &PhoneNumber, text: &str) -> Result<(), Unsent> {
        let from =
            self.numbers.get(&number.country()).map(|from| ("AWS.MM.SMS.OriginationNumber", "String", from.as_str()));
        let attributes = [
            Some(("AWS.SNS.SMS.SMSType", "String", "Transactional")),
            Some(("AWS.SNS.SMS.MaxPrice", "Number", &self.max_price)),
            from,
        ];
        let mut publish = self.sns.publish().phone_number(number.e164()).message(text);
        for (name, kind, value) in attributes.into_iter().flatten() {
            let attribute = MessageAttributeValue::builder().data_type(kind).string_value(value).build();
            let attribute = attribute.map_err(|error| Unsent::Unknown(Fault::caused("build a text", error)))?;
            publish = publish.message_attributes(name, attribute);
        }
        match publish.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Unsent::new("a text", &error)),
        }
    }
}

/// Reads the numbers to send from. `None` if an entry is malformed, or if a country has two.
fn numbers(set: &str) -> Option<BTreeMap<Country, String>> {
    let mut numbers = BTreeMap::new();
    for entry in set.split(',').filter(|_| !set.is_empty()) {
        let (country, number) = entry.trim().split_once('=')?;
        let digits = number.strip_prefix('+').unwrap_or(number);
        let spelled = (5..=14).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let another = numbers.insert(Country::parse(country)?, number.to_owned());
        if !spelled || another.is_some() {
            return None;
        }
    }
    Some(numbers)
}
