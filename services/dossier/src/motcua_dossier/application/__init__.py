"""One function per command or query; talks to the domain and to ports."""
