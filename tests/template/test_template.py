"""The deployed system, asserted on the transformed template: emulators drop much of it in silence."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint import lint
from cfnlint.config import ManualArgs

import handlers
import jobs
from aws.intake import LIVE
from handlers import worker
from jobs.metering import Metered
from local.template import TEMPLATE, load
from tests.template.transformed import (
    KEY_ARN,
    VARIANTS,
    actions,
    outputs,
    permissions,
    properties,
    referred,
    resources,
    statements,
    template,
)

DAY = 86_400
OVER_TLS = {"Bool": {"aws:SecureTransport": "false"}}
ORIGINALS_ARN = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${AWS::StackName}-originals-${AWS::AccountId}-${AWS::Region}"}
ONLY_THE_ORIGINALS = {
    "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
    "ArnEquals": {"aws:SourceArn": ORIGINALS_ARN},
}
KEY = {"Fn::GetAtt": ["Key", "Arn"]}
BUCKETS = ["Originals", "Renditions"]
LANES = ["FreshQueue", "BulkQueue"]
LETTERS = ["DeadLetters", "SubscriptionDeadLetters"]
QUEUES = [*LANES, *LETTERS]

NAMESPACE = "Safelight/${AWS::StackName}"
"""Of the metrics that the functions write."""

EXISTING = {"ExistingOriginals": "our-photos"}
SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"
CORS_AND_SECURITY_HEADERS = "e61eb60c-9c35-4d20-a928-2b84e02af89c"
"""CloudFront's own policies."""

FORGET = "cloudfront:CreateInvalidation"

in_every_variant = pytest.mark.parametrize("parameters", VARIANTS.values(), ids=VARIANTS.keys())


def of_the_originals(suffix: str, bucket: str = "Originals") -> dict[str, Any]:
    return {"Fn::Sub": [f"arn:${{AWS::Partition}}:s3:::${{Bucket}}{suffix}", {"Bucket": {"Ref": bucket}}]}


SPELLED_OUT = ["W2001"]
"""The transform writes the deployment's name where its parameter stood; cfn-lint then misses the parameter's use."""


