"""The ways into the service: gRPC, background tasks, HTTP."""
