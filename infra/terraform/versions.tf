terraform {
  # Terraform 1.9 can validate a variable by another.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90, < 7.0"
    }
  }
}

# Credentials, and endpoints if needed, come from the environment.
provider "aws" {
  region = var.region

  default_tags {
    tags = { service = var.name }
  }
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
}
