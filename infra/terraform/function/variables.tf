variable "name" {
  description = "The function's name, which its role and log group share."
  type        = string
}

variable "zip" {
  description = "The file with its bootstrap."
  type        = string
}

variable "architecture" {
  description = "What it is built for."
  type        = string
}

variable "memory" {
  description = "Its memory in MB."
  type        = number
}

variable "timeout" {
  description = "Seconds after which it is stopped."
  type        = number
}

variable "reserved_concurrency" {
  description = "How many of it run at once at most; -1: as many as the account has."
  type        = number
}

variable "settings" {
  description = "Its environment."
  type        = map(string)
}

variable "statements" {
  description = "What it may touch: statements of an IAM policy."
  type        = any
}

variable "log_retention_days" {
  description = "Days that its logs are kept."
  type        = number
}

variable "tracing" {
  description = "Whether its requests are traced."
  type        = bool
}

variable "p99" {
  description = "Milliseconds that 99 of 100 requests should stay under."
  type        = number
}

variable "alarm_topic_arns" {
  description = "SNS topics that its alarms are sent to."
  type        = list(string)
}
