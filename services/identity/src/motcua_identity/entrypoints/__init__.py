"""How requests come in: gRPC, HTTP (OpenID Connect), events, command line."""
