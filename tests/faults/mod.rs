//! AWS calls that fail. The reply is a clean problem, no code works twice, every attempt is counted, and the user can
//! go on.

mod connections;
mod lost_responses;
mod matrix;
mod outages;
mod starts;
mod texts;
mod time_outs;
