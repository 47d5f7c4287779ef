output "function_name" {
  description = "The function's name."
  value       = aws_lambda_function.this.function_name
}

output "invoke_arn" {
  description = "What the gateway calls."
  value       = aws_lambda_function.this.invoke_arn
}

output "role_arn" {
  description = "The role that it has."
  value       = aws_iam_role.this.arn
}

output "log_group" {
  description = "Where it logs."
  value       = aws_cloudwatch_log_group.this.name
}

output "log_retention_days" {
  description = "Days that its logs are kept."
  value       = aws_cloudwatch_log_group.this.retention_in_days
}

output "policy" {
  description = "What it may do: its role's policy, as JSON."
  value       = local.policy
}

output "settings" {
  description = "Its environment."
  value       = aws_lambda_function.this.environment[0].variables
}
