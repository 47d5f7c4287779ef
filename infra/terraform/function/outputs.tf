output "lambda" {
  description = "The Lambda function."
  value       = aws_lambda_function.this
}

output "role_arn" {
  description = "The ARN of the function's role."
  value       = aws_iam_role.this.arn
}

output "log_group" {
  description = "The function's log group."
  value       = aws_cloudwatch_log_group.this
}

output "policy" {
  description = "The policy of the function's role, as JSON."
  value       = aws_iam_role_policy.this.policy
}

output "alarms" {
  description = "The function's alarms, by what they watch."
  value       = aws_cloudwatch_metric_alarm.this
}
