"""Sets from outside a task's own domain, each with how its labels fold into the task's.

A set lies in a folder of data as `DIR/robustness/<path>.parquet`, or on the hub. Sources: HANS, McCoy et al. 2019,
arXiv:1902.01007; PAWS, Zhang et al. 2019, arXiv:1904.01130; PAWS-X, Yang et al. 2019, arXiv:1908.11828; SciTail, Khot
et al. 2018; SICK, Marelli et al. 2014; XNLI, Conneau et al. 2018, arXiv:1809.05053; adversarial GLUE, Wang et al. 2021,
arXiv:2111.02840; IMDB, Maas et al. 2011; contrast sets, Gardner et al. 2020, arXiv:2004.02709; SNLI-hard, Gururangan et
al. 2018, arXiv:1803.02324.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cilda.errors import CildaError
from cilda.tasks.hub import hub_table
from cilda.tasks.loading import task_rows
from cilda.tasks.rows import Rows
from cilda.tasks.table import Table
from cilda.tasks.table_files import read_table
from cilda.tasks.task import HubLayout, Task

Fold = Mapping[str, str]
"""A set's label names to a task's; rows of a label that is not named are left out."""

PLAIN = ("negative", "positive")
INFERENCE = ("entailment", "neutral", "contradiction")
_SAME: Fold = {name: name for name in (*PLAIN, *INFERENCE, "not_entailment", "not_equivalent", "equivalent")}
_TWO: Fold = {"entailment": "entailment", "neutral": "not_entailment", "contradiction": "not_entailment"}
_NO: Fold = {"entailment": "entailment", "non-entailment": "not_entailment"}
_EQUIVALENT: Fold = {"not_equivalent": "not_equivalent", "equivalent": "equivalent"}
_DUPLICATE: Fold = {"not_equivalent": "not_duplicate", "equivalent": "duplicate"}
_INFERENCE_TASKS: dict[str, Fold] = {"mnli": _SAME, "snli": _SAME, "rte": _TWO}
# Two of three classes cannot be told apart there: only tasks of two classes are judged.
_TWO_CLASS_TASKS: dict[str, Fold] = {"rte": _NO}
_PARAPHRASE_TASKS: dict[str, Fold] = {"mrpc": _EQUIVALENT, "qqp": _DUPLICATE}


@dataclass(frozen=True)
class OutsideSet:
    """One set: its own columns, labels and place, and the tasks that it can judge."""

    own: Task
    """Its columns, label names in the order of their numbers, the split read, and its repository, if it has one."""
    path: str
    """Where it lies under DIR/robustness, without the ending."""
    folds: Mapping[str, Fold]
    """By task."""
    group: str = ""
    """The column whose values part it into groups."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.own.name


@dataclass(frozen=True)
class OutsideRows:
    """A set's rows as a task's."""

    rows: Rows
    groups: tuple[str, ...]
    """Each row's group; empty where the set has none."""


def _set(
    name: str,
    texts: tuple[str, ...],
    labels: tuple[str, ...],
    *,
    hub: tuple[str, str | None] | None = None,
    split: str = "test",
    revision: str | None = None,
    title: str = "",
) -> Task:
    layout = HubLayout(revision=revision)
    return Task(name, texts, labels=labels, train="", validation=(split,), hub=hub, hub_layout=layout, title=title)


_ADVERSARIAL = "AI-Secure/adv_glue"
_PAIR = ("premise", "hypothesis")
_SENTENCES = ("sentence1", "sentence2")

