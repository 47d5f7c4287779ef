# The state holds no secret, for the keys never leave KMS. To share it, put a file `backend_override.tf` beside this one:
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
