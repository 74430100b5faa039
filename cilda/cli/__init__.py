"""The commands, one file each; `main.py` holds their table."""
