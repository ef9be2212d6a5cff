"""The published schemas say what the harness writes, and nothing looser."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.capabilities import Capabilities
from harness.content import content_folder
from harness.verdict import Measurement, Run, result_from_json, run_from_json, to_json


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((content_folder("reports") / "schema" / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def written(value: Any) -> Any:
    """What stands in the file."""
    return json.loads(json.dumps(to_json(value)))


def test_a_run_validates_and_comes_back(made_up_run: Run) -> None:
    document = written(made_up_run)
    validator("run").validate(document)
    assert run_from_json(document) == made_up_run


def test_capabilities_validate_and_come_back(made_up_run: Run, capabilities: Capabilities) -> None:
    run = replace(made_up_run, capabilities=capabilities)
    document = written(run)
    validator("run").validate(document)
    assert run_from_json(document) == run


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("maximum_length",), -1),
        (("async_window",), [1]),
        (("classes", 0, "result"), "accepted"),
        (("classes", 0, "surplus"), 1),
        (("levels", 0, "level"), "WARD"),
    ],
)
def test_wrong_capabilities_are_refused(
    made_up_run: Run, capabilities: Capabilities, path: tuple[str | int, ...], value: object
) -> None:
    document = written(replace(made_up_run, capabilities=capabilities))
    place = document["capabilities"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert not validator("run").is_valid(document)


def test_a_run_of_a_version_without_capabilities_can_be_read(made_up_run: Run) -> None:
    document = written(made_up_run)
    del document["capabilities"]
    assert run_from_json(document) == made_up_run


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_measurement_is_a_number_of_json(value: float) -> None:
    with pytest.raises(ValueError, match="no number"):
        Measurement("load.rate", value, "1/s")


def test_each_result_validates_and_comes_back(made_up_run: Run) -> None:
    result_validator = validator("result")
    for result in made_up_run.results:
        document = written(result)
        result_validator.validate(document)
        assert result_from_json(document) == result


def test_an_attack_is_valid_data(nasty_run: Run) -> None:
    validator("run").validate(written(nasty_run))


def test_both_schemas_agree_on_a_result() -> None:
    alone = dict(validator("result").schema)
    for key in ("$schema", "title"):
        del alone[key]
    assert validator("run").schema["$defs"]["result"] == alone


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("outcome", "PASSED"),
        ("level", "MUST"),
        ("duration", "1.0"),
        ("duration", -1),
        ("id", ""),
        ("evidence", {}),
        ("cases", [{"name": "x", "outcome": "maybe"}]),
        ("surplus", 1),
    ],
)
def test_a_wrong_result_is_refused(made_up_run: Run, key: str, value: object) -> None:
    document = written(made_up_run.results[0])
    document[key] = value
    assert not validator("result").is_valid(document)
    run = written(made_up_run)
    run["results"][0][key] = value
    assert not validator("run").is_valid(run)


def test_every_key_is_required(made_up_run: Run) -> None:
    for name, document in (("run", written(made_up_run)), ("result", written(made_up_run.results[0]))):
        for key in document:
            assert not validator(name).is_valid({k: v for k, v in document.items() if k != key}), key
