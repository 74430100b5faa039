"""What the generator did: its rewrites as records, an index of them, a language to choose among them, their sums."""
