# The emulator does not report the settings of an email identity, unlike AWS.
resource "aws_sesv2_email_identity" "this" {
  lifecycle {
    ignore_changes = all
  }
}
