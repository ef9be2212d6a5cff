"""Runs in, decisions out."""