class TestTheWhole:
    @pytest.mark.slow
    @pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
    def test_it_passes_cfn_lint_before_and_after_the_transform(self, region: str) -> None:
        for text in (TEMPLATE.read_text(), json.dumps(template())):
            assert lint(text, config=ManualArgs(regions=[region], ignore_checks=SPELLED_OUT)) == []

    def test_it_uses_no_aliases(self) -> None:
        """YAML has them, CloudFormation does not."""
        assert "<<:" not in TEMPLATE.read_text()
        assert not [line for line in TEMPLATE.read_text().splitlines() if line.split(": ")[-1].startswith(("&", "*"))]

    @in_every_variant
    def test_all_that_is_referred_to_is_there(self, parameters: dict[str, str]) -> None:
        """Also from the outputs: a resource that a parameter leaves out is named nowhere."""
        made = resources(**parameters)
        known = {*made, *template(**parameters)["Parameters"]}
        for name, facts in {**made, **outputs(**parameters)}.items():
            missing = {one for one in referred(facts) if one not in known and not one.startswith("AWS::")}
            assert not missing, name

    @pytest.mark.parametrize("variant", list(VARIANTS)[1:])
    def test_each_of_these_parameters_decides_something(self, variant: str) -> None:
        assert resources(**VARIANTS[variant]) != resources()

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
        assert {name for name in added if not name.startswith("ApiDeployment")} == {
            *("Worker", "WorkerFresh", "WorkerBulk", "WorkerRole", "WorkerLogs"),
            *("WorkerAliaslive", "WorkerDeploymentGroup", "ServerlessDeploymentApplication", "DeploymentRole"),
            *(name for name in added if name.startswith("WorkerVersion")),
            *("Sweep", "SweepProbe", "SweepHourly", "SweepRole", "SweepLogs"),
            *("SweepProbePermission", "SweepHourlyPermission"),
            *("Preview", "PreviewRole", "PreviewLogs"),
            *("Api", "Apiv1Stage", "ApiMayInvoke", "ApiFunction", "ApiFunctionRole", "ApiFunctionLogs"),
            *("Announce", "AnnounceStream", "AnnounceRole", "AnnounceLogs"),
            *(*resources("AWS::CloudWatch::Alarm"), "Dashboard"),
        }

    def test_what_cannot_be_made_again_is_retained(self) -> None:
        for kind in ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key"):
            for name, facts in resources(kind).items():
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
    @in_every_variant
    def test_everybody_is_only_ever_refused(self, parameters: dict[str, str]) -> None:
        everybody = ("*", {"AWS": "*"}, {"AWS": ["*"]})
        open_to_all = [(name, s) for name, s in statements(**parameters) if s.get("Principal") in everybody]
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
        (statement,) = (s for name, s in statements(CloudFront="true") if name == policy and s["Effect"] == "Deny")
        assert statement["Action"] == refused
        assert statement["Condition"] == OVER_TLS
        assert target in json.dumps(statement["Resource"])

    @in_every_variant
    def test_every_bucket_queue_and_topic_refuses_what_comes_without_tls(self, parameters: dict[str, str]) -> None:
        refused = [s for _, s in statements(**parameters) if s["Effect"] == "Deny" and s["Condition"] == OVER_TLS]
        covered = json.dumps([statement["Resource"] for statement in refused])
        for kind in ("AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic"):
            for name in resources(kind, **parameters):
                assert f'"{name}"' in covered, name

    @in_every_variant
    def test_nothing_else_is_admitted_by_a_service_than_this(self, parameters: dict[str, str]) -> None:
        """Of services, only the topic and EventBridge send to the queues."""
        admitted = {
            (name, statement["Principal"]["Service"] if isinstance(statement["Principal"]["Service"], str) else "logs")
            for name, statement in statements(**parameters)
            if "Service" in statement.get("Principal", {}) and statement["Action"] != "sts:AssumeRole"
        }
        sender = "events.amazonaws.com" if "ExistingOriginals" in parameters else "sns.amazonaws.com"
        expected = {("FreshQueuePolicy", sender), ("SubscriptionDeadLettersPolicy", sender)}
        if "ExistingOriginals" not in parameters:
            expected |= {("TopicPolicy", "s3.amazonaws.com"), ("Key", "s3.amazonaws.com")}
        if "CloudFront" in parameters:
            expected |= {("RenditionsPolicy", "cloudfront.amazonaws.com"), ("Key", "cloudfront.amazonaws.com")}
        expected.add(("Key", "logs"))
        assert admitted == {(name, who) for name, who in expected if name != "Key" or "ExistingKey" not in parameters}

    def test_only_the_originals_publish_to_the_topic(self) -> None:
        (allowed,) = (s for name, s in statements() if name == "TopicPolicy" and s["Effect"] == "Allow")
        assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
        assert allowed["Action"] == "sns:Publish"
        assert allowed["Condition"] == ONLY_THE_ORIGINALS

    def test_the_arn_that_policies_admit_is_the_originals_own(self) -> None:
        assert ORIGINALS_ARN["Fn::Sub"].endswith(":::" + properties("Originals")["BucketName"]["Fn::Sub"])

    def test_of_services_only_the_topic_sends_to_the_fresh_queue(self) -> None:
        for policy in ("FreshQueuePolicy", "SubscriptionDeadLettersPolicy"):
            (allowed,) = (s for name, s in statements() if name == policy and s["Effect"] == "Allow")
            assert allowed["Principal"] == {"Service": "sns.amazonaws.com"}
            assert allowed["Action"] == "sqs:SendMessage"
            assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "Topic"}}}

    def test_with_an_existing_bucket_only_its_rule_does(self) -> None:
        for policy in ("FreshQueuePolicy", "SubscriptionDeadLettersPolicy"):
            (allowed,) = (s for name, s in statements(**EXISTING) if name == policy and s["Effect"] == "Allow")
            assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
            assert allowed["Action"] == "sqs:SendMessage"
            rule = {"Fn::GetAtt": ["ExistingOriginalsRule", "Arn"]}
            assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": rule}}

    @in_every_variant
    def test_no_service_sends_to_the_dead_letters_or_the_bulk_lane(self, parameters: dict[str, str]) -> None:
        closed = ("DeadLettersPolicy", "BulkQueuePolicy")
        assert not [s for name, s in statements(**parameters) if name in closed and s["Effect"] == "Allow"]

    @in_every_variant
    def test_every_service_that_is_admitted_is_held_to_a_source(self, parameters: dict[str, str]) -> None:
        for name, statement in statements(**parameters):
            service = statement.get("Principal", {})
            if isinstance(service, dict) and "Service" in service and statement["Action"] != "sts:AssumeRole":
                assert statement.get("Condition"), name
        for name, facts in resources("AWS::Lambda::Permission", **parameters).items():
            assert "SourceArn" in facts["Properties"], name

    @in_every_variant
    def test_each_function_has_a_role_of_its_own_and_no_managed_policies(self, parameters: dict[str, str]) -> None:
        functions = resources("AWS::Lambda::Function", **parameters)
        assert {name: facts["Properties"]["Role"] for name, facts in functions.items()} == {
            name: {"Fn::GetAtt": [f"{name}Role", "Arn"]} for name in functions
        }
        deployment = {"DeploymentRole"} if functions else set()
        assert resources("AWS::IAM::Role", **parameters).keys() == {f"{name}Role" for name in functions} | deployment
        assert not [
            name for name, role in resources("AWS::IAM::Role").items() if "ManagedPolicyArns" in role["Properties"]
        ]

    def test_the_worker_may_do_exactly_what_it_does(self) -> None:
        granted = [(s["Resource"], sorted(actions(s))) for s in permissions("WorkerRole")]
        assert granted == [
            (of_the_originals("/${OriginalsPrefix}*"), ["s3:GetObject"]),
            (of_the_originals(""), ["s3:ListBucket"]),
            ({"Fn::Sub": "${Renditions.Arn}/*"}, ["s3:PutObject"]),
            ([KEY], ["kms:Decrypt", "kms:GenerateDataKey"]),
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
        granted = [(s["Resource"], sorted(actions(s))) for s in permissions("SweepRole")]
        assert granted == [
            (of_the_originals("/${OriginalsPrefix}probe"), ["s3:GetObject"]),
            (of_the_originals(""), ["s3:ListBucket"]),
            ({"Fn::Sub": "${Renditions.Arn}/probe"}, ["s3:PutObject"]),
            ([KEY], ["kms:Decrypt", "kms:GenerateDataKey"]),
            ({"Fn::GetAtt": ["Ledger", "Arn"]}, ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Scan"]),
            ({"Fn::GetAtt": ["Ledger", "Arn"]}, ["dynamodb:PutItem"]),
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

    def test_deployments_move_the_workers_alias_and_ask_the_alarms(self) -> None:
        worker = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-worker"
        assert [(s["Resource"], sorted(actions(s))) for s in permissions("DeploymentRole")] == [
            (
                [{"Fn::Sub": worker}, {"Fn::Sub": f"{worker}:*"}],
                ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"],
            ),
            ("*", ["cloudwatch:DescribeAlarms"]),
        ]

    def test_with_an_existing_bucket_the_same_is_granted_on_that_one(self) -> None:
        """All else stays as it is."""
        own, existing = (json.dumps(permissions("WorkerRole", **each)) for each in ({}, EXISTING))
        assert existing == own.replace('{"Ref": "Originals"}', '{"Ref": "ExistingOriginals"}') != own

    def test_its_key_is_opened_too(self) -> None:
        for role in ("WorkerRole", "SweepRole"):
            opened = permissions(role, **EXISTING, ExistingOriginalsKey=KEY_ARN)
            (statement,) = (s for s in opened if "kms:Decrypt" in s["Action"])
            assert statement["Resource"] == [KEY, {"Ref": "ExistingOriginalsKey"}]

    @in_every_variant
    def test_keys_are_used_through_s3_alone(self, parameters: dict[str, str]) -> None:
        for role in resources("AWS::IAM::Role", **parameters):
            for statement in permissions(role, **parameters):
                if any(action.startswith("kms:") for action in actions(statement)):
                    through = {"Fn::Sub": "s3.${AWS::Region}.amazonaws.com"}
                    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": through}}, role

    @in_every_variant
    def test_no_role_writes_or_deletes_an_original(self, parameters: dict[str, str]) -> None:
        for role in {"WorkerRole", "SweepRole"} & resources(**parameters).keys():
            for statement in permissions(role, **parameters):
                if {"Originals", "ExistingOriginals"} & set(referred(statement["Resource"])):
                    assert set(actions(statement)) <= {"s3:GetObject", "s3:ListBucket"}, role

    def test_the_sweep_puts_nothing_into_the_ledger_but_its_place(self) -> None:
        (statement,) = (s for s in permissions("SweepRole") if s["Action"] == "dynamodb:PutItem")
        assert statement["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["sweep"]}}

    @pytest.mark.parametrize("role", ["WorkerRole", "SweepRole"])
    def test_no_other_functions_intake_is_switched(self, role: str) -> None:
        (statement,) = (s for s in permissions(role) if s["Action"] == "lambda:UpdateEventSourceMapping")
        own = properties("Worker")["FunctionName"]["Fn::Sub"]
        alias = f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{own}:{LIVE}"
        assert statement["Condition"] == {"ArnEquals": {"lambda:FunctionArn": {"Fn::Sub": alias}}}

    def test_rekognition_is_asked_by_the_worker_alone_and_only_where_the_parameter_says_so(self) -> None:
        asked = ["rekognition:DetectLabels", "rekognition:DetectModerationLabels"]
        for parameters, who in (({}, []), ({"Analysis": "true"}, ["WorkerRole"])):
            roles = {name: permissions(name, **parameters) for name in resources("AWS::IAM::Role", **parameters)}
            assert [name for name, all in roles.items() if asked in [sorted(actions(s)) for s in all]] == who
        assert "rekognition" not in json.dumps(resources())
        environment = properties("Worker")["Environment"]["Variables"]
        assert environment["SAFELIGHT_ANALYSIS"] == {"Ref": "Analysis"}

    def test_on_everything_only_that_is_granted_which_aws_grants_in_no_other_way(self) -> None:
        wide = [s for name in resources("AWS::IAM::Role") for s in permissions(name) if s["Resource"] == "*"]
        assert {action for statement in wide for action in actions(statement)} == {
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricStatistics",
            "dynamodb:ListStreams",
            "lambda:ListEventSourceMappings",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        }

    def test_no_role_is_granted_a_wildcard_action(self) -> None:
        assert not [
            action
            for name in resources("AWS::IAM::Role")
            for statement in permissions(name)
            for action in actions(statement)
            if "*" in action
        ]


class TestAnExistingBucket:
    def test_no_bucket_of_originals_and_no_topic_is_made(self) -> None:
        missing = resources().keys() - resources(**EXISTING).keys()
        assert missing == {"Originals", "OriginalsPolicy", "Topic", "TopicPolicy", "FreshSubscription"}

    def test_its_uploads_and_deletions_reach_the_queue(self) -> None:
        rule = properties("ExistingOriginalsRule", **EXISTING)
        assert rule["EventPattern"] == {
            "source": ["aws.s3"],
            "detail-type": ["Object Created", "Object Deleted"],
            "detail": {"bucket": {"name": [{"Ref": "ExistingOriginals"}]}},
        }
        (target,) = rule["Targets"]
        assert target["Arn"] == {"Fn::GetAtt": ["FreshQueue", "Arn"]}
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["SubscriptionDeadLetters", "Arn"]}}

    def test_only_what_is_under_the_prefix_is_heard(self) -> None:
        rule = properties("ExistingOriginalsRule", **EXISTING, OriginalsPrefix="uploads/")
        assert rule["EventPattern"]["detail"]["object"] == {"key": [{"prefix": {"Ref": "OriginalsPrefix"}}]}

    def test_every_function_is_told_of_it(self) -> None:
        for name, facts in resources("AWS::Lambda::Function", **EXISTING).items():
            said = facts["Properties"]["Environment"]["Variables"].get("SAFELIGHT_ORIGINALS")
            assert said in (None, {"Ref": "ExistingOriginals"}), name
        assert outputs(**EXISTING)["Originals"]["Value"] == {"Ref": "ExistingOriginals"}


class TestTheKey:
    def test_an_existing_one_takes_its_place_everywhere(self) -> None:
        assert "Key" not in resources(ExistingKey=KEY_ARN)
        encrypted = json.dumps({name: facts for name, facts in resources().items() if name != "Key"})
        instead = json.dumps(resources(ExistingKey=KEY_ARN))
        assert instead == encrypted.replace(json.dumps(KEY), '{"Ref": "ExistingKey"}') != encrypted

    def test_it_rotates(self) -> None:
        assert properties("Key")["EnableKeyRotation"] is True

    def test_the_originals_may_publish_to_the_topic_that_it_encrypts(self) -> None:
        (admitted,) = (
            s for name, s in statements() if name == "Key" and s["Principal"] == {"Service": "s3.amazonaws.com"}
        )
        assert actions(admitted) == ["kms:GenerateDataKey*", "kms:Decrypt"]
        assert admitted["Condition"] == ONLY_THE_ORIGINALS


class TestBuckets:
    @in_every_variant
    def test_each_is_one_of_those_looked_at_here(self, parameters: dict[str, str]) -> None:
        assert set(resources("AWS::S3::Bucket", **parameters)) <= {*BUCKETS}

    def test_without_allowed_origins_no_browser_is_admitted(self) -> None:
        assert not [name for name in BUCKETS if "CorsConfiguration" in properties(name)]

    @pytest.mark.parametrize(("name", "methods"), [("Originals", ["POST"]), ("Renditions", ["GET", "HEAD"])])
    def test_browsers_upload_here_and_look_there(self, name: str, methods: list[str]) -> None:
        (rule,) = properties(name, **VARIANTS["browsers"])["CorsConfiguration"]["CorsRules"]
        assert rule["AllowedMethods"] == methods
        assert rule["AllowedOrigins"] == {"Fn::Split": [",", {"Ref": "Origins"}]}

    @pytest.mark.parametrize("name", BUCKETS)
    def test_all_is_encrypted_under_the_key_with_a_bucket_key(self, name: str) -> None:
        (rule,) = properties(name)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["BucketKeyEnabled"] is True
        assert rule["ServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": KEY,
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


class TestCloudFront:
    def test_there_is_none_unless_asked_for(self) -> None:
        assert not [name for name, facts in resources().items() if facts["Type"].startswith("AWS::CloudFront::")]

    def test_it_signs_what_it_asks_of_the_bucket(self) -> None:
        control = properties("OriginAccess", CloudFront="true")["OriginAccessControlConfig"]
        assert (control["OriginAccessControlOriginType"], control["SigningBehavior"]) == ("s3", "always")
        (origin,) = properties("RenditionsDistribution", CloudFront="true")["DistributionConfig"]["Origins"]
        assert origin["DomainName"] == {"Fn::GetAtt": ["Renditions", "RegionalDomainName"]}
        assert origin["OriginAccessControlId"] == {"Fn::GetAtt": ["OriginAccess", "Id"]}

    def test_it_is_reached_over_tls_only(self) -> None:
        behavior = properties("RenditionsDistribution", CloudFront="true")["DistributionConfig"]["DefaultCacheBehavior"]
        assert behavior["ViewerProtocolPolicy"] == "https-only"

    def test_pages_of_the_named_origins_may_read_what_it_serves(self) -> None:
        """The bucket's own rule answers nobody here: no cache key has the Origin in it, so S3 is never told of one."""
        told = [
            properties("RenditionsDistribution", CloudFront="true", Origins=origins)["DistributionConfig"][
                "DefaultCacheBehavior"
            ]["ResponseHeadersPolicyId"]
            for origins in ("", "https://photos.example.com")
        ]
        assert told == [SECURITY_HEADERS, CORS_AND_SECURITY_HEADERS]

    def test_no_other_distribution_reads_the_renditions(self) -> None:
        with_it = dict(self._admitted("RenditionsPolicy"))
        assert with_it["Action"] == "s3:GetObject"
        assert with_it["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"].endswith(
            ":distribution/${RenditionsDistribution}"
        )

    def test_the_api_hands_out_its_addresses_and_has_it_forget_what_is_erased(self) -> None:
        told = properties("ApiFunction", CloudFront="true")["Environment"]["Variables"]
        assert told["SAFELIGHT_PUBLIC_URL"] == {"Fn::Sub": "https://${RenditionsDistribution.DomainName}"}
        assert told["SAFELIGHT_DISTRIBUTION"] == {"Ref": "RenditionsDistribution"}
        (forgets,) = (s for s in permissions("ApiFunctionRole", CloudFront="true") if s["Action"] == FORGET)
        assert forgets["Resource"]["Fn::Sub"].endswith(":distribution/${RenditionsDistribution}")

    def test_without_it_the_api_signs_addresses_of_the_bucket(self) -> None:
        told = properties("ApiFunction")["Environment"]["Variables"]
        assert (told["SAFELIGHT_PUBLIC_URL"], told["SAFELIGHT_DISTRIBUTION"]) == ("", "")
        assert not [s for s in permissions("ApiFunctionRole") if FORGET in actions(s)]

    def test_it_opens_with_the_key_and_seals_nothing(self) -> None:
        assert self._admitted("Key")["Action"] == "kms:Decrypt"

    @staticmethod
    def _admitted(policy: str) -> dict[str, Any]:
        cloudfront = {"Service": "cloudfront.amazonaws.com"}
        said = statements(CloudFront="true")
        (statement,) = (s for name, s in said if name == policy and s["Principal"] == cloudfront)
        return statement


class TestTopicAndQueues:
    def test_the_topic_is_encrypted_by_the_key(self) -> None:
        assert properties("Topic")["KmsMasterKeyId"] == KEY

    def test_the_subscription_hands_on_the_event_as_it_is(self) -> None:
        assert properties("FreshSubscription")["RawMessageDelivery"] is True

    def test_what_the_topic_cannot_hand_on_is_kept(self) -> None:
        kept = {"deadLetterTargetArn": {"Fn::GetAtt": ["SubscriptionDeadLetters", "Arn"]}}
        assert properties("FreshSubscription")["RedrivePolicy"] == kept

    @in_every_variant
    def test_every_queue_is_encrypted(self, parameters: dict[str, str]) -> None:
        for name, facts in resources("AWS::SQS::Queue", **parameters).items():
            assert facts["Properties"]["SqsManagedSseEnabled"] is True, name

    @in_every_variant
    def test_a_message_stays_hidden_for_six_times_the_timeout_and_the_window(self, parameters: dict[str, str]) -> None:
        """Of every function that reads a queue."""
        made = resources(**parameters)
        for name, facts in resources("AWS::Lambda::EventSourceMapping", **parameters).items():
            mapping = facts["Properties"]
            queue, *_ = referred(mapping["EventSourceArn"])
            if made[queue]["Type"] != "AWS::SQS::Queue":
                continue
            function, *_ = referred(made[next(referred(mapping["FunctionName"]))]["Properties"]["FunctionName"])
            visible = made[queue]["Properties"]["VisibilityTimeout"]
            timeout, window = made[function]["Properties"]["Timeout"], mapping["MaximumBatchingWindowInSeconds"]
            assert visible >= 6 * timeout + window, name

    @pytest.mark.parametrize("lane", LANES)
    def test_a_dead_letter_outlives_its_message_by_days(self, lane: str) -> None:
        """Its age counts from the first enqueue."""
        assert properties(lane)["MessageRetentionPeriod"] <= 4 * DAY
        assert {properties(name)["MessageRetentionPeriod"] for name in LETTERS} == {14 * DAY}

    @pytest.mark.parametrize("lane", LANES)
    def test_a_message_is_received_at_least_six_times(self, lane: str) -> None:
        assert properties(lane)["RedrivePolicy"] == {
            "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]},
            "maxReceiveCount": {"Ref": "MaxReceives"},
        }
        assert template()["Parameters"]["MaxReceives"]["MinValue"] >= 6

    @in_every_variant
    def test_every_queue_is_a_lane_or_for_letters(self, parameters: dict[str, str]) -> None:
        assert resources("AWS::SQS::Queue", **parameters).keys() == {*QUEUES}


class TestTheWorker:
    def test_it_is_a_container_image_that_runs_the_handler(self) -> None:
        assert properties("Worker")["PackageType"] == "Image"
        assert properties("Worker")["ImageConfig"] == {"Command": ["handlers.worker.handler"]}

    @pytest.mark.parametrize(("name", "lane"), [("WorkerFresh", "FreshQueue"), ("WorkerBulk", "BulkQueue")])
    def test_its_batches(self, name: str, lane: str) -> None:
        mapping = properties(name)
        assert mapping["EventSourceArn"] == {"Fn::GetAtt": [lane, "Arn"]}
        assert mapping["BatchSize"] == 10
        assert 1 <= mapping["MaximumBatchingWindowInSeconds"] <= 5
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]

    @pytest.mark.parametrize(
        ("name", "parameter"), [("WorkerFresh", "WorkerConcurrency"), ("WorkerBulk", "BulkConcurrency")]
    )
    def test_its_concurrency_is_capped_for_each_lane_by_itself(self, name: str, parameter: str) -> None:
        assert properties(name)["ScalingConfig"] == {"MaximumConcurrency": {"Ref": parameter}}
        bounds = template()["Parameters"][parameter]
        assert (bounds["MinValue"], bounds["MaxValue"]) == (2, 1000)

    @in_every_variant
    def test_every_mapping_of_a_queue_is_capped_and_takes_from_no_reserve(self, parameters: dict[str, str]) -> None:
        for name, facts in resources("AWS::Lambda::EventSourceMapping", **parameters).items():
            if set(referred(facts["Properties"]["EventSourceArn"])) & {*QUEUES}:
                assert facts["Properties"]["ScalingConfig"]["MaximumConcurrency"], name
        for name, facts in resources("AWS::Lambda::Function", **parameters).items():
            assert "ReservedConcurrentExecutions" not in facts["Properties"], name

    @pytest.mark.parametrize("name", ["WorkerFresh", "WorkerBulk"])
    def test_polling_is_switched_by_a_boolean(self, name: str) -> None:
        """A string would poll whatever it says."""
        assert properties(name)["Enabled"] is True
        assert properties(name, Polling="false")["Enabled"] is False

    def test_it_may_feed_its_own_queue(self) -> None:
        assert properties("Worker")["RecursiveLoop"] == "Allow"

    def test_every_function_is_traced(self) -> None:
        for name, facts in resources("AWS::Lambda::Function").items():
            assert facts["Properties"]["TracingConfig"] == {"Mode": "Active"}, name

    def test_every_function_has_logs_of_its_own(self) -> None:
        for name, facts in resources("AWS::Lambda::Function").items():
            assert facts["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Logs"}}, name

    def test_all_logs_are_encrypted_and_expire(self) -> None:
        """By name, too: the key admits the logs under this one."""
        for name, facts in resources("AWS::Logs::LogGroup").items():
            assert facts["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name
            assert facts["Properties"]["KmsKeyId"] == KEY, name
            assert facts["Properties"]["LogGroupName"]["Fn::Sub"].startswith("/safelight/${AWS::StackName}/"), name
            assert facts["DeletionPolicy"] == "Delete", name

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
            "SAFELIGHT_ANALYSIS",
        }
        assert variables.keys() >= {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "LOG_LEVEL"}

    def test_the_letters_and_the_receives_it_is_told_are_those_of_its_queue(self) -> None:
        variables = properties("Worker")["Environment"]["Variables"]
        assert variables["SAFELIGHT_QUEUE_URL"] == {"Ref": "FreshQueue"}
        assert variables["SAFELIGHT_DEAD_LETTERS_URL"] == {"Ref": "DeadLetters"}
        assert variables["SAFELIGHT_MAX_RECEIVES"] == properties("FreshQueue")["RedrivePolicy"]["maxReceiveCount"]


class TestTheAlias:
    def test_the_mappings_feed_it_and_not_the_function(self) -> None:
        assert properties("WorkerAliaslive")["Name"] == LIVE
        fed = {name: properties(name)["FunctionName"] for name in ("WorkerFresh", "WorkerBulk")}
        assert set(map(json.dumps, fed.values())) == {'{"Ref": "WorkerAliaslive"}'}

    def test_whatever_changes_of_the_worker_is_a_new_version(self) -> None:
        """With an image, code and settings alike."""
        versions = {frozenset(resources("AWS::Lambda::Version", **each)) for each in ({}, {"Image": "other:latest"})}
        assert len(versions) == 2
        assert load()["Resources"]["Worker"]["Properties"]["AutoPublishAliasAllProperties"] is True

    @pytest.mark.parametrize("how", load()["Parameters"]["Deployment"]["AllowedValues"])
    def test_a_version_takes_over_as_the_parameter_says(self, how: str) -> None:
        name, by = properties("WorkerDeploymentGroup", Deployment=how)["DeploymentConfigName"]["Fn::Sub"]
        assert (name, by) == ("CodeDeployDefault.Lambda${ConfigName}", {"ConfigName": how})

    def test_an_alarm_takes_it_back(self) -> None:
        group = properties("WorkerDeploymentGroup")
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        alarms = {alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]}
        assert alarms == {"WorkerErrorsAlarm", "WorkerDurationAlarm", "OutageAlarm"}
        assert alarms <= resources("AWS::CloudWatch::Alarm").keys()


