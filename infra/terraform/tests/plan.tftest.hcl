# What a plan must contain, tested without an account: the contract's routes, the policies of the grants, and no open
# access.

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

# Each key and each role has its own ARN.
override_resource {
  target = aws_kms_key.sealing
  values = { arn = "arn:aws:kms:us-east-1:123456789012:key/sealing", key_id = "sealing" }
}
override_resource {
  target = aws_kms_key.mac["codes-a"]
  values = { arn = "arn:aws:kms:us-east-1:123456789012:key/codes-a", key_id = "codes-a" }
}
override_resource {
  target = aws_kms_key.mac["recovery-a"]
  values = { arn = "arn:aws:kms:us-east-1:123456789012:key/recovery-a", key_id = "recovery-a" }
}
override_resource {
  target = aws_kms_key.mac["digests-a"]
  values = { arn = "arn:aws:kms:us-east-1:123456789012:key/digests-a", key_id = "digests-a" }
}
override_resource {
  target = aws_kms_key.signing["a"]
  values = { arn = "arn:aws:kms:us-east-1:123456789012:key/signing-a", key_id = "signing-a" }
}
override_resource {
  target = module.function["enroll"].aws_lambda_function.this
  values = { invoke_arn = "invoke-enroll" }
}
override_resource {
  target = module.function["policy"].aws_lambda_function.this
  values = { invoke_arn = "invoke-policy" }
}
override_resource {
  target = module.function["recovery"].aws_lambda_function.this
  values = { invoke_arn = "invoke-recovery" }
}
override_resource {
  target = module.function["send-sms"].aws_lambda_function.this
  values = { invoke_arn = "invoke-send-sms" }
}
override_resource {
  target = module.function["verify"].aws_lambda_function.this
  values = { invoke_arn = "invoke-verify" }
}
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

# Whole statements as AWS reads them, written out here to compare with those that the files make from the grants.
run "policies_are_the_grants" {
  command = apply

  assert {
    condition = alltrue([for function, services in yamldecode(file("../grants.yaml")) :
      toset([for one in jsondecode(module.function[function].policy).Statement : jsonencode(one)]) ==
      toset(concat(
        [for grant in services.dynamodb : jsonencode({
          Effect    = "Allow"
          Action    = [for action in grant.actions : "dynamodb:${action}"]
          Resource  = ["arn:aws:dynamodb:us-east-1:123456789012:table/mfa"]
          Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = [for prefix in concat(grant.keys, can(grant.beside) ? grant.beside : []) : "${prefix}*"] }, Null = { "dynamodb:LeadingKeys" = "false" } }
        })],
        [for grant in services.kms : jsonencode(merge(
          { Effect = "Allow", Action = [for action in grant.actions : "kms:${action}"], Resource = ["arn:aws:kms:us-east-1:123456789012:key/${grant.key == "sealing" ? "sealing" : "${grant.key}-a"}"] },
          can(grant.purpose) ? { Condition = { StringEquals = { "kms:EncryptionContext:purpose" = grant.purpose } } } : null,
        ))],
        can(services.sns) ? [
          jsonencode({ Effect = "Allow", Action = ["sns:Publish"], NotResource = ["arn:aws:sns:*:*:*"] }),
          jsonencode({ Effect = "Allow", Action = ["sns:CheckIfPhoneNumberIsOptedOut"], Resource = ["*"] }),
          jsonencode({ Effect = "Allow", Action = ["sms-voice:SendTextMessage"], Resource = ["*"], Condition = { StringEquals = { "aws:CalledViaLast" = "sns.amazonaws.com" } } }),
          jsonencode({ Effect = "Allow", Action = ["sms-voice:DescribeOptedOutNumbers"], Resource = ["*"], Condition = { StringEquals = { "aws:CalledViaLast" = "sns.amazonaws.com" } } }),
        ] : [],
        can(services.ses) ? [jsonencode({
          Effect    = "Allow"
          Action    = ["ses:SendEmail"]
          Resource  = ["arn:aws:ses:us-east-1:123456789012:identity/*", "arn:aws:ses:us-east-1:123456789012:configuration-set/mfa"]
          Condition = { StringEquals = { "ses:FromAddress" = "security@example.com" } }
        })] : [],
        [jsonencode({ Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["arn:aws:logs:us-east-1:123456789012:log-group:x:*"] })],
      ))
    ])
    error_message = "A function may do what it is granted, and write its log; nothing else."
  }

  assert {
    condition = [for one in jsondecode(module.function["enroll"].policy).Statement : one.Condition["ForAllValues:StringLike"] if one.Action == ["dynamodb:ConditionCheckItem"]] == [
      { "dynamodb:LeadingKeys" = ["USER#*", "MEMBERS#*"] },
    ]
    error_message = "An action of a transaction is granted the keys of the others, too."
  }

  assert {
    condition     = alltrue([for function in module.function : !strcontains(function.policy, "\"dynamodb:*") && !strcontains(function.policy, "\"kms:*")])
    error_message = "No action is a wildcard."
  }
}

