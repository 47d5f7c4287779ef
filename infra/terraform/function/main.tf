# A Lambda function with its role, log group and alarms.

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_iam_role" "this" {
  name = var.name
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

locals {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      var.statements,
      [{
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
      }],
      # X-Ray has no resources that a policy could name.
      var.tracing ? [{ Effect = "Allow", Action = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Resource = ["*"] }] : [],
    )
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "grants"
  role   = aws_iam_role.this.id
  policy = local.policy
}

resource "aws_lambda_function" "this" {
  function_name = var.name
  role          = aws_iam_role.this.arn
  runtime       = "provided.al2023"
  handler       = "bootstrap"
  architectures = [var.architecture]
  filename      = var.zip
  # The zip does not exist yet when somebody first looks at a plan.
  source_code_hash               = fileexists(var.zip) ? filebase64sha256(var.zip) : null
  memory_size                    = var.memory
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrency

  environment {
    variables = var.settings
  }

  # INFO has `platform.report`: time, init and memory of each request.
  logging_config {
    log_format       = "JSON"
    log_group        = aws_cloudwatch_log_group.this.name
    system_log_level = "INFO"
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  depends_on = [aws_iam_role_policy.this]
}

locals {
  alarms = {
    errors    = { metric = "Errors", statistic = "Sum", threshold = 0, what = "failed without an answer" }
    throttles = { metric = "Throttles", statistic = "Sum", threshold = 0, what = "was not started, because too many instances ran" }
    p99       = { metric = "Duration", extended = "p99", threshold = var.p99, what = "answers 1 request in 100 too slowly" }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "The function ${each.value.what}."
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = var.name }
  statistic           = try(each.value.statistic, null)
  extended_statistic  = try(each.value.extended, null)
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = each.key == "p99" ? 3 : 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}
