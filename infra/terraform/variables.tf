variable "region" {
  description = "The AWS region of the deployment, such as `eu-west-1`. SNS must be able to send texts from this region."
  type        = string
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "It must be the name of a region, such as eu-west-1."
  }
}

variable "name" {
  description = "The prefix of the names of all resources, such as the function `mfa-verify`. It has 3 to 25 characters. Roles belong to the whole account, so a second region needs another prefix."
  type        = string
  default     = "mfa"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,24}$", var.name))
    error_message = "It must have 3 to 25 lowercase letters, digits and dashes, and begin with a letter."
  }
}

variable "app_name" {
  description = "The name of your app in authenticator apps, texts and emails, on one line of 1 to 30 characters."
  type        = string
  validation {
    condition     = can(regex("^[^[:cntrl:]]{1,30}$", var.app_name))
    error_message = "It must have 1 to 30 characters on one line, because a text has no room for more."
  }
}

variable "app_domain" {
  description = "The domain of your website, such as `app.example.com`, of at most 41 characters. Phones offer to fill in a texted code there."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.app_domain)) && length(var.app_domain) <= 41
    error_message = "It must be a domain of at most 41 characters, without https:// and without a path."
  }
}

# Logins

variable "jwt_issuer" {
  description = "The `iss` of login tokens, which is a URL of your identity provider. Its `/.well-known/openid-configuration` must answer over public HTTPS before you apply."
  type        = string
  validation {
    condition     = can(regex("^(https://|http://127[.]0[.]0[.]1:)[^/?#@[:space:]]+[^?#[:space:]]*$", var.jwt_issuer))
    error_message = "It must be an https:// URL without a query, spelled exactly as in the tokens, also the slash at the end."
  }
}

variable "jwt_audience" {
  description = "The accepted audiences of login tokens and of operators' tokens. A token must have one of them as its `aud`, or as its `client_id` if it has no `aud`."
  type        = list(string)
  validation {
    condition     = length(var.jwt_audience) > 0 && alltrue([for one in var.jwt_audience : length(one) > 0])
    error_message = "It must have at least one audience, and none may be empty."
  }
}

variable "workspaces" {
  description = "Whether login tokens have a claim that lists the user's workspaces: `required`, `optional` or `none`. With `required`, a token without the claim is refused, so that a misspelled name of the claim does not switch policies off."
  type        = string
  default     = "required"
  validation {
    condition     = contains(["required", "optional", "none"], var.workspaces)
    error_message = "It must be required, optional or none."
  }
}

variable "claims" {
  description = "The name of each claim in login tokens. Without `sso`, no login counts as SSO. Without `password_reset`, the service does not know of password resets."
  type = object({
    email            = optional(string, "email")
    email_verified   = optional(string, "email_verified")
    workspaces       = optional(string, "workspaces")
    owned_workspaces = optional(string, "owned_workspaces")
    sso              = optional(string, "")
    password_reset   = optional(string, "")
  })
  default = {}
  validation {
    condition     = alltrue([for name in ["email", "email_verified", "workspaces", "owned_workspaces"] : length(var.claims[name]) > 0])
    error_message = "Only sso and password_reset may be empty."
  }
}

variable "sso_values" {
  description = "The values of the SSO claim that mean that the user logged in by SSO, for all workspaces of the token. They have no commas. A list of workspace ids in the claim also means SSO, for those workspaces only. The variable `claims` names the claim."
  type        = list(string)
  default     = ["true"]
  validation {
    condition     = alltrue([for one in var.sso_values : length(trimspace(one)) > 0 && !strcontains(one, ",")])
    error_message = "No value may be empty or have a comma."
  }
}

variable "operators" {
  description = "The operators, who may unlock, reset, erase and import users: the `sub` or `client_id` in the token of each."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for one in var.operators : length(trimspace(one)) > 0 && !strcontains(one, ",")])
    error_message = "No id may be empty or have a comma."
  }
}

variable "operator_scope" {
  description = "The scope that an operator's token must have. With Cognito, set it to `mfa/operator`."
  type        = string
  default     = "mfa:operator"
  validation {
    condition     = can(regex("^[^[:space:]]+$", var.operator_scope))
    error_message = "It must be one scope, without spaces."
  }
}

variable "assertion_audience" {
  description = "The `aud` of assertions. It names your app, whose backend checks them."
  type        = string
  validation {
    condition     = length(var.assertion_audience) > 0
    error_message = "It must not be empty."
  }
}

# The API

