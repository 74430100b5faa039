"""The honest comparison: methods beside each other on the same tasks, with seeds, and what came out as a table."""
