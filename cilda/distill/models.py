"""Names → models: everything the rest of distill needs of them, from one place.

repository.py finds the files, loading.py reads them, student_spec.py reads a student's letters, student.py cuts or
makes students, compatibility.py tells what does not fit, generator_choice.py picks a generator.
"""

from cilda.distill.compatibility import (
    check_labels,
    check_max_length,
    check_vocabulary,
    count_parameters,
    fit_labels,
    longest_text,
    reorder_head,
)
from cilda.distill.generator_choice import GeneratorChoice, default_generator
from cilda.distill.loading import Loaded, load_classifier, load_masked_lm, quiet, set_labels, state_hash
from cilda.distill.repository import find_repository, resolve
from cilda.distill.student import Student, even_layers, make_student
from cilda.distill.student_spec import parse_size

__all__ = [
    "GeneratorChoice",
    "Loaded",
    "Student",
    "check_labels",
    "check_max_length",
    "check_vocabulary",
    "count_parameters",
    "default_generator",
    "even_layers",
    "find_repository",
    "fit_labels",
    "load_classifier",
    "load_masked_lm",
    "longest_text",
    "make_student",
    "parse_size",
    "quiet",
    "reorder_head",
    "resolve",
    "set_labels",
    "state_hash",
]