run "keys_are_used_by_whom_the_grants_name" {
  command = apply

  assert {
    condition = alltrue([for name, policy in aws_kms_key_policy.this :
      toset([for one in slice(jsondecode(policy.policy).Statement, 1, length(jsondecode(policy.policy).Statement)) : jsonencode(one)]) ==
      toset(flatten([for function, services in yamldecode(file("../grants.yaml")) : [for grant in services.kms : jsonencode(merge(
        { Effect = "Allow", Principal = { AWS = "arn:aws:iam::123456789012:role/mfa-${function}" }, Action = [for action in grant.actions : "kms:${action}"], Resource = "*" },
        can(grant.purpose) ? { Condition = { StringEquals = { "kms:EncryptionContext:purpose" = grant.purpose } } } : null,
      )) if grant.key == split("-", name)[0]]]))
    ])
    error_message = "Only functions with a grant on a key may use it, for its purposes: a key's policy is enough by itself."
  }

  assert {
    condition = alltrue([for policy in aws_kms_key_policy.this : jsondecode(policy.policy).Statement[0] == {
      Sid       = "Administration"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Resource  = "*"
      Action = [
        "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation",
        "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:GetPublicKey", "kms:ListAliases",
        "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RotateKeyOnDemand",
        "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
      ]
    }])
    error_message = "Who administers the account manages the keys, and may not use them."
  }

  assert {
    condition     = aws_kms_key.sealing.enable_key_rotation && toset(keys(aws_kms_key.mac)) == toset(["codes-a", "recovery-a", "digests-a"]) && length(aws_kms_key_policy.this) == 5
    error_message = "One key rotates by itself; each use has one of its own, with a policy."
  }
}

