# What the plan must say, without an account: routes are the contract's, policies the grants', and nothing is left open.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:x" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:x", invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/x" }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/mfa" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/x" }
  }
  mock_resource "aws_sesv2_configuration_set" {
    defaults = { arn = "arn:aws:ses:us-east-1:123456789012:configuration-set/mfa" }
  }
  mock_resource "aws_apigatewayv2_api" {
    defaults = { api_endpoint = "https://x.execute-api.us-east-1.amazonaws.com", execution_arn = "arn:aws:execute-api:us-east-1:123456789012:x" }
  }
  mock_resource "aws_apigatewayv2_stage" {
    defaults = { arn = "arn:aws:apigateway:us-east-1::/apis/x/stages/$default" }
  }
}

# Each function's role is its own.
override_resource {
  target = module.function["enroll"].aws_iam_role.this
  values = { arn = "arn:aws:iam::123456789012:role/mfa-enroll", id = "mfa-enroll" }
}
override_resource {
  target = module.function["policy"].aws_iam_role.this
  values = { arn = "arn:aws:iam::123456789012:role/mfa-policy", id = "mfa-policy" }
}
override_resource {
  target = module.function["recovery"].aws_iam_role.this
  values = { arn = "arn:aws:iam::123456789012:role/mfa-recovery", id = "mfa-recovery" }
}
override_resource {
  target = module.function["send-sms"].aws_iam_role.this
  values = { arn = "arn:aws:iam::123456789012:role/mfa-send-sms", id = "mfa-send-sms" }
}
override_resource {
  target = module.function["verify"].aws_iam_role.this
  values = { arn = "arn:aws:iam::123456789012:role/mfa-verify", id = "mfa-verify" }
}

variables {
  region             = "us-east-1"
  app_name           = "Acme"
  app_domain         = "app.example.com"
  jwt_issuer         = "https://id.example.com"
  jwt_audience       = ["app", "operators"]
  assertion_audience = "app"
  email_identity     = "example.com"
  email_from         = "security@example.com"
  operators          = ["op", "support@clients"]
  cors_origins       = ["https://app.example.com"]
}

run "routes_are_the_contracts" {
  command = plan

  assert {
    condition = toset(keys(aws_apigatewayv2_route.this)) == toset(flatten([
      for path, operations in yamldecode(file("../openapi.yaml")).paths : [for method, _ in operations : "${upper(method)} ${path}"]
    ]))
    error_message = "There is a route for each operation, and no other."
  }

  assert {
    condition     = [for key, route in aws_apigatewayv2_route.this : key if route.authorization_type != "JWT"] == ["GET /.well-known/jwks.json"]
    error_message = "Every route but the public keys' asks for a login token."
  }

  assert {
    condition = { for key, route in aws_apigatewayv2_route.this : key => route.authorization_scopes if try(length(route.authorization_scopes), 0) > 0 } == {
      for act in ["erase", "import", "reset", "unlock"] : "POST /v1/operator/${act}" => toset(["mfa:operator"])
    }
    error_message = "Operators' routes ask for their scope, and no others do."
  }

  assert {
    condition     = aws_lambda_permission.this["POST /v1/factors/{factor_id}/verify"].function_name == "mfa-verify" && aws_lambda_permission.this["GET /v1/workspaces/{workspace_id}/members"].function_name == "mfa-policy"
    error_message = "Each function is called for its own routes."
  }
}

run "policies_are_the_grants" {
  command = apply

  assert {
    condition = alltrue([for function, services in yamldecode(file("../grants.yaml")) :
      toset(flatten([for one in jsondecode(module.function[function].policy).Statement : one.Action])) ==
      setunion(["logs:CreateLogStream", "logs:PutLogEvents"], flatten([
        for service, grants in services : [for grant in grants : [for action in grant.actions : "${service}:${action}"]]
      ]))
    ])
    error_message = "A function may do what it is granted, and write its log; nothing else."
  }

  assert {
    condition = alltrue([for function, services in yamldecode(file("../grants.yaml")) :
      [for one in jsondecode(module.function[function].policy).Statement : one.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] if startswith(flatten([one.Action])[0], "dynamodb:")] ==
      [for grant in services.dynamodb : [for prefix in grant.keys : "${prefix}*"]]
    ])
    error_message = "Rows are granted by the beginnings of their keys."
  }

  assert {
    condition = alltrue(flatten([for function, module in module.function : [for one in jsondecode(module.policy).Statement :
      try(one.Condition.Null["dynamodb:LeadingKeys"], "") == "false" if startswith(flatten([one.Action])[0], "dynamodb:")
    ]]))
    error_message = "A request without keys is not let through."
  }

  assert {
    condition = alltrue([for function, services in yamldecode(file("../grants.yaml")) :
      [for one in jsondecode(module.function[function].policy).Statement : try(one.Condition.StringEquals["kms:EncryptionContext:purpose"], []) if startswith(flatten([one.Action])[0], "kms:")] ==
      [for grant in services.kms : try(grant.purpose, [])]
    ])
    error_message = "Keys are granted for their purposes."
  }

  assert {
    condition = alltrue(flatten([for function, module in module.function : [for one in jsondecode(module.policy).Statement :
      alltrue([for action in flatten([one.Action]) : !strcontains(action, "*")]) && !contains(flatten([try(one.Resource, [])]), "*")
    ]]))
    error_message = "No policy has a wildcard for an action, or for every resource."
  }

  assert {
    condition     = alltrue(flatten([for function, module in module.function : [for one in jsondecode(module.policy).Statement : one.NotResource == ["arn:aws:sns:*:*:*"] if can(one.NotResource)]]))
    error_message = "Texts go to phone numbers, and to no topic."
  }

  assert {
    condition     = alltrue(flatten([for function, module in module.function : [for one in jsondecode(module.policy).Statement : one.Condition.StringEquals["ses:FromAddress"] == "security@example.com" if contains(flatten([one.Action]), "ses:SendEmail")]]))
    error_message = "Emails are from the one address."
  }
}

