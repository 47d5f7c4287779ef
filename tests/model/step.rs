//! The steps of a story, and how often each is drawn.

use proptest::prelude::*;

/// The users. Ada and Bob are in acme. Cyd is in acme and globex, and owns both.
pub const PEOPLE: [&str; 3] = ["ada", "bob", "cyd"];
pub const WORKSPACES: [&str; 2] = ["acme", "globex"];

/// A step. The numbers are indexes into lists of users, factors or codes. Those of factors and codes wrap around.
#[derive(Clone, Debug)]
pub enum Step {
    /// Time passes, in seconds.
    Wait(u64),
    /// Logs in by password, or by the company's SSO.
    LogIn { who: usize, by_sso: bool },
    /// Begins an app or a phone, and activates it.
    Enroll { who: usize, phone: bool },
    /// Shows a right code of an own factor, 30 s later.
    Prove { who: usize, factor: usize },
    /// Begins an app or a phone.
    Begin { who: usize, phone: bool },
    /// Shows a code of a pending factor of `whose`, to activate it.
    Activate { who: usize, whose: usize, factor: usize, code: Shown },
    /// Shows a code of an active factor of `whose`.
    Verify { who: usize, whose: usize, factor: usize, code: Shown },
    /// Shows several codes of one factor at the same time.
    AtOnce { who: usize, factor: usize, codes: Vec<Shown> },
    /// Asks for a texted code.
    Text { who: usize, factor: usize },
    /// Asks for an emailed code.
    Email { who: usize },
    /// Redeems a recovery code, `at_once` times at the same time.
    Recover { who: usize, code: usize, at_once: usize },
    /// Redeems the last emailed code, or a wrong one.
    RecoverByEmail { who: usize, wrong: bool },
    /// Recovers with an emailed code, adds an app, and tries to remove the lost factor.
    ComeBack { who: usize },
    /// Asks for new recovery codes.
    Renew { who: usize },
    /// Removes a factor.
    Remove { who: usize, factor: usize },
    /// Gives a factor another name.
    Rename { who: usize, factor: usize },
    /// Lists the factors.
    List { who: usize },
    /// At the same time: shows a code, renames that factor, begins an app, redeems a recovery code, asks for a text,
    /// logs in.
    Together { who: usize, factor: usize, code: Shown, recovery: usize },
    /// Cyd lists the members of a workspace.
    Members { workspace: usize },
    /// A client asks for the keys that sign assertions.
    Keys,
    /// Cyd sets the policy of a workspace.
    Require { workspace: usize, required: bool, grace_days: u64, phones: bool },
    /// The operator unlocks, resets or erases a user.
    Operate { whom: usize, act: &'static str },
    /// The operator imports a user's app from another product.
    Import { whom: usize },
    /// An AWS call of the next step fails, after `spare` calls that succeed. With `every_try`, the SDK's retries fail
    /// too.
    Fault { call: (&'static str, &'static str), kind: &'static str, spare: u32, every_try: bool },
}

/// Which code is shown.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    /// The code that the app shows, or the last texted code.
    Right,
    /// The code that the app showed before.
    Older,
    /// A wrong code.
    Wrong,
}

/// Draws a step. Important steps come more often.
pub fn step() -> impl Strategy<Value = Step> {
    let who = 0..PEOPLE.len();
    // Usually the user's own factor.
    let whose = prop_oneof![4 => Just(None), 1 => (0..PEOPLE.len()).prop_map(Some)];
    let shown = prop_oneof![3 => Just(Shown::Right), 1 => Just(Shown::Older), 2 => Just(Shown::Wrong)];
    let together = shown.clone();
    let call = prop::sample::select(vec![
        ("dynamodb", "UpdateItem"),
        ("dynamodb", "UpdateItem"),
        ("dynamodb", "UpdateItem"),
        ("dynamodb", "UpdateItem"),
        ("dynamodb", "GetItem"),
        ("dynamodb", "BatchGetItem"),
        ("dynamodb", "BatchGetItem"),
        ("dynamodb", "TransactWriteItems"),
        ("kms", "Decrypt"),
        ("kms", "Decrypt"),
        ("kms", "Encrypt"),
        ("kms", "GenerateMac"),
        ("kms", "Sign"),
        ("sns", "Publish"),
        ("ses", "SendEmail"),
    ]);
    let kind = prop::sample::select(vec!["throttle", "error", "refuse", "drop_before", "drop_after"]);
    prop_oneof![
        6 => prop::sample::select(vec![1, 30, 30, 30, 60, 60, 120, 300, 700, 3600, 20_000]).prop_map(Step::Wait),
        4 => (who.clone(), prop::bool::weighted(0.2)).prop_map(|(who, by_sso)| Step::LogIn { who, by_sso }),
        6 => (who.clone(), prop::bool::weighted(0.4)).prop_map(|(who, phone)| Step::Enroll { who, phone }),
        6 => (who.clone(), 0..6_usize).prop_map(|(who, factor)| Step::Prove { who, factor }),
        3 => (who.clone(), any::<bool>()).prop_map(|(who, phone)| Step::Begin { who, phone }),
        4 => (who.clone(), whose.clone(), 0..6_usize, shown.clone()).prop_map(|(who, whose, factor, code)| {
            Step::Activate { who, whose: whose.unwrap_or(who), factor, code }
        }),
        9 => (who.clone(), whose, 0..6_usize, shown.clone()).prop_map(|(who, whose, factor, code)| {
            Step::Verify { who, whose: whose.unwrap_or(who), factor, code }
        }),
        3 => (who.clone(), 0..6_usize, prop::collection::vec(shown, 2..12))
            .prop_map(|(who, factor, codes)| Step::AtOnce { who, factor, codes }),
        4 => (who.clone(), 0..6_usize).prop_map(|(who, factor)| Step::Text { who, factor }),
        3 => who.clone().prop_map(|who| Step::Email { who }),
        3 => (who.clone(), 0..12_usize, 1..4_usize)
            .prop_map(|(who, code, at_once)| Step::Recover { who, code, at_once }),
        2 => (who.clone(), prop::bool::weighted(0.3)).prop_map(|(who, wrong)| Step::RecoverByEmail { who, wrong }),
        1 => who.clone().prop_map(|who| Step::ComeBack { who }),
        1 => who.clone().prop_map(|who| Step::Renew { who }),
        3 => (who.clone(), 0..6_usize).prop_map(|(who, factor)| Step::Remove { who, factor }),
        1 => (who.clone(), 0..6_usize).prop_map(|(who, factor)| Step::Rename { who, factor }),
        1 => who.clone().prop_map(|who| Step::List { who }),
        3 => (who.clone(), 0..6_usize, together, 0..12_usize)
            .prop_map(|(who, factor, code, recovery)| Step::Together { who, factor, code, recovery }),
        1 => prop_oneof![(0..WORKSPACES.len()).prop_map(|workspace| Step::Members { workspace }), Just(Step::Keys)],
        1 => who.clone().prop_map(|whom| Step::Import { whom }),
        3 => (0..WORKSPACES.len(), prop::bool::weighted(0.6), 0..2_u64, any::<bool>()).prop_map(
            |(workspace, required, grace_days, phones)| Step::Require { workspace, required, grace_days, phones }
        ),
        1 => (who, prop::sample::select(vec!["unlock", "unlock", "unlock", "reset", "reset", "erase"]))
            .prop_map(|(whom, act)| Step::Operate { whom, act }),
        9 => (call, kind, prop_oneof![3 => Just(0), 1 => Just(1)], prop::bool::weighted(0.75))
            .prop_map(|(call, kind, spare, every_try)| Step::Fault { call, kind, spare, every_try }),
    ]
}
