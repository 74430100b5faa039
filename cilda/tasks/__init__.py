"""What to learn: the tasks that have a name."""

from __future__ import annotations

from cilda.tasks.demo import DEMO
from cilda.tasks.glue import AX, COLA, MNLI, MRPC, QNLI, QQP, RTE, SNLI, SST2, STSB, TREC, WNLI
from cilda.tasks.task import Task

TASKS: dict[str, Task] = {
    task.name: task for task in (COLA, SST2, MRPC, STSB, QQP, MNLI, QNLI, RTE, WNLI, AX, SNLI, TREC, DEMO)
}
