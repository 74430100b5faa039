"""The browser for what a generator did: a list of all rewrites of a run, and what is known of each."""
