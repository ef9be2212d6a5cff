"""pacs-harness: point it at a PACS, get back what the DICOM standard says about it, and the proof."""

__version__ = "0.1.0"
