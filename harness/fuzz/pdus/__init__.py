"""PDUs and command sets made wrong, and what may come back for them."""