SETS: dict[str, OutsideSet] = {
    one.name: one
    for one in (
        OutsideSet(_set("books", ("sentence",), PLAIN, title="reviews of books"), "sentiment/books", {"sst2": _SAME}),
        OutsideSet(
            _set("electronics", ("sentence",), PLAIN, title="reviews of electronics"),
            "sentiment/electronics",
            {"sst2": _SAME},
        ),
        OutsideSet(
            _set("custrev", ("sentence",), PLAIN, title="customer reviews"), "sentiment/custrev", {"sst2": _SAME}
        ),
        OutsideSet(
            _set("imdb2k", ("sentence",), PLAIN, title="2,000 long reviews of films"),
            "sentiment/imdb2k",
            {"sst2": _SAME},
        ),
        OutsideSet(
            _set("imdb", ("text",), ("neg", "pos"), hub=("stanfordnlp/imdb", None), title="long reviews of films"),
            "sentiment/imdb",
            {"sst2": {"neg": "negative", "pos": "positive"}},
        ),
        OutsideSet(
            _set("contrast_imdb", ("sentence",), PLAIN, title="reviews edited until their label turned"),
            "sentiment/contrast_imdb",
            {"sst2": _SAME},
        ),
        OutsideSet(
            _set(
                "adv_sst2",
                ("sentence",),
                PLAIN,
                hub=(_ADVERSARIAL, "adv_sst2"),
                split="validation",
                title="adversarial GLUE",
            ),
            "adversarial/adv_sst2",
            {"sst2": _SAME},
        ),
        OutsideSet(_set("sick", _PAIR, INFERENCE, title="captions, SICK's test set"), "nli/sick", _INFERENCE_TASKS),
        OutsideSet(
            _set("xnli_en", _PAIR, INFERENCE, hub=("facebook/xnli", "en"), split="validation", title="XNLI in English"),
            "nli/xnli_en",
            _INFERENCE_TASKS,
        ),
        OutsideSet(
            _set("snli_hard", _PAIR, INFERENCE, title="SNLI's test rows that the hypothesis alone does not give away"),
            "nli/snli_hard",
            _INFERENCE_TASKS,
        ),
        OutsideSet(
            _set(
                "hans",
                _PAIR,
                ("entailment", "non-entailment"),
                hub=("jhu-cogsci/hans", None),
                split="validation",
                revision="refs/convert/parquet",
                title="pairs that share their words and little else",
            ),
            "nli/hans",
            _TWO_CLASS_TASKS,
            group="heuristic",
        ),
        OutsideSet(
            _set(
                "scitail",
                _PAIR,
                ("entails", "neutral"),
                hub=("allenai/scitail", "tsv_format"),
                title="questions of science",
            ),
            "nli/scitail",
            {"rte": {"entails": "entailment", "neutral": "not_entailment"}},
        ),
        OutsideSet(
            _set(
                "adv_mnli",
                _PAIR,
                INFERENCE,
                hub=(_ADVERSARIAL, "adv_mnli"),
                split="validation",
                title="adversarial GLUE",
            ),
            "adversarial/adv_mnli",
            _INFERENCE_TASKS,
        ),
        OutsideSet(
            _set(
                "adv_rte",
                _SENTENCES,
                ("entailment", "not_entailment"),
                hub=(_ADVERSARIAL, "adv_rte"),
                split="validation",
                title="adversarial GLUE",
            ),
            "adversarial/adv_rte",
            {"rte": _SAME},
        ),
        OutsideSet(
            _set(
                "pawsx_en",
                _SENTENCES,
                ("not_equivalent", "equivalent"),
                hub=("google-research-datasets/paws-x", "en"),
                title="pairs of the same words in another order",
            ),
            "paraphrase/pawsx_en",
            _PARAPHRASE_TASKS,
        ),
        OutsideSet(
            _set(
                "paws",
                _SENTENCES,
                ("not_equivalent", "equivalent"),
                hub=("google-research-datasets/paws", "labeled_final"),
                title="pairs of the same words in another order",
            ),
            "paraphrase/paws",
            _PARAPHRASE_TASKS,
        ),
        OutsideSet(
            _set(
                "adv_qqp",
                ("question1", "question2"),
                ("not_duplicate", "duplicate"),
                hub=(_ADVERSARIAL, "adv_qqp"),
                split="validation",
                title="adversarial GLUE",
            ),
            "adversarial/adv_qqp",
            {
                "qqp": {"not_duplicate": "not_duplicate", "duplicate": "duplicate"},
                "mrpc": {"not_duplicate": "not_equivalent", "duplicate": "equivalent"},
            },
        ),
        OutsideSet(
            _set(
                "adv_qnli",
                ("question", "sentence"),
                ("entailment", "not_entailment"),
                hub=(_ADVERSARIAL, "adv_qnli"),
                split="validation",
                title="adversarial GLUE",
            ),
            "adversarial/adv_qnli",
            {"qnli": {"entailment": "entailment", "not_entailment": "not_entailment"}},
        ),
    )
}


def sets_for(task: str) -> tuple[OutsideSet, ...]:
    """The sets that can judge a task, in the order of the table."""
    return tuple(one for one in SETS.values() if task in one.folds)


def outside_rows(one: OutsideSet, task: Task, data_dir: Path | None = None) -> OutsideRows:
    """A set's rows with the task's class numbers; rows whose label the task does not know are left out and counted.

    `data_dir` is looked in first.

    Raises:
        CildaError: the file is not as the set says, or neither the folder nor the hub has it.
    """
    split = one.own.validation[0]
    table = _table(one, split, data_dir)
    rows = task_rows(one.own, split, table)
    assert rows.labels is not None
    names = [one.own.labels[int(number)] for number in rows.labels]
    fold = one.folds[task.name]
    kept = [place for place, name in enumerate(names) if name in fold]
    numbers = [task.labels.index(fold[names[place]]) for place in kept]
    left = len(names) - len(kept)
    source = rows.source + (f"; {left:,} rows of other labels left out" if left else "")
    chosen = replace(rows.take(kept), labels=numbers, source=source)
    groups = _groups(one, table, len(names))
    return OutsideRows(chosen, tuple(groups[place] for place in kept) if groups else ())


def _table(one: OutsideSet, split: str, data_dir: Path | None) -> Table:
    path = None if data_dir is None else data_dir / "robustness" / f"{one.path}.parquet"
    if path is not None and path.is_file():
        return read_table(path)
    if one.own.hub is None:
        where = f"{path} is not there" if path is not None else "no --data-dir is named"
        raise CildaError(
            f"{one.name}: {where}, and it is not on the hub", f"put it at DIR/robustness/{one.path}.parquet"
        )
    return hub_table(one.own, split, not_in=data_dir, place=f"robustness/{one.path}.parquet")


def _groups(one: OutsideSet, table: Table, count: int) -> list[str]:
    values = table.columns.get(one.group, []) if one.group else []
    return [str(value) for value in values] if len(values) == count else []
