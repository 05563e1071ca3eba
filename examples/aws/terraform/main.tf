# Brings CloudTrail's events to Tocsin: what ../cloudformation.yml makes, resource by resource, with the
# same variants. ../README.md leads through it.

terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

variable "name" {
  description = "Begins the name of everything that is made; the name of the trail."
  type        = string
  default     = "tocsin"
}

variable "delivery" {
  description = "How events reach Tocsin. s3, sns and eventbridge fill the queue of the source s3_sqs."
  type        = string
  default     = "s3"
  validation {
    condition     = contains(["s3", "sns", "eventbridge", "firehose", "api-destination"], var.delivery)
    error_message = "One of s3, sns, eventbridge, firehose, api-destination."
  }
  validation {
    condition     = contains(["s3", "sns", "eventbridge"], var.delivery) || var.endpoint != "" && var.token != ""
    error_message = "Give endpoint and token."
  }
  validation {
    condition     = var.delivery != "firehose" || var.trail != "none" || var.log_group_name != ""
    error_message = "Name the trail's log group in log_group_name."
  }
}

variable "trail" {
  description = "Make a trail and its bucket: of this account, of the organization, or none (there is one)."
  type        = string
  default     = "account"
  validation {
    condition     = contains(["account", "organization", "none"], var.trail)
    error_message = "One of account, organization, none."
  }
  validation {
    condition     = var.trail != "organization" || var.organization_id != ""
    error_message = "Give the id of the organisation in organization_id."
  }
}

variable "organization_id" {
  description = "For trail = organization, in the management account: o-…"
  type        = string
  default     = ""
}

variable "bucket_name" {
  description = "The trail's bucket, to be made or existing."
  type        = string
  default     = ""
  validation {
    condition     = var.bucket_name != "" || var.trail == "none" && !contains(["s3", "sns", "eventbridge"], var.delivery)
    error_message = "Name the bucket in bucket_name."
  }
}

variable "bucket_account" {
  description = "The account that owns the bucket, if it is another one."
  type        = string
  default     = ""
}

variable "kms_key_arn" {
  description = "The KMS key that encrypts the trail's log files, if there is one."
  type        = string
  default     = ""
}

variable "topic_arn" {
  description = "For delivery = sns, a topic that the bucket notifies already. Default: make one."
  type        = string
  default     = ""
}

variable "queue_arn" {
  description = "A queue that another state made, in another account. No queue and no role are made then."
  type        = string
  default     = ""
  validation {
    condition     = var.queue_arn == "" || var.delivery == "s3" && var.trail != "none"
    error_message = "For a state that makes a trail and its bucket, with delivery s3."
  }
}

variable "reader_arn" {
  description = "The role of Tocsin in another account, which may read the bucket that is made here."
  type        = string
  default     = ""
}

variable "compute" {
  description = "What Tocsin runs on, and so who may assume its role."
  type        = string
  default     = "ec2"
  validation {
    condition     = contains(["ec2", "eks-pod-identity", "eks-irsa"], var.compute)
    error_message = "One of ec2, eks-pod-identity, eks-irsa."
  }
  validation {
    condition     = var.compute != "eks-pod-identity" || var.cluster != ""
    error_message = "Name the cluster in cluster."
  }
  validation {
    condition     = var.compute != "eks-irsa" || var.oidc_provider != ""
    error_message = "Give the cluster's OIDC issuer in oidc_provider."
  }
}

variable "cluster" {
  description = "For compute = eks-pod-identity, the cluster's name."
  type        = string
  default     = ""
}

variable "oidc_provider" {
  description = "For compute = eks-irsa, the cluster's OIDC issuer without https://"
  type        = string
  default     = ""
}

variable "namespace" {
  description = "Of Tocsin's pod."
  type        = string
  default     = "tocsin"
}

variable "service_account" {
  description = "Of Tocsin's pod."
  type        = string
  default     = "tocsin"
}

variable "endpoint" {
  description = "For the push variants, https://HOST/v1/events of Tocsin, with a public certificate."
  type        = string
  default     = ""
}

