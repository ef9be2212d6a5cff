"""A PDF in a DICOM object (PS3.3 A.45.1)."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from harness.synthesis.common import Place, composite

_PAGE = b"BT /F1 18 Tf 72 720 Td (Synthetic document) Tj ET"


def encapsulated_pdf(place: Place, uid: str, number: int) -> Dataset:
    """An encapsulated PDF of one page."""
    ds = composite(place, EncapsulatedPDFStorage, uid, "DOC", number)
    ds.ConversionType = "WSD"
    ds.BurnedInAnnotation = "NO"
    ds.ContentDate = place.study.date
    ds.ContentTime = place.study.time
    ds.AcquisitionDateTime = place.study.date + place.study.time
    ds.DocumentTitle = "Synthetic document"
    ds.ConceptNameCodeSequence = []
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    document = minimal_pdf()
    ds.EncapsulatedDocumentLength = len(document)
    ds.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    return ds


def minimal_pdf() -> bytes:
    """A PDF file of one page with one line of text, its cross-reference table correct."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(_PAGE), _PAGE),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    document = b"%PDF-1.4\n"
    offsets = []
    for n, body in enumerate(objects, 1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (n, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return document + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(document))
    )
