//! A recorded AWS call, ready to be sent again and again. Its input is read once at the start. For each request, a copy
//! of it is built and sent.

use std::{pin::Pin, time::Duration};

use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader};
use aws_sdk_sns::{config::retry::RetryConfig, types::MessageAttributeValue};
use aws_smithy_http_client::Builder;
use aws_types::SdkConfig;
use lambda_http::Error;

use crate::seen::{Part, Seen};

/// A call that sends its request and tells whether it succeeded.
pub type Call = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> + Send + Sync>;

pub struct Clients {
    db: aws_sdk_dynamodb::Client,
    kms: aws_sdk_kms::Client,
    ses: aws_sdk_sesv2::Client,
    sns: aws_sdk_sns::Client,
}

/// A call that sends a copy of this request.
macro_rules! again {
    ($request:expr) => {{
        let request = $request;
        Box::new(move || {
            let sent = request.clone().send();
            Box::pin(async move { Ok(sent.await.map(|_| ())?) })
        })
    }};
}

impl Clients {
    pub fn new(config: &SdkConfig) -> Self {
        // As in the functions, each message has one try, over a connection that is new or almost.
        let config_with =
            |client| config.to_builder().retry_config(RetryConfig::disabled()).http_client(client).build();
        let texts = config_with(Builder::new().pool_idle_timeout(Duration::from_secs(1)).build_http());
        let emails = config_with(Builder::new().pool_max_idle_per_host(0).build_http());
        Self {
            db: aws_sdk_dynamodb::Client::new(config),
            kms: aws_sdk_kms::Client::new(config),
            ses: aws_sdk_sesv2::Client::new(&emails),
            sns: aws_sdk_sns::Client::new(&texts),
        }
    }

    /// Makes the call that was recorded.
    pub fn call(&self, seen: &Seen) -> Result<Call, Error> {
        let body = &seen.body;
        Ok(match seen.operation.as_str() {
            "GetItem" => again!(
                self.db
                    .get_item()
                    .set_table_name(body.text("TableName"))
                    .set_consistent_read(body.is("ConsistentRead"))
                    .set_key(body.item("Key")?)
            ),
            "BatchGetItem" => {
                let mut batch = self.db.batch_get_item();
                let tables = body.part("RequestItems").ok_or("a batch of nothing")?;
                for table in tables.0.keys() {
                    let asked = tables.part(table).ok_or("a batch of nothing")?;
                    let keys = asked.parts("Keys").iter().map(Part::to_item).collect::<Result<Vec<_>, _>>()?;
                    let keys = KeysAndAttributes::builder().set_keys(Some(keys));
                    batch = batch.request_items(table, keys.set_consistent_read(asked.is("ConsistentRead")).build()?);
                }
                again!(batch)
            }
            "Query" => again!(
                self.db
                    .query()
                    .set_table_name(body.text("TableName"))
                    .set_consistent_read(body.is("ConsistentRead"))
                    .set_key_condition_expression(body.text("KeyConditionExpression"))
                    .set_expression_attribute_values(body.item("ExpressionAttributeValues")?)
                    .set_exclusive_start_key(body.item("ExclusiveStartKey")?)
                    .set_limit(body.number("Limit"))
            ),
            "UpdateItem" => again!(
                self.db
                    .update_item()
                    .set_table_name(body.text("TableName"))
                    .set_key(body.item("Key")?)
                    .set_update_expression(body.text("UpdateExpression"))
                    .set_condition_expression(body.text("ConditionExpression"))
                    .set_expression_attribute_names(body.texts("ExpressionAttributeNames"))
                    .set_expression_attribute_values(body.item("ExpressionAttributeValues")?)
                    .set_return_values(body.text("ReturnValues").map(|text| ReturnValue::from(text.as_str())))
                    .set_return_values_on_condition_check_failure(on_failure(body))
            ),
            "TransactWriteItems" => {
                let writes = body.parts("TransactItems").iter().map(write).collect::<Result<Vec<_>, _>>()?;
                again!(self.db.transact_write_items().set_transact_items(Some(writes)))
            }
            "Encrypt" => again!(
                self.kms
                    .encrypt()
                    .set_key_id(body.text("KeyId"))
                    .set_plaintext(body.bytes("Plaintext")?)
                    .set_encryption_context(body.texts("EncryptionContext"))
            ),
            "Decrypt" => again!(
                self.kms
                    .decrypt()
                    .set_key_id(body.text("KeyId"))
                    .set_ciphertext_blob(body.bytes("CiphertextBlob")?)
                    .set_encryption_context(body.texts("EncryptionContext"))
            ),
            "GenerateMac" => again!(
                self.kms
                    .generate_mac()
                    .set_key_id(body.text("KeyId"))
                    .set_mac_algorithm(body.text("MacAlgorithm").map(|text| text.as_str().into()))
                    .set_message(body.bytes("Message")?)
            ),
            "Sign" => again!(
                self.kms
                    .sign()
                    .set_key_id(body.text("KeyId"))
                    .set_message(body.bytes("Message")?)
                    .set_message_type(body.text("MessageType").map(|text| text.as_str().into()))
                    .set_signing_algorithm(body.text("SigningAlgorithm").map(|text| text.as_str().into()))
            ),
            "CheckIfPhoneNumberIsOptedOut" => {
                again!(self.sns.check_if_phone_number_is_opted_out().set_phone_number(body.text("phoneNumber")))
            }
            "Publish" => {
                let mut publish = self.sns.publish().set_phone_number(body.text("PhoneNumber"));
                for number in 1.. {
                    let field = |name: &str| body.text(&format!("MessageAttributes.entry.{number}.{name}"));
                    let Some(name) = field("Name") else { break };
                    let value = MessageAttributeValue::builder().set_data_type(field("Value.DataType"));
                    let value = value.set_string_value(field("Value.StringValue"));
                    publish = publish.message_attributes(name, value.build()?);
                }
                again!(publish.set_message(body.text("Message")))
            }
            "SendEmail" => again!(
                self.ses
                    .send_email()
                    .set_from_email_address(body.text("FromEmailAddress"))
                    .set_destination(body.part("Destination").map(|to| destination(&to)))
                    .set_content(body.part("Content").map(|content| mail(&content)).transpose()?)
            ),
            operation => return Err(format!("not prepared to make the call {operation}").into()),
        })
    }
}

