"""`pacs-harness fuzz A.toml --against B.toml`, on pairs of the bundled archive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.archive import launch
from harness.findings import Area, Aspect, Campaign, Symptom, read_campaign
from harness.fuzz.nodes import Node, encode
from harness.fuzz.objects.datasets import with_group_lengths
from harness.fuzz.reproducer import save
from harness.fuzz.sentinel import case_of
from harness.fuzz.trouble import Trouble
from harness.synthesis import Identity, new_run_root, new_study
from tests.calling import call, target_file
from tests.mutants.forking import spawn
from tests.mutants.fuzzed.rewriting import tree

DROPS = "tests.mutants.fuzzed.objects:DropsPrivate"


@pytest.fixture(scope="module", autouse=True)
def forked() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(launch, "spawn", spawn)
        with launch.start():  # what forks them is there before the first test, and so outlives it
            yield


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A reproducer: an ordinary object with a private element and with group lengths."""
    plain = case_of(new_study(Identity(new_run_root(), "against"), instances=1).instance(0))
    nodes = [*tree(plain.dataset, plain.transfer_syntax)]
    nodes += (Node(0x00290010, "LO", b"PHTEST ONE"), Node(0x00291001, "OB", b"private "))
    ordered = tuple(sorted(nodes, key=lambda node: node.tag))
    encoded = encode(with_group_lengths(ordered, plain.transfer_syntax), plain.transfer_syntax)
    folder = tmp_path / "corpus"
    folder.mkdir()
    shown = Trouble(Symptom.DROPPED, "PS3.4 B.4.1", "all of it", "less")
    save(folder, Area.DATA_SETS, replace(plain, dataset=encoded), shown)
    return folder


def compared(folder: Path, a: str, b: str, *more: object) -> tuple[int, Campaign, str]:
    """A campaign in ``FOLDER/run`` of two archives with these semantics, and what was printed."""
    with launch.start(semantics=a) as ours, launch.start(semantics=b) as theirs:
        targets = []
        for name, archive in (("a", ours), ("b", theirs)):
            (folder / name).mkdir()
            targets.append(target_file(folder / name, archive.port, deadline=2.0))
        words = ("fuzz", targets[0], "--against", targets[1], "--output", folder / "run", "--seed", 11)
        done = call(*words, *more)
    assert "Traceback" not in done.stderr
    return done.returncode, read_campaign(folder / "run"), done.stdout


def test_two_equal_archives_do_not_differ(tmp_path: Path) -> None:
    areas = [word for area in ("data-sets", "damaged", "identifiers", "pdus") for word in ("--area", area)]
    code, campaign, said = compared(tmp_path, "", "", "--intrusive", "--examples", 6, *areas)
    assert (code, campaign.differences, campaign.findings) == (0, (), ())
    assert [one.cases for one in campaign.areas] == [6] * 4
    assert "0 differences" in said
    assert campaign.against is not None
    stored = [(tmp_path / "run" / name).read_text() for name in ("stored.csv", "stored-against.csv")]
    assert stored[0] == stored[1]
    assert "In none of the cases" in (tmp_path / "run" / "report.html").read_text()


def test_a_weakness_of_b_is_a_difference_and_no_finding(tmp_path: Path, corpus: Path) -> None:
    code, campaign, said = compared(tmp_path, "", DROPS, "--corpus", corpus, "--examples", 1)
    assert (code, campaign.findings) == (0, ())
    creator, private = campaign.differences
    assert (creator.what, creator.b) == ("(0029,0010), private creator, LO", "gone")
    assert (private.what, private.a, private.b) == ("(0029,1001), private, OB", "kept: 'private'", "gone")
    assert (private.aspect, private.clause, private.breaks) == (Aspect.ELEMENT, "PS3.4 B.4.1.1", "")
    assert "2 differences" in said
    folder = tmp_path / "run" / private.folder
    assert {path.name for path in folder.iterdir()} == {
        *("case.json", "object.dcm", "dump.txt"),
        *("exchange-a.pcapng", "exchange-a.txt", "exchange-b.pcapng", "exchange-b.txt"),
    }
    html = (tmp_path / "run" / "report.html").read_text()
    assert html.count('<tr class="example">') == 2

    with launch.start(semantics=DROPS) as archive:
        again = call("replay", folder, target_file(tmp_path, archive.port))
    assert (again.returncode, again.stderr) == (0, "")
    assert "a difference in an element that came back: (0029,1001), private, OB: A kept" in again.stdout
    assert "answered: 0x0000 (success); found: yes" in again.stdout
    assert "1 observations" in again.stdout


@pytest.mark.slow
def test_a_legal_peculiarity_is_a_difference_too(tmp_path: Path, corpus: Path) -> None:
    variant = "tests.variants.storage:SendsImplicit"
    code, campaign, _ = compared(tmp_path, "", variant, "--corpus", corpus, "--examples", 1)
    assert (code, campaign.findings) == (0, ())
    syntax = next(one for one in campaign.differences if one.aspect is Aspect.SYNTAX)
    assert (syntax.a, syntax.b) == ("Explicit VR Little Endian", "Implicit VR Little Endian")


def test_what_a_does_wrong_is_the_ordinary_finding_and_says_what_b_did(tmp_path: Path, corpus: Path) -> None:
    weakness = "tests.mutants.fuzzed.objects:RefusesGroupLengths"
    code, campaign, _ = compared(tmp_path, weakness, "", "--corpus", corpus, "--examples", 1)
    (finding,), (difference,) = campaign.findings, campaign.differences
    assert (code, finding.symptom) == (0, Symptom.REFUSED)
    assert finding.other.startswith("answered: 0x0000 (success)")
    assert (tmp_path / "run" / finding.folder / "exchange.txt").is_file()
    assert (difference.aspect, difference.a, difference.b) == (
        *(Aspect.ANSWER, "0xC000 (failure)", "0x0000 (success)"),
    )


@pytest.mark.slow
def test_b_that_dies_for_good_ends_the_campaign_in_order(tmp_path: Path, corpus: Path) -> None:
    weakness = "tests.mutants.fuzzed.objects:DiesOfGroupLengths"
    code, campaign, _ = compared(tmp_path, "", weakness, "--corpus", corpus, "--examples", 1)
    assert code == 4
    assert "which is compared with" in campaign.ended_because
    (difference,) = campaign.differences
    assert (difference.aspect, difference.breaks) == (Aspect.AFTERWARDS, "B")
    assert difference.b.startswith("died")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--against", "far.toml"), "--i-own-this-system"),
        (("--against", "far.toml", "--against-peer", "orthanc"), "not both"),
        (("--against", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_a_wrong_command_is_one_line(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    (tmp_path / "far.toml").write_text('[dimse]\nhost = "192.0.2.1"\nport = 104\ncalled_ae_title = "FAR"\n')
    done = call("fuzz", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
