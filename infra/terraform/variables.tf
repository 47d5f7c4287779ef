variable "region" {
  description = "The AWS region of everything, as eu-west-1. Texts go out from there, so it must be one where SNS sends them."
  type        = string
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A region is named as eu-west-1."
  }
}

variable "name" {
  description = "What everything that is made here is named after: the table, the functions (`mfa-verify`) and their roles, which are the whole account's: give it another one in a second region."
  type        = string
  default     = "mfa"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,24}$", var.name))
    error_message = "Small letters, digits and dashes, a letter first; 3 to 25 in all."
  }
}

variable "app_name" {
  description = "What authenticator apps, texts and emails call your app."
  type        = string
  validation {
    condition     = can(regex("^[^[:cntrl:]]{1,30}$", var.app_name))
    error_message = "1 to 30 characters on one line: a text has room for no more."
  }
}

variable "app_domain" {
  description = "Your website's domain, as app.example.com: a phone offers to fill a texted code in there."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.app_domain)) && length(var.app_domain) <= 41
    error_message = "A domain without https:// before it and without a path, of at most 41 characters."
  }
}

# Logins

variable "jwt_issuer" {
  description = "The `iss` of your identity provider's login tokens. Its /.well-known/openid-configuration must answer over public HTTPS before this is applied."
  type        = string
  validation {
    condition     = can(regex("^(https://|http://127[.]0[.]0[.]1:)[^/?#@[:space:]]+[^?#[:space:]]*$", var.jwt_issuer))
    error_message = "An https:// URL without query, spelled as in the tokens, with or without the slash at its end."
  }
}

variable "jwt_audience" {
  description = "The `aud` (or, where a token has none, the `client_id`) of login tokens, and of operators' tokens: any of these."
  type        = list(string)
  validation {
    condition     = length(var.jwt_audience) > 0 && alltrue([for one in var.jwt_audience : length(one) > 0])
    error_message = "At least one audience, and none of them empty."
  }
}

variable "workspaces" {
  description = "Whether login tokens carry a workspaces claim: required, optional, none. Where it is required, a token without it is refused: a wrong name of the claim must not switch policies off."
  type        = string
  default     = "required"
  validation {
    condition     = contains(["required", "optional", "none"], var.workspaces)
    error_message = "One of required, optional, none."
  }
}

variable "claims" {
  description = "What your identity provider calls each claim. Without a name for sso, no login is SSO; without one for password_reset, no reset is known."
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
    error_message = "Only sso and password_reset may have no name."
  }
}

variable "sso_values" {
  description = "The values of the claim for SSO that say that a login came by it."
  type        = list(string)
  default     = ["true"]
  validation {
    condition     = alltrue([for one in var.sso_values : length(trimspace(one)) > 0 && !strcontains(one, ",")])
    error_message = "No value is empty or has a comma."
  }
}

variable "operators" {
  description = "Who may unlock, reset, erase and import: the `sub` or `client_id` of each in their tokens."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for one in var.operators : length(trimspace(one)) > 0 && !strcontains(one, ",")])
    error_message = "No id is empty or has a comma."
  }
}

variable "operator_scope" {
  description = "The scope that operators' tokens have; Cognito spells it mfa/operator."
  type        = string
  default     = "mfa:operator"
  validation {
    condition     = can(regex("^[^[:space:]]+$", var.operator_scope))
    error_message = "One scope, without spaces."
  }
}

variable "assertion_audience" {
  description = "The `aud` of assertions: your app, whose backend checks them."
  type        = string
  validation {
    condition     = length(var.assertion_audience) > 0
    error_message = "It must not be empty."
  }
}

# The API

variable "cors_origins" {
  description = "Origins of the pages that call the API from a browser, as https://app.example.com. None: only backends do."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for one in var.cors_origins : can(regex("^https?://[^/*?#@[:space:]]+$", one))])
    error_message = "Each is a scheme and a host, without a path and without *."
  }
}

variable "domain_name" {
  description = "A domain of your own for the API, as mfa.example.com; then the one that AWS gives it is off. Needs certificate_arn, and a DNS record to the output domain_target."
  type        = string
  default     = null
  validation {
    condition     = var.domain_name == null || can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.domain_name))
    error_message = "A domain without https:// before it and without a path."
  }
}

variable "certificate_arn" {
  description = "The ACM certificate of domain_name, in the same region."
  type        = string
  default     = null
  validation {
    condition     = (var.certificate_arn == null) == (var.domain_name == null)
    error_message = "domain_name and certificate_arn go together."
  }
}

