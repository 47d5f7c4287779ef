# What the emulator can't enforce: condition keys of the table, of KMS and of SES, and SES identities. It does enforce
# actions, keys and the table.
module "function" {
  statements = [for one in local.statements[each.key] : merge(
    { for name, value in one : name => value if name != "Condition" },
    contains(one.Action, "ses:SendEmail") ? { Resource = ["*"] } : {},
  )]
}

resource "aws_kms_key_policy" "this" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for one in jsondecode(local.key_policies[split("-", each.key)[0]]).Statement :
      { for name, value in one : name => value if name != "Condition" }
    ]
  })
}
