"""Documents of every kind of report in which every text is an attack, that of a field added later too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from harness.findings import Campaign
from harness.large import Large
from harness.latencies import Latencies
from harness.measurement import Bench
from harness.report.bench_page import MEASURE_WORDS, bench_page
from harness.report.fuzz_page import campaign_page
from harness.report.html import html_report
from harness.report.large_page import large_page
from harness.report.statement_page import statement_page
from harness.statement import Difference, Statement
from harness.verdict import Outcome, Run

ATTACK = (
    "</textarea></pre></style></script></svg><script>window.ran = true</script>\"'><img src=x:y "
    "onerror='window.ran = true'><a href='javascript:window.ran=true'>@ #c1 {{ 7*7 }}"
)
_Kind = TypeVar("_Kind")


def histogram() -> str:
    latencies = Latencies()
    latencies.record(0.01)
    return latencies.encode()


VALID: Mapping[str, Any] = {
    "started": "2026-11-25T10:00:00+01:00",
    "finished": "2026-11-25T10:05:00+01:00",
    "histogram": histogram(),
    "measure": next(iter(MEASURE_WORDS)),
}
"""What the harness itself writes and reads again; a product has no say in it."""


def hostile(kind: type[_Kind], attack: str = ATTACK, **valid: Any) -> _Kind:
    """An instance with an attack in every text, one item in every list, and every optional part there."""
    return msgspec.convert(_built(inspect.type_info(kind), "", attack, {**VALID, **valid}), kind)


def _built(info: inspect.Type, name: str, attack: str, valid: Mapping[str, Any]) -> Any:
    if name in valid:
        return valid[name]
    match info:
        case inspect.StructType() | inspect.DataclassType():
            return {one.encode_name: _built(one.type, one.name, attack, valid) for one in info.fields}
        case inspect.StrType() | inspect.AnyType():
            return attack
        case inspect.EnumType():
            return next(iter(info.cls)).value
        case inspect.BoolType():
            return True
        case inspect.IntType() | inspect.FloatType():
            return 20
        case inspect.TupleType():
            return [_built(one, "", attack, valid) for one in info.item_types]
        case inspect.VarTupleType() | inspect.ListType():
            return [_built(info.item_type, "", attack, valid)]
        case inspect.DictType():
            return {attack: _built(info.value_type, "", attack, valid)}
        case inspect.UnionType():
            some = [one for one in info.types if not isinstance(one, inspect.NoneType)]
            return _built(some[0], name, attack, valid)
    raise NotImplementedError(f"{name}: {info}")


def run(attack: str = ATTACK) -> Run:
    """Of which even the times are not the harness's: `report RUN` takes folders of others."""
    made = hostile(Run, attack, started=attack, finished=attack)
    return replace(made, target={"name": attack, "dimse": {**_DIMSE, attack: attack}, attack: attack})


def bench(attack: str = ATTACK) -> Bench:
    """Its operations are C-STORE, or there would be nothing to draw."""
    return hostile(
        Bench, attack, target=_TARGET, workload=_WORKLOAD, operation="store", name="store", client=attack
    )


def _run_page() -> str:
    made = run()
    (result,) = made.results
    return html_report(replace(made, results=tuple(replace(result, outcome=outcome) for outcome in Outcome)))


_DIMSE = {"called_ae_title": ATTACK, "host": ATTACK, "port": ATTACK}
_TARGET = {"name": ATTACK, "dimse": _DIMSE}
_WORKLOAD = {"name": ATTACK, "about": ATTACK, "arrival": {"clients": 20}}
PAGES: Mapping[str, Callable[[], str]] = {
    "run": _run_page,
    "bench": lambda: bench_page(bench()),
    "fuzz": lambda: campaign_page(hostile(Campaign, target=_TARGET, against=_TARGET)),
    "large": lambda: large_page(hostile(Large, target=_TARGET)),
    "statement": lambda: statement_page(hostile(Statement), hostile(Difference)),
}
"""Every page that the harness renders, of the worst that can be in it."""