variable "throttling" {
  description = "Requests a second, and at once, that the gateway lets through: of each route together, of the public keys', and by `routes` of others apart (`POST /v1/logins`). The public keys take no login token and have one limit for all the world. It is high, because a script that uses it up keeps the keys from your backends. They come from the function's memory, which is cheap."
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
    error_message = "Each is at least 1: with 0 nothing is let through."
  }
}

# The functions

variable "artifact_dir" {
  description = "Where cargo-lambda leaves the functions: <artifact_dir>/<function>/bootstrap.zip."
  type        = string
  default     = "../../target/lambda"
  validation {
    condition     = length(var.artifact_dir) > 0
    error_message = "It must not be empty."
  }
}

variable "architecture" {
  description = "What the functions are built for: arm64, or x86_64."
  type        = string
  default     = "arm64"
  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "One of arm64, x86_64."
  }
}

variable "memory" {
  description = "A function's memory in MB, which also sets how much processor it gets; by function where it is not 256."
  type        = map(number)
  default     = {}
  validation {
    condition     = alltrue([for function, one in var.memory : contains(local.functions, function) && one >= 128 && one <= 10240])
    error_message = "By function (${join(", ", local.functions)}), 128 to 10240 each."
  }
}

variable "timeout" {
  description = "Seconds after which a function is stopped, by function where it is not 28. An AWS call is given up after 4, and five or six may follow one another; the gateway waits 30."
  type        = map(number)
  default     = {}
  validation {
    condition     = alltrue([for function, one in var.timeout : contains(local.functions, function) && one >= 25 && one <= 30])
    error_message = "By function (${join(", ", local.functions)}), 25 to 30 each: six calls of 4 seconds must fit."
  }
}

variable "detailed_metrics" {
  description = "Whether the gateway keeps metrics of each route, which CloudWatch charges for."
  type        = bool
  default     = false
}

variable "reserved_concurrency" {
  description = "How many of a function run at once at most, by function. Without one it shares what the account has, which in a new one is 10: ask for more first, for some always stays unreserved."
  type        = map(number)
  default     = {}
  validation {
    condition     = alltrue([for function, one in var.reserved_concurrency : contains(local.functions, function) && one >= 1])
    error_message = "By function (${join(", ", local.functions)}), at least 1 each."
  }
  validation {
    # AWS gives a running instance at most 10 requests a second, so the public keys need a tenth of their rate. Logins
    # get as much again.
    condition     = try(var.reserved_concurrency["verify"], 10000) >= var.throttling.keys_rate / 5
    error_message = "verify's must be at least a fifth of throttling.keys_rate, or whoever asks for the public keys keeps everyone from logging in."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "One of CloudWatch's: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, …"
  }
}

variable "tracing" {
  description = "Whether requests are traced with X-Ray."
  type        = bool
  default     = false
}

# Data

variable "table_name" {
  description = "The table's name where it is not var.name: after a restore from a backup, which makes another table."
  type        = string
  default     = null
  validation {
    condition     = var.table_name == null || can(regex("^[A-Za-z0-9_.-]{3,255}$", var.table_name))
    error_message = "3 to 255 letters, digits, dots, dashes and underscores."
  }
}

variable "deletion_protection" {
  description = "Whether the table is protected from being deleted. Turn it off, and apply, before you destroy."
  type        = bool
  default     = true
}

variable "key_labels" {
  description = "Labels of the keys of each use; the first is the current one, the others still serve what was made with them. How to rotate says infra/README.md. The first label of signing is the `kid` of assertions."
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
    error_message = "Each use has at least one label, of letters, digits and dashes, and none twice."
  }
}

# Messages