variable "cors_origins" {
  description = "The origins of the web pages that call the API, such as `https://app.example.com`. If the list is empty, only backends can call it."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for one in var.cors_origins : can(regex("^https?://[^/*?#@[:space:]]+$", one))])
    error_message = "Each must be a scheme and a host, without a path and without *."
  }
}

variable "domain_name" {
  description = "A domain of your own for the API, such as `mfa.example.com`. It turns off the domain that AWS gives the API. It needs `certificate_arn`, and a DNS record that points to the output `domain_target`. If it is null, AWS's domain is used."
  type        = string
  default     = null
  validation {
    condition     = var.domain_name == null || can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.domain_name))
    error_message = "It must be a domain, without https:// and without a path."
  }
}

variable "certificate_arn" {
  description = "The ARN of the ACM certificate for `domain_name`. It must be in the same region."
  type        = string
  default     = null
  validation {
    condition     = (var.certificate_arn == null) == (var.domain_name == null)
    error_message = "Set both domain_name and certificate_arn, or neither."
  }
}

variable "throttling" {
  description = "How many requests the gateway allows on each route. `rate` is requests per second, `burst` is requests at once. `keys_rate` and `keys_burst` are the same for the route of the public keys. `routes` sets other values for single routes, such as `POST /v1/logins`. Anyone can ask for the public keys, and all callers share that limit. A script that uses it up keeps the keys from your backends, so keep it high. A request for the keys costs little."
  type = object({
    rate       = optional(number, 500)
    burst      = optional(number, 1000)
    keys_rate  = optional(number, 1000)
    keys_burst = optional(number, 1000)
    routes     = optional(map(object({ rate = number, burst = number })), {})
  })
  default = {}
  validation {
    condition = alltrue([for one in concat(
      [var.throttling.rate, var.throttling.burst, var.throttling.keys_rate, var.throttling.keys_burst],
      flatten([for route in values(var.throttling.routes) : [route.rate, route.burst]]),
    ) : one >= 1])
    error_message = "Each must be at least 1, because 0 allows no request."
  }
}

# The functions

variable "artifact_dir" {
  description = "The folder into which cargo-lambda built the functions. Each is in `<artifact_dir>/<function>/bootstrap.zip`."
  type        = string
  default     = "../../target/lambda"
  validation {
    condition     = length(var.artifact_dir) > 0
    error_message = "It must not be empty."
  }
}

variable "architecture" {
  description = "The processor architecture for which the functions are built: `arm64` or `x86_64`."
  type        = string
  default     = "arm64"
  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "It must be arm64 or x86_64."
  }
}

variable "memory" {
  description = "The memory of each function in MB, from 128 to 10240, by the function's name. A function that is not named has 256 (infra/guide/costs.md says why). The memory also sets the share of the processor."
  type        = map(number)
  default     = {}
  validation {
    condition     = alltrue([for function, one in var.memory : contains(local.functions, function) && one >= 128 && one <= 10240])
    error_message = "It must have names of functions (${join(", ", local.functions)}), each with 128 to 10240."
  }
}

variable "timeout" {
  description = "The seconds after which Lambda stops a function, from 25 to 30, by the function's name. A function that is not named has 28. A function gives up an AWS call after 4 seconds, and may make six in a row. The gateway waits for 30 seconds."
  type        = map(number)
  default     = {}
  validation {
    condition     = alltrue([for function, one in var.timeout : contains(local.functions, function) && one >= 25 && one <= 30])
    error_message = "It must have names of functions (${join(", ", local.functions)}), each with 25 to 30, because six calls of 4 seconds must fit."
  }
}

variable "detailed_metrics" {
  description = "Whether the gateway has metrics for each route. CloudWatch charges for them."
  type        = bool
  default     = false
}

variable "reserved_concurrency" {
  description = "How many instances of a function may run at once, by the function's name. A function that is not named shares the quota of the account. A new account has 10. Some of it must stay unreserved, so first ask AWS for more."
  type        = map(number)
  default     = {}
  validation {
    condition     = alltrue([for function, one in var.reserved_concurrency : contains(local.functions, function) && one >= 1])
    error_message = "It must have names of functions (${join(", ", local.functions)}), each with at least 1."
  }
  validation {
    # AWS gives a running instance at most 10 requests a second, so the public keys need a tenth of their rate. Logins
    # get as much again.
    condition     = try(var.reserved_concurrency["verify"], 10000) >= var.throttling.keys_rate / 5
    error_message = "verify must have at least a fifth of throttling.keys_rate. Otherwise requests for the public keys can block all logins."
  }
}

variable "log_retention_days" {
  description = "The days after which CloudWatch deletes log lines. It must be a period that CloudWatch supports, such as 30, 90, 365 or 731."
  type        = number
  default     = 365
  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "It must be a period that CloudWatch supports: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, …"
  }
}

