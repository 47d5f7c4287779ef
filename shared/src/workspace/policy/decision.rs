//! The decision about a login after the password, and its reason.

use crate::{
    account::Account, base::clock::Timestamp, proof::assertion::LoginReason,
    workspace::policy::requirements::Requirements,
};

/// The next step after the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The user enters a code of a factor. There are no remembered devices, so this happens every time.
    Challenge,
    /// The user first enrolls a factor of an allowed kind.
    Enroll,
    /// The user needs nothing more.
    Allow,
}

/// A decision about a login, with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginDecision {
    /// The next step.
    pub decision: Decision,
    /// The reason.
    pub reason: LoginReason,
    /// When the grace period of the user ends, if they have one.
    pub enroll_by: Option<Timestamp>,
}

impl Decision {
    /// Returns the decision about a login by SSO. Policies do not change it, because MFA is up to the identity
    /// provider.
    pub const fn by_sso() -> LoginDecision {
        LoginDecision { decision: Self::Allow, reason: LoginReason::Sso, enroll_by: None }
    }

    /// Decides about a login to `account` by password. Pending factors never count.
    ///
    /// A user may have no factor that this release can read, but one that another release can. Then the decision is
    /// `enroll` with `method_not_allowed` and no factors. A user whose only factor was begun with a forbidden emailed
    /// code gets the same. They prove who they are with a recovery code or an emailed code, and enroll a factor. A
    /// `challenge` would be wrong. It would list no factor, and a recovery code would give `passed` although no factor
    /// could be checked.
    pub fn of(account: &Account, requirements: &Requirements) -> LoginDecision {
        let decided = |decision, reason| LoginDecision { decision, reason, enroll_by: None };
        if requirements.has_usable(account) {
            decided(Self::Challenge, LoginReason::MfaEnabled)
        } else if account.has_factor() {
            decided(Self::Enroll, LoginReason::MethodNotAllowed)
        } else if requirements.required {
            decided(Self::Enroll, LoginReason::RequiredByWorkspace)
        } else if let Some(enroll_by) = requirements.required_from {
            LoginDecision { enroll_by: Some(enroll_by), ..decided(Self::Allow, LoginReason::GracePeriod) }
        } else {
            decided(Self::Allow, LoginReason::MfaNotEnabled)
        }
    }

    /// Returns the decision as the contract spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Challenge => "challenge",
            Self::Enroll => "enroll",
            Self::Allow => "allow",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        proof::factor::{Factor, FactorId, Kind, Progress, Status},
        workspace::policy::{Policy, PolicyRules},
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const LATER: Timestamp = Timestamp::from_seconds(1_800_086_400);

    fn factor(kind: &str, status: Status) -> Factor {
        let phone = r#"{"hint":"+1 ••• ••• 0123","number_digest":"n","exchange_digest":"e"}"#;
        let phone = if kind == "sms" { format!(r#","phone":{phone}"#) } else { String::new() };
        let json = format!(
            r#"{{"kind":"{kind}","status":"pending","name":"x","created_at":1800000000000,"tries":0,"sealed":[]{phone}}}"#
        );
        let begun: Factor = serde_json::from_str(&json).unwrap();
        let progress = if status == Status::Active { Progress::Active { since: NOW } } else { begun.progress };
        Factor { progress, ..begun }
    }

    fn account(factors: &[(&str, Status)]) -> Account {
        let id = |index: usize| FactorId::new(NOW, [u8::try_from(index).unwrap(); 10]);
        let factors = factors.iter().enumerate().map(|(index, (kind, status))| (id(index), factor(kind, *status)));
        Account { factors: factors.collect(), ..Account::default() }
    }

    fn policy(required_from: Option<Timestamp>, allowed: &[Kind]) -> Policy {
        let rules = PolicyRules {
            required: required_from.is_some(),
            allowed_factors: allowed.iter().copied().collect(),
            ..PolicyRules::default()
        };
        Policy { rules, required_from, ..Policy::default() }
    }

    /// A case: the account, the policies, the decision, its reason, and the number of methods.
    type Case<'a> = (&'a Account, &'a [&'a Policy], &'a str, &'a str, usize);

    #[test]
    fn the_table_of_cases() {
        use Status::{Active, Pending};
        let all = Kind::ALL;
        let (none, app, phone) = (account(&[]), account(&[("totp", Active)]), account(&[("sms", Active)]));
        let both = account(&[("totp", Active), ("sms", Active)]);
        let pending = account(&[("totp", Pending), ("sms", Pending)]);
        let (off, soon, on) = (policy(None, &all), policy(Some(LATER), &all), policy(Some(NOW), &all));
        let later = policy(Some(LATER.plus(Duration::from_hours(24))), &all);
        let (off_app, soon_app, on_app) =
            (policy(None, &[Kind::Totp]), policy(Some(LATER), &[Kind::Totp]), policy(Some(NOW), &[Kind::Totp]));
        let cases: &[Case<'_>] = &[
            // No workspaces, or none that requires anything.
            (&none, &[], "allow", "mfa_not_enabled", 2),
            (&none, &[&off], "allow", "mfa_not_enabled", 2),
            (&none, &[&off_app], "allow", "mfa_not_enabled", 2),
            (&pending, &[], "allow", "mfa_not_enabled", 2),
            (&app, &[], "challenge", "mfa_enabled", 2),
            (&phone, &[&off_app], "challenge", "mfa_enabled", 2),
            // One that requires MFA later.
            (&none, &[&soon], "allow", "grace_period", 2),
            (&pending, &[&soon], "allow", "grace_period", 2),
            (&none, &[&soon_app], "allow", "grace_period", 1),
            (&phone, &[&soon_app], "challenge", "mfa_enabled", 1),
            // One that requires MFA now.
            (&none, &[&on], "enroll", "required_by_workspace", 2),
            (&pending, &[&on], "enroll", "required_by_workspace", 2),
            (&app, &[&on], "challenge", "mfa_enabled", 2),
            (&phone, &[&on], "challenge", "mfa_enabled", 2),
            (&phone, &[&on_app], "enroll", "method_not_allowed", 1),
            (&both, &[&on_app], "challenge", "mfa_enabled", 1),
            // Several: the strictest wins.
            (&none, &[&off, &soon], "allow", "grace_period", 2),
            (&none, &[&soon, &later], "allow", "grace_period", 2),
            (&none, &[&later, &soon], "allow", "grace_period", 2),
            (&none, &[&soon, &on], "enroll", "required_by_workspace", 2),
            (&phone, &[&on, &soon_app], "challenge", "mfa_enabled", 1),
            (&phone, &[&on, &on_app], "enroll", "method_not_allowed", 1),
            (&phone, &[&on, &off_app], "challenge", "mfa_enabled", 2),
        ];
        for (index, (account, policies, decision, reason, methods)) in cases.iter().enumerate() {
            let requirements = Requirements::of(policies.iter().copied(), NOW);
            let decided = Decision::of(account, &requirements);
            let spelled = serde_json::to_value(decided.reason).unwrap();
            assert_eq!((decided.decision.name(), spelled), (*decision, (*reason).into()), "case {index}");
            assert_eq!(decided.enroll_by, (*reason == "grace_period").then_some(LATER), "case {index}");
            assert_eq!(requirements.methods().len(), *methods, "case {index}");
        }
    }
}
