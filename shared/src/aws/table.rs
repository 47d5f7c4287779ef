//! The one table, and the results of its conditional writes. The conditions are the security rules. Each is defined in
//! the module of the data that it protects.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError, update_item::UpdateItemError},
    types::{CancellationReason, KeysAndAttributes, ReturnValue::AllNew, ReturnValuesOnConditionCheckFailure::AllOld},
};

use crate::{
    aws::{
        clients::Clients,
        expression::Expression,
        item::{Item, number, string},
        key::{Key, MEMBER},
        write::{Write, placeholders},
    },
    base::{
        error::Fault,
        random,
        settings::{SettingError, Settings, setting},
    },
};

/// The table.
#[derive(Clone)]
pub struct Table {
    db: Client,
    name: String,
}

/// The result of a conditional write.
#[derive(Debug)]
pub enum Written {
    /// The write was applied. Holds the item after it. After [`Table::put`] the item is empty.
    Applied(Item),
    /// Its condition did not hold. Holds the item as it was, if there is one.
    Refused(Option<Item>),
}

/// The result of a transaction.
#[derive(Debug)]
pub enum Transacted {
    /// All writes were applied.
    Applied,
    /// No write was applied. Holds the refusal of each write, in order.
    Cancelled(Vec<WriteRefusal>),
}

/// The reason why one write of a transaction was not applied.
#[derive(Debug)]
pub enum WriteRefusal {
    /// The write itself was allowed.
    None,
    /// Its condition did not hold. Holds the item as it was, if there is one.
    Condition(Option<Item>),
    /// Another write of the item was under way, or there were too many writes. A retry may help.
    Busy,
}

/// The most tries of a call, if other calls get in its way.
pub const TRIES: u32 = 6;
/// The most items in one batch of reads, an AWS limit of `BatchGetItem`.
const BATCH: usize = 100;

