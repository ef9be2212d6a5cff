from __future__ import annotations

import pytest

from harness.synthesis import Identity, SyntheticStudy, build, load_recipe

RUN_ROOT = "2.25.71890067526184270453085744414.60000000000"


@pytest.fixture
def identity() -> Identity:
    return Identity(RUN_ROOT, "test")


@pytest.fixture(scope="session")
def default_studies() -> tuple[SyntheticStudy, ...]:
    return build(load_recipe("default"), Identity(RUN_ROOT, "default"))
