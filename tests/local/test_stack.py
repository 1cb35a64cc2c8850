"""The stack that CloudFormation makes of template.yaml, and the function that it leaves out."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.events import Asked, parse
from jobs.source import Source
from local.endpoint import Endpoint
from local.errors import StackFailed, TemplateUnreadable
from local.stack import Schedule, Stack, ask_for, attach, create, remove
from tests.embedded import a_name, as_far_as_known
from tests.local.processes import eventually

pytestmark = pytest.mark.embedded


def test_the_workers_environment_names_what_was_made(deployed: Stack) -> None:
    variables = deployed.function("Worker").variables
    assert variables == {
        "SAFELIGHT_ORIGINALS": deployed.outputs["Originals"],
        "SAFELIGHT_ORIGINALS_PREFIX": "",
        "SAFELIGHT_RENDITIONS": deployed.outputs["Renditions"],
        "SAFELIGHT_TABLE": deployed.outputs["Table"],
        "SAFELIGHT_QUEUE_URL": deployed.outputs["QueueUrl"],
        "SAFELIGHT_BULK_QUEUE_URL": deployed.outputs["BulkQueueUrl"],
        "SAFELIGHT_DEAD_LETTERS_URL": deployed.outputs["DeadLettersUrl"],
        "SAFELIGHT_MAX_RECEIVES": "6",
        "SAFELIGHT_MAX_BYTES": "100663296",
        "SAFELIGHT_MAX_PIXELS": "128000000",
        "SAFELIGHT_ANALYSIS": "false",
        "POWERTOOLS_SERVICE_NAME": "worker",
        "POWERTOOLS_METRICS_NAMESPACE": f"Safelight/{deployed.name}",
        "LOG_LEVEL": "INFO",
    }


def test_the_worker_is_what_the_template_says(deployed: Stack) -> None:
    worker = deployed.function("Worker")
    assert (worker.handler, worker.timeout, worker.memory) == ("handlers.worker.handler", 120, 3538)
    assert worker.arn.endswith(f":function:{deployed.name}-worker")


def test_the_mapping_is_what_the_template_says_of_a_queue_that_is_there(deployed: Stack) -> None:
    source, bulk = deployed.event_sources("Worker")
    sqs = deployed.endpoint.client("sqs")
    there = sqs.get_queue_attributes(QueueUrl=source.queue_url, AttributeNames=["All"])["Attributes"]
    letters = sqs.get_queue_attributes(QueueUrl=source.dead_letters_url, AttributeNames=["QueueArn"])["Attributes"]
    redrive = json.loads(there["RedrivePolicy"])
    assert (source.batch_size, source.window, source.maximum_concurrency, source.partial) == (10, 2, 50, True)
    assert source.queue_arn == there["QueueArn"]
    assert source.max_receives == int(redrive["maxReceiveCount"])
    assert redrive["deadLetterTargetArn"] == letters["QueueArn"]
    assert bulk.queue_url == deployed.outputs["BulkQueueUrl"]
    assert bulk == replace(source, queue_url=bulk.queue_url, queue_arn=bulk.queue_arn, maximum_concurrency=20)


def test_an_upload_and_a_deletion_reach_the_queue(deployed: Stack) -> None:
    s3, sqs = deployed.endpoint.client("s3"), deployed.endpoint.client("sqs")
    bucket, queue = deployed.outputs["Originals"], deployed.outputs["QueueUrl"]
    s3.put_object(Bucket=bucket, Key="a photo.jpg", Body=b"bytes")
    s3.delete_object(Bucket=bucket, Key="a photo.jpg")
    heard: set[str] = set()

    def both_heard() -> bool:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get(
            "Messages", []
        ):
            heard.update(record["eventName"] for record in json.loads(message["Body"]).get("Records", []))
        return heard >= {"ObjectCreated:Put", "ObjectRemoved:DeleteMarkerCreated"}

    assert eventually(both_heard)


def test_only_what_is_under_the_prefix_reaches_the_queue(embedded_aws: Endpoint) -> None:
    stack = create(embedded_aws, a_name(), parameters={"OriginalsPrefix": "uploads/"})
    s3 = embedded_aws.client("s3")
    notifications = s3.get_bucket_notification_configuration(Bucket=stack.outputs["Originals"])["TopicConfigurations"]
    rules = [notification["Filter"]["Key"]["FilterRules"] for notification in notifications]
    assert rules == [[{"Name": "prefix", "Value": "uploads/"}]] * 3
    assert stack.function("Worker").variables["SAFELIGHT_ORIGINALS_PREFIX"] == "uploads/"
    remove(stack)


def test_a_bucket_that_is_there_already_is_heard_through_eventbridge(embedded_aws: Endpoint) -> None:
    s3, sqs, bucket = embedded_aws.client("s3"), embedded_aws.client("sqs"), a_name()
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    stack = create(embedded_aws, a_name(), parameters={"ExistingOriginals": bucket, "OriginalsPrefix": "uploads/"})
    s3.put_object(Bucket=bucket, Key="elsewhere/photo.jpg", Body=b"bytes")
    s3.put_object(Bucket=bucket, Key="uploads/photo.jpg", Body=b"bytes")
    heard: list[Asked] = []

    def one_told() -> bool:
        messages = sqs.receive_message(QueueUrl=stack.outputs["QueueUrl"], MaxNumberOfMessages=10, WaitTimeSeconds=1)
        heard.extend(asked for message in messages.get("Messages", []) for asked in parse(message["Body"]))
        return bool(heard)

    assert eventually(one_told)
    assert {asked.source for asked in heard} == {Source(bucket, "uploads/photo.jpg")}
    assert stack.function("Worker").variables["SAFELIGHT_ORIGINALS"] == stack.outputs["Originals"] == bucket
    remove(stack)


def test_another_program_finds_the_same_stack(deployed: Stack) -> None:
    found = attach(deployed.endpoint, deployed.name)
    assert found.function("Worker") == deployed.function("Worker")
    assert found.event_sources("Worker") == deployed.event_sources("Worker")


def test_removing_leaves_nothing_behind_so_that_it_can_be_made_again(embedded_aws: Endpoint) -> None:
    """The template retains buckets and table; on a laptop they go too."""
    name = a_name()
    for _ in range(2):
        stack = create(embedded_aws, name)
        s3 = embedded_aws.client("s3")
        s3.put_object(Bucket=stack.outputs["Originals"], Key="photo.jpg", Body=b"one")
        s3.put_object(Bucket=stack.outputs["Originals"], Key="photo.jpg", Body=b"two")
        remove(stack)
    assert not [b for b in embedded_aws.client("s3").list_buckets()["Buckets"] if b["Name"].startswith(name)]
    assert not [t for t in embedded_aws.client("dynamodb").list_tables()["TableNames"] if t.startswith(name)]


def test_a_stack_that_fails_says_why(embedded_aws: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("""
Parameters:
  Functions: {Type: String}
