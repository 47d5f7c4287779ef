//! Every setting of the functions. The table in `functions/README.md` is made from this list.

/// A setting: an environment variable of a function.
#[derive(Debug)]
pub struct Setting {
    /// The name of the environment variable.
    pub name: &'static str,
    /// The functions that read it. Empty if all of them do.
    pub functions: &'static [&'static str],
    /// What an unset variable means.
    pub unset: Unset,
    /// What it means to the person who deploys, in Markdown.
    pub meaning: &'static str,
}

/// What an unset variable means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unset {
    /// The setting is required.
    Required,
    /// The setting has no value.
    Nothing,
    /// The setting has this value.
    Default(&'static str),
}

impl Setting {
    /// The error of a value that does not have this `form`.
    pub const fn invalid(&self, form: &'static str) -> SettingError {
        SettingError::Invalid(self.name, form)
    }
}

/// A missing or malformed setting. The cold start ends with this error.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The setting is absent or empty.
    #[error("the setting {0} is missing")]
    Missing(&'static str),
    /// The setting does not have the named form.
    #[error("the setting {0} must be: {1}")]
    Invalid(&'static str, &'static str),
}

/// Declares each setting as a constant, and lists all of them.
macro_rules! settings {
    ($($constant:ident: $name:literal, $functions:expr, $unset:expr, $meaning:literal;)+) => {
        $(
            #[doc = $meaning]
            pub const $constant: Setting =
                Setting { name: $name, functions: &$functions, unset: $unset, meaning: $meaning };
        )+
        /// All settings, in the order of the table.
        pub const ALL: &[Setting] = &[$($constant),+];
    };
}