run "functions_are_called_by_the_gateway_alone" {
  command = apply

  assert {
    condition = alltrue([for key, permission in aws_lambda_permission.this :
      permission.source_arn == "arn:aws:execute-api:us-east-1:123456789012:x/*/${replace(replace(replace(replace(key, " ", ""), "{factor_id}", "*"), "{workspace_id}", "*"), "~", "")}" && permission.principal == "apigateway.amazonaws.com"
    ])
    error_message = "Each function may be called for its own routes, and by nobody else."
  }

  assert {
    condition = alltrue([for key, route in aws_apigatewayv2_route.this :
      route.target == "integrations/${aws_apigatewayv2_integration.this[yamldecode(file("../openapi.yaml")).paths[split(" ", key)[1]][lower(split(" ", key)[0])].tags[0]].id}"
    ])
    error_message = "Each route leads to the function of its tag."
  }

  assert {
    condition     = { for name, integration in aws_apigatewayv2_integration.this : name => [integration.integration_uri, integration.payload_format_version, integration.integration_type] } == { for name in ["enroll", "policy", "recovery", "send-sms", "verify"] : name => ["invoke-${name}", "2.0", "AWS_PROXY"] }
    error_message = "Each integration calls its own function."
  }

  assert {
    condition     = one(aws_apigatewayv2_api.this.cors_configuration[*].allow_origins) == toset(["https://app.example.com"]) && one(aws_apigatewayv2_api.this.cors_configuration[*].allow_credentials) != true && one(aws_apigatewayv2_api.this.cors_configuration[*].allow_methods) == toset(["GET", "POST", "PUT", "PATCH", "DELETE"])
    error_message = "Only the pages that are named may call, without cookies."
  }

  assert {
    condition     = aws_apigatewayv2_authorizer.this.authorizer_type == "JWT" && aws_apigatewayv2_authorizer.this.identity_sources == toset(["$request.header.Authorization"]) && alltrue([for key, route in aws_apigatewayv2_route.this : route.authorizer_id == (key == "GET /.well-known/jwks.json" ? null : aws_apigatewayv2_authorizer.this.id)])
    error_message = "The token is in the header, and looked at by the one authorizer."
  }

  assert {
    condition = alltrue([for key, permission in aws_lambda_permission.this :
      permission.action == "lambda:InvokeFunction" && permission.function_name == "mfa-${yamldecode(file("../openapi.yaml")).paths[split(" ", key)[1]][lower(split(" ", key)[0])].tags[0]}"
    ])
    error_message = "The gateway may call the function of each route, and do nothing else."
  }

  assert {
    condition     = one(aws_apigatewayv2_authorizer.this.jwt_configuration[*].issuer) == "https://id.example.com" && toset(one(aws_apigatewayv2_authorizer.this.jwt_configuration[*].audience)) == toset(["app", "operators"])
    error_message = "Login tokens are the identity provider's, for the app."
  }

  assert {
    condition     = one(aws_apigatewayv2_api.this.cors_configuration[*].allow_headers) == toset(["authorization", "content-type", "mfa-assertion", "if-match", "accept-language"]) && one(aws_apigatewayv2_api.this.cors_configuration[*].expose_headers) == toset(["retry-after", "etag"])
    error_message = "A page may send what the contract asks for, and read what it answers."
  }

  assert {
    condition     = one(aws_apigatewayv2_stage.this.default_route_settings[*].throttling_rate_limit) == 500 && one(aws_apigatewayv2_stage.this.default_route_settings[*].throttling_burst_limit) == 1000 && [for one in aws_apigatewayv2_stage.this.route_settings : [one.route_key, one.throttling_rate_limit, one.throttling_burst_limit]] == [["GET /.well-known/jwks.json", 1000, 1000]]
    error_message = "Every route has a throttle, the public keys one of their own."
  }
}

run "alarms_count_listed_events" {
  command = apply

  assert {
    condition     = alltrue(flatten([for filter in aws_cloudwatch_log_metric_filter.this : [for event in regexall("event = \"([a-z.]+)\"", filter.pattern) : strcontains(file("../../events/README.md"), "`${event[0]}`")]]))
    error_message = "Alarms count events by their names."
  }

  assert {
    condition     = toset([for alarm in aws_cloudwatch_metric_alarm.counted : alarm.metric_name]) == toset([for filter in aws_cloudwatch_log_metric_filter.this : one(filter.metric_transformation[*].name)]) && aws_cloudwatch_metric_alarm.text_spend.threshold == 0.8
    error_message = "What is counted has an alarm, and money spent on texts has one before they stop."
  }
}

run "what_is_kept_is_protected_and_logs_end" {
  command = apply

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled && aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.this.ttl[0].enabled
    error_message = "The table is protected, and can be restored."
  }

  assert {
    condition     = alltrue([for function in module.function : function.log_group.retention_in_days == 365]) && aws_cloudwatch_log_group.access.retention_in_days == 365
    error_message = "Every log has an end."
  }

  assert {
    condition = jsondecode(aws_apigatewayv2_stage.this.access_log_settings[0].format) == {
      request_id        = "$context.requestId"
      time              = "$context.requestTimeEpoch"
      route             = "$context.routeKey"
      status            = "$context.status"
      latency           = "$context.responseLatency"
      user              = "$context.authorizer.claims.sub"
      source_ip         = "$context.identity.sourceIp"
      error             = "$context.error.message"
      integration_error = "$context.integrationErrorMessage"
      authorizer        = "$context.authorizer.error"
    }
    error_message = "The gateway logs who asked for what, under the id that functions log, and no token."
  }
}

