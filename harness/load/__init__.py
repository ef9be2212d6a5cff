"""Load: workloads, schedules, histograms, saturation search.  The only part that may import locust."""
