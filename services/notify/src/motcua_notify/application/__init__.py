"""What the service does, one module a job; talks to ports."""
