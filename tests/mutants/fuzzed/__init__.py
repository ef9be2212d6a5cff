"""Weaknesses of the archive that `pacs-harness fuzz` has to find: what it loses, alters, or dies of."""
