"""OpenID Connect over HTTP: the provider (Authlib), the pages that people see, and the metadata that programs read."""
