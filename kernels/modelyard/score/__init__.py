"""The scoring server: one process that answers an endpoint's requests with a model.

It runs in scoring containers as `python -m modelyard.score` and imports nothing else of ours:
an image holds the model's packages, this package and its dependencies, no more.
"""
