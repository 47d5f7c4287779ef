# Emails through SES, and texts through SNS.

resource "aws_sesv2_email_identity" "this" {
  count                  = var.create_email_identity ? 1 : 0
  email_identity         = var.email_identity
  configuration_set_name = aws_sesv2_configuration_set.this.configuration_set_name
}

resource "aws_sesv2_configuration_set" "this" {
  configuration_set_name = var.name

  delivery_options {
    tls_policy = "REQUIRE"
  }

  reputation_options {
    reputation_metrics_enabled = true
  }

  # SES sends no more emails to an address that bounced or complained.
  suppression_options {
    suppressed_reasons = ["BOUNCE", "COMPLAINT"]
  }
}

# These preferences apply to the whole account in this region. SNS does not send a text that would exceed the spend
# limit.
resource "aws_sns_sms_preferences" "this" {
  count                                 = var.text_preferences ? 1 : 0
  default_sms_type                      = "Transactional"
  monthly_spend_limit                   = var.text_spend_limit
  delivery_status_iam_role_arn          = one(aws_iam_role.text_logs[*].arn)
  delivery_status_success_sampling_rate = var.text_delivery_logs ? 100 : null
}

locals {
  text_logs = var.text_preferences && var.text_delivery_logs ? toset(["", "/Failure"]) : toset([])
}

# SNS chooses the names of these log groups.
resource "aws_cloudwatch_log_group" "texts" {
  for_each          = local.text_logs
  name              = "sns/${var.region}/${local.account}/DirectPublishToPhoneNumber${each.key}"
  retention_in_days = var.log_retention_days
}

# SNS logs the number of each text and never its words. Readers of the log see the number masked.
resource "aws_cloudwatch_log_data_protection_policy" "texts" {
  for_each       = local.text_logs
  log_group_name = aws_cloudwatch_log_group.texts[each.key].name
  policy_document = jsonencode({
    Name          = "mask-numbers"
    Version       = "2021-06-01"
    Configuration = { CustomDataIdentifier = [{ Name = "number", Regex = "[+]1[0-9]{10}" }] }
    Statement = [
      { Sid = "audit", DataIdentifier = ["number"], Operation = { Audit = { FindingsDestination = {} } } },
      { Sid = "mask", DataIdentifier = ["number"], Operation = { Deidentify = { MaskConfig = {} } } },
    ]
  })
}

resource "aws_iam_role" "text_logs" {
  count = length(local.text_logs) > 0 ? 1 : 0
  name  = "${var.name}-text-logs"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "sns.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "text_logs" {
  count = length(local.text_logs) > 0 ? 1 : 0
  name  = "write"
  role  = aws_iam_role.text_logs[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = [for group in aws_cloudwatch_log_group.texts : "${group.arn}:*"]
    }]
  })
}
