"""What lies over the panes: help, palette, and the line that is typed into. Pure drawings, as panels are.

| file         | what it draws                                         |
|--------------|-------------------------------------------------------|
| `apology.py` | what stands there when the rest could not be drawn    |
| `help.py`    | the key table                                         |
| `palette.py` | actions to choose from, by their words                |
| `prompt.py`  | the line at the bottom while something is typed there |
"""
