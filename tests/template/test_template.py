"""The deployed system, asserted on the transformed template: emulators drop much of it in silence."""

import json
from typing import Any

import pytest
from cfnlint import lint
from cfnlint.config import ManualArgs

from local.template import TEMPLATE
from tests.template.transformed import actions, properties, resources, statements, template

DAY = 86_400
OVER_TLS = {"Bool": {"aws:SecureTransport": "false"}}
ORIGINALS_ARN = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${AWS::StackName}-originals-${AWS::AccountId}-${AWS::Region}"}
ONLY_THE_ORIGINALS = {
    "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
    "ArnEquals": {"aws:SourceArn": ORIGINALS_ARN},
}
BUCKETS = ["Originals", "Renditions"]
LANES = ["FreshQueue", "BulkQueue"]
QUEUES = [*LANES, "DeadLetters", "SubscriptionDeadLetters"]


class TestTheWhole:
    @pytest.mark.slow
    @pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
    def test_it_passes_cfn_lint_before_and_after_the_transform(self, region: str) -> None:
        for text in (TEMPLATE.read_text(), json.dumps(template())):
            assert lint(text, config=ManualArgs(regions=[region])) == []

    def test_it_uses_no_aliases(self) -> None:
        """YAML has them, CloudFormation does not."""
        assert "<<:" not in TEMPLATE.read_text()
        assert not [line for line in TEMPLATE.read_text().splitlines() if line.split(": ")[-1].startswith(("&", "*"))]

    def test_without_functions_nothing_is_left_that_needs_them(self) -> None:
        assert {facts["Type"] for facts in resources(Functions="false").values()} == {
            "AWS::KMS::Key",
            "AWS::S3::Bucket",
            "AWS::S3::BucketPolicy",
            "AWS::SNS::Topic",
            "AWS::SNS::TopicPolicy",
            "AWS::SNS::Subscription",
            "AWS::SQS::Queue",
            "AWS::SQS::QueuePolicy",
            "AWS::DynamoDB::Table",
        }

    def test_with_functions_these_are_added(self) -> None:
        added = resources().keys() - resources(Functions="false").keys()
        assert added == {
            *("Worker", "WorkerFresh", "WorkerBulk", "WorkerRole", "WorkerLogs"),
            *("Sweep", "SweepProbe", "SweepHourly", "SweepRole", "SweepLogs", "OutageAlarm"),
            *("SweepProbePermission", "SweepHourlyPermission"),
            *("Preview", "PreviewRole", "PreviewLogs"),
        }

    def test_what_cannot_be_made_again_is_retained(self) -> None:
        for name in (*BUCKETS, "Ledger", "Key"):
            facts = template()["Resources"][name]
            assert (facts["DeletionPolicy"], facts["UpdateReplacePolicy"]) == ("Retain", "Retain"), name

    def test_every_output_is_explained(self) -> None:
        assert all(output["Description"] for output in template()["Outputs"].values())
        assert template()["Outputs"].keys() >= {
            "Originals",
            "Renditions",
            "Table",
            "QueueUrl",
            "DeadLettersUrl",
            "Topic",
        }

    def test_every_parameter_is_explained(self) -> None:
        assert all(parameter.get("Description") for parameter in template()["Parameters"].values())