variable "extra_roots" {
  description = "The path, in the function, of a file with more certificate authorities in PEM. The functions trust them besides Amazon's. Set it to `/etc/pki/tls/certs/ca-bundle.crt`, the list of the Lambda runtime, if AWS gets an authority that this release does not know."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(/.+)?$", var.extra_roots))
    error_message = "It must be an absolute path, or empty."
  }
}

variable "fips_endpoints" {
  description = "Whether the functions call AWS's FIPS endpoints. Not every region has them for all services."
  type        = bool
  default     = false
}

variable "dual_stack_endpoints" {
  description = "Whether the functions call AWS's endpoints with IPv6 and IPv4."
  type        = bool
  default     = false
}

variable "tracing" {
  description = "Whether X-Ray traces requests."
  type        = bool
  default     = false
}

# Data

variable "table_name" {
  description = "The name of the DynamoDB table, if it is not the value of `name`. Set it after a restore from a backup, because a restore makes another table."
  type        = string
  default     = null
  validation {
    condition     = var.table_name == null || can(regex("^[A-Za-z0-9_.-]{3,255}$", var.table_name))
    error_message = "It must have 3 to 255 letters, digits, dots, dashes and underscores."
  }
}

variable "deletion_protection" {
  description = "Whether the table is protected from deletion. To destroy the deployment, first set it to false and apply."
  type        = bool
  default     = true
}

variable "key_labels" {
  description = "The labels of the KMS keys, by use. Each label is a key of its own. The first key is used for all new codes, digests and signatures. The others only check what was made with them. To rotate a key, add a label at the end and apply. An hour later move it to the front and apply. Remove the old label after an hour (`signing`), a day (`codes`) or three days (`digests`). Remove an old `recovery` label only when no user has codes of it, because those codes stop working. The key is deleted 30 days later. The first label of `signing` is the `kid` of new assertions."
  type = object({
    codes    = optional(list(string), ["a"])
    recovery = optional(list(string), ["a"])
    digests  = optional(list(string), ["a"])
    signing  = optional(list(string), ["a"])
  })
  default = {}
  validation {
    condition = alltrue([for labels in values(var.key_labels) :
      length(labels) > 0 && length(labels) == length(toset(labels)) && alltrue([for one in labels : can(regex("^[A-Za-z0-9-]{1,32}$", one))])
    ])
    error_message = "Each use must have at least one label of 1 to 32 letters, digits and dashes, and none twice."
  }
}

# Messages

variable "email_identity" {
  description = "The SES identity from which emails come: your domain, such as `example.com`, or one address for a trial. The output `email_dns` lists the DNS records that a domain needs."
  type        = string
  validation {
    condition     = can(regex("^([^@[:space:]]+@)?[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.email_identity))
    error_message = "It must be a domain or an email address."
  }
}

variable "create_email_identity" {
  description = "Whether to create the identity `email_identity`. Set it to false if the account already has that identity in this region."
  type        = bool
  default     = true
}

variable "email_from" {
  description = "The sender's address of emails. It must belong to `email_identity`."
  type        = string
  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+$", var.email_from)) && (strcontains(var.email_identity, "@") ? var.email_from == var.email_identity : endswith(replace(var.email_from, "@", "@."), ".${var.email_identity}"))
    error_message = "It must be an address of email_identity."
  }
}

variable "email_from_name" {
  description = "The sender's name of emails, in ASCII without quotes and backslashes. If it is null, `app_name` is used."
  type        = string
  default     = null
  validation {
    condition     = can(regex("^[ !#-\\[\\]-~]+$", coalesce(var.email_from_name, var.app_name)))
    error_message = "The sender's name must be in ASCII, without quotes and backslashes. If app_name is not, set email_from_name."
  }
}

variable "email_limits" {
  description = "Quotas on emails to one user, with codes or with a warning about another address, such as `interval=60,hour=3,day=5`. `interval` is the least number of seconds between two emails. `hour` and `day` are the most emails in each. If it is empty, these values apply."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z]+=[0-9]+(,[a-z]+=[0-9]+)*)?$", var.email_limits))
    error_message = "It must have the form interval=60,hour=3,day=5."
  }
}

variable "email_hold_hours" {
  description = "The hours of a hold, in which no code is emailed after a password reset or to a new address. 0 turns holds off."
  type        = number
  default     = 24
  validation {
    condition     = var.email_hold_hours >= 0 && var.email_hold_hours <= 8760 && floor(var.email_hold_hours) == var.email_hold_hours
    error_message = "It must be a whole number of hours from 0 to 8760, which is a year."
  }
}

