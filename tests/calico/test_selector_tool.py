"""catflap calico selector: true or false, or the column of what is wrong."""

import pathlib

import pytest

from catflap_cli import BAD_INPUT, OK, Cli

MATCHES = [
    ("a == 'b'", '{"a": "b"}', "true\n"),
    ("a == 'b'", '{"a": "c"}', "false\n"),
    ("!has(a) && b not in {'x'}", "{}", "true\n"),
    ("has(a)", None, "false\n"),
    ("", None, "true\n"),
]

ERRORS = [
    ("a = 'b'", "selector:1:3: expected ==\n  a = 'b'\n    ^\n"),
    ("has(a) && b", "selector:1:12: unexpected end of string looking for op\n  has(a) && b\n             ^\n"),
    ("a ==\n'b'", "selector:1:5: expected identifier\n"),
]

BAD_LABELS = [
    ("[]", 'catflap: --labels must be a JSON object such as {"role": "web"}\n'),
    ("{", 'catflap: --labels must be a JSON object such as {"role": "web"}\n'),
    ('{"a": 1}', "catflap: --labels: the value of 'a' must be a text\n"),
]


@pytest.fixture
def cli(tmp_path: pathlib.Path):
    tool = Cli(tmp_path)
    yield tool
    tool.close()


@pytest.mark.parametrize("expression, labels, printed", MATCHES)
def test_prints_whether_it_matches(cli, expression, labels, printed):
    result = cli("calico", "selector", expression, *(["--labels", labels] if labels else []), code=OK)
    assert (result.out, result.err) == (printed, "")


@pytest.mark.parametrize("expression, message", ERRORS)
def test_names_the_column(cli, expression, message):
    result = cli("calico", "selector", expression, code=BAD_INPUT)
    assert (result.out, result.err) == ("", message)


@pytest.mark.parametrize("labels, message", BAD_LABELS)
def test_refuses_other_labels(cli, labels, message):
    result = cli("calico", "selector", "all()", "--labels", labels, code=BAD_INPUT)
    assert (result.out, result.err) == ("", message)


def test_tells_more_as_json(cli):
    result = cli("--json", "calico", "selector", "a in {'y','x'}", "--labels", '{"a": "x"}', code=OK)
    assert result.json == {
        "match": True,
        "canonical": 'a in {"x", "y"}',
        "id": result.json["id"],
        "restrictions": {"a": {"mustBePresent": True, "mustHaveOneOfValues": ["x", "y"]}},
    }
    assert result.json["id"].startswith("s:")


def test_errors_as_json(cli):
    result = cli("--json", "calico", "selector", "a b", code=BAD_INPUT)
    assert result.json == {"error": {"code": "invalid", "message": 'expected operator after label "a"',
                                     "file": "selector", "line": 1, "column": 3}}