settings! {
    TABLE: "MFA_TABLE", [], Unset::Required,
        "The DynamoDB table.";
    SEALING_KEY: "MFA_SEALING_KEY", [], Unset::Required,
        "The KMS key that seals secrets, phone numbers and email addresses.";
    SIGNING_KEYS: "MFA_SIGNING_KEYS", [], Unset::Required,
        "KMS P-256 keys that sign assertions: `label=key,…`. The first signs, all are published. A label is a `kid`.";
    CODE_KEYS: "MFA_CODE_KEYS", ["enroll", "recovery", "send-sms", "verify"], Unset::Required,
        "KMS HMAC keys that texted and emailed codes are derived with: `label=key,…`, the current one first.";
    RECOVERY_KEYS: "MFA_RECOVERY_KEYS", ["enroll", "recovery"], Unset::Required,
        "KMS HMAC keys that recovery codes are derived with: `label=key,…`, the current one first.";
    DIGEST_KEYS: "MFA_DIGEST_KEYS", ["enroll", "recovery", "send-sms"], Unset::Required,
        "KMS HMAC keys of digests of numbers and addresses: `label=key`, the current one first. With a new key, client addresses \
         and new phones are counted from zero, and an email address that waits starts over. An app that was imported before \
         is refused if it is imported again.";
    ISSUER: "MFA_ISSUER", [], Unset::Required,
        "The issuer of assertions (`iss`). The types of problems are URIs below it.";
    AUDIENCE: "MFA_AUDIENCE", [], Unset::Required,
        "Your app: the audience of assertions (`aud`).";
    APP_NAME: "MFA_APP_NAME", [], Unset::Required,
        "The name of your app in authenticator apps, texts and emails. At most 30 characters for texts.";
    DOMAIN: "MFA_DOMAIN", ["send-sms"], Unset::Required,
        "The domain of your website, such as `app.example.com`. Phones offer to fill a texted code in there. At most 41 characters.";
    EMAIL_FROM: "MFA_EMAIL_FROM", ["enroll", "policy", "recovery", "verify"], Unset::Required,
        "The sender of emails, an address of a verified SES identity: `security@example.com` or `Acme <security@example.com>`.";
    EMAIL_CONFIGURATION_SET: "MFA_EMAIL_CONFIGURATION_SET", ["enroll", "policy", "recovery", "verify"], Unset::Nothing,
        "The SES configuration set of emails.";
    EMAIL_LIMITS: "MFA_EMAIL_LIMITS", ["recovery"], Unset::Default("interval=60,hour=3,day=5"),
        "The quota of one user on emails with codes and emails about another address. `interval` is in seconds.";
    EMAIL_HOLD_HOURS: "MFA_EMAIL_HOLD_HOURS", ["recovery"], Unset::Default("24"),
        "The hold: hours without emailed codes after a password reset, or for a new address. 0 turns it off.";
    TEXT_REGIONS: "MFA_TEXT_REGIONS", ["enroll", "send-sms"], Unset::Default("US,CA"),
        "Where phones may be from. Territories of the United States can be added: `AS`, `GU`, `MP`, `PR`, `VI`. Phones from before a \
         change stay.";
    TEXT_LIMITS: "MFA_TEXT_LIMITS", ["send-sms"],
        Unset::Default("resend=30/60/120/300,user-10m=5,user-day=10,number-hour=5,number-day=10,pending-number-hour=3,pending-number-day=5,\
              address-hour=20,exchange-hour=20,exchange-day=60,deployment-day=1000"),
        "The quotas on texts. A quota that is not named keeps its default.";
    TEXT_ORIGINATION_NUMBERS: "MFA_TEXT_ORIGINATION_NUMBERS", ["send-sms"], Unset::Nothing,
        "The numbers or short codes that texts come from, by country: `US=+14155550100,CA=+15145550100`. The number of the \
         United States serves its territories too. If one country has a number, each of `MFA_TEXT_REGIONS` needs one. \
         If none has, SNS chooses among the account's.";
    TEXT_MAX_PRICE: "MFA_TEXT_MAX_PRICE", ["send-sms"], Unset::Default("0.05"),
        "The highest price of one text in US dollars. SNS accepts a text that would cost more, and does not send it.";
    OPERATORS: "MFA_OPERATORS", ["enroll", "policy"], Unset::Nothing,
        "The operators: the `sub` or `client_id` of their tokens, with commas between them.";
    OPERATOR_SCOPE: "MFA_OPERATOR_SCOPE", ["enroll", "policy"], Unset::Default("mfa:operator"),
        "The scope that operators' tokens have too. Cognito spells it `mfa/operator`.";
    WORKSPACES: "MFA_WORKSPACES", [], Unset::Default("required"),
        "Whether login tokens carry a claim with workspaces: `required`, `optional` or `none`.";
    WORKSPACES_CLAIM: "MFA_WORKSPACES_CLAIM", [], Unset::Default("workspaces"),
        "The name of the claim with the user's workspaces.";
    OWNED_WORKSPACES_CLAIM: "MFA_OWNED_WORKSPACES_CLAIM", [], Unset::Default("owned_workspaces"),
        "The name of the claim with the workspaces that the user owns.";
    EMAIL_CLAIM: "MFA_EMAIL_CLAIM", [], Unset::Default("email"),
        "The name of the claim with the user's email address.";
    EMAIL_VERIFIED_CLAIM: "MFA_EMAIL_VERIFIED_CLAIM", [], Unset::Default("email_verified"),
        "The name of the claim that says whether the address is verified.";
    SSO_CLAIM: "MFA_SSO_CLAIM", [], Unset::Nothing,
        "The name of the claim that says that the login came by SSO. Without it no login is by SSO.";
    SSO_VALUES: "MFA_SSO_VALUES", [], Unset::Default("true"),
        "The values of that claim that say so, with commas between them. A list of workspace ids (`[\"acme\"]` in the token) says that \
         those vouch for the login. A list that names none of the token's workspaces is refused.";
    PASSWORD_RESET_CLAIM: "MFA_PASSWORD_RESET_CLAIM", [], Unset::Nothing,
        "The name of the claim with the time of the last password reset, in Unix seconds.";
    EXTRA_ROOTS: "MFA_EXTRA_ROOTS", [], Unset::Nothing,
        "The path of a file with more certificate authorities in PEM. The AWS clients trust them besides Amazon's. \
         `/etc/pki/tls/certs/ca-bundle.crt` has those that the Lambda runtime trusts.";
}
