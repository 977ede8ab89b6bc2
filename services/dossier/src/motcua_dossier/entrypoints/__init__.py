"""Ways in: gRPC, background tasks, command line."""
