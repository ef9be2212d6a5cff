"""Audit messages as a collector gets them: received, taken apart, judged (PS3.15 A.5 to A.7)."""
