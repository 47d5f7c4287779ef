output "api_url" {
  description = "Where the API is."
  value       = local.issuer
}

output "api_id" {
  description = "The API's id."
  value       = aws_apigatewayv2_api.this.id
}

output "jwks_url" {
  description = "The public keys that assertions are checked with."
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
  description = "What the DNS record of domain_name points to."
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
  description = "CNAME records by which SES sees that the domain of emails is yours, and signs for it."
  value = [for token in try(aws_sesv2_email_identity.this[0].dkim_signing_attributes[0].tokens, []) : {
    name  = "${token}._domainkey.${var.email_identity}"
    value = "${token}.${local.dkim_zone}"
  }]
}

output "table" {
  description = "The table's name."
  value       = aws_dynamodb_table.this.name
}

output "keys" {
  description = "The keys' ARNs by use, the current one first."
  value       = local.key_arns
}

output "log_groups" {
  description = "Where the functions and the gateway log."
  value       = merge({ for name, function in module.function : name => function.log_group.name }, { access = aws_cloudwatch_log_group.access.name })
}
