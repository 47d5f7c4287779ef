//! What users, owners, operators and thieves do, one file per situation.

mod codes_of_a_login;
mod company_login;
mod emailed_code;
mod guessing;
mod lost_phone;
mod mailbox;
mod members;
mod new_phone;
mod notices;
mod operators;
mod pumping;
mod recorded;
mod replay;
mod restart;
mod rollback;
mod rotation;
mod second_phone;
mod stolen_operator;
mod strangers;
mod tenants;
mod texts;
mod unfinished;
mod weak_proof;
mod workspace_requires;