impl Table {
    /// Reads the table's name from the setting `MFA_TABLE`.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { db: aws.dynamodb.clone(), name: settings.get(&setting::TABLE)? })
    }

    /// Reads an item that does not exist, so that the next call finds an open connection.
    pub async fn connect(&self) -> Result<(), Fault> {
        self.get_batch(&[Key::nobodys()]).await.map(drop)
    }

    /// Reads the item at `key`, strongly consistently.
    pub async fn get(&self, key: &Key) -> Result<Option<Item>, Fault> {
        let request = self.db.get_item().table_name(&self.name).consistent_read(true);
        let request = request.key("pk", string(&key.pk)).key("sk", string(&key.sk));
        Ok(request.send().await.map_err(|error| Fault::aws("read an item", error))?.item)
    }

    /// Reads the items at `keys`, strongly consistently. Returns those that exist, in any order.
    pub async fn get_all(&self, keys: &[Key]) -> Result<Vec<Item>, Fault> {
        let mut found = Vec::new();
        for batch in keys.chunks(BATCH) {
            found.extend(self.get_batch(batch).await?);
        }
        Ok(found)
    }

    async fn get_batch(&self, keys: &[Key]) -> Result<Vec<Item>, Fault> {
        let mut found = Vec::new();
        let mut left: Vec<_> = keys.iter().map(Key::attributes).collect();
        for attempt in 1..=TRIES {
            if left.is_empty() {
                return Ok(found);
            }
            let keys = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
            let keys = keys.map_err(|error| Fault::caused("build a batch of reads", error))?;
            let reply = self.db.batch_get_item().request_items(&self.name, keys).send().await;
            let reply = reply.map_err(|error| Fault::aws("read a batch of items", error))?;
            found.extend(reply.responses.unwrap_or_default().remove(&self.name).unwrap_or_default());
            // DynamoDB returns the keys that it had no capacity for.
            left =
                reply.unprocessed_keys.unwrap_or_default().remove(&self.name).map(|rest| rest.keys).unwrap_or_default();
            if !left.is_empty() {
                pause(attempt).await?;
            }
        }
        if left.is_empty() { Ok(found) } else { Err(Fault::contended("read a batch of items")) }
    }

    /// Reads the first `limit` members whose names begin with the name in `start`, strongly consistently. They are
    /// sorted by name, and begin after `after`.
    pub async fn members(&self, start: &Key, after: Option<&Key>, limit: usize) -> Result<Vec<(String, Item)>, Fault> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let request = self.db.query().table_name(&self.name).consistent_read(true).limit(limit);
        let request = request
            .key_condition_expression("pk = :pk AND begins_with(sk, :start)")
            .expression_attribute_values(":pk", string(&start.pk))
            .expression_attribute_values(":start", string(&start.sk))
            .set_exclusive_start_key(after.map(Key::attributes));
        let found = request.send().await.map_err(|error| Fault::aws("read members", error))?.items.unwrap_or_default();
        let named = found.into_iter().map(|item| {
            let name = item.get("sk").and_then(|sk| sk.as_s().ok()?.strip_prefix(MEMBER)).map(str::to_owned);
            Ok((name.ok_or(Fault::new("read a member's name"))?, item))
        });
        named.collect()
    }

    /// Puts `item` at `key` if the stored item has this `version`. Version 0 means that there is none.
    pub async fn put(&self, key: &Key, mut item: Item, version: u64) -> Result<Written, Fault> {
        item.extend(key.attributes());
        let put = self.db.put_item().table_name(&self.name).set_item(Some(item));
        let put = match version {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            version => {
                put.condition_expression("version = :version").expression_attribute_values(":version", number(version))
            }
        };
        match put.return_values_on_condition_check_failure(AllOld).send().await {
            Ok(_) => Ok(Written::Applied(Item::new())),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Written::Refused(failed.item().cloned()))
                }
                _ => Err(Fault::aws("write an item", error)),
            },
        }
    }

    /// Updates the item at `key`, or creates it. A failed condition is a result, not an error. If a transaction holds
    /// the item, the update is tried again after a pause, which the SDK does not do.
    pub async fn write(&self, key: &Key, expression: Expression) -> Result<Written, Fault> {
        let update = self
            .db
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .update_expression(expression.update())
            .set_condition_expression(expression.condition())
            .set_expression_attribute_names(placeholders(expression.names))
            .set_expression_attribute_values(placeholders(expression.values))
            .return_values(AllNew)
            .return_values_on_condition_check_failure(AllOld);
        for attempt in 1.. {
            let error = match update.clone().send().await {
                Ok(reply) => return Ok(Written::Applied(reply.attributes.unwrap_or_default())),
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    return Ok(Written::Refused(failed.item().cloned()));
                }
                Some(UpdateItemError::TransactionConflictException(_)) if attempt < TRIES => pause(attempt).await?,
                _ => return Err(Fault::aws("write an item", error)),
            }
        }
        Err(Fault::contended("write an item"))
    }

    /// Makes all of the writes, at most 100, or none. The SDK sends a token, so that a retry after a lost response does
    /// not apply them twice.
    pub async fn transact(&self, writes: impl IntoIterator<Item = Write>) -> Result<Transacted, Fault> {
        let writes = writes.into_iter().map(|write| write.build(&self.name)).collect::<Result<Vec<_>, Fault>>()?;
        match self.db.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(Transacted::Applied),
            Err(error) => {
                let obstacles = match error.as_service_error() {
                    Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                        cancelled.cancellation_reasons().iter().map(WriteRefusal::of).collect()
                    }
                    _ => None,
                };
                obstacles.map(Transacted::Cancelled).ok_or_else(|| Fault::aws("write items in a transaction", error))
            }
        }
    }
}

impl WriteRefusal {
    /// Whether a condition did not hold.
    pub fn is_condition(&self) -> bool {
        matches!(self, Self::Condition(_))
    }

    /// Reads a reason. `None` if a retry does not help.
    fn of(reason: &CancellationReason) -> Option<Self> {
        match reason.code() {
            None | Some("None") => Some(Self::None),
            Some("ConditionalCheckFailed") => Some(Self::Condition(reason.item().cloned())),
            Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded") => Some(Self::Busy),
            Some(_) => None,
        }
    }
}

/// Waits a random time before the retry after try number `attempt`: up to 20 ms, then 40 ms and so on, up to 640 ms. So
/// calls that were in each other's way rarely meet again.
pub async fn pause(attempt: u32) -> Result<(), Fault> {
    let most = 10_u64 << attempt.min(6);
    let [low, high] = random::bytes()?;
    tokio::time::sleep(Duration::from_millis(u64::from(u16::from_be_bytes([low, high])) % most)).await;
    Ok(())
}