ALARMS = {
    "OutageAlarm": ("Outage", 1),
    "DeadLettersAlarm": ("ApproximateNumberOfMessagesVisible", 1),
    "SubscriptionDeadLettersAlarm": ("ApproximateNumberOfMessagesVisible", 1),
    "LettersAgeAlarm": ("ApproximateAgeOfOldestMessage", 14 * DAY // 2),
    "FreshAgeAlarm": ("ApproximateAgeOfOldestMessage", 900),
    "BulkAgeAlarm": ("ApproximateAgeOfOldestMessage", 2 * DAY),
    "WorkerErrorsAlarm": ("Errors", 1),
    "WorkerThrottlesAlarm": ("Throttles", 1),
    "WorkerDurationAlarm": ("Duration", 108_000),
    "SweepErrorsAlarm": ("Errors", 1),
    "AnnouncementsAgeAlarm": ("IteratorAge", 3_600_000),
    "SandboxAlarm": ("SandboxPartial", 1),
}
"""Metric and threshold. One more looks at two metrics."""


class TestAlarms:
    def test_these_are_there(self) -> None:
        alarms = resources("AWS::CloudWatch::Alarm")
        said = {name: facts["Properties"] for name, facts in alarms.items() if name in ALARMS}
        assert {name: (alarm["MetricName"], alarm["Threshold"]) for name, alarm in said.items()} == ALARMS
        assert alarms.keys() >= {*ALARMS, "RejectedAlarm"}

    def test_announcements_ring_long_before_their_stream_forgets_them(self) -> None:
        """What cannot be told is handed back, which is no error of the function's: only its age says so."""
        alarm = properties("AnnouncementsAgeAlarm")
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Fn::Sub": "${AWS::StackName}-announce"}}]
        assert alarm["Threshold"] <= DAY * 1000 / 12

    def test_silence_is_no_alarm_and_each_says_what_to_do(self) -> None:
        for name, facts in resources("AWS::CloudWatch::Alarm").items():
            assert facts["Properties"]["TreatMissingData"] == "notBreaching", name
            assert facts["Properties"]["AlarmDescription"], name

    def test_each_is_told_to_the_topic_if_there_is_one(self) -> None:
        for name, facts in resources("AWS::CloudWatch::Alarm", **VARIANTS["an alarm topic"]).items():
            assert facts["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}], name
            assert facts["Properties"]["OKActions"] == [{"Ref": "AlarmTopic"}], name
        for name, facts in resources("AWS::CloudWatch::Alarm").items():
            assert not facts["Properties"].keys() & {"AlarmActions", "OKActions"}, name

    def test_the_slowest_batches_are_told_before_the_timeout_cuts_them_off(self) -> None:
        alarm = properties("WorkerDurationAlarm")
        assert alarm["ExtendedStatistic"] == "p99"
        assert alarm["Threshold"] == 0.9 * properties("Worker")["Timeout"] * 1000

    def test_the_age_of_each_lanes_oldest_message_is_watched(self) -> None:
        for name, lane in (("FreshAgeAlarm", "FreshQueue"), ("BulkAgeAlarm", "BulkQueue")):
            queue = {"Fn::GetAtt": [lane, "QueueName"]}
            assert properties(name)["Dimensions"] == [{"Name": "QueueName", "Value": queue}]
            assert properties(name)["Threshold"] < properties(lane)["MessageRetentionPeriod"]

    def test_the_share_of_rejected_is_counted_from_the_workers_own_metrics(self) -> None:
        metrics = {each["Id"]: each for each in properties("RejectedAlarm")["Metrics"]}
        counted = {m["MetricStat"]["Metric"]["MetricName"] for m in metrics.values() if "MetricStat" in m}
        assert counted == {"Published", "Rejected"}
        assert [name for name, metric in metrics.items() if metric.get("ReturnData", True)] == ["percent"]


class TestTwoStacks:
    """In one account and region."""

    def test_each_counts_in_a_namespace_of_its_own(self) -> None:
        said = {
            name: facts["Properties"]["Environment"]["Variables"].get("POWERTOOLS_METRICS_NAMESPACE")
            for name, facts in resources("AWS::Lambda::Function").items()
        }
        written = {name: space for name, space in said.items() if space}
        assert written == {"Worker": {"Fn::Sub": NAMESPACE}, "Sweep": {"Fn::Sub": NAMESPACE}}

    def test_no_alarm_listens_to_the_other_ones_metrics(self) -> None:
        """AWS's own metrics carry the name of a queue or a function."""
        for name, facts in resources("AWS::CloudWatch::Alarm").items():
            alarm = facts["Properties"]
            looked_at = [m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m] or [alarm]
            for metric in looked_at:
                aws = str(metric["Namespace"]).startswith("AWS/")
                assert aws or metric["Namespace"] == {"Fn::Sub": NAMESPACE}, name


class TestTheDashboard:
    def test_its_body_is_json_whose_widgets_do_not_overlap(self) -> None:
        taken: set[tuple[int, int]] = set()
        for widget in self._body()["widgets"]:
            columns = range(widget["x"], widget["x"] + widget["width"])
            rows = range(widget["y"], widget["y"] + widget["height"])
            cells = {(column, row) for column in columns for row in rows}
            assert not cells & taken, widget["properties"]["title"]
            assert max(columns) < 24
            taken |= cells

    def test_every_expression_is_made_of_metrics_that_are_there(self) -> None:
        for widget in self._body()["widgets"]:
            metrics = [row[-1] for row in widget["properties"].get("metrics", []) if isinstance(row[-1], dict)]
            ids = {metric["id"] for metric in metrics if "id" in metric}
            # What is searched for stands in quotes, and is no id.
            written = [re.sub(r"'[^']*'", "", metric.get("expression", "")) for metric in metrics]
            used = {word for text in written for word in re.findall(r"\b[a-z]\w*", text)}
            assert used <= ids

    def test_all_that_the_code_counts_is_on_it(self) -> None:
        """What a batch says of itself, what its images cost by recipe, and what the sweep says."""
        rooms = {path.read_text() for room in (handlers, jobs) for path in Path(room.__path__[0]).glob("*.py")}
        written = "".join(rooms)
        outcomes = {one.title().replace("-", "") for one in re.findall(r'Acknowledge\("([a-z-]+)"', written)}
        counted = {*re.findall(r'add_metric\("(\w+)"', written), *(name for name, *_ in worker._measured(Metered()))}
        assert {"Retried", "Swept", "Microdollars"} <= counted
        assert counted | outcomes <= self._shown()

    def test_it_shows_nothing_of_another_stack(self) -> None:
        """Of metrics of our own; queues, functions and tables have names of their own."""
        spaces = {row[0] for row in self._rows() if str(row[0]).startswith("Safelight")}
        text = json.dumps(self._body())
        assert spaces == {NAMESPACE}
        assert text.count("SEARCH(") == text.count(json.dumps(f'{{"{NAMESPACE}",recipe,service}}')[1:-1])

    def test_every_alarm_is_on_it(self) -> None:
        (widget,) = (each for each in self._body()["widgets"] if each["type"] == "alarm")
        shown = {name.removeprefix("${").removesuffix(".Arn}") for name in widget["properties"]["alarms"]}
        assert shown == resources("AWS::CloudWatch::Alarm").keys()

    @pytest.mark.parametrize(("architecture", "price"), [("x86_64", "0.0000166667"), ("arm64", "0.0000133334")])
    def test_arm64_costs_a_fifth_less(self, architecture: str, price: str) -> None:
        _, names = properties("Dashboard", Architecture=architecture)["DashboardBody"]["Fn::Sub"]
        assert names == {"GigabyteSecond": price}

    def _shown(self) -> set[str]:
        """The names of metrics, written out or searched for."""
        expressions = " ".join(row[0]["expression"] for row in self._rows() if len(row) == 1)
        searched = re.findall(r'MetricName="(\w+)"', expressions)
        return {*searched, *(str(row[1]) for row in self._rows() if len(row) > 2)}

    def _rows(self) -> list[list[Any]]:
        return [row for widget in self._body()["widgets"] for row in widget["properties"].get("metrics", [])]

    @staticmethod
    def _body() -> dict[str, Any]:
        text, _ = properties("Dashboard")["DashboardBody"]["Fn::Sub"]
        body: dict[str, Any] = json.loads(text)
        return body


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
                {"AttributeName": "y", "KeyType": "RANGE"},
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
