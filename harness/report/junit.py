"""JUnit XML for CI systems: a suite per group, a test case per requirement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree import ElementTree  # nosec B405 # written, never read

from harness.foreign_text import shortened, xml_characters
from harness.report.services import groups_of
from harness.report.wording import product_name, repeat_command
from harness.verdict import Outcome, Result, Run

_SKIPPED = (Outcome.NOT_SUPPORTED, Outcome.NOT_TESTED)
_DETAIL_LIMIT = 20_000
"""Characters of a failure's text: CI systems cut or choke on more, and the whole is in results.jsonl."""


def junit_report(run: Run) -> bytes:
    """The run as JUnit XML, UTF-8, as GitLab, Jenkins and GitHub read it."""
    root = ElementTree.Element("testsuites", name=xml_characters(f"pacs-harness: {product_name(run)}"))
    _put_counts(root, run.results)
    for group in groups_of(run):
        results = [result for result in run.results if result.requirement.group == group]
        suite = ElementTree.SubElement(root, "testsuite", name=xml_characters(group))
        _put_counts(suite, results)
        if run.started:
            suite.set("timestamp", xml_characters(run.started))
        _put_properties(suite, {"edition": run.edition, "tool_version": run.tool_version})
        for result in results:
            suite.append(_case(run, result))
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _put_counts(element: ElementTree.Element, results: Sequence[Result]) -> None:
    element.set("tests", str(len(results)))
    element.set("failures", str(sum(result.outcome is Outcome.FAIL for result in results)))
    element.set("errors", str(sum(result.outcome is Outcome.ERROR for result in results)))
    element.set("skipped", str(sum(result.outcome in _SKIPPED for result in results)))
    element.set("time", _seconds(math.fsum(result.duration for result in results)))


def _case(run: Run, result: Result) -> ElementTree.Element:
    requirement = result.requirement
    case = ElementTree.Element(
        "testcase",
        classname=xml_characters(requirement.group),
        name=xml_characters(requirement.id),
        time=_seconds(result.duration),
    )
    path, _, line = requirement.location.rpartition(":")
    if path and line.isdigit():
        case.set("file", xml_characters(path))
        case.set("line", line)
    _put_properties(
        case,
        {
            "clause": requirement.clause,
            "level": str(requirement.level),
            "outcome": str(result.outcome),
            "edition": requirement.edition,
        },
    )
    reason = xml_characters(result.reason) or str(result.outcome)
    if result.outcome is Outcome.FAIL:
        failure = ElementTree.SubElement(case, "failure", message=reason, type=str(requirement.level))
        failure.text = _detail(run, result)
    elif result.outcome is Outcome.ERROR:
        error = ElementTree.SubElement(case, "error", message=reason, type="harness")
        error.text = _detail(run, result)
    elif result.outcome in _SKIPPED:
        ElementTree.SubElement(case, "skipped", message=f"{result.outcome}: {reason}")
    elif result.outcome is Outcome.WARN:
        ElementTree.SubElement(case, "system-out").text = f"WARN: {reason}\n{_detail(run, result)}"
    return case


def _put_properties(element: ElementTree.Element, values: dict[str, str]) -> None:
    properties = ElementTree.SubElement(element, "properties")
    for name, value in values.items():
        ElementTree.SubElement(properties, "property", name=name, value=xml_characters(value))


def _detail(run: Run, result: Result) -> str:
    requirement, evidence = result.requirement, result.evidence
    lines = [
        f"{requirement.clause} ({requirement.edition}), {requirement.level}: {requirement.text}",
        f"expected: {evidence.expected}" if evidence.expected else "",
        f"observed: {evidence.observed}" if evidence.observed else "",
        *(f"case {name}: {outcome}" for name, outcome in result.cases if outcome is not Outcome.PASS),
        *(f"capture: {capture}" for capture in evidence.captures),
        f"repeat: {repeat_command(run.command, requirement.id)}",
        evidence.dump,
    ]
    return xml_characters(shortened("\n".join(line for line in lines if line), _DETAIL_LIMIT))


def _seconds(duration: float) -> str:
    return f"{duration:.3f}" if math.isfinite(duration) else "0.000"
