"""What happened: a run is a folder of plain files, written by one process and read by any number.

| file          | what it holds                                                       |
|---------------|---------------------------------------------------------------------|
| `layout.py`   | which file of a run lies where; naming, creating and finding runs   |
| `events.py`   | one event, one line: the format, and every kind there is            |
| `segments.py` | numbered files that only ever grow, a line at a time                |
| `windows.py`  | many metric values folded into a few lines, without losing a spike  |
| `writer.py`   | what the trainer writes through                                     |
| `store.py`    | what viewers read through                                           |
| `atomic.py`   | small files that are either the old or the new, never a mixture     |

The folder itself, file by file and field by field, is described in `docs/runs.md`.
"""
