"""The DICOM wire layer: typed PDUs and command sets, and a blocking association over them."""
