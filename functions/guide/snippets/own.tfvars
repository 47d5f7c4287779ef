# own.tfvars
jwt_issuer   = "https://id.acme.com"
jwt_audience = ["acme-login"]
operators    = ["support-desk"] # whom operator_token is for
claims       = { password_reset = "password_reset_at" }
