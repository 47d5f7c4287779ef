# The dashboard, and alarms that somebody should look at. They count lines of the functions' log, whose format is
# stable, except the alarm on the cost of texts. The module of a function has the alarms on errors, throttles and
# slowness.

locals {
  # A fault that ends a request is an error. A fault that the function recovers from is a warning. Both have their
  # causes in `fault`.
  kms_faults = "{ $.fault = \"*sealed secret*\" || $.fault = \"*seal a secret*\" || $.fault = \"*derive a code*\" || $.fault = \"*sign an assertion*\" || $.fault = \"*public key*\" }"

  # By name: the pattern, the functions in whose logs it is counted, and how many lines in 5 minutes are too many.
  counted = {
    locked        = { pattern = "{ $.event = \"verification.locked\" }", functions = ["verify", "recovery"], threshold = var.alarm_thresholds.locked, what = "Users are locked after wrong codes. Somebody who knows their passwords may be guessing codes." }
    replayed      = { pattern = "{ $.event = \"verification.replayed\" }", functions = ["verify", "recovery"], threshold = var.alarm_thresholds.replayed, what = "Somebody tries codes that were already used." }
    texts-refused = { pattern = "{ $.event = \"text.refused\" }", functions = ["send-sms"], threshold = var.alarm_thresholds.texts_refused, what = "Texts are refused by a quota, by a STOP or by SNS." }
    kms-faults    = { pattern = local.kms_faults, functions = local.functions, threshold = 0, what = "A function can't use a KMS key." }
    faults        = { pattern = "{ $.fault = \"*\" || $.level = \"ERROR\" }", functions = local.functions, threshold = var.alarm_thresholds.faults, what = "Functions have errors. Their log lines say which." }
    unsent        = { pattern = "{ $.notice = \"*\" || $.what = \"an email\" }", functions = ["enroll", "policy", "recovery", "verify"], threshold = 0, what = "Emails were not sent, or may not have been sent." }
  }

  filters = merge([for name, one in local.counted : {
    for function in one.functions : "${name}-${function}" => { name = name, function = function, pattern = one.pattern }
  }]...)
  namespace = "serverless-mfa/${var.name}"
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each       = local.filters
  name           = "${var.name}-${each.key}"
  log_group_name = module.function[each.value.function].log_group.name
  pattern        = each.value.pattern

  metric_transformation {
    namespace = local.namespace
    name      = each.value.name
    value     = "1"
    unit      = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "counted" {
  for_each            = local.counted
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.what
  namespace           = local.namespace
  metric_name         = each.key
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "text_spend" {
  alarm_name          = "${var.name}-text-spend"
  alarm_description   = "The account's texts in this region have cost more than the threshold this month."
  namespace           = "AWS/SNS"
  metric_name         = "SMSMonthToDateSpentUSD"
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = coalesce(var.alarm_thresholds.text_spend, 0.8 * var.text_spend_limit)
  period              = 3600
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for index, widget in [
      { title = "Requests", metrics = [for name in local.functions : ["AWS/Lambda", "Invocations", "FunctionName", "${var.name}-${name}", { stat = "Sum" }]] },
      { title = "p99, milliseconds", metrics = [for name in local.functions : ["AWS/Lambda", "Duration", "FunctionName", "${var.name}-${name}", { stat = "p99" }]] },
      { title = "Errors and throttles", metrics = [for pair in setproduct(local.functions, ["Errors", "Throttles"]) : ["AWS/Lambda", pair[1], "FunctionName", "${var.name}-${pair[0]}", { stat = "Sum" }]] },
      { title = "Events that need attention", metrics = [for name in sort(keys(local.counted)) : [local.namespace, name, { stat = "Sum" }]] },
      { title = "Cost of texts this month, US dollars", metrics = [["AWS/SNS", "SMSMonthToDateSpentUSD", { stat = "Maximum" }]] },
      ] : {
      type       = "metric"
      x          = 12 * (index % 2)
      y          = 6 * floor(index / 2)
      width      = 12
      height     = 6
      properties = { title = widget.title, metrics = widget.metrics, region = var.region, period = 300, view = "timeSeries" }
    }]
  })
}
