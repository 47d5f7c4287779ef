//! Checks whether the assertion of a request allows what the request does. *Strong acts* remove or rename an active
//! factor, make new recovery codes, or act on a workspace.

use std::time::Duration;

use crate::{
    base::{clock::Timestamp, error::Refusal, ids::WorkspaceId},
    proof::{
        assertion::{Claims, LoginReason, Mfa},
        factor::EnrolledBy,
    },
};

/// How long a factor that was begun with an emailed code allows no strong act. Its user was told and can act first.
const WAIT: Duration = Duration::from_hours(24);

/// Requires an assertion to begin another factor: MFA was passed in any way, or `enroll_only`. `epoch` is the
/// account's.
pub fn to_begin(assertion: Option<&Claims>, epoch: u64) -> Result<&Claims, Refusal> {
    require(assertion, epoch, &[Mfa::Passed, Mfa::EnrollOnly])
}

/// Requires an assertion to change settings: MFA was passed with a factor. A recovery code or an emailed code is valid
/// only for logging in and for beginning a factor.
pub fn of_factor(assertion: Option<&Claims>, epoch: u64) -> Result<&Claims, Refusal> {
    let claims = require(assertion, epoch, &[Mfa::Passed])?;
    if claims.is_by_factor() { Ok(claims) } else { Err(Refusal::AssertionRequired) }
}

/// Requires an assertion for a strong act, as in [`of_factor`]. A factor that was begun with an emailed code must have
/// been active for 24 hours.
pub fn strong(assertion: Option<&Claims>, epoch: u64, now: Timestamp) -> Result<&Claims, Refusal> {
    let claims = of_factor(assertion, epoch)?;
    let old_enough = claims.active_since().plus(WAIT);
    if claims.is_by_emailed_factor() && now < old_enough {
        return Err(Refusal::FactorTooNew { wait: old_enough.since(now) });
    }
    Ok(claims)
}

/// Requires an assertion for an owner's act on `workspace`. It must name the workspace. It must also allow strong acts,
/// or be of a login by SSO.
pub fn for_workspace<'a>(
    assertion: Option<&'a Claims>,
    epoch: u64,
    workspace: &WorkspaceId,
    now: Timestamp,
) -> Result<&'a Claims, Refusal> {
    let claims = require(assertion, epoch, &[Mfa::Passed, Mfa::NotRequired])?;
    if !claims.workspaces.contains(workspace) {
        return Err(Refusal::AssertionRequired);
    }
    if claims.reason == Some(LoginReason::Sso) { Ok(claims) } else { strong(assertion, epoch, now) }
}

fn require<'a>(assertion: Option<&'a Claims>, epoch: u64, enough: &[Mfa]) -> Result<&'a Claims, Refusal> {
    match assertion {
        Some(claims) if claims.mfa_epoch != epoch => Err(Refusal::AssertionInvalid("mfa_epoch")),
        Some(claims) if enough.contains(&claims.mfa) => Ok(claims),
        _ => Err(Refusal::AssertionRequired),
    }
}

impl Claims {
    /// Returns whether the factor used was begun with an emailed code, at any time.
    pub fn is_by_emailed_factor(&self) -> bool {
        self.enrolled_by == Some(EnrolledBy::Email)
    }

    /// Returns the `enrolled_by` of a factor that this assertion begins. A factor that was begun with an emailed code
    /// always hands on `email`. A factor that a step-up still waits for hands on its own value. Otherwise the first
    /// `amr` value decides.
    pub fn enrolls_by(&self, now: Timestamp) -> Result<EnrolledBy, Refusal> {
        let of_method = self.amr.first().and_then(|method| EnrolledBy::of_method(method));
        match self.enrolled_by {
            Some(by) if by == EnrolledBy::Email || (by.waits() && now < self.active_since().plus(WAIT)) => Ok(by),
            _ => of_method.ok_or(Refusal::AssertionRequired),
        }
    }

    fn is_by_factor(&self) -> bool {
        self.amr.iter().any(|method| method == "mfa") && self.enrolled_by.is_some()
    }

