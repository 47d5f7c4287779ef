# The one table. Secrets in it are sealed before they get here, so the AWS-owned key is enough. It has no replicas, and must
# not: the conditional writes are the lock, and a global table would accept one code once in each region.
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

  # So that it goes before them: where its protection stops a destroy, what is sealed in it can still be opened.
  depends_on = [aws_kms_key.sealing, aws_kms_key.mac, aws_kms_key.signing]
}
