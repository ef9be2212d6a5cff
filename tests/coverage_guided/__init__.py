"""Our own decoders under coverage-guided fuzzing by atheris: any bytes give a value or the documented error.

``python -m tests.coverage_guided --seconds 300`` gives each entry an equal share; what is found becomes a
small test beside those of its module.
"""
