region              = "us-east-1"
app_name            = "Rehearsal"
app_domain          = "app.example.com"
jwt_issuer          = "http://127.0.0.1:18090"
jwt_audience        = ["app", "operators"]
assertion_audience  = "app"
operators           = ["support"]
email_identity      = "example.com"
email_from          = "security@example.com"
claims              = { sso = "sso", password_reset = "password_reset_at" }
architecture        = "x86_64"
deletion_protection = false