    fn active_since(&self) -> Timestamp {
        Timestamp::from_seconds(self.factor_since.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::assertion::{MfaStatus, Statement};

    const SINCE: Timestamp = Timestamp::from_seconds(1_800_000_000);

    /// Makes an assertion by a factor of `enrolled_by` that is active since `SINCE`, or without a factor.
    fn claims(amr: &[&str], enrolled_by: Option<EnrolledBy>) -> Claims {
        let user = "ada".to_owned().try_into().unwrap();
        let status = MfaStatus {
            amr: amr.iter().map(|method| (*method).to_owned()).collect(),
            enrolled_by,
            factor_since: enrolled_by.map(|_| SINCE.seconds()),
            ..MfaStatus::recovered("")
        };
        let statement = Statement { user: &user, workspaces: &[], ath: "", epoch: 7, status };
        Claims::new(statement, "i", "a", "j".to_owned(), SINCE)
    }

    #[test]
    fn what_is_begun_counts_as_begun_by_what_was_shown_or_as_the_young_or_emailed_factor() {
        use EnrolledBy::{Email, First, Import, Otp, Recovery, Sms};
        let (young, old) = (SINCE.plus(WAIT).minus(Duration::from_secs(1)), SINCE.plus(WAIT));
        for (amr, method) in [("otp", Otp), ("sms", Sms)] {
            for (by, while_young, later) in [
                (First, First, method),
                (Recovery, Recovery, method),
                (Import, Import, method),
                (Email, Email, Email),
                (Otp, method, method),
                (Sms, method, method),
            ] {
                let claims = claims(&[amr, "mfa"], Some(by));
                assert_eq!([claims.enrolls_by(young), claims.enrolls_by(old)], [Ok(while_young), Ok(later)], "{by:?}");
            }
        }
        assert_eq!(claims(&["recovery"], None).enrolls_by(young), Ok(Recovery));
        assert_eq!(claims(&["email"], None).enrolls_by(young), Ok(Email));
        for unknown in [&[][..], &["mfa"], &["face"]] {
            assert_eq!(claims(unknown, None).enrolls_by(young), Err(Refusal::AssertionRequired), "{unknown:?}");
        }
    }

    /// Makes the claims of a login without MFA for `reason`, which only another release may know.
    fn unneeded(reason: &str) -> Claims {
        let mut claims = serde_json::to_value(claims(&[], None)).unwrap();
        claims["mfa"] = "not_required".into();
        claims["reason"] = reason.into();
        claims["workspaces"] = ["acme"].as_slice().into();
        serde_json::from_value(claims).unwrap()
    }

    #[test]
    fn a_login_by_sso_acts_for_its_workspace_and_for_any_other_reason_it_does_not() {
        let acme = WorkspaceId::try_from("acme".to_owned()).unwrap();
        assert!(for_workspace(Some(&unneeded("sso")), 7, &acme, SINCE).is_ok());
        for reason in ["mfa_not_enabled", "grace_period", "mfa_enabled", "Sso", "sso ", "sso_by_partner", "other", ""] {
            let claims = unneeded(reason);
            assert_eq!(for_workspace(Some(&claims), 7, &acme, SINCE), Err(Refusal::AssertionRequired), "{reason:?}");
        }
    }

    #[test]
    fn an_assertion_with_a_reason_of_another_release_is_read_and_never_signed_again() {
        let claims = unneeded("device_trusted");
        assert_eq!(claims.reason, Some(LoginReason::Other));
        assert!(serde_json::to_string(&claims).is_err());
    }

    #[test]
    fn an_assertion_from_before_factors_were_named_in_it_changes_nothing() {
        let old = claims(&["otp", "mfa"], None);
        assert_eq!(of_factor(Some(&old), 7), Err(Refusal::AssertionRequired));
        assert_eq!(strong(Some(&old), 7, SINCE), Err(Refusal::AssertionRequired));
        assert!(to_begin(Some(&old), 7).is_ok());
    }
}
