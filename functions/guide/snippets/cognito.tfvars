# cognito.tfvars
jwt_issuer     = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI"
jwt_audience   = ["<your app's client id>", "<the operators' client id>"]
operators      = ["<the operators' client id>"]
operator_scope = "mfa/operator"
claims         = { password_reset = "password_reset_at" }
