"""The page that shows who may reach what."""

from tests.template.access import BEGIN, END, PAGE, page, tables
from tests.template.transformed import VARIANTS, resources, template


def test_its_tables_are_the_templates() -> None:
    text = PAGE.read_text()
    assert BEGIN in text
    assert END in text
    assert text == page(text), "make access mends that"


def test_every_role_is_in_them() -> None:
    told = tables()
    for parameters in VARIANTS.values():
        for role in resources("AWS::IAM::Role", **parameters):
            assert f"| `{role}` |" in told


def test_it_names_every_parameter_that_opens_or_closes_something() -> None:
    """Parameters of sizes, times and numbers open nothing."""
    opening = {
        "ExistingOriginals",
        "ExistingOriginalsKey",
        "ExistingKey",
        "OriginalsPrefix",
        "Origins",
        "UserPool",
        "PublicRenditions",
        "Analysis",
        "CloudFront",
    }
    assert opening <= template()["Parameters"].keys()
    assert not [name for name in opening if f"| `{name}` |" not in PAGE.read_text()]
