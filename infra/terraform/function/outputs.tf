output "lambda" {
  description = "The function itself."
  value       = aws_lambda_function.this
}

output "role_arn" {
  description = "The role that it has."
  value       = aws_iam_role.this.arn
}

output "log_group" {
  description = "Where it logs."
  value       = aws_cloudwatch_log_group.this
}

output "policy" {
  description = "What it may do: its role's policy, as JSON."
  value       = aws_iam_role_policy.this.policy
}

output "alarms" {
  description = "Its alarms, by what they watch."
  value       = aws_cloudwatch_metric_alarm.this
}
