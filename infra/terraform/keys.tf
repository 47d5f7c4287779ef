# The keys, none of which ever leaves KMS. Their policies allow only the functions and purposes that the grants list. An
# administrator of the account gets no use of a key. But anyone who can change a key's policy, a function's code or its
# role's trust can change that. CloudTrail records it.

locals {
  # Every key as <use>-<label>. The sealing key rotates by itself and has no label.
  macs    = toset(flatten([for use in ["codes", "recovery", "digests"] : [for label in var.key_labels[use] : "${use}-${label}"]]))
  signing = toset(var.key_labels.signing)

  # The grants on each key: the role, the actions, and the purposes.
  users = { for key in ["sealing", "codes", "recovery", "digests", "signing"] : key => flatten([
    for function, services in local.grants : [
      for grant in try(services.kms, []) : {
        role    = module.function[function].role_arn
        actions = [for action in grant.actions : "kms:${action}"]
        purpose = try(grant.purpose, [])
      } if grant.key == key
    ]
  ]) }

  # Within an account, a key's policy alone is enough. So a limit must be here as well as in the function's own policy.
  key_policies = { for key, users in local.users : key => jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "Administration"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = local.key_administration
        Resource  = "*"
      }],
      [for user in users : merge(
        { Effect = "Allow", Principal = { AWS = user.role }, Action = user.actions, Resource = "*" },
        length(user.purpose) > 0 ? { Condition = { StringEquals = { "kms:EncryptionContext:purpose" = user.purpose } } } : null,
      )],
    )
  }) }

  # Every action that manages a key, and none that uses it.
  key_administration = [
    "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
    "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
    "kms:GetPublicKey", "kms:ListAliases", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations",
    "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion", "kms:TagResource",
    "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
  ]
}

# Seals authenticator secrets, phone numbers and email addresses.
resource "aws_kms_key" "sealing" {
  description             = "${var.name}: seals secrets, phone numbers and email addresses"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

# Derive texted and emailed codes, recovery codes, and digests.
resource "aws_kms_key" "mac" {
  for_each                 = local.macs
  description              = "${var.name}: ${each.key}"
  key_usage                = "GENERATE_VERIFY_MAC"
  customer_master_key_spec = "HMAC_256"
  deletion_window_in_days  = 30

  # If a label is removed, the functions first stop naming its key. Then Terraform deletes the key.
  lifecycle {
    create_before_destroy = true
  }
}

# Sign assertions.
resource "aws_kms_key" "signing" {
  for_each                 = local.signing
  description              = "${var.name}: signs assertions as ${each.key}"
  key_usage                = "SIGN_VERIFY"
  customer_master_key_spec = "ECC_NIST_P256"
  deletion_window_in_days  = 30

  # If a label is removed, the functions first stop naming its key. Then Terraform deletes the key.
  lifecycle {
    create_before_destroy = true
  }
}

# Separate from the keys, because a policy names roles. The roles come after the settings, which name the keys.
resource "aws_kms_key_policy" "this" {
  for_each = local.keys
  key_id   = each.value
  policy   = local.key_policies[split("-", each.key)[0]]
}

resource "aws_kms_alias" "this" {
  for_each      = local.keys
  name          = "alias/${var.name}-${each.key}"
  target_key_id = each.value
}

locals {
  # Every key by its use and label.
  keys = merge(
    { sealing = aws_kms_key.sealing.key_id },
    { for name, key in aws_kms_key.mac : name => key.key_id },
    { for label, key in aws_kms_key.signing : "signing-${label}" => key.key_id },
  )
  # The ARNs of the keys of each use, for policies.
  key_arns = merge(
    { sealing = [aws_kms_key.sealing.arn], signing = [for label in var.key_labels.signing : aws_kms_key.signing[label].arn] },
    { for use in ["codes", "recovery", "digests"] : use => [for label in var.key_labels[use] : aws_kms_key.mac["${use}-${label}"].arn] },
  )
  # The key rings for settings: label=key,label=key, the current one first.
  rings = merge(
    { signing = join(",", [for label in var.key_labels.signing : "${label}=${aws_kms_key.signing[label].arn}"]) },
    { for use in ["codes", "recovery", "digests"] : use => join(",", [for label in var.key_labels[use] : "${label}=${aws_kms_key.mac["${use}-${label}"].arn}"]) },
  )
}
