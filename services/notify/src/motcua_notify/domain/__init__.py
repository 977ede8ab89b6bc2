"""What a message is and when it may go out: pure rules, no I/O and no clock."""
