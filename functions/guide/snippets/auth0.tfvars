# auth0.tfvars
jwt_issuer   = "https://acme.us.auth0.com/"
jwt_audience = ["https://mfa.acme.com"]
operators    = ["<client id>@clients"]
claims = {
  email            = "https://acme.com/email"
  email_verified   = "https://acme.com/email_verified"
  workspaces       = "https://acme.com/workspaces"
  owned_workspaces = "https://acme.com/owned_workspaces"
  password_reset   = "https://acme.com/password_reset_at"
}
