"""The main job end to end, as a client of public interfaces: OIDC over HTTP, gRPC, presigned requests."""