Resources:
  Loud:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        TopicConfigurations: [{Event: "s3:ObjectCreated:*", Topic: "arn:aws:sns:us-east-1:000000000000:nobody"}]
""")
    with pytest.raises(StackFailed, match=r"Loud: .*destination"):
        create(embedded_aws, a_name(), path=tmp_path / "template.yaml")


def test_a_stack_that_is_there_already_is_told(deployed: Stack) -> None:
    with pytest.raises(StackFailed, match=deployed.name):
        create(deployed.endpoint, deployed.name)


def test_a_stack_that_is_not_there_is_told(embedded_aws: Endpoint) -> None:
    with pytest.raises(StackFailed, match="there is no stack nobody"):
        attach(embedded_aws, "nobody")


def test_a_function_that_the_template_does_not_have_is_told(deployed: Stack) -> None:
    with pytest.raises(TemplateUnreadable, match="Nobody"):
        deployed.function("Nobody")


def test_the_template_is_created_with_its_functions_too(embedded_aws: Endpoint, tmp_path: Path) -> None:
    """The embedded AWS makes the function's record; nothing runs it."""
    name = a_name()
    cloudformation = embedded_aws.client("cloudformation")
    ask_for(embedded_aws, name, {"Polling": "false"}, as_far_as_known(tmp_path))

    def status() -> str:
        return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    assert eventually(lambda: not status().endswith("_IN_PROGRESS"), within=30)
    assert status() == "CREATE_COMPLETE"
    client = embedded_aws.client("lambda")
    mappings = client.list_event_source_mappings(FunctionName=f"{name}-worker:live")["EventSourceMappings"]
    assert [mapping["FunctionResponseTypes"] for mapping in mappings] == [["ReportBatchItemFailures"]] * 2
    remove(attach(embedded_aws, name))


def test_the_sweeps_schedules_are_what_the_template_says(deployed: Stack) -> None:
    assert deployed.schedules("Sweep") == (
        Schedule("Probe", 60, {}),
        Schedule("Hourly", 3600, {"sweep": True}),
    )
    sweep = deployed.function("Sweep")
    assert (sweep.handler, sweep.timeout) == ("handlers.sweep.handler", 300)
    assert sweep.variables["SAFELIGHT_WORKER"] == deployed.function("Worker").name


def test_a_schedule_that_is_no_rate_is_told(deployed: Stack) -> None:
    document = deepcopy(dict(deployed.template))
    document["Resources"]["Sweep"]["Properties"]["Events"]["Probe"]["Properties"]["Schedule"] = "cron(0 12 * * ? *)"
    with pytest.raises(TemplateUnreadable, match="Probe is no rate: cron"):
        replace(deployed, template=document).schedules("Sweep")
