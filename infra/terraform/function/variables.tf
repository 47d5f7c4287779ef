variable "name" {
  description = "The name of the function, its role and its log group."
  type        = string
}

variable "zip" {
  description = "The path of the zip file with the function's bootstrap."
  type        = string
}

variable "architecture" {
  description = "The processor architecture: arm64 or x86_64."
  type        = string
}

variable "memory" {
  description = "The function's memory in MB."
  type        = number
}

variable "timeout" {
  description = "The seconds after which Lambda stops the function."
  type        = number
}

variable "reserved_concurrency" {
  description = "How many instances of the function may run at once. -1 means as many as the account allows."
  type        = number
}

variable "settings" {
  description = "The function's environment variables."
  type        = map(string)
}

variable "statements" {
  description = "The statements of the IAM policy of the function's role."
  type        = any
}

variable "log_retention_days" {
  description = "The days after which CloudWatch deletes the function's log lines."
  type        = number
}

variable "tracing" {
  description = "Whether X-Ray traces the function's requests."
  type        = bool
}

variable "p99" {
  description = "The 99th percentile of the duration, in milliseconds, above which the alarm goes off."
  type        = number
}

variable "alarm_topic_arns" {
  description = "The ARNs of the SNS topics that get the function's alarms."
  type        = list(string)
}
