//! What breaks: the answer is clean, no code works twice, no attempt goes uncounted, and the user can go on.

mod connections;
mod lost_responses;
mod matrix;
mod outages;
mod texts;
mod time_outs;
