"""The rules of the house, checked: what is light stays light, what is data stays data, what is short stays short."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from cilda.cli.commands import COMMANDS, GROUP_EXAMPLES
from cilda.cli.main import build

ROOT = Path(__file__).resolve().parent.parent
MODULES = [*sorted((ROOT / "cilda").rglob("*.py")), *sorted((ROOT / "cilda_tui").rglob("*.py"))]
FILES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]
HEAVY = (
    "accelerate", "datasets", "numpy", "onnx", "onnxruntime", "onnxscript", "pandas", "pyarrow", "scipy", "sklearn",
    "textual", "torch", "transformers",
)  # fmt: skip
LONGEST = 350


def name(path: Path) -> str:
    """A file's path from the root, as a test's name."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("arguments", [["--help"], ["tasks"], ["methods"], ["models", "--json"], ["tasks", "--help"]])
def test_looking_things_up_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import json, sys\n"
        "from cilda.cli.main import main\n"
        f"code = main({arguments!r})\n"
        f"print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(done.stderr.splitlines()[-1]) == [0, []]
    assert done.stdout


def test_the_page_of_every_command_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from cilda.cli.commands import COMMANDS\n"
        "from cilda.cli.main import main\n"
        "assert all(main([command.name, '--help']) == 0 for command in COMMANDS)\n"
        f"sys.exit(' '.join(name for name in {HEAVY!r} if name in sys.modules) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_begins_with_a_caption(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, f"{name(path)} has no docstring"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_holds_one_idea(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < LONGEST


def test_no_branch_asks_for_a_method_by_name() -> None:
    """A method is its terms: a comparison with its name, or a table of them, would be knowledge in the wrong place."""
    guilty = [
        f"{name(path)}:{node.lineno}"
        for path in sorted((ROOT / "cilda" / "distill").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare | ast.Match) and mentions_a_method_name(node)
    ]
    assert guilty == []


def mentions_a_method_name(node: ast.Compare | ast.Match) -> bool:
    """Whether a comparison looks at `method`, `…method` or `method.name`."""
    subjects = [node.left, *node.comparators] if isinstance(node, ast.Compare) else [node.subject]
    written = [ast.unparse(subject) for subject in subjects]
    missing = any(isinstance(subject, ast.Constant) and subject.value is None for subject in subjects)
    return not missing and any(re.search(r"\bmethod(\.name|_name)?$", text) for text in written)


def test_the_guard_knows_a_branch_when_it_sees_one() -> None:
    def guilty(source: str) -> bool:
        return any(
            mentions_a_method_name(node)
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Compare | ast.Match)
        )

    assert guilty("if config.method == 'cilda': pass")
    assert guilty("x = 1 if recipe.method.name in ('kd', 'cilda') else 2")
    assert guilty("match method:\n    case 'kd': pass")
    assert not guilty("if method is not None and method.generator: pass")


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=name)
def test_a_folder_s_own_file_holds_a_docstring_and_a_table(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert all(isinstance(node, ast.Expr | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign) for node in body)


@pytest.mark.parametrize(
    "example",
    [example for command in COMMANDS for example in command.examples] + list(GROUP_EXAMPLES),
)
def test_examples_on_the_help_pages_are_commands_that_exist(example: str) -> None:
    assert_command_exists(example)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_help_page_ends_with_two_or_three_examples(command: object) -> None:
    row = next(row for row in COMMANDS if row is command)
    assert 2 <= len(row.examples) <= 3
    assert all(example.startswith(f"cilda {row.name}") for example in row.examples)


DOCUMENTS = (
    "README.md",
    "docs/clusters.md",
    "docs/dashboard.md",
    "docs/export.md",
    "docs/inspect.md",
    "docs/lab_notes.md",
    "docs/methods.md",
    "docs/runs.md",
)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_in_the_documents_exist(document: str) -> None:
    path = ROOT / document
    if not path.exists():
        pytest.skip(f"{document} is not written yet")
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:console|sh|bash)?\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    for line in lines:
        if line.startswith("cilda "):
            assert_command_exists(line)
        if line.startswith("make "):
            assert_target_exists(line.split()[1])


def test_the_readme_begins_with_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first = re.search(r"```(?:console|sh|bash)?\n(.*?)```", text, flags=re.DOTALL)
    assert first is not None
    assert "make demo" in first.group(1)
    assert "make test" in first.group(1)


def assert_command_exists(line: str) -> None:
    """Fails unless the command and each option of a shell line are known to the command line."""
    words = shlex.split(line.split("|", maxsplit=1)[0], comments=True)
    commands = getattr(get_command(build()), "commands")  # noqa: B009
    if "--" in words:
        handed_on = words[words.index("--") + 1 :]
        words = words[: words.index("--")]
        assert_command_exists(shlex.join(["cilda", *(["distill"] if handed_on[0].startswith("-") else []), *handed_on]))
    own = {option for parameter in get_command(build()).params for option in parameter.opts} | {"--help", "-h"}
    names = [word for word in words[1:] if not word.startswith("-")]
    known = set(own)
    if words[1:] and not words[1].startswith("-"):
        assert names[0] in commands, f"no command {names[0]!r} in: {line}"
        for parameter in commands[names[0]].params:
            known |= {*parameter.opts, *parameter.secondary_opts}
    for word in words[1:]:
        if word.startswith("-"):
            assert word.split("=")[0] in known, f"no option {word!r} in: {line}"


def assert_target_exists(target: str) -> None:
    """Fails unless the Makefile can make it."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{re.escape(target)}:", makefile, flags=re.MULTILINE), f"no target {target!r} in the Makefile"