run "each_function_has_its_settings" {
  command = apply

  assert {
    condition     = alltrue(flatten([for key, function in module.function : [for name, value in function.lambda.environment[0].variables : value != "" && (startswith(name, "AWS_") || can(regex("\n\\| `${name}` \\| [^\n]* \\| (?:[a-z, -]*, )?(?:all|${key})(?:, [a-z, -]*)? \\| [^|\n]* \\|\n", file("../../functions/README.md"))))]]))
    error_message = "Every setting is in the table of functions/README.md for its function, and none is empty."
  }

  assert {
    condition     = module.function["policy"].lambda.environment[0].variables.MFA_OPERATORS == "op,support@clients" && !contains(keys(module.function["verify"].lambda.environment[0].variables), "MFA_OPERATORS")
    error_message = "Only the functions that act for operators know them."
  }

  assert {
    condition     = module.function["enroll"].lambda.environment[0].variables.MFA_ISSUER == "https://x.execute-api.us-east-1.amazonaws.com" && module.function["enroll"].lambda.environment[0].variables.MFA_DIGEST_KEYS == "a=arn:aws:kms:us-east-1:123456789012:key/digests-a" && module.function["send-sms"].lambda.environment[0].variables.MFA_CODE_KEYS == "a=arn:aws:kms:us-east-1:123456789012:key/codes-a"
    error_message = "The issuer is where the API is, and each use has its keys."
  }

  assert {
    condition     = module.function["enroll"].lambda.environment[0].variables.MFA_EMAIL_FROM == "\"Acme\" <security@example.com>"
    error_message = "Emails are from the app."
  }
}

run "a_new_key_comes_first_and_the_old_one_stays" {
  command = apply

  variables {
    key_labels = { signing = ["b", "a"], codes = ["b", "a"] }
  }

  assert {
    condition     = startswith(module.function["verify"].lambda.environment[0].variables.MFA_SIGNING_KEYS, "b=") && strcontains(module.function["verify"].lambda.environment[0].variables.MFA_SIGNING_KEYS, ",a=")
    error_message = "The first label signs."
  }

  assert {
    condition     = startswith(module.function["send-sms"].lambda.environment[0].variables.MFA_CODE_KEYS, "b=") && length(module.function["recovery"].lambda.environment[0].variables.MFA_RECOVERY_KEYS) > 0
    error_message = "The first label is the current one."
  }
}

run "operators_have_the_scope_that_is_set" {
  command = plan

  variables {
    operator_scope = "mfa/operator"
  }

  assert {
    condition     = aws_apigatewayv2_route.this["POST /v1/operator/reset"].authorization_scopes == toset(["mfa/operator"])
    error_message = "The gateway asks for the scope by its name."
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

run "verify_may_run_twice_as_often_at_once_as_the_public_keys_take" {
  command = plan

  variables {
    throttling           = { keys_rate = 100 }
    reserved_concurrency = { verify = 20 }
  }

  assert {
    condition     = module.function["verify"].lambda.reserved_concurrent_executions == 20
    error_message = "A lower limit on the public keys takes less of verify."
  }
}

# The settings of functions, alarms and texts reach their resources.
run "what_is_said_of_a_function_reaches_it" {
  command = apply

  variables {
    artifact_dir         = "built"
    architecture         = "x86_64"
    memory               = { verify = 512 }
    timeout              = { recovery = 29 }
    reserved_concurrency = { verify = 400 }
    alarm_topic_arns     = ["arn:aws:sns:us-east-1:123456789012:wake"]
    alarm_thresholds     = { p99 = 1500 }
    tracing              = true
  }

  assert {
    condition     = alltrue([for name, function in module.function : function.lambda.filename == "built/${name}/bootstrap.zip" && function.lambda.function_name == "mfa-${name}" && function.lambda.architectures == tolist(["x86_64"]) && function.lambda.runtime == "provided.al2023"])
    error_message = "Each function is its own zip, built for what is said."
  }

  assert {
    condition = { for name, function in module.function : name => [function.lambda.memory_size, function.lambda.timeout, function.lambda.reserved_concurrent_executions] } == {
      enroll = [256, 28, -1], policy = [256, 28, -1], recovery = [256, 29, -1], send-sms = [256, 28, -1], verify = [512, 28, 400]
    }
    error_message = "Memory, timeout and concurrency are each function's own."
  }

  assert {
    condition     = alltrue([for function in module.function : function.lambda.logging_config[0].system_log_level == "INFO"])
    error_message = "Lambda reports the time, the init and the memory of each request."
  }

  assert {
    condition     = alltrue([for name, function in module.function : function.lambda.role == "arn:aws:iam::123456789012:role/mfa-${name}" && function.lambda.tracing_config[0].mode == "Active" && strcontains(function.policy, "xray:PutTraceSegments")])
    error_message = "Each function has its own role, and may trace where it is to."
  }

  assert {
    condition = alltrue([for name, function in module.function : alltrue([for alarm in function.alarms :
      alarm.alarm_actions == toset(["arn:aws:sns:us-east-1:123456789012:wake"]) && alarm.dimensions == tomap({ FunctionName = "mfa-${name}" })
      ]) && toset([for alarm in function.alarms : alarm.metric_name]) == toset(["Errors", "Throttles", "Duration"])
    && function.alarms["p99"].threshold == 1500])
    error_message = "Each function's alarms watch it, and wake somebody."
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.counted), [aws_cloudwatch_metric_alarm.text_spend]) : alarm.alarm_actions == toset(["arn:aws:sns:us-east-1:123456789012:wake"])])
    error_message = "What is counted wakes somebody."
  }
}

