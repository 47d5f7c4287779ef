# The HTTP API: a route for each operation of the contract.

locals {
  contract = yamldecode(file("${path.module}/../openapi.yaml"))

  routes = merge([for path, operations in local.contract.paths : {
    for method, operation in operations : "${upper(method)} ${path}" => {
      function = operation.tags[0]
      # An operation whose security is an empty list requires no login token.
      open   = try(length(operation.security) == 0, false)
      scopes = [for scope in flatten([for one in try(operation.security, []) : values(one)]) : scope == "mfa:operator" ? var.operator_scope : scope]
    }
  }]...)

  issuer = var.domain_name == null ? aws_apigatewayv2_api.this.api_endpoint : "https://${var.domain_name}"
}

resource "aws_apigatewayv2_api" "this" {
  name                         = var.name
  protocol_type                = "HTTP"
  disable_execute_api_endpoint = var.domain_name != null

  dynamic "cors_configuration" {
    for_each = length(var.cors_origins) > 0 ? [true] : []
    content {
      allow_origins  = var.cors_origins
      allow_methods  = ["GET", "POST", "PUT", "PATCH", "DELETE"]
      allow_headers  = ["authorization", "content-type", "mfa-assertion", "if-match", "accept-language"]
      expose_headers = ["retry-after", "etag"]
      max_age        = 3600
    }
  }
}

resource "aws_apigatewayv2_authorizer" "this" {
  api_id           = aws_apigatewayv2_api.this.id
  name             = "login-token"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.jwt_issuer
    audience = var.jwt_audience
  }
}

resource "aws_apigatewayv2_integration" "this" {
  for_each               = module.function
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = each.value.lambda.invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_apigatewayv2_route" "this" {
  for_each             = local.routes
  api_id               = aws_apigatewayv2_api.this.id
  route_key            = each.key
  target               = "integrations/${aws_apigatewayv2_integration.this[each.value.function].id}"
  authorization_type   = each.value.open ? "NONE" : "JWT"
  authorizer_id        = each.value.open ? null : aws_apigatewayv2_authorizer.this.id
  authorization_scopes = each.value.open || length(each.value.scopes) == 0 ? null : each.value.scopes
}

# API Gateway may call each function for its own routes.
resource "aws_lambda_permission" "this" {
  for_each      = local.routes
  statement_id  = replace(trim(replace(lower(each.key), "/[^a-z0-9]+/", "-"), "-"), "--", "-")
  action        = "lambda:InvokeFunction"
  function_name = module.function[each.value.function].lambda.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/${replace(replace(each.key, " ", ""), "/{[^}]*}/", "*")}"
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit    = var.throttling.rate
    throttling_burst_limit   = var.throttling.burst
    detailed_metrics_enabled = var.detailed_metrics
  }

  dynamic "route_settings" {
    for_each = merge(
      { for key, route in local.routes : key => { rate = var.throttling.keys_rate, burst = var.throttling.keys_burst } if route.open },
      var.throttling.routes,
    )
    content {
      route_key                = route_settings.key
      throttling_rate_limit    = route_settings.value.rate
      throttling_burst_limit   = route_settings.value.burst
      detailed_metrics_enabled = var.detailed_metrics
    }
  }

  # A line for each request: user, client address, route and result. It contains no header, so no token. The path is
  # the route's, without ids or a query. The user is the login token's `sub`. User and address stay until the log
  # expires, because an erase does not reach them. Functions log the same request id.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
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
    })
  }

  depends_on = [aws_apigatewayv2_route.this]
}

resource "aws_apigatewayv2_domain_name" "this" {
  count       = var.domain_name == null ? 0 : 1
  domain_name = var.domain_name

  domain_name_configuration {
    certificate_arn = var.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "this" {
  count       = var.domain_name == null ? 0 : 1
  api_id      = aws_apigatewayv2_api.this.id
  domain_name = aws_apigatewayv2_domain_name.this[0].id
  stage       = aws_apigatewayv2_stage.this.id
}
