output "api_url" {
  description = "The URL of the API."
  value       = local.issuer
}

output "api_id" {
  description = "The id of the API in API Gateway."
  value       = aws_apigatewayv2_api.this.id
}

output "jwks_url" {
  description = "The URL of the public keys that verify assertions."
  value       = "${local.issuer}/.well-known/jwks.json"
}

output "assertion_issuer" {
  description = "The `iss` of assertions."
  value       = local.issuer
}

output "assertion_audience" {
  description = "The `aud` of assertions."
  value       = var.assertion_audience
}

output "domain_target" {
  description = "The target of the DNS record for `domain_name`."
  value       = one(aws_apigatewayv2_domain_name.this[*].domain_name_configuration[0].target_domain_name)
}

# The zone of SES's DKIM keys. These regions have their own, and all others share one. The provider does not tell
# either.
locals {
  own_dkim_zones = [
    "af-south-1", "ap-northeast-3", "ap-south-2", "ap-southeast-3", "ap-southeast-5", "ca-west-1", "eu-central-2", "eu-south-1",
    "il-central-1", "me-central-1", "us-gov-east-1",
  ]
  dkim_zone = contains(local.own_dkim_zones, var.region) ? "dkim.${var.region}.amazonses.com" : "dkim.amazonses.com"
}

output "email_dns" {
  description = "The CNAME records that prove to SES that the domain of `email_identity` is yours, so that SES signs emails for it."
  value = [for token in try(aws_sesv2_email_identity.this[0].dkim_signing_attributes[0].tokens, []) : {
    name  = "${token}._domainkey.${var.email_identity}"
    value = "${token}.${local.dkim_zone}"
  }]
}

output "table" {
  description = "The name of the DynamoDB table."
  value       = aws_dynamodb_table.this.name
}

output "keys" {
  description = "The ARNs of the KMS keys by use, the current key first."
  value       = local.key_arns
}

output "log_groups" {
  description = "The log groups of the functions and of the gateway."
  value       = merge({ for name, function in module.function : name => function.log_group.name }, { access = aws_cloudwatch_log_group.access.name })
}
