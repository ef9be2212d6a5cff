"""In what two products differ over the same case: pure comparisons of what was seen of each."""
