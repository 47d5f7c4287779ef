# The one table. The functions seal secrets before they store them, so the AWS-owned key is enough. The table must have
# no replicas, because its conditional writes are the lock. A global table would accept a code once in each region.
resource "aws_dynamodb_table" "this" {
  name                        = coalesce(var.table_name, var.name)
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  # Terraform destroys the table before the keys. If its protection stops a destroy, its secrets can still be opened.
  depends_on = [aws_kms_key.sealing, aws_kms_key.mac, aws_kms_key.signing]
}
