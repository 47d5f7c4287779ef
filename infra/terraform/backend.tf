# The state contains no secret, because the keys never leave KMS. To share it, add a file `backend_override.tf` here:
#
#   terraform {
#     backend "s3" {
#       bucket       = "your-terraform-state"
#       key          = "mfa.tfstate"
#       region       = "eu-west-1"
#       encrypt      = true
#       use_lockfile = true
#     }
#   }
terraform {
  backend "local" {}
}