variable "token" {
  description = "For the push variants, a token with the role ingest. It is kept in the state."
  type        = string
  sensitive   = true
  default     = ""
}

variable "log_group_name" {
  description = "For delivery = firehose with trail = none, the log group of the trail."
  type        = string
  default     = ""
}

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  by_s3              = var.delivery == "s3"
  by_sns             = var.delivery == "sns"
  by_eventbridge     = var.delivery == "eventbridge"
  by_firehose        = var.delivery == "firehose"
  by_api_destination = var.delivery == "api-destination"
  makes_queue        = (local.by_s3 || local.by_sns || local.by_eventbridge) && var.queue_arn == ""
  makes_topic        = local.by_sns && var.topic_arn == ""
  makes_trail        = var.trail != "none"
  logs_to_cloudwatch = local.makes_trail && local.by_firehose

  partition      = data.aws_partition.current.partition
  account        = data.aws_caller_identity.current.account_id
  bucket_account = var.bucket_account == "" ? local.account : var.bucket_account
  bucket_arn     = "arn:${local.partition}:s3:::${var.bucket_name}"
  trail_arn      = "arn:${local.partition}:cloudtrail:${data.aws_region.current.id}:${local.account}:trail/${var.name}"
  topic_arn      = local.makes_topic ? aws_sns_topic.topic[0].arn : var.topic_arn
}

# --- The queue that Tocsin reads ---------------------------------------------------------------------

resource "aws_sqs_queue" "dead_letters" {
  count                     = local.makes_queue || local.by_api_destination ? 1 : 0
  name                      = "${var.name}-dead-letters"
  message_retention_seconds = 1209600 # 14 days
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "queue" {
  count                      = local.makes_queue ? 1 : 0
  name                       = var.name
  visibility_timeout_seconds = 300     # Tocsin extends it while it reads an object
  message_retention_seconds  = 1209600 # how long Tocsin may be down without a loss
  sqs_managed_sse_enabled    = true
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[0].arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue_policy" "queue_policy" {
  count     = local.makes_queue ? 1 : 0
  queue_url = aws_sqs_queue.queue[0].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = local.by_s3 ? "s3.amazonaws.com" : local.by_sns ? "sns.amazonaws.com" : "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.queue[0].arn
      Condition = merge(
        { ArnEquals = { "aws:SourceArn" = local.by_s3 ? local.bucket_arn : local.by_sns ? local.topic_arn : aws_cloudwatch_event_rule.object_rule[0].arn } },
        # An ARN of S3 names no account: without this, whoever takes a deleted bucket's name may send.
        local.by_s3 ? { StringEquals = { "aws:SourceAccount" = local.bucket_account } } : {}
      )
    }]
  })
}

# A topic between bucket and queue, so that others can subscribe to the same notifications.
resource "aws_sns_topic" "topic" {
  count = local.makes_topic ? 1 : 0
  name  = var.name
}

resource "aws_sns_topic_policy" "topic_policy" {
  count = local.makes_topic ? 1 : 0
  arn   = aws_sns_topic.topic[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.topic[0].arn
      Condition = {
        ArnEquals    = { "aws:SourceArn" = local.bucket_arn }
        StringEquals = { "aws:SourceAccount" = local.bucket_account }
      }
    }]
  })
}

resource "aws_sns_topic_subscription" "subscription" {
  count      = local.by_sns ? 1 : 0
  protocol   = "sqs"
  topic_arn  = local.topic_arn
  endpoint   = aws_sqs_queue.queue[0].arn
  depends_on = [aws_sqs_queue_policy.queue_policy]
}

# Beside notifications that the bucket has already: those of S3 may not overlap, rules may.
resource "aws_cloudwatch_event_rule" "object_rule" {
  count = local.by_eventbridge ? 1 : 0
  name  = var.name
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail      = { bucket = { name = [var.bucket_name] } }
  })
}

resource "aws_cloudwatch_event_target" "object_target" {
  count     = local.by_eventbridge ? 1 : 0
  rule      = aws_cloudwatch_event_rule.object_rule[0].name
  target_id = "tocsin"
  arn       = aws_sqs_queue.queue[0].arn
}