run "roles_are_taken_by_lambda_alone" {
  command = plan

  module {
    source = "./function"
  }

  variables {
    name                 = "mfa-verify"
    zip                  = "built/verify/bootstrap.zip"
    architecture         = "arm64"
    memory               = 256
    timeout              = 20
    reserved_concurrency = -1
    settings             = {}
    statements           = []
    log_retention_days   = 30
    tracing              = false
    p99                  = 2000
    alarm_topic_arns     = []
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{ Action = "sts:AssumeRole", Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" } }]
    error_message = "Only Lambda takes a function's role."
  }

  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_format == "JSON" && aws_lambda_function.this.logging_config[0].log_group == aws_cloudwatch_log_group.this.name && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "It logs JSON, where the log has an end."
  }
}

run "texts_logs_end_and_are_written_by_sns_for_this_account" {
  command = apply

  variables {
    text_preferences   = true
    text_delivery_logs = true
    text_spend_limit   = 200
    log_retention_days = 90
  }

  assert {
    condition     = { for group in aws_cloudwatch_log_group.texts : group.name => group.retention_in_days } == { "sns/us-east-1/123456789012/DirectPublishToPhoneNumber" = 90, "sns/us-east-1/123456789012/DirectPublishToPhoneNumber/Failure" = 90 }
    error_message = "Both logs of texts have an end."
  }

  assert {
    condition     = alltrue([for policy in aws_cloudwatch_log_data_protection_policy.texts : jsondecode(policy.policy_document).Statement[1].Operation == { Deidentify = { MaskConfig = {} } }]) && length(aws_cloudwatch_log_data_protection_policy.texts) == 2
    error_message = "Numbers are masked."
  }

  assert {
    condition = jsondecode(aws_iam_role.text_logs[0].assume_role_policy).Statement == [{
      Action = "sts:AssumeRole", Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }, Effect = "Allow", Principal = { Service = "sns.amazonaws.com" }
    }]
    error_message = "SNS takes the role, for this account alone."
  }

  assert {
    condition     = aws_sns_sms_preferences.this[0].monthly_spend_limit == 200 && aws_sns_sms_preferences.this[0].default_sms_type == "Transactional" && aws_cloudwatch_metric_alarm.text_spend.threshold == 160
    error_message = "Texts stop at the limit, and somebody knows before."
  }
}

run "emails_are_from_an_address_below_the_domain" {
  command = plan

  variables {
    email_from = "security@mail.example.com"
  }

  assert {
    condition     = module.function["enroll"].lambda.environment[0].variables.MFA_EMAIL_FROM == "\"Acme\" <security@mail.example.com>"
    error_message = "A domain's identity serves the domains below it."
  }
}

