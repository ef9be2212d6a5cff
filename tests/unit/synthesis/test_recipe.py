from __future__ import annotations

from pathlib import Path

import pytest

from harness.content import content_folder
from harness.synthesis import Kind, RecipeError, estimate, load_recipe
from harness.synthesis.pixels import bitstreams

GOOD = """
[[patient]]
name = "PHTEST^Own"
[[patient.study]]
[[patient.study.series]]
kind = "CT"
"""


def test_a_recipe_from_a_path(tmp_path: Path):
    path = tmp_path / "ours.toml"
    path.write_text(GOOD)
    recipe = load_recipe(path)
    assert recipe.name == "ours"
    assert recipe.patient[0].study[0].series[0].kind is Kind.CT
    objects, size = estimate(recipe)
    assert objects == 1
    assert size > 64 * 64 * 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = ", "is no TOML"),
        ("", "needs at least one patient"),
        (GOOD + "colour = 1", "patient 1, study 1, series 1: unknown key 'colour'"),
        (GOOD.replace("PHTEST^", ""), "must start with PHTEST"),
        (GOOD.replace("PHTEST^", "PHTESTER^"), "must start with PHTEST"),
        (GOOD.replace('"CT"', '"XX"'), "kind = 'XX' must be one of"),
        (GOOD.replace('kind = "CT"', "rows = 1"), "kind is missing"),
        (GOOD + 'instances = "3"', "instances must be a whole number"),
        (GOOD + "instances = true", "instances must be a whole number"),
        (GOOD + "instances = 0", "must be from 1 to"),
        (GOOD + "frames = 2", "frames is for US"),
        (GOOD + 'pixels = "none"', "there are no pixels 'none'"),
        (GOOD + 'pixels = "rle"\nrows = 3', "rows goes without pixels"),
        (GOOD + 'pixels = "jpeg-baseline"', "CT needs pixels of one sample with 16 bits"),
        (GOOD.replace('"CT"', '"US"') + 'pixels = "rle"', "US needs pixels with 8 bits"),
        (GOOD.replace('"CT"', '"SR"'), "must be the position of an earlier image series"),
        (GOOD.replace('"CT"', '"CR"') + '[[patient.study.series]]\nkind = "SEG"', "a SEG needs a CT or MR"),
        (GOOD.replace('"CT"', '"US"') + '[[patient.study.series]]\nkind = "PR"', "a PR needs a series"),
        (GOOD.replace('"CT"', '"PDF"') + "rows = 3", "rows is for images"),
        (GOOD.replace("[[patient.study]]", '[[patient.study]]\ndate = "20230229"'), "is no date"),
        (GOOD.replace("[[patient.study]]", '[[patient.study]]\ntime = "250000"'), "is no time"),
        (GOOD.replace("[[patient.study]]", "[patient.study]"), "needs at least one study"),
    ],
)
def test_a_bad_recipe_is_refused_in_one_line(tmp_path: Path, text: str, says: str):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(RecipeError, match="default, smoke"):
        load_recipe("nonesuch")


def test_a_missing_file_says_why(tmp_path: Path):
    with pytest.raises(RecipeError, match="No such file"):
        load_recipe(tmp_path / "absent.toml")


def test_every_bitstream_has_its_file_and_is_named_in_the_readme():
    folder = content_folder("datasets")
    readme = (folder / "README.md").read_text("utf-8")
    files = {path.name for path in (folder / "pixels").iterdir()} - {"pixels.toml"}
    assert {one.file for one in bitstreams().values()} == files
    assert all(f"`{name}`" in readme for name in bitstreams())