# --- Tocsin's role -----------------------------------------------------------------------------------

resource "aws_iam_role" "role" {
  count       = local.makes_queue ? 1 : 0
  name_prefix = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      eks-irsa = {
        Effect    = "Allow"
        Principal = { Federated = "arn:${local.partition}:iam::${local.account}:oidc-provider/${var.oidc_provider}" }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = { StringEquals = {
          "${var.oidc_provider}:aud" = "sts.amazonaws.com"
          "${var.oidc_provider}:sub" = "system:serviceaccount:${var.namespace}:${var.service_account}"
        } }
      }
      eks-pod-identity = {
        Effect    = "Allow"
        Principal = { Service = "pods.eks.amazonaws.com" }
        Action    = ["sts:AssumeRole", "sts:TagSession"]
        Condition = { StringEquals = {
          "aws:SourceAccount"                         = local.account
          "aws:RequestTag/kubernetes-namespace"       = var.namespace
          "aws:RequestTag/kubernetes-service-account" = var.service_account
        } }
      }
      ec2 = {
        Effect    = "Allow"
        Principal = { Service = "ec2.amazonaws.com" }
        Action    = "sts:AssumeRole"
      }
    }[var.compute]]
  })
}

resource "aws_iam_role_policy" "role_policy" {
  count = local.makes_queue ? 1 : 0
  role  = aws_iam_role.role[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.queue[0].arn
      },
      {
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "${local.bucket_arn}/*"
      },
      # For `backfill` and `tocsin scan s3://…`; and without it S3 says 403, not 404, of what is gone.
      {
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = local.bucket_arn
      }
    ]
  })
}

resource "aws_iam_role_policy" "decrypt_policy" {
  count = local.makes_queue && var.kms_key_arn != "" ? 1 : 0
  role  = aws_iam_role.role[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = var.kms_key_arn
    }]
  })
}

resource "aws_iam_instance_profile" "instance_profile" {
  count       = local.makes_queue && var.compute == "ec2" ? 1 : 0
  name_prefix = var.name
  role        = aws_iam_role.role[0].name
}

resource "aws_eks_pod_identity_association" "pod_identity" {
  count           = local.makes_queue && var.compute == "eks-pod-identity" ? 1 : 0
  cluster_name    = var.cluster
  namespace       = var.namespace
  service_account = var.service_account
  role_arn        = aws_iam_role.role[0].arn
}

# --- The trail ---------------------------------------------------------------------------------------

resource "aws_s3_bucket" "bucket" {
  count  = local.makes_trail ? 1 : 0
  bucket = var.bucket_name
}

resource "aws_s3_bucket_public_access_block" "bucket_access" {
  count                   = local.makes_trail ? 1 : 0
  bucket                  = aws_s3_bucket.bucket[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# S3 sends a test when this is set. It takes the place of all notifications that the bucket had: those
# of an existing bucket are left to its owner (README.md).
resource "aws_s3_bucket_notification" "notification" {
  count       = local.makes_trail && (local.by_s3 || local.by_sns || local.by_eventbridge) ? 1 : 0
  bucket      = aws_s3_bucket.bucket[0].id
  eventbridge = local.by_eventbridge
  dynamic "queue" {
    for_each = local.by_s3 ? [var.queue_arn == "" ? aws_sqs_queue.queue[0].arn : var.queue_arn] : []
    content {
      events    = ["s3:ObjectCreated:*"]
      queue_arn = queue.value
    }
  }
  dynamic "topic" {
    for_each = local.by_sns ? [local.topic_arn] : []
    content {
      events    = ["s3:ObjectCreated:*"]
      topic_arn = topic.value
    }
  }
  depends_on = [aws_sqs_queue_policy.queue_policy, aws_sns_topic_policy.topic_policy]
}

resource "aws_s3_bucket_policy" "bucket_policy" {
  count  = local.makes_trail ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = aws_s3_bucket.bucket[0].arn
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
      },
      {
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource = concat(
          ["${aws_s3_bucket.bucket[0].arn}/AWSLogs/${local.account}/*"],
          var.trail == "organization" ? ["${aws_s3_bucket.bucket[0].arn}/AWSLogs/${var.organization_id}/*"] : []
        )
        Condition = { StringEquals = {
          "aws:SourceArn" = local.trail_arn
          "s3:x-amz-acl"  = "bucket-owner-full-control"
        } }
      }
      ],
      var.reader_arn == "" ? [] : [{
        Effect    = "Allow"
        Principal = { AWS = var.reader_arn }
        Action    = ["s3:GetObject", "s3:ListBucket"]
        Resource  = [aws_s3_bucket.bucket[0].arn, "${aws_s3_bucket.bucket[0].arn}/*"]
      }]
    )
  })
}