run "keys_are_used_by_whom_the_grants_name" {
  command = apply

  assert {
    condition = alltrue([for name, policy in aws_kms_key_policy.this :
      toset([for one in slice(jsondecode(policy.policy).Statement, 1, length(jsondecode(policy.policy).Statement)) : one.Principal.AWS]) ==
      toset([for function, services in yamldecode(file("../grants.yaml")) : module.function[function].role_arn if anytrue([for grant in services.kms : grant.key == split("-", name)[0]])])
    ])
    error_message = "Only functions with a grant on a key may use it."
  }

  assert {
    condition = alltrue(flatten([for name, policy in aws_kms_key_policy.this : [
      for use in ["Decrypt", "Encrypt", "GenerateMac", "Sign", "ReEncryptFrom", "VerifyMac", "CreateGrant"] : !contains(jsondecode(policy.policy).Statement[0].Action, "kms:${use}")
    ]]))
    error_message = "Who administers the account may not use the keys for that."
  }

  assert {
    condition     = aws_kms_key.sealing.enable_key_rotation && toset(keys(aws_kms_key.mac)) == toset(["codes-a", "recovery-a", "digests-a"])
    error_message = "One key rotates by itself; each use has one of its own."
  }
}

run "what_is_kept_is_protected_and_logs_end" {
  command = apply

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled && aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at"
    error_message = "The table is protected, and can be restored."
  }

  assert {
    condition     = alltrue([for function in module.function : function.log_retention_days == 365]) && aws_cloudwatch_log_group.access.retention_in_days == 365
    error_message = "Every log has an end."
  }

  assert {
    condition     = !strcontains(lower(aws_apigatewayv2_stage.this.access_log_settings[0].format), "authorizer.claims") && !strcontains(aws_apigatewayv2_stage.this.access_log_settings[0].format, "header")
    error_message = "The gateway logs no token."
  }

  assert {
    condition     = one([for one in aws_apigatewayv2_stage.this.route_settings : one.route_key]) == "GET /.well-known/jwks.json"
    error_message = "The public keys have a throttle of their own."
  }
}

run "settings_are_those_of_the_readme" {
  command = apply

  assert {
    condition     = alltrue(flatten([for function in module.function : [for name, value in function.settings : strcontains(file("../../README.md"), "`${name}`") && value != ""]]))
    error_message = "Every setting is in the README, and none is empty."
  }

  assert {
    condition     = module.function["policy"].settings.MFA_OPERATORS == "op,support@clients" && !contains(keys(module.function["verify"].settings), "MFA_OPERATORS")
    error_message = "Operators are told to whoever asks for one."
  }

  assert {
    condition     = module.function["enroll"].settings.MFA_EMAIL_FROM == "\"Acme\" <security@example.com>"
    error_message = "Emails are from the app."
  }
}

run "a_new_key_comes_first_and_the_old_one_stays" {
  command = apply

  variables {
    key_labels = { signing = ["b", "a"], codes = ["b", "a"] }
  }

  assert {
    condition     = startswith(module.function["verify"].settings.MFA_SIGNING_KEYS, "b=") && strcontains(module.function["verify"].settings.MFA_SIGNING_KEYS, ",a=")
    error_message = "The first label signs."
  }

  assert {
    condition     = startswith(module.function["send-sms"].settings.MFA_CODE_KEYS, "b=") && length(module.function["recovery"].settings.MFA_RECOVERY_KEYS) > 0
    error_message = "The first label is the current one."
  }
}

run "a_domain_of_ones_own_is_the_issuer_and_the_only_door" {
  command = plan

  variables {
    domain_name     = "mfa.example.com"
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/x"
  }

  assert {
    condition     = aws_apigatewayv2_api.this.disable_execute_api_endpoint && output.assertion_issuer == "https://mfa.example.com"
    error_message = "The API is at its domain and nowhere else."
  }
}
