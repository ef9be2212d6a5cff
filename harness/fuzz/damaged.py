from dataclasses import replace
from hypothesis import strategies as st
from harness.fuzz.datasets import data_sets


def damaged(sendable, root):
    return st.builds(
        lambda c, k: replace(c, dataset=c.dataset[:-k], damage="cut off"),
        data_sets(sendable, root),
        st.integers(1, 60),
    )
