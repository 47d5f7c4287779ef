# What the emulator's enforcement does not know: condition keys of the table, of KMS and of SES, and identities of SES. Actions,
# keys and the table are held to.
module "function" {
  statements = [for one in local.statements[each.key] : merge(
    { for name, value in one : name => value if name != "Condition" },
    contains(one.Action, "ses:SendEmail") ? { Resource = ["*"] } : {},
  )]
}
