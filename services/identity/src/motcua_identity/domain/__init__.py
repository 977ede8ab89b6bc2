"""Who is who by law: pure computing."""
