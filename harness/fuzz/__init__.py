"""What breaks a PACS: odd data sets, damaged ones, keys, PDUs, large objects; found, shrunk, handed over."""