variable "email_identity" {
  description = "The SES identity that emails are from: your domain, as example.com, or one address while you try. It is made here; its DNS records are the output email_dns."
  type        = string
  validation {
    condition     = can(regex("^([^@[:space:]]+@)?[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.email_identity))
    error_message = "A domain, or an address."
  }
}

variable "create_email_identity" {
  description = "Whether the identity is made here: false where the account has it already, in this region."
  type        = bool
  default     = true
}

variable "email_from" {
  description = "Whom emails are from: an address of email_identity."
  type        = string
  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+$", var.email_from)) && (strcontains(var.email_identity, "@") ? var.email_from == var.email_identity : endswith(replace(var.email_from, "@", "@."), ".${var.email_identity}"))
    error_message = "It must be an address of email_identity."
  }
}

variable "email_from_name" {
  description = "The name that stands before that address: ASCII, without quotes. The app's name unless set."
  type        = string
  default     = null
  validation {
    condition     = can(regex("^[ !#-\\[\\]-~]+$", coalesce(var.email_from_name, var.app_name)))
    error_message = "SES takes a name in ASCII alone, and quotes and backslashes not at all: give one here if app_name has others."
  }
}

variable "email_limits" {
  description = "Emails with codes to one user, as the README says: interval=60,hour=3,day=5 unless set."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z]+=[0-9]+(,[a-z]+=[0-9]+)*)?$", var.email_limits))
    error_message = "As interval=60,hour=3,day=5."
  }
}

variable "email_hold_hours" {
  description = "For how many hours no code is emailed after a password reset, or to a new address; 0 turns that off."
  type        = number
  default     = 24
  validation {
    condition     = var.email_hold_hours >= 0 && floor(var.email_hold_hours) == var.email_hold_hours
    error_message = "Whole hours."
  }
}

variable "text_limits" {
  description = "How many texts, as the README says: user-day=10,deployment-day=1000."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z0-9-]+=[a-z0-9/]+(,[a-z0-9-]+=[a-z0-9/]+)*)?$", var.text_limits))
    error_message = "As user-day=10,deployment-day=1000."
  }
}

variable "text_regions" {
  description = "Where phones may be from."
  type        = list(string)
  default     = ["US", "CA"]
  validation {
    condition     = length(var.text_regions) > 0 && length(setsubtract(var.text_regions, ["US", "CA", "AS", "GU", "MP", "PR", "VI"])) == 0
    error_message = "Some of US, CA, AS, GU, MP, PR, VI."
  }
}

variable "text_origination_numbers" {
  description = "The numbers that texts come from, by country, as { US = \"+14155550100\", CA = \"+16045550100\" }: a number sends within its country alone. Territories use the number of US. SNS chooses among the account's unless set."
  type        = map(string)
  default     = {}
  validation {
    condition     = alltrue([for country, number in var.text_origination_numbers : contains(["US", "CA"], country) && can(regex("^\\+?[0-9]{5,14}$", number))])
    error_message = "By US and CA alone, each a number as +14155550100, or a short code."
  }
  validation {
    condition     = length(var.text_origination_numbers) == 0 || alltrue([for region in var.text_regions : contains(keys(var.text_origination_numbers), region == "CA" ? "CA" : "US")])
    error_message = "Each of text_regions needs the number of its country: CA that of CA, every other one that of US."
  }
}

variable "text_max_price" {
  description = "The most that one text may cost, in US dollars."
  type        = string
  default     = "0.05"
  validation {
    condition     = can(regex("^[0-9]+(\\.[0-9]+)?$", var.text_max_price))
    error_message = "A number of dollars, as 0.05."
  }
}

variable "text_preferences" {
  description = "Whether to set SNS's preferences for texts, which are the whole account's in the region: false where somebody else has set them, as for texts of other kinds; and destroying this sets them back."
  type        = bool
  default     = false
}

variable "text_spend_limit" {
  description = "US dollars a month after which SNS sends no more texts, whole ones. AWS lets a new account spend 1: ask for more first. Set with text_preferences; without, say here what it is, for the alarm."
  type        = number
  default     = 1
  validation {
    condition     = var.text_spend_limit >= 0 && floor(var.text_spend_limit) == var.text_spend_limit
    error_message = "Whole dollars."
  }
}

variable "text_delivery_logs" {
  description = "Whether SNS logs what became of each text: never its words, and the number masked. Takes text_preferences."
  type        = bool
  default     = false
  validation {
    condition     = var.text_preferences || !var.text_delivery_logs
    error_message = "SNS is told to log by its preferences: text_preferences must be true."
  }
}

# Alarms

variable "alarm_topic_arns" {
  description = "SNS topics that alarms are sent to."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for one in var.alarm_topic_arns : startswith(one, "arn:")])
    error_message = "ARNs."
  }
}

variable "alarm_thresholds" {
  description = "When alarms go off: users locked, codes replayed, texts refused, within 5 minutes each; a function's p99 in milliseconds; faults within 5 minutes; spent on texts in a month, in US dollars (four fifths of text_spend_limit unless set)."
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
    error_message = "None is below 0."
  }
}
