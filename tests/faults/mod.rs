//! What breaks: the answer is clean, no code works twice, no attempt goes uncounted, and the user can go on.

mod lost_responses;
mod outages;
mod texts;
