"""Rows <-> schema types: the only readers of tracking's tables."""
