"""Identity: who people, organisations and officers are, which units exist, and the tokens that say so."""
