# The five functions, and what each may touch. Only infra/grants.yaml defines that.

locals {
  grants    = yamldecode(file("${path.module}/../grants.yaml"))
  functions = sort(keys(local.grants))

  # Settings of all functions.
  settings = {
    MFA_TABLE                  = aws_dynamodb_table.this.name
    MFA_SEALING_KEY            = aws_kms_key.sealing.arn
    MFA_SIGNING_KEYS           = local.rings.signing
    MFA_ISSUER                 = local.issuer
    MFA_AUDIENCE               = var.assertion_audience
    MFA_APP_NAME               = var.app_name
    MFA_WORKSPACES             = var.workspaces
    MFA_WORKSPACES_CLAIM       = var.claims.workspaces
    MFA_OWNED_WORKSPACES_CLAIM = var.claims.owned_workspaces
    MFA_EMAIL_CLAIM            = var.claims.email
    MFA_EMAIL_VERIFIED_CLAIM   = var.claims.email_verified
    MFA_SSO_CLAIM              = var.claims.sso
    MFA_SSO_VALUES             = join(",", var.sso_values)
    MFA_PASSWORD_RESET_CLAIM   = var.claims.password_reset
    MFA_EXTRA_ROOTS            = var.extra_roots
    AWS_USE_FIPS_ENDPOINT      = var.fips_endpoints ? "true" : ""
    AWS_USE_DUALSTACK_ENDPOINT = var.dual_stack_endpoints ? "true" : ""
  }
  emails = {
    MFA_EMAIL_FROM              = "\"${coalesce(var.email_from_name, var.app_name)}\" <${var.email_from}>"
    MFA_EMAIL_CONFIGURATION_SET = aws_sesv2_configuration_set.this.configuration_set_name
  }
  operators = { MFA_OPERATORS = join(",", var.operators), MFA_OPERATOR_SCOPE = var.operator_scope }
  # Settings of single functions.
  own = {
    enroll = merge(local.emails, local.operators, {
      MFA_CODE_KEYS     = local.rings.codes
      MFA_RECOVERY_KEYS = local.rings.recovery
      MFA_DIGEST_KEYS   = local.rings.digests
      MFA_TEXT_REGIONS  = join(",", var.text_regions)
    })
    policy = merge(local.emails, local.operators)
    recovery = merge(local.emails, {
      MFA_CODE_KEYS        = local.rings.codes
      MFA_RECOVERY_KEYS    = local.rings.recovery
      MFA_DIGEST_KEYS      = local.rings.digests
      MFA_EMAIL_LIMITS     = var.email_limits
      MFA_EMAIL_HOLD_HOURS = tostring(var.email_hold_hours)
    })
    send-sms = {
      MFA_CODE_KEYS                = local.rings.codes
      MFA_DIGEST_KEYS              = local.rings.digests
      MFA_DOMAIN                   = var.app_domain
      MFA_TEXT_LIMITS              = var.text_limits
      MFA_TEXT_REGIONS             = join(",", var.text_regions)
      MFA_TEXT_ORIGINATION_NUMBERS = join(",", [for country, number in var.text_origination_numbers : "${country}=${number}"])
      MFA_TEXT_MAX_PRICE           = var.text_max_price
    }
    verify = merge(local.emails, { MFA_CODE_KEYS = local.rings.codes })
  }

  # The action that SNS calls for each of its own.
  sms_voice = { Publish = "sms-voice:SendTextMessage", CheckIfPhoneNumberIsOptedOut = "sms-voice:DescribeOptedOutNumbers" }

  # Resources that a policy can't name more closely.
  sns_topics = "arn:${local.partition}:sns:*:*:*"
  identities = "arn:${local.partition}:ses:${var.region}:${local.account}:identity/*"

  # The grants as statements of IAM policies.
  statements = { for function, services in local.grants : function => concat(
    # Rows by the prefix of their partition key. `ForAllValues` also accepts a request without keys, so `Null` excludes
    # it.
    [for grant in try(services.dynamodb, []) : {
      Effect   = "Allow"
      Action   = [for action in grant.actions : "dynamodb:${action}"]
      Resource = [aws_dynamodb_table.this.arn]
      Condition = {
        "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = [for prefix in concat(grant.keys, try(grant.beside, [])) : "${prefix}*"] }
        Null                      = { "dynamodb:LeadingKeys" = "false" }
      }
    }],
    [for grant in try(services.kms, []) : merge(
      {
        Effect   = "Allow"
        Action   = [for action in grant.actions : "kms:${action}"]
        Resource = local.key_arns[grant.key]
      },
      can(grant.purpose) ? { Condition = { StringEquals = { "kms:EncryptionContext:purpose" = grant.purpose } } } : null,
    )],
    # Phone numbers have no ARN, so the grant is for everything that is not a topic. The opt-out check has no resource.
    [for grant in try(services.sns, []) : merge(
      { Effect = "Allow", Action = [for action in grant.actions : "sns:${action}"] },
      contains(grant.actions, "Publish") ? { NotResource = [local.sns_topics] } : { Resource = ["*"] },
    )],
    # SNS passes texts and opt-out checks on to End User Messaging as the caller. These grants apply only to calls
    # through SNS.
    [for grant in try(services.sns, []) : {
      Effect    = "Allow"
      Action    = [for action in grant.actions : local.sms_voice[action]]
      Resource  = ["*"]
      Condition = { StringEquals = { "aws:CalledViaLast" = "sns.amazonaws.com" } }
    }],
    # By the sender's address. A grant on the sender's identity alone fails if the recipient is an identity too.
    [for grant in try(services.ses, []) : {
      Effect    = "Allow"
      Action    = [for action in grant.actions : "ses:${action}"]
      Resource  = [local.identities, aws_sesv2_configuration_set.this.arn]
      Condition = { StringEquals = { "ses:FromAddress" = var.email_from } }
    }],
  ) }
}

module "function" {
  source   = "./function"
  for_each = toset(local.functions)

  name                 = "${var.name}-${each.key}"
  zip                  = "${var.artifact_dir}/${each.key}/bootstrap.zip"
  architecture         = var.architecture
  memory               = lookup(var.memory, each.key, 256)
  timeout              = lookup(var.timeout, each.key, 28)
  reserved_concurrency = lookup(var.reserved_concurrency, each.key, -1)
  settings             = { for name, value in merge(local.settings, local.own[each.key]) : name => value if value != "" }
  statements           = local.statements[each.key]
  log_retention_days   = var.log_retention_days
  tracing              = var.tracing
  p99                  = var.alarm_thresholds.p99
  alarm_topic_arns     = var.alarm_topic_arns
}