resource "aws_cloudtrail" "cloud_trail" {
  count                         = local.makes_trail ? 1 : 0
  name                          = var.name
  s3_bucket_name                = aws_s3_bucket.bucket[0].id
  enable_logging                = true
  is_multi_region_trail         = true
  is_organization_trail         = var.trail == "organization"
  include_global_service_events = true
  enable_log_file_validation    = true
  kms_key_id                    = var.kms_key_arn == "" ? null : var.kms_key_arn
  cloud_watch_logs_group_arn    = local.logs_to_cloudwatch ? "${aws_cloudwatch_log_group.log_group[0].arn}:*" : null
  cloud_watch_logs_role_arn     = local.logs_to_cloudwatch ? aws_iam_role.trail_logs_role[0].arn : null
  depends_on                    = [aws_s3_bucket_policy.bucket_policy, aws_iam_role_policy.trail_logs_role_policy]
}

# --- Push: CloudTrail, CloudWatch Logs, Firehose, HTTPS ----------------------------------------------

resource "aws_cloudwatch_log_group" "log_group" {
  count             = local.logs_to_cloudwatch ? 1 : 0
  name              = var.name
  retention_in_days = 1 # the bucket has everything
}

resource "aws_iam_role" "trail_logs_role" {
  count       = local.logs_to_cloudwatch ? 1 : 0
  name_prefix = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "trail_logs_role_policy" {
  count = local.logs_to_cloudwatch ? 1 : 0
  role  = aws_iam_role.trail_logs_role[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.log_group[0].arn}:*"
    }]
  })
}

resource "aws_cloudwatch_log_subscription_filter" "subscriber" {
  count           = local.by_firehose ? 1 : 0
  name            = var.name
  log_group_name  = local.logs_to_cloudwatch ? aws_cloudwatch_log_group.log_group[0].name : var.log_group_name
  filter_pattern  = ""
  destination_arn = aws_kinesis_firehose_delivery_stream.stream[0].arn
  role_arn        = aws_iam_role.subscriber_role[0].arn
  depends_on      = [aws_iam_role_policy.subscriber_role_policy]
}

resource "aws_iam_role" "subscriber_role" {
  count       = local.by_firehose ? 1 : 0
  name_prefix = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "subscriber_role_policy" {
  count = local.by_firehose ? 1 : 0
  role  = aws_iam_role.subscriber_role[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["firehose:PutRecord", "firehose:PutRecordBatch"]
      Resource = aws_kinesis_firehose_delivery_stream.stream[0].arn
    }]
  })
}

resource "aws_kinesis_firehose_delivery_stream" "stream" {
  count       = local.by_firehose ? 1 : 0
  name        = var.name
  destination = "http_endpoint"
  http_endpoint_configuration {
    name               = "tocsin"
    url                = var.endpoint
    access_key         = var.token
    buffering_interval = 60
    buffering_size     = 1
    retry_duration     = 7200
    role_arn           = aws_iam_role.stream_role[0].arn
    s3_backup_mode     = "FailedDataOnly"
    s3_configuration {
      bucket_arn = aws_s3_bucket.undelivered[0].arn
      role_arn   = aws_iam_role.stream_role[0].arn
    }
  }
}