# A mock has no tokens, so the test reads in the file that the records use the zone.
run "dns_of_emails_is_in_the_zone_that_most_regions_share" {
  command = plan

  assert {
    condition     = local.dkim_zone == "dkim.amazonses.com" && strcontains(file("outputs.tf"), "value = \"$${token}.$${local.dkim_zone}\"")
    error_message = "Records lead to the zone that is shared."
  }

  # AWS lists them in General Reference, "Amazon Simple Email Service endpoints and quotas", "DKIM domains".
  assert {
    condition = toset(local.own_dkim_zones) == toset([
      "af-south-1", "ap-northeast-3", "ap-south-2", "ap-southeast-3", "ap-southeast-5", "ca-west-1", "eu-central-2", "eu-south-1",
      "il-central-1", "me-central-1", "us-gov-east-1",
    ])
    error_message = "These regions have a zone of their own."
  }
}

run "dns_of_emails_is_in_the_zone_of_a_region_that_has_its_own" {
  command = plan

  variables {
    region = "eu-south-1"
  }

  assert {
    condition     = local.dkim_zone == "dkim.eu-south-1.amazonses.com"
    error_message = "Records lead to the region's own zone."
  }
}

# Every variable, each with a value other than its default, so that none can get lost.
run "every_setting_is_what_is_said" {
  command = apply

  variables {
    table_name               = "restored"
    workspaces               = "optional"
    claims                   = { email = "c-email", email_verified = "c-verified", workspaces = "c-workspaces", owned_workspaces = "c-owned", sso = "c-sso", password_reset = "c-reset" }
    sso_values               = ["yes", "on"]
    operator_scope           = "mfa/operator"
    email_from_name          = "Acme Security"
    email_limits             = "hour=2"
    email_hold_hours         = 48
    text_limits              = "user-day=4"
    text_regions             = ["US", "PR", "CA"]
    text_origination_numbers = { US = "+14155550100", CA = "+16045550100" }
    text_max_price           = "0.02"
    extra_roots              = "/opt/roots.pem"
    fips_endpoints           = true
    dual_stack_endpoints     = true
    domain_name              = "mfa.example.com"
    certificate_arn          = "arn:aws:acm:us-east-1:123456789012:certificate/x"
    throttling               = { routes = { "POST /v1/logins" = { rate = 7, burst = 9 } } }
  }

  assert {
    condition = jsonencode({ for name, function in module.function : name => function.lambda.environment[0].variables }) == jsonencode({ for name, own in {
      enroll = {
        MFA_CODE_KEYS      = "a=arn:aws:kms:us-east-1:123456789012:key/codes-a", MFA_RECOVERY_KEYS = "a=arn:aws:kms:us-east-1:123456789012:key/recovery-a"
        MFA_DIGEST_KEYS    = "a=arn:aws:kms:us-east-1:123456789012:key/digests-a", MFA_TEXT_REGIONS = "US,PR,CA", MFA_OPERATORS = "op,support@clients"
        MFA_OPERATOR_SCOPE = "mfa/operator", MFA_EMAIL_FROM = "\"Acme Security\" <security@example.com>", MFA_EMAIL_CONFIGURATION_SET = "mfa"
      }
      policy = {
        MFA_OPERATORS               = "op,support@clients", MFA_OPERATOR_SCOPE = "mfa/operator", MFA_EMAIL_FROM = "\"Acme Security\" <security@example.com>"
        MFA_EMAIL_CONFIGURATION_SET = "mfa"
      }
      recovery = {
        MFA_CODE_KEYS   = "a=arn:aws:kms:us-east-1:123456789012:key/codes-a", MFA_RECOVERY_KEYS = "a=arn:aws:kms:us-east-1:123456789012:key/recovery-a"
        MFA_DIGEST_KEYS = "a=arn:aws:kms:us-east-1:123456789012:key/digests-a", MFA_EMAIL_LIMITS = "hour=2", MFA_EMAIL_HOLD_HOURS = "48"
        MFA_EMAIL_FROM  = "\"Acme Security\" <security@example.com>", MFA_EMAIL_CONFIGURATION_SET = "mfa"
      }
      send-sms = {
        MFA_CODE_KEYS    = "a=arn:aws:kms:us-east-1:123456789012:key/codes-a", MFA_DIGEST_KEYS = "a=arn:aws:kms:us-east-1:123456789012:key/digests-a"
        MFA_DOMAIN       = "app.example.com", MFA_TEXT_LIMITS = "user-day=4", MFA_TEXT_MAX_PRICE = "0.02"
        MFA_TEXT_REGIONS = "US,PR,CA", MFA_TEXT_ORIGINATION_NUMBERS = "CA=+16045550100,US=+14155550100"
      }
      verify = {
        MFA_CODE_KEYS               = "a=arn:aws:kms:us-east-1:123456789012:key/codes-a", MFA_EMAIL_FROM = "\"Acme Security\" <security@example.com>"
        MFA_EMAIL_CONFIGURATION_SET = "mfa"
      }
      } : name => merge(own, {
        MFA_TABLE                = "restored", MFA_SEALING_KEY = "arn:aws:kms:us-east-1:123456789012:key/sealing"
        MFA_SIGNING_KEYS         = "a=arn:aws:kms:us-east-1:123456789012:key/signing-a", MFA_ISSUER = "https://mfa.example.com", MFA_AUDIENCE = "app"
        MFA_APP_NAME             = "Acme", MFA_WORKSPACES = "optional", MFA_WORKSPACES_CLAIM = "c-workspaces", MFA_OWNED_WORKSPACES_CLAIM = "c-owned"
        MFA_EMAIL_CLAIM          = "c-email", MFA_EMAIL_VERIFIED_CLAIM = "c-verified", MFA_SSO_CLAIM = "c-sso", MFA_SSO_VALUES = "yes,on"
        MFA_PASSWORD_RESET_CLAIM = "c-reset", MFA_EXTRA_ROOTS = "/opt/roots.pem"
        AWS_USE_FIPS_ENDPOINT    = "true", AWS_USE_DUALSTACK_ENDPOINT = "true"
    }) })
    error_message = "Each function has its settings, and each setting is what is said."
  }

  assert {
    condition     = { for one in aws_apigatewayv2_stage.this.route_settings : one.route_key => [one.throttling_rate_limit, one.throttling_burst_limit] } == { "GET /.well-known/jwks.json" = [1000, 1000], "POST /v1/logins" = [7, 9] }
    error_message = "A route has the throttle that it is given."
  }

  assert {
    condition     = aws_dynamodb_table.this.name == "restored" && aws_dynamodb_table.this.hash_key == "pk" && aws_dynamodb_table.this.range_key == "sk"
    error_message = "The table is the one that is named."
  }

  assert {
    condition     = output.jwks_url == "https://mfa.example.com/.well-known/jwks.json" && output.api_url == "https://mfa.example.com"
    error_message = "The outputs tell where it is."
  }
}