variable "text_limits" {
  description = "Quotas on texts that replace these defaults: `resend=30/60/120/300,user-10m=5,user-day=10,number-hour=5,number-day=10,pending-number-hour=3,pending-number-day=5,address-hour=20,exchange-hour=20,exchange-day=60,deployment-day=1000`. `resend` is the seconds between the texts of one code. `address-hour` is for one client address, and `address-hour=off` turns it off. `exchange-hour` and `exchange-day` are for all pending phones with the same first six digits. `deployment-pending-day` is for all pending phones, by default half of `deployment-day`."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z0-9-]+=[a-z0-9/]+(,[a-z0-9-]+=[a-z0-9/]+)*)?$", var.text_limits))
    error_message = "It must have the form user-day=10,deployment-day=1000."
  }
}

variable "text_regions" {
  description = "The regions whose phones may get texts: US, CA, and the US territories AS, GU, MP, PR and VI."
  type        = list(string)
  default     = ["US", "CA"]
  validation {
    condition     = length(var.text_regions) > 0 && length(setsubtract(var.text_regions, ["US", "CA", "AS", "GU", "MP", "PR", "VI"])) == 0
    error_message = "It must have one or more of US, CA, AS, GU, MP, PR and VI."
  }
}

variable "text_origination_numbers" {
  description = "The numbers or short codes from which texts come, by country, such as `{ US = \"+14155550100\", CA = \"+16045550100\" }`. A number sends only within its country. US territories use the number of US. If it is empty, SNS chooses a number of the account."
  type        = map(string)
  default     = {}
  validation {
    condition     = alltrue([for country, number in var.text_origination_numbers : contains(["US", "CA"], country) && can(regex("^\\+?[0-9]{5,14}$", number))])
    error_message = "It may have US and CA, each with a number such as +14155550100, or a short code."
  }
  validation {
    condition     = length(var.text_origination_numbers) == 0 || alltrue([for region in var.text_regions : contains(keys(var.text_origination_numbers), region == "CA" ? "CA" : "US")])
    error_message = "Each of text_regions needs a number of its country: CA for CA, and US for all others."
  }
}

variable "text_max_price" {
  description = "The highest price of one text, in US dollars. SNS does not send a text that costs more."
  type        = string
  default     = "0.05"
  validation {
    condition     = can(regex("^[0-9]+(\\.[0-9]+)?$", var.text_max_price))
    error_message = "It must be a number of dollars, such as 0.05."
  }
}

variable "text_preferences" {
  description = "Whether to set the SNS preferences for texts, which hold for the whole account in the region. Keep it false if the account also sends other texts. A destroy sets the preferences back."
  type        = bool
  default     = false
}

variable "text_spend_limit" {
  description = "The most that SNS may spend on texts in a month, in whole US dollars. Beyond it SNS sends no texts. A new account may spend 1, so first ask AWS for more. It takes effect only with `text_preferences`. Otherwise set it to the account's limit, because the alarm uses it."
  type        = number
  default     = 1
  validation {
    condition     = var.text_spend_limit >= 0 && floor(var.text_spend_limit) == var.text_spend_limit
    error_message = "It must be a whole number of dollars, at least 0."
  }
}

variable "text_delivery_logs" {
  description = "Whether SNS logs the delivery of each text. The log has no text, and masks the numbers. It requires `text_preferences`."
  type        = bool
  default     = false
  validation {
    condition     = var.text_preferences || !var.text_delivery_logs
    error_message = "text_preferences must be true, because the preferences tell SNS to log."
  }
}

# Alarms

variable "alarm_topic_arns" {
  description = "The ARNs of the SNS topics that get alarms."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for one in var.alarm_topic_arns : startswith(one, "arn:")])
    error_message = "Each must be an ARN."
  }
}

variable "alarm_thresholds" {
  description = "The values above which alarms go off. `locked` users, `replayed` codes, `texts_refused` and `faults` are counts in 5 minutes. `p99` is the 99th percentile of a function's duration in milliseconds. `text_spend` is the cost of texts in a month in US dollars. If it is null, it is 80 % of `text_spend_limit`."
  type = object({
    locked        = optional(number, 5)
    replayed      = optional(number, 20)
    texts_refused = optional(number, 50)
    p99           = optional(number, 2000)
    faults        = optional(number, 5)
    text_spend    = optional(number)
  })
  default = {}
  validation {
    condition     = alltrue([for one in values(var.alarm_thresholds) : one == null || try(one >= 0, false)])
    error_message = "None may be below 0."
  }
}
