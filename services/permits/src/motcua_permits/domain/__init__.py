"""The law of building permits: pure Python."""
