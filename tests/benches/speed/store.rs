//! The embedded store by itself: what a page of members takes of SQLite, without a function, an SDK or a connection. Where a
//! page in the middle takes longer the more members come before it, this shows whose that is.

use std::path::PathBuf;

use dynoxide::Database;
use serde_json::{Value, json};

use crate::{
    growth::{At, Grown},
    samples::{Samples, now},
};

/// How often each query is made.
const ROUNDS: usize = 50;

/// What a page took at one size, in milliseconds.
pub struct Alone {
    /// Members of the workspace.
    pub members: usize,
    /// The function's request, with all that it waits for.
    pub request: Samples,
    /// The function's processor's time of it.
    pub cpu: Samples,
    /// Its query, made of the store alone.
    pub query: Samples,
    /// The same rows, asked for as those after the cursor.
    pub after_cursor: Samples,
}

impl Alone {
    /// What of the request is not its query, median less median.
    pub fn all_else(&self) -> f64 {
        self.request.median() - self.query.median()
    }
}

/// Makes the query of `pages` at each size of the table in turn.
pub fn measure(tables: &[PathBuf], pages: &Grown) -> Vec<Alone> {
    let stores: Vec<_> = tables.iter().map(|table| Database::new(&table.to_string_lossy()).unwrap()).collect();
    let asked: Vec<_> = pages.at.iter().map(queries).collect();
    let alone = |at: &At| Alone {
        members: at.members,
        request: at.function.took.clone(),
        cpu: at.function.cpu.clone(),
        query: Samples::default(),
        after_cursor: Samples::default(),
    };
    let mut measured: Vec<_> = pages.at.iter().map(alone).collect();
    for _ in 0..ROUNDS {
        for ((store, [query, after_cursor]), alone) in stores.iter().zip(&asked).zip(&mut measured) {
            let rows = time(store, query, &mut alone.query);
            assert_eq!(rows, time(store, after_cursor, &mut alone.after_cursor), "other rows");
        }
    }
    for alone in &measured {
        println!(
            "  a page among {} members, of the store alone: {} ms, by the rows after the cursor {} ms",
            alone.members, alone.query, alone.after_cursor
        );
    }
    measured
}

/// The query that the function was seen to make, and one for the same rows that names no other bound than the cursor.
fn queries(at: &At) -> [Value; 2] {
    let query = &at.chain.calls().find(|call| call.operation == "Query").unwrap().body;
    let mut after_cursor = query.clone();
    let cursor = after_cursor.as_object_mut().unwrap().remove("ExclusiveStartKey").unwrap();
    after_cursor["KeyConditionExpression"] = "pk = :pk AND sk > :cursor".into();
    after_cursor["ExpressionAttributeValues"] = json!({":pk": cursor["pk"], ":cursor": cursor["sk"]});
    [query.clone(), after_cursor]
}

/// Makes a query, and returns its rows.
fn time(store: &Database, query: &Value, times: &mut Samples) -> Value {
    let query = serde_json::from_value(query.clone()).unwrap();
    let started = now();
    let found = store.query(query).unwrap();
    times.push_time(now() - started);
    serde_json::to_value(found).unwrap()["Items"].take()
}
