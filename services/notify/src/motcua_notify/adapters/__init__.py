"""The ports made real: city data, Jinja, SMTP, the SMS gateway, identity, MongoDB."""