resource "aws_iam_role" "stream_role" {
  count       = local.by_firehose ? 1 : 0
  name_prefix = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "stream_role_policy" {
  count = local.by_firehose ? 1 : 0
  role  = aws_iam_role.stream_role[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:PutObject"]
      Resource = [aws_s3_bucket.undelivered[0].arn, "${aws_s3_bucket.undelivered[0].arn}/*"]
    }]
  })
}

resource "aws_s3_bucket" "undelivered" {
  count         = local.by_firehose ? 1 : 0
  bucket_prefix = "${var.name}-undelivered-"
}

resource "aws_s3_bucket_public_access_block" "undelivered_access" {
  count                   = local.by_firehose ? 1 : 0
  bucket                  = aws_s3_bucket.undelivered[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# --- Push: EventBridge, HTTPS ------------------------------------------------------------------------

resource "aws_cloudwatch_event_rule" "api_rule" {
  count = local.by_api_destination ? 1 : 0
  name  = var.name
  event_pattern = jsonencode({
    detail-type = [
      "AWS API Call via CloudTrail",
      "AWS Console Sign In via CloudTrail",
      "AWS Service Event via CloudTrail",
    ]
  })
  state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" # ENABLED leaves out Get*, List*, Describe*
}

resource "aws_cloudwatch_event_target" "api_target" {
  count     = local.by_api_destination ? 1 : 0
  rule      = aws_cloudwatch_event_rule.api_rule[0].name
  target_id = "tocsin"
  arn       = aws_cloudwatch_event_api_destination.destination[0].arn
  role_arn  = aws_iam_role.invoke_role[0].arn
  dead_letter_config {
    arn = aws_sqs_queue.dead_letters[0].arn
  }
}

resource "aws_cloudwatch_event_connection" "connection" {
  count              = local.by_api_destination ? 1 : 0
  name               = var.name
  authorization_type = "API_KEY"
  auth_parameters {
    api_key {
      key   = "X-Api-Key"
      value = var.token
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "destination" {
  count                            = local.by_api_destination ? 1 : 0
  name                             = var.name
  connection_arn                   = aws_cloudwatch_event_connection.connection[0].arn
  http_method                      = "POST"
  invocation_endpoint              = var.endpoint
  invocation_rate_limit_per_second = 300
}

resource "aws_iam_role" "invoke_role" {
  count       = local.by_api_destination ? 1 : 0
  name_prefix = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "invoke_role_policy" {
  count = local.by_api_destination ? 1 : 0
  role  = aws_iam_role.invoke_role[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "events:InvokeApiDestination"
      Resource = aws_cloudwatch_event_api_destination.destination[0].arn
    }]
  })
}

resource "aws_sqs_queue_policy" "dead_letters_policy" {
  count     = local.by_api_destination ? 1 : 0
  queue_url = aws_sqs_queue.dead_letters[0].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.dead_letters[0].arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.api_rule[0].arn } }
    }]
  })
}

output "queue_url" {
  description = "queue_url of the source s3_sqs."
  value       = local.makes_queue ? aws_sqs_queue.queue[0].url : null
}

output "queue_arn" {
  description = "queue_arn of a state in the bucket's account."
  value       = local.makes_queue ? aws_sqs_queue.queue[0].arn : null
}

output "dead_letters_url" {
  description = "What could not be read or delivered."
  value       = local.makes_queue || local.by_api_destination ? aws_sqs_queue.dead_letters[0].url : null
}

output "role_arn" {
  description = "The role of Tocsin; reader_arn of a state in the bucket's account."
  value       = local.makes_queue ? aws_iam_role.role[0].arn : null
}

output "instance_profile" {
  description = "Of the EC2 instance on which Tocsin runs."
  value       = local.makes_queue && var.compute == "ec2" ? aws_iam_instance_profile.instance_profile[0].name : null
}

output "undelivered_bucket" {
  description = "Where Firehose puts what Tocsin did not take."
  value       = local.by_firehose ? aws_s3_bucket.undelivered[0].id : null
}
