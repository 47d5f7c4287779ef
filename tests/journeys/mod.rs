//! What people live through, one file a situation.

mod company_login;
mod guessing;
mod new_phone;
mod replay;
mod restart;
mod second_phone;
mod strangers;
mod unfinished;
