terraform {
  # Variables that are validated by each other came with 1.9.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90, < 7.0"
    }
  }
}

# Credentials and, where need be, endpoints come from the environment.
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
