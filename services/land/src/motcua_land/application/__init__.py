"""What the land register is asked: one function per query."""
