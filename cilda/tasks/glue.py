"""The GLUE benchmark's tasks, its diagnostic set, and two classic sets beside them.

Columns, label numbers and metrics are those of `nyu-mll/glue` on the hub. Source: Wang et al. 2019, arXiv:1804.07461;
SNLI: Bowman et al. 2015, arXiv:1508.05326; TREC: Li and Roth 2002.
"""

from __future__ import annotations

from cilda.tasks.task import HubLayout, Task

GLUE = "nyu-mll/glue"
ENTAILMENT = ("entailment", "not_entailment")
INFERENCE = ("entailment", "neutral", "contradiction")

COLA = Task(
    "cola",
    texts=("sentence",),
    labels=("unacceptable", "acceptable"),
    metric="matthews_correlation",
    metrics=("matthews_correlation", "accuracy"),
    extra=("test",),
    hub=(GLUE, "cola"),
    title="is the sentence grammatical English?",
)
SST2 = Task(
    "sst2",
    texts=("sentence",),
    labels=("negative", "positive"),
    extra=("test",),
    hub=(GLUE, "sst2"),
    title="does the film review praise or blame?",
)
MRPC = Task(
    "mrpc",
    texts=("sentence1", "sentence2"),
    labels=("not_equivalent", "equivalent"),
    metric="f1",
    metrics=("accuracy", "f1"),
    extra=("test",),
    hub=(GLUE, "mrpc"),
    title="do two news sentences say the same?",
)
STSB = Task(
    "stsb",
    texts=("sentence1", "sentence2"),
    metric="pearson",
    metrics=("pearson", "spearman"),
    extra=("test",),
    hub=(GLUE, "stsb"),
    title="how alike are two sentences, 0 to 5?",
    label_range=(0.0, 5.0),
)
QQP = Task(
    "qqp",
    texts=("question1", "question2"),
    labels=("not_duplicate", "duplicate"),
    metric="f1",
    metrics=("accuracy", "f1"),
    extra=("test",),
    hub=(GLUE, "qqp"),
    title="are two Quora questions the same question?",
)
MNLI = Task(
    "mnli",
    texts=("premise", "hypothesis"),
    labels=INFERENCE,
    validation=("validation_matched", "validation_mismatched"),
    extra=("test_matched", "test_mismatched"),
    hub=(GLUE, "mnli"),
    title="does the premise entail the hypothesis? ten genres",
)
QNLI = Task(
    "qnli",
    texts=("question", "sentence"),
    labels=ENTAILMENT,
    extra=("test",),
    hub=(GLUE, "qnli"),
    title="does the sentence answer the question?",
)
RTE = Task(
    "rte",
    texts=("sentence1", "sentence2"),
    labels=ENTAILMENT,
    extra=("test",),
    hub=(GLUE, "rte"),
    title="does the first text entail the second?",
)
WNLI = Task(
    "wnli",
    texts=("sentence1", "sentence2"),
    labels=("not_entailment", "entailment"),
    extra=("test",),
    hub=(GLUE, "wnli"),
    title="what does the pronoun stand for? tiny, its sets disagree",
)
AX = Task(
    "ax",
    texts=("premise", "hypothesis"),
    labels=INFERENCE,
    metric="matthews_correlation",
    metrics=("matthews_correlation", "accuracy"),
    train="",
    validation=("test",),
    hub=(GLUE, "ax"),
    title="GLUE's diagnostic set for an mnli student; labels are not published, so predictions only",
)
SNLI = Task(
    "snli",
    texts=("premise", "hypothesis"),
    labels=INFERENCE,
    extra=("test",),
    hub=("stanfordnlp/snli", None),
    title="does the caption entail the hypothesis?",
)
# The numbers are those of unnamed local files, the order of first appearance in the authors' training file. The hub's
# repository counts ABBR first, and holds a loading script, which `datasets` no longer runs: its export branch is read.
TREC = Task(
    "trec",
    texts=("text",),
    labels=("DESC", "ENTY", "ABBR", "HUM", "LOC", "NUM"),
    metrics=("accuracy", "macro_f1"),
    hub=("CogComp/trec", None),
    hub_layout=HubLayout(
        label="coarse_label",
        labels=("ABBR", "ENTY", "DESC", "HUM", "LOC", "NUM"),
        splits=(("validation", "test"),),
        revision="refs/convert/parquet",
    ),
    title="what kind of answer does the question ask for?",
)
