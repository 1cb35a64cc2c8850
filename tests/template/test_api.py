"""The HTTP API as it is deployed: no route without its method and its caller."""

import json
from typing import Any

import pytest

from handlers import api, document
from local.template import load
from tests.template.transformed import VARIANTS, properties, resources, template

CALLER: list[dict[str, list[str]]] = [{"caller": []}]


def paths() -> dict[str, dict[str, Any]]:
    said: dict[str, dict[str, Any]] = written("Api")["DefinitionBody"]["paths"]
    return said


def written(name: str) -> dict[str, Any]:
    """With its conditions still in it."""
    said: dict[str, Any] = load()["Resources"][name]["Properties"]
    return said


def test_every_route_of_the_code_is_deployed_and_no_other() -> None:
    verbs = {"get", "put", "post", "delete"}
    coded = {(path, verb) for path, verbs_of in document.whole(api.app)["paths"].items() for verb in verbs_of}
    deployed = {(path, verb) for path, operations in paths().items() for verb in verbs & operations.keys()}
    assert deployed == coded | {("/openapi.json", "get")}


def test_nobody_calls_without_being_known_but_for_renditions_that_were_made_public() -> None:
    for path, operations in paths().items():
        for verb in {"get", "put", "post", "delete"} & operations.keys():
            expected: Any = CALLER
            if path == "/images/{id}/{rendition}":
                expected = {"Fn::If": ["WithPublicRenditions", [], CALLER]}
            assert operations[verb]["security"] == expected, (path, verb)


def test_callers_are_known_by_iam_or_by_the_pool_that_is_named() -> None:
    condition, pool, otherwise = written("Api")["DefinitionBody"]["securityDefinitions"]["caller"]["Fn::If"]
    assert condition == "WithUserPool"
    assert pool["x-amazon-apigateway-authorizer"]["providerARNs"] == [{"Ref": "UserPool"}]
    assert otherwise["x-amazon-apigateway-authtype"] == "awsSigv4"


def test_browsers_are_answered_only_where_an_origin_is_named() -> None:
    assert all(operations["options"]["Fn::If"][0] == "WithOrigins" for operations in paths().values())
    assert written("Originals")["CorsConfiguration"]["Fn::If"][0] == "WithOrigins"
    (rule,) = written("Originals")["CorsConfiguration"]["Fn::If"][1]["CorsRules"]
    assert (rule["AllowedMethods"], rule["AllowedOrigins"]) == (["POST"], {"Fn::Split": [",", {"Ref": "Origins"}]})


@pytest.mark.parametrize("variant", ["default", "browsers"])
def test_what_is_refused_before_the_function_runs_is_a_problem_that_its_page_may_read(variant: str) -> None:
    refusals = properties("Api", **VARIANTS[variant])["Body"]["x-amazon-apigateway-gateway-responses"]
    assert refusals.keys() == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for refusal in refusals.values():
        (body,) = refusal["responseTemplates"].values()
        said = json.loads(body.replace("$context.error.messageString", '"Unauthorized"'))
        assert said.keys() == {"type", "title", "detail"}
        header = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
        assert refusal.get("responseParameters") == (header if variant == "browsers" else None)


def test_it_is_throttled() -> None:
    (settings,) = properties("Apiv1Stage")["MethodSettings"]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert settings["ThrottlingRateLimit"] == {"Ref": "ApiRate"}


def test_only_this_api_invokes_the_function() -> None:
    allowed = properties("ApiMayInvoke")
    assert allowed["Principal"] == "apigateway.amazonaws.com"
    assert "${Api}/v1/*" in allowed["SourceArn"]["Fn::Sub"]


@pytest.mark.parametrize("name", ["Api", "ApiFunction", "Preview", "Announce", "ApiMayInvoke"])
def test_it_is_left_out_with_the_functions(name: str) -> None:
    assert name not in resources(Functions="false")


def test_the_stream_hands_over_sources_alone_and_takes_back_what_failed() -> None:
    mapping = properties("AnnounceStream")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert '"st"' in mapping["FilterCriteria"]["Filters"][0]["Pattern"]
    assert template()["Resources"]["Ledger"]["Properties"]["StreamSpecification"] == {
        "StreamViewType": "NEW_AND_OLD_IMAGES"
    }
