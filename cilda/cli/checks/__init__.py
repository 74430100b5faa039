"""What `cilda doctor` looks at, one file a subject; each check is a small function that gives a `Check`."""
