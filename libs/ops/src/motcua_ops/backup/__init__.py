"""Backup and restore of the whole suite: all databases and buckets at one consistent point."""
