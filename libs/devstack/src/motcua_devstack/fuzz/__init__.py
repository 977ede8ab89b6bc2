"""Hostile input: requests derived from the contract and bytes that break it, against the whole suite in one process."""