class TestWhoMayReachWhat:
    def test_everybody_is_only_ever_refused(self) -> None:
        open_to_all = [(name, s) for name, s in statements() if s.get("Principal") in ("*", {"AWS": "*"})]
        assert open_to_all
        for name, statement in open_to_all:
            assert statement["Effect"] == "Deny", name
            assert statement["Condition"] == OVER_TLS, name

    @pytest.mark.parametrize(
        ("policy", "target", "refused"),
        [
            ("OriginalsPolicy", "Originals", "s3:*"),
            ("RenditionsPolicy", "Renditions", "s3:*"),
            ("TopicPolicy", "Topic", "sns:Publish"),
            ("FreshQueuePolicy", "FreshQueue", "sqs:*"),
            ("BulkQueuePolicy", "BulkQueue", "sqs:*"),
            ("DeadLettersPolicy", "DeadLetters", "sqs:*"),
            ("SubscriptionDeadLettersPolicy", "SubscriptionDeadLetters", "sqs:*"),
        ],
    )
    def test_nothing_is_reached_without_tls(self, policy: str, target: str, refused: str) -> None:
        (statement,) = (s for name, s in statements() if name == policy and s["Effect"] == "Deny")
        assert statement["Action"] == refused
        assert statement["Condition"] == OVER_TLS
        assert target in json.dumps(statement["Resource"])

    def test_no_bucket_queue_or_topic_is_without_a_policy(self) -> None:
        policies = [facts["Properties"] for facts in resources().values() if facts["Type"].endswith("Policy")]
        covered = json.dumps([[p.get("Bucket"), p.get("Queues"), p.get("Topics")] for p in policies])
        for kind in ("AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic"):
            for name in resources(kind):
                assert json.dumps({"Ref": name}) in covered, name

    def test_only_the_originals_publish_to_the_topic(self) -> None:
        (allowed,) = (s for name, s in statements() if name == "TopicPolicy" and s["Effect"] == "Allow")
        assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
        assert allowed["Action"] == "sns:Publish"
        assert allowed["Condition"] == ONLY_THE_ORIGINALS

    def test_the_arn_that_policies_admit_is_the_originals_own(self) -> None:
        assert ORIGINALS_ARN["Fn::Sub"].endswith(":::" + properties("Originals")["BucketName"]["Fn::Sub"])

    def test_of_services_only_the_topic_sends_to_the_fresh_queue(self) -> None:
        (allowed,) = (s for name, s in statements() if name == "FreshQueuePolicy" and s["Effect"] == "Allow")
        assert allowed["Principal"] == {"Service": "sns.amazonaws.com"}
        assert allowed["Action"] == "sqs:SendMessage"
        assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "Topic"}}}

    def test_no_service_sends_to_the_dead_letters(self) -> None:
        assert not [s for name, s in statements() if name == "DeadLettersPolicy" and s["Effect"] == "Allow"]

    def test_every_service_that_is_admitted_is_held_to_a_source(self) -> None:
        for name, statement in statements():
            service = statement.get("Principal", {})
            if isinstance(service, dict) and "Service" in service and statement["Action"] != "sts:AssumeRole":
                assert statement.get("Condition"), name

    def test_each_function_has_a_role_of_its_own_and_no_managed_policies(self) -> None:
        functions = resources("AWS::Lambda::Function")
        assert {name: facts["Properties"]["Role"] for name, facts in functions.items()} == {
            name: {"Fn::GetAtt": [f"{name}Role", "Arn"]} for name in functions
        }
        assert resources("AWS::IAM::Role").keys() == {f"{name}Role" for name in functions}
        assert not [
            name for name, role in resources("AWS::IAM::Role").items() if "ManagedPolicyArns" in role["Properties"]
        ]

    def test_the_worker_may_do_exactly_what_it_does(self) -> None:
        granted = [(s["Resource"], sorted(actions(s))) for s in _permissions("WorkerRole")]
        assert granted == [
            ({"Fn::Sub": "${Originals.Arn}/${OriginalsPrefix}*"}, ["s3:GetObject"]),
            ({"Fn::GetAtt": ["Originals", "Arn"]}, ["s3:ListBucket"]),
            ({"Fn::Sub": "${Renditions.Arn}/*"}, ["s3:PutObject"]),
            ({"Fn::GetAtt": ["Key", "Arn"]}, ["kms:Decrypt", "kms:GenerateDataKey"]),
            (
                {"Fn::GetAtt": ["Ledger", "Arn"]},
                ["dynamodb:GetItem", "dynamodb:UpdateItem"],
            ),
            (
                [{"Fn::GetAtt": [lane, "Arn"]} for lane in LANES],
                [
                    "sqs:ChangeMessageVisibility",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:ReceiveMessage",
                    "sqs:SendMessage",
                ],
            ),
            ({"Fn::GetAtt": ["DeadLetters", "Arn"]}, ["sqs:SendMessage"]),
            ("*", ["lambda:ListEventSourceMappings"]),
            (
                {"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:event-source-mapping:*"},
                ["lambda:UpdateEventSourceMapping"],
            ),
            ({"Fn::GetAtt": ["WorkerLogs", "Arn"]}, ["logs:CreateLogStream", "logs:PutLogEvents"]),
            ("*", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]),
        ]

    def test_the_sweep_may_do_exactly_what_it_does(self) -> None:
        granted = [(s["Resource"], sorted(actions(s))) for s in _permissions("SweepRole")]
        assert granted == [
            ({"Fn::Sub": "${Originals.Arn}/${OriginalsPrefix}probe"}, ["s3:GetObject"]),
            ({"Fn::GetAtt": ["Originals", "Arn"]}, ["s3:ListBucket"]),
            ({"Fn::Sub": "${Renditions.Arn}/probe"}, ["s3:PutObject"]),
            ({"Fn::GetAtt": ["Key", "Arn"]}, ["kms:Decrypt", "kms:GenerateDataKey"]),
            ({"Fn::GetAtt": ["Ledger", "Arn"]}, ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Scan"]),
            ([{"Fn::GetAtt": [lane, "Arn"]} for lane in LANES], ["sqs:GetQueueAttributes", "sqs:SendMessage"]),
            ("*", ["cloudwatch:GetMetricStatistics"]),
            ("*", ["lambda:ListEventSourceMappings"]),
            (
                {"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:event-source-mapping:*"},
                ["lambda:UpdateEventSourceMapping"],
            ),
            ({"Fn::GetAtt": ["SweepLogs", "Arn"]}, ["logs:CreateLogStream", "logs:PutLogEvents"]),
            ("*", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]),
        ]

    @pytest.mark.parametrize("role", ["WorkerRole", "SweepRole"])
    def test_no_other_functions_intake_is_switched(self, role: str) -> None:
        (statement,) = (s for s in _permissions(role) if s["Action"] == "lambda:UpdateEventSourceMapping")
        own = properties("Worker")["FunctionName"]["Fn::Sub"]
        assert statement["Condition"] == {
            "ArnEquals": {
                "lambda:FunctionArn": {
                    "Fn::Sub": f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{own}"
                }
            }
        }

    def test_on_everything_only_that_is_granted_which_aws_grants_in_no_other_way(self) -> None:
        wide = [s for name in resources("AWS::IAM::Role") for s in _permissions(name) if s["Resource"] == "*"]
        assert {action for statement in wide for action in actions(statement)} == {
            "cloudwatch:GetMetricStatistics",
            "lambda:ListEventSourceMappings",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        }

    def test_no_role_is_granted_a_wildcard_action(self) -> None:
        assert not [
            action
            for name in resources("AWS::IAM::Role")
            for statement in _permissions(name)
            for action in actions(statement)
            if "*" in action
        ]


