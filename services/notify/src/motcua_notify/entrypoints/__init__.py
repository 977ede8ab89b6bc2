"""Ways in: gRPC and background tasks."""
