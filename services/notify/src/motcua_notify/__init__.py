"""The notify service: tells people what happens, exactly once, and keeps the proof."""
