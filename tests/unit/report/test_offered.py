"""What the product was seen to offer, in the page, the table and the lines for a terminal."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from harness.capabilities import Capabilities
from harness.report.html import html_report
from harness.report.offered import offered, summary
from harness.report.tables import capabilities_table, to_csv
from harness.verdict import Run


def test_each_answer_is_said_in_words(capabilities: Capabilities) -> None:
    section = offered(capabilities)
    ((service, (find,)),) = section.services
    assert service == "Query (C-FIND)"
    assert find.syntaxes == "Implicit VR Little Endian"
    assert find.extended == (
        "Relational queries: yes",
        "Fuzzy matching of names: 7, which is not defined",
    )
    assert section.not_offered == ("Modality Worklist",)
    assert [(row.name, row.gives_back) for row in section.storage] == [
        ("CT Image Storage", "yes"),
        ("MR Image Storage", "no"),
    ]
    assert section.storage_asked == 3
    assert [row.count for row in section.syntaxes] == [2, 1]
    assert section.refused_storage == (("Odd Storage", "1.2.840.10008.5.1.4.1.1.9", "no answer"),)
    assert section.levels == (
        ("Study Root", ("Study", "Series (status 0xA900)", "Image (no answer; no answer within 5 s)")),
    )


def test_the_page_has_it(made_up_run: Run, capabilities: Capabilities) -> None:
    page = html_report(replace(made_up_run, capabilities=capabilities))
    for words in (
        "What the product was seen to offer",
        "2 of 3 storage SOP classes",
        "2 of 2 transfer syntaxes taken",
        "Not seen: the product took no more than 20 presentation contexts",
        "one: asynchronous operations are not negotiated",
    ):
        assert words in page, words
    assert "seen to offer" not in html_report(made_up_run)


def test_a_table_has_every_class_that_was_asked(capabilities: Capabilities) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(capabilities_table(capabilities)).decode("utf-8-sig"))))
    assert [row["answer"] for row in rows] == [
        "accepted",
        "abstract syntax not supported",
        "accepted",
        "accepted",
        "no answer",
    ]
    assert rows[2]["transfer_syntax_uids"] == "1.2.840.10008.1.2\n1.2.840.10008.1.2.4.50"


def test_a_terminal_gets_a_few_lines(capabilities: Capabilities) -> None:
    assert summary(capabilities) == (
        "services offered: Query (C-FIND), Storage (C-STORE)",
        "storage: 2 of 3 SOP classes, 2 of 2 transfer syntaxes",
        "not offered: Modality Worklist",
        "query levels answered in Study Root: Study, Series (status 0xA900), "
        "Image (no answer; no answer within 5 s)",
        "not seen: the product took no more than 20 presentation contexts",
    )
