"""A stand-in for the national e-ID: a separate OpenID Connect provider with synthetic people.

It speaks the protocol as the real one does (code flow, PKCE, ES256 tokens, levels of assurance as `acr`), so that
identity signs people in the same way here and in production.
"""
