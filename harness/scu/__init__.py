"""The reference SCU: a file per service, on top of `harness.dimse`."""
