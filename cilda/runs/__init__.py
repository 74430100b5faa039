"""What happened: a run is a folder of plain files, written by one process and read by any number.

| file            | what it holds                                                       |
|-----------------|---------------------------------------------------------------------|
| `layout.py`     | which file of a run lies where; naming, creating and finding runs   |
| `events.py`     | one event, one line: the format, and every kind there is            |
| `segments.py`   | numbered files that only ever grow, a line at a time                |
| `windows.py`    | many metric values folded into a few lines, without losing a spike  |
| `writer.py`     | what the trainer writes through                                     |
| `last_words.py` | how a run ended, said by the process that worked on it              |
| `heartbeat.py`  | a thread that says that the trainer lives                           |
| `store.py`      | what viewers read through                                           |
| `atomic.py`     | small files that are either the old or the new, never a mixture     |
| `locks.py`      | who works on a run                                                  |
| `status.py`     | what a run is doing, or how it ended: one function                  |
| `summary.py`    | a run in one row of a list                                          |
| `filters.py`    | which runs a person means: `status:running best>0.9`                |
| `control.py`    | requests to a live run, and their answers                           |
| `supervisor.py` | the process that watches a trainer                                  |
| `machine.py`    | processors, memory, disk, network, GPUs                             |

The folder itself, file by file and field by field, is described in `docs/runs.md`.
"""