run "a_number_of_a_country_that_no_phone_is_from_does_no_harm" {
  command = plan

  variables {
    text_regions             = ["PR", "VI"]
    text_origination_numbers = { US = "12345", CA = "+16045550100" }
  }

  assert {
    condition     = local.own["send-sms"].MFA_TEXT_ORIGINATION_NUMBERS == "CA=+16045550100,US=12345"
    error_message = "Each number goes with its country."
  }
}

run "keys_are_of_their_kind_and_go_slowly" {
  command = apply

  assert {
    condition     = alltrue([for key in concat([aws_kms_key.sealing], values(aws_kms_key.mac), values(aws_kms_key.signing)) : key.deletion_window_in_days == 30])
    error_message = "A key can be had back for 30 days."
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.mac : key.customer_master_key_spec == "HMAC_256" && key.key_usage == "GENERATE_VERIFY_MAC"]) && alltrue([for key in aws_kms_key.signing : key.customer_master_key_spec == "ECC_NIST_P256" && key.key_usage == "SIGN_VERIFY"])
    error_message = "Codes are derived by HMAC, assertions signed on P-256."
  }

  assert {
    condition     = { for name, policy in aws_kms_key_policy.this : name => policy.key_id } == { for name in ["sealing", "codes-a", "recovery-a", "digests-a", "signing-a"] : name => name } && { for name, alias in aws_kms_alias.this : alias.name => alias.target_key_id } == { for name in ["sealing", "codes-a", "recovery-a", "digests-a", "signing-a"] : "alias/mfa-${name}" => name }
    error_message = "Each key has its own policy and alias."
  }
}

