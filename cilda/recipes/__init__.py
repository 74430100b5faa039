"""Settings of the papers, a file for each model pair and task, and what was published of them."""

# GLUE's dev sets, RoBERTa-large to DistilRoBERTa, from arXiv:2212.05998, tables 3 and 4: of the laboratory that made
# CILDA, not ours. CoLA Matthews correlation, MRPC F1, STS-B Pearson, else accuracy, in per cent.
PUBLISHED: dict[str, dict[str, float]] = {
    "cola": {"teacher": 68.1, "finetune": 59.3, "kd": 61.0, "annealing_kd": 61.7},
    "rte": {"teacher": 86.3, "finetune": 67.9, "kd": 71.1, "annealing_kd": 73.6},
    "mrpc": {"teacher": 91.9, "finetune": 88.6, "kd": 90.2, "annealing_kd": 90.6},
    "stsb": {"teacher": 92.3, "finetune": 88.5, "kd": 88.9, "annealing_kd": 89.0},
    "sst2": {"teacher": 96.4, "finetune": 92.5, "kd": 92.5, "annealing_kd": 93.1},
    "qnli": {"teacher": 94.6, "finetune": 90.8, "kd": 91.4, "annealing_kd": 91.6},
    "qqp": {"teacher": 91.5, "finetune": 90.9, "kd": 91.6, "annealing_kd": 91.5},
    "mnli": {"teacher": 90.2, "finetune": 84.0, "kd": 84.2, "annealing_kd": 85.3},
}