fn write(part: &Part) -> Result<TransactWriteItem, Error> {
    let write = TransactWriteItem::builder();
    let Some((kind, part)) = part.0.keys().find_map(|kind| Some((kind.as_str(), part.part(kind)?))) else {
        return Err("a write of nothing".into());
    };
    macro_rules! filled {
        ($builder:expr) => {
            $builder
                .set_table_name(part.text("TableName"))
                .set_key(part.item("Key")?)
                .set_condition_expression(part.text("ConditionExpression"))
                .set_expression_attribute_names(part.texts("ExpressionAttributeNames"))
                .set_expression_attribute_values(part.item("ExpressionAttributeValues")?)
                .set_return_values_on_condition_check_failure(on_failure(&part))
        };
    }
    let update = part.text("UpdateExpression");
    Ok(match kind {
        "Update" => write.update(filled!(Update::builder()).set_update_expression(update).build()?),
        "Delete" => write.delete(filled!(Delete::builder()).build()?),
        "ConditionCheck" => write.condition_check(filled!(ConditionCheck::builder()).build()?),
        kind => return Err(format!("not prepared to write a {kind}").into()),
    }
    .build())
}

fn on_failure(part: &Part) -> Option<ReturnValuesOnConditionCheckFailure> {
    part.text("ReturnValuesOnConditionCheckFailure").map(|text| text.as_str().into())
}

fn destination(to: &Part) -> Destination {
    let addresses = to.0.get("ToAddresses").and_then(|list| list.as_array()).into_iter().flatten();
    let addresses = addresses.filter_map(|address| Some(address.as_str()?.to_owned()));
    Destination::builder().set_to_addresses(Some(addresses.collect())).build()
}

fn mail(content: &Part) -> Result<EmailContent, Error> {
    let simple = content.part("Simple").ok_or("an email of another kind")?;
    let text = |part: &Part, name: &str| -> Result<Content, Error> {
        let words = part.part(name).ok_or("an email without words")?;
        Ok(Content::builder().set_data(words.text("Data")).set_charset(words.text("Charset")).build()?)
    };
    let body = simple.part("Body").ok_or("an email without a body")?;
    let body = Body::builder().text(text(&body, "Text")?).html(text(&body, "Html")?).build();
    let headers = simple
        .parts("Headers")
        .into_iter()
        .map(|header| MessageHeader::builder().set_name(header.text("Name")).set_value(header.text("Value")).build());
    let message = Message::builder().subject(text(&simple, "Subject")?).body(body);
    let message = message.set_headers(Some(headers.collect::<Result<_, _>>()?)).build();
    Ok(EmailContent::builder().simple(message).build())
}