class TestTheKey:
    def test_it_rotates(self) -> None:
        assert properties("Key")["EnableKeyRotation"] is True

    def test_the_originals_may_publish_to_the_topic_that_it_encrypts(self) -> None:
        (admitted,) = (
            s for name, s in statements() if name == "Key" and s["Principal"] == {"Service": "s3.amazonaws.com"}
        )
        assert actions(admitted) == ["kms:GenerateDataKey*", "kms:Decrypt"]
        assert admitted["Condition"] == ONLY_THE_ORIGINALS


class TestBuckets:
    @pytest.mark.parametrize("name", BUCKETS)
    def test_all_is_encrypted_under_the_key_with_a_bucket_key(self, name: str) -> None:
        (rule,) = properties(name)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["BucketKeyEnabled"] is True
        assert rule["ServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]},
        }

    @pytest.mark.parametrize("name", BUCKETS)
    def test_nothing_is_public(self, name: str) -> None:
        assert properties(name)["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }
        assert properties(name)["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}

    @pytest.mark.parametrize("name", BUCKETS)
    def test_versions_are_kept_and_the_old_ones_expire(self, name: str) -> None:
        assert properties(name)["VersioningConfiguration"] == {"Status": "Enabled"}
        rules = properties(name)["LifecycleConfiguration"]["Rules"]
        assert any("NoncurrentVersionExpiration" in rule for rule in rules)
        assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)

    @pytest.mark.parametrize("name", BUCKETS)
    def test_no_current_version_ever_expires(self, name: str) -> None:
        for rule in properties(name)["LifecycleConfiguration"]["Rules"]:
            assert not rule.keys() & {"ExpirationInDays", "ExpirationDate"}

    def test_uploads_deletions_and_expirations_are_told_to_the_topic(self) -> None:
        told = properties("Originals")["NotificationConfiguration"]["TopicConfigurations"]
        assert [(each["Event"], each["Topic"]) for each in told] == [
            ("s3:ObjectCreated:*", {"Ref": "Topic"}),
            ("s3:ObjectRemoved:*", {"Ref": "Topic"}),
            ("s3:LifecycleExpiration:*", {"Ref": "Topic"}),
        ]

    def test_the_originals_wait_until_the_topic_would_take_what_they_tell(self) -> None:
        assert template()["Resources"]["Originals"]["DependsOn"] == "TopicPolicy"


class TestTopicAndQueues:
    def test_the_topic_is_encrypted_by_the_key(self) -> None:
        assert properties("Topic")["KmsMasterKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}

    def test_the_subscription_hands_on_the_event_as_it_is(self) -> None:
        assert properties("FreshSubscription")["RawMessageDelivery"] is True

    @pytest.mark.parametrize("name", QUEUES)
    def test_queues_are_encrypted(self, name: str) -> None:
        assert properties(name)["SqsManagedSseEnabled"] is True

    def test_a_message_stays_hidden_for_six_times_the_timeout_and_the_window(self) -> None:
        timeout = properties("Worker")["Timeout"]
        window = properties("WorkerFresh")["MaximumBatchingWindowInSeconds"]
        assert properties("FreshQueue")["VisibilityTimeout"] >= 6 * timeout + window

    def test_a_dead_letter_outlives_its_message_by_days(self) -> None:
        """Its age counts from the first enqueue."""
        assert properties("FreshQueue")["MessageRetentionPeriod"] <= 4 * DAY
        assert properties("DeadLetters")["MessageRetentionPeriod"] == 14 * DAY

    def test_a_message_is_received_at_least_six_times(self) -> None:
        assert properties("FreshQueue")["RedrivePolicy"] == {
            "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]},
            "maxReceiveCount": {"Ref": "MaxReceives"},
        }
        assert template()["Parameters"]["MaxReceives"]["MinValue"] >= 6


class TestTheWorker:
    def test_it_is_a_container_image_that_runs_the_handler(self) -> None:
        assert properties("Worker")["PackageType"] == "Image"
        assert properties("Worker")["ImageConfig"] == {"Command": ["handlers.worker.handler"]}

    def test_its_batches(self) -> None:
        mapping = properties("WorkerFresh")
        assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["FreshQueue", "Arn"]}
        assert mapping["BatchSize"] == 10
        assert 1 <= mapping["MaximumBatchingWindowInSeconds"] <= 5
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]

    def test_its_concurrency_is_capped_at_the_mapping(self) -> None:
        assert properties("WorkerFresh")["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "WorkerConcurrency"}}
        assert "ReservedConcurrentExecutions" not in properties("Worker")
        bounds = template()["Parameters"]["WorkerConcurrency"]
        assert (bounds["MinValue"], bounds["MaxValue"]) == (2, 1000)

    def test_polling_is_switched_by_a_boolean(self) -> None:
        """A string would poll whatever it says."""
        assert properties("WorkerFresh")["Enabled"] == {"Fn::If": ["WithPolling", True, False]}

    def test_it_may_feed_its_own_queue(self) -> None:
        assert properties("Worker")["RecursiveLoop"] == "Allow"

    def test_it_is_traced(self) -> None:
        assert properties("Worker")["TracingConfig"] == {"Mode": "Active"}

    def test_its_logs_are_encrypted_and_expire(self) -> None:
        assert properties("Worker")["LoggingConfig"] == {"LogGroup": {"Ref": "WorkerLogs"}}
        assert properties("WorkerLogs")["RetentionInDays"] == {"Ref": "LogRetentionDays"}
        assert properties("WorkerLogs")["KmsKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}

    def test_its_environment_is_what_the_settings_read(self) -> None:
        variables = properties("Worker")["Environment"]["Variables"]
        assert {name for name in variables if name.startswith("SAFELIGHT_")} == {
            "SAFELIGHT_ORIGINALS",
            "SAFELIGHT_ORIGINALS_PREFIX",
            "SAFELIGHT_RENDITIONS",
            "SAFELIGHT_TABLE",
            "SAFELIGHT_QUEUE_URL",
            "SAFELIGHT_BULK_QUEUE_URL",
            "SAFELIGHT_DEAD_LETTERS_URL",
            "SAFELIGHT_MAX_RECEIVES",
            "SAFELIGHT_MAX_BYTES",
            "SAFELIGHT_MAX_PIXELS",
        }
        assert variables.keys() >= {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "LOG_LEVEL"}

    def test_the_letters_and_the_receives_it_is_told_are_those_of_its_queue(self) -> None:
        variables = properties("Worker")["Environment"]["Variables"]
        assert variables["SAFELIGHT_QUEUE_URL"] == {"Ref": "FreshQueue"}
        assert variables["SAFELIGHT_DEAD_LETTERS_URL"] == {"Ref": "DeadLetters"}
        assert variables["SAFELIGHT_MAX_RECEIVES"] == properties("FreshQueue")["RedrivePolicy"]["maxReceiveCount"]


class TestTheLedger:
    def test_one_key_on_demand(self) -> None:
        assert properties("Ledger")["BillingMode"] == "PAY_PER_REQUEST"
        assert properties("Ledger")["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]

    def test_one_sparse_index_of_keys_only(self) -> None:
        (index,) = properties("Ledger")["GlobalSecondaryIndexes"]
        assert index == {
            "IndexName": "by-fault",
            "KeySchema": [
                {"AttributeName": "x", "KeyType": "HASH"},
                {"AttributeName": "u", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }

    def test_it_streams_both_images(self) -> None:
        assert properties("Ledger")["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}

    def test_it_is_encrypted_and_recovers_to_any_moment(self) -> None:
        assert properties("Ledger")["SSESpecification"] == {"SSEEnabled": True}
        assert properties("Ledger")["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}

    def test_no_source_ever_expires(self) -> None:
        assert "TimeToLiveSpecification" not in properties("Ledger")


def _permissions(role: str) -> list[dict[str, Any]]:
    return [s for policy in properties(role)["Policies"] for s in policy["PolicyDocument"]["Statement"]]
