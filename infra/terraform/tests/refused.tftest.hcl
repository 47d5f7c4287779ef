# Terraform refuses harmful values before it makes anything.

mock_provider "aws" {}

variables {
  region             = "us-east-1"
  app_name           = "Acme"
  app_domain         = "app.example.com"
  jwt_issuer         = "https://id.example.com"
  jwt_audience       = ["app"]
  assertion_audience = "app"
  email_identity     = "example.com"
  email_from         = "security@example.com"
}

run "an_issuer_that_is_no_url" {
  command = plan
  variables { jwt_issuer = "id.example.com" }
  expect_failures = [var.jwt_issuer]
}

run "no_audience" {
  command = plan
  variables { jwt_audience = [] }
  expect_failures = [var.jwt_audience]
}

run "an_operator_that_is_nobody" {
  command = plan
  variables { operators = ["op", " "] }
  expect_failures = [var.operators]
}

run "a_hold_of_more_than_a_year" {
  command = plan
  variables { email_hold_hours = 8761 }
  expect_failures = [var.email_hold_hours]
}

run "any_origin" {
  command = plan
  variables { cors_origins = ["*"] }
  expect_failures = [var.cors_origins]
}

run "an_app_whose_name_does_not_fit_into_a_text" {
  command = plan
  variables { app_name = "An app with a name that is far too long" }
  expect_failures = [var.app_name]
}

run "emails_from_somebody_else" {
  command = plan
  variables { email_from = "security@example.org" }
  expect_failures = [var.email_from]
}

run "a_name_that_ses_does_not_take" {
  command = plan
  variables { app_name = "Caf\u00e9" }
  expect_failures = [var.email_from_name]
}

run "no_current_key" {
  command = plan
  variables { key_labels = { signing = [] } }
  expect_failures = [var.key_labels]
}

run "public_keys_that_keep_everyone_out" {
  command = plan
  variables { reserved_concurrency = { verify = 199 } }
  expect_failures = [var.reserved_concurrency]
}

run "a_domain_without_its_certificate" {
  command = plan
  variables { domain_name = "mfa.example.com" }
  expect_failures = [var.certificate_arn]
}

run "emails_from_a_domain_that_only_ends_like_ours" {
  command = plan
  variables { email_from = "security@evilexample.com" }
  expect_failures = [var.email_from]
}

run "emails_from_another_address_than_the_one_that_is_ours" {
  command = plan
  variables {
    email_identity = "security@example.com"
    email_from     = "billing@example.com"
  }
  expect_failures = [var.email_from]
}

run "memory_of_a_function_that_there_is_not" {
  command = plan
  variables { memory = { sms = 512 } }
  expect_failures = [var.memory]
}

run "a_timeout_that_cuts_a_request_short" {
  command = plan
  variables { timeout = { verify = 24 } }
  expect_failures = [var.timeout]
}

run "logs_of_texts_without_the_preferences_that_ask_for_them" {
  command = plan
  variables { text_delivery_logs = true }
  expect_failures = [var.text_delivery_logs]
}

run "texts_to_canada_from_a_number_of_the_united_states" {
  command = plan
  variables { text_origination_numbers = { US = "+14155550100" } }
  expect_failures = [var.text_origination_numbers]
}

run "texts_to_a_territory_from_a_number_of_canada" {
  command = plan
  variables {
    text_regions             = ["CA", "PR"]
    text_origination_numbers = { CA = "+16045550100" }
  }
  expect_failures = [var.text_origination_numbers]
}

run "a_number_of_a_territory_itself" {
  command = plan
  variables {
    text_regions             = ["PR"]
    text_origination_numbers = { US = "+14155550100", PR = "+17875550100" }
  }
  expect_failures = [var.text_origination_numbers]
}

run "a_number_that_is_none" {
  command = plan
  variables { text_origination_numbers = { US = "+1 415 555 0100", CA = "+16045550100" } }
  expect_failures = [var.text_origination_numbers]
}

run "a_number_that_is_empty" {
  command = plan
  variables { text_origination_numbers = { US = "+14155550100", CA = "" } }
  expect_failures = [var.text_origination_numbers]
}