run "alarms_go_off" {
  command = apply

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.counted : name => [alarm.namespace, alarm.comparison_operator, alarm.statistic, tostring(alarm.threshold), tostring(alarm.period)] } == {
      locked        = ["serverless-mfa/mfa", "GreaterThanThreshold", "Sum", "5", "300"]
      replayed      = ["serverless-mfa/mfa", "GreaterThanThreshold", "Sum", "20", "300"]
      texts-refused = ["serverless-mfa/mfa", "GreaterThanThreshold", "Sum", "50", "300"]
      kms-faults    = ["serverless-mfa/mfa", "GreaterThanThreshold", "Sum", "0", "300"]
      faults        = ["serverless-mfa/mfa", "GreaterThanThreshold", "Sum", "5", "300"]
      unsent        = ["serverless-mfa/mfa", "GreaterThanThreshold", "Sum", "0", "300"]
    }
    error_message = "What is counted has its alarm."
  }

  assert {
    condition = jsonencode({ for name in ["locked", "replayed", "texts-refused", "kms-faults", "faults", "unsent"] : name => distinct([for key, filter in aws_cloudwatch_log_metric_filter.this : [filter.pattern, one(filter.metric_transformation[*].namespace)] if one(filter.metric_transformation[*].name) == name]) }) == jsonencode({
      locked        = [["{ $.event = \"verification.locked\" }", "serverless-mfa/mfa"]]
      replayed      = [["{ $.event = \"verification.replayed\" }", "serverless-mfa/mfa"]]
      texts-refused = [["{ $.event = \"text.refused\" }", "serverless-mfa/mfa"]]
      kms-faults    = [["{ $.fault = \"*sealed secret*\" || $.fault = \"*seal a secret*\" || $.fault = \"*derive a code*\" || $.fault = \"*sign an assertion*\" || $.fault = \"*public key*\" }", "serverless-mfa/mfa"]]
      faults        = [["{ $.fault = \"*\" || $.level = \"ERROR\" }", "serverless-mfa/mfa"]]
      unsent        = [["{ $.notice = \"*\" || $.what = \"an email\" }", "serverless-mfa/mfa"]]
    })
    error_message = "Lines are counted by what they say."
  }

  assert {
    condition     = alltrue([for key, filter in aws_cloudwatch_log_metric_filter.this : filter.log_group_name == "/aws/lambda/mfa-${trimprefix(key, "${one(filter.metric_transformation[*].name)}-")}"])
    error_message = "Each function's lines are counted in its own log."
  }

  assert {
    condition     = alltrue(flatten([for function in module.function : [for alarm in function.alarms : alarm.comparison_operator == "GreaterThanThreshold" && alarm.namespace == "AWS/Lambda" && alarm.period == 300]])) && aws_cloudwatch_metric_alarm.text_spend.metric_name == "SMSMonthToDateSpentUSD" && aws_cloudwatch_metric_alarm.text_spend.comparison_operator == "GreaterThanThreshold"
    error_message = "Alarms go off above their thresholds."
  }

  assert {
    condition     = alltrue([for function in module.function : function.lambda.logging_config[0].application_log_level == null || function.lambda.logging_config[0].application_log_level == ""])
    error_message = "No line that is counted is left out of the log."
  }

  assert {
    condition     = aws_sesv2_configuration_set.this.delivery_options[0].tls_policy == "REQUIRE" && toset(aws_sesv2_configuration_set.this.suppression_options[0].suppressed_reasons) == toset(["BOUNCE", "COMPLAINT"])
    error_message = "Emails go over TLS, and not again to who bounced or complained."
  }
}
