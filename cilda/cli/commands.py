"""The table of commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class Command:
    """A row of the table: where the function is whose docstring and signature make the help page, and some examples."""

    name: str
    where: str
    """File and function, such as `steer.stop`."""
    group: str
    examples: tuple[str, ...]

    @property
    def run(self) -> Callable[..., None]:
        """The function; its file is imported now: `cilda ps` waits for no other command's imports."""
        file, function = self.where.split(".")
        found: Callable[..., None] = getattr(import_module(f"cilda.cli.{file}"), function)
        return found


# To add a command: one file beside this one whose heavy imports stand inside the function, one row here.
COMMANDS = (
    Command(
        "distill",
        "distill.distill",
        "Learn",
        (
            "cilda distill --teacher bert-base --student 6L",
            "cilda distill --task rte --method mate_kd --data-dir data --seed 7",
            "cilda distill --train mails.csv --text body --label folder --student 3L",
        ),
    ),
    Command(
        "finetune",
        "finetune.finetune",
        "Learn",
        (
            "cilda finetune --teacher bert-base --task sst2",
            "cilda finetune --teacher roberta-base --task rte --out rte",
        ),
    ),
    Command(
        "launch",
        "launch_command.launch",
        "Learn",
        (
            "cilda launch --slurm --nodes 2 --gpus 8 -- --teacher bert-base --student 6L",
            "cilda launch --slurm --gpus 4 --time 04:00:00 --dry-run -- finetune --teacher roberta-large --task mnli",
            "cilda launch --slurm --gpus 4 -- resume sst2-6L",
        ),
    ),
    Command(
        "check",
        "check.check",
        "Learn",
        (
            "cilda check --teacher bert-base --student 6L",
            "cilda check --task mnli --batch-size 128 --auto-batch --json",
        ),
    ),
    Command(
        "benchmark",
        "benchmark.benchmark",
        "Learn",
        (
            "cilda benchmark --teacher bert-base --student 6L",
            "cilda benchmark --task rte --method kd --json",
            "cilda benchmark --set device=cuda:1 --max-length 512",
        ),
    ),
    Command(
        "bench",
        "bench.bench",
        "Learn",
        (
            "cilda bench --tasks rte,cola --methods finetune,kd,mate_kd,cilda --seeds 5",
            "cilda bench --tasks sst2 --sweep generator_learning_rate=5e-7,5e-6,5e-5 --set hold_out=true",
            "cilda bench --train mails.csv --text body --label folder --student 3L --seeds 3",
        ),
    ),
    Command(
        "table",
        "table_command.table",
        "Look",
        ("cilda table", "cilda table glue --format latex", "cilda table glue --json --figure curves.svg"),
    ),
    Command(
        "resume",
        "resume.resume",
        "Steer",
        ("cilda resume", "cilda resume sst2-6L", "cilda resume sst2-6L --foreground"),
    ),
    Command(
        "eval",
        "evaluate.evaluate",
        "Look",
        (
            "cilda eval",
            "cilda eval runs/sst2-6L --json",
            "cilda eval my-student --task rte --file rows.csv --label gold",
        ),
    ),
    Command(
        "attach",
        "attach.attach",
        "Look",
        ("cilda attach", "cilda attach 20261122-1158 --theme light", "cilda attach gpu-box:sst2-6L --read-only"),
    ),
    Command(
        "inspect",
        "inspect.inspect",
        "Look",
        (
            "cilda inspect --where 'flip and kl>1' --sort=-kl",
            "cilda inspect sst2-6L --where disagree --out parted.parquet",
            "cilda inspect runs/sst2-6L/student 'not bad at all'",
        ),
    ),
    Command(
        "report",
        "report.report",
        "Look",
        (
            "cilda report",
            "cilda report sst2-6L --out sst2.html --open",
            "cilda report sst2-6L --where 'flip and kl>1' --examples 30",
        ),
    ),
    Command(
        "augment",
        "augment.augment",
        "Look",
        (
            "cilda augment sst2-6L --out augmented.parquet",
            "cilda augment --file reviews.csv --text review --copies 3 --out more.jsonl",
            "cilda augment sst2-6L --where 'not teacher_flip' --out kept.csv",
        ),
    ),
    Command(
        "export",
        "export.export",
        "Hand over",
        (
            "cilda export --onnx --int8",
            "cilda export sst2-6L --onnx --out sst2-onnx",
            "cilda export my-student --onnx --task rte --data-dir data --json",
        ),
    ),
    Command(
        "push",
        "push.push",
        "Hand over",
        (
            "cilda push sst2-6L anna/sst2-6L --dry-run",
            "cilda push sst2-6L anna/sst2-6L --private --onnx sst2-6L-onnx",
        ),
    ),
    Command("ps", "ps.ps", "Look", ("cilda ps", "cilda ps status:running 'best>0.9'", "cilda ps -w task:sst2")),
    Command(
        "watch", "watch.watch", "Look", ("cilda watch -f", "cilda watch 20261122-1158", "cilda watch --json | jq .kind")
    ),
    Command("logs", "logs.logs", "Look", ("cilda logs -f", "cilda logs 20261122-1158 -n 50", "cilda logs --attempt 2")),
    Command("wait", "wait.wait", "Look", ("cilda wait", "cilda wait sst2-6L rte-6L --timeout 3600")),
    Command("stop", "steer.stop", "Steer", ("cilda stop", "cilda stop 20261122-1158 --no-wait", "cilda stop --kill")),
    Command("pause", "steer.pause", "Steer", ("cilda pause", "cilda pause 20261122-1158")),
    Command("checkpoint", "steer.checkpoint", "Steer", ("cilda checkpoint", "cilda checkpoint 20261122-1158")),
    Command(
        "note", "steer.note", "Steer", ("cilda note 20261122-1158 'colder from here'", "cilda note rte-6L a good one")
    ),
    Command("rm", "rm.rm", "Steer", ("cilda rm 20261122-1158", "cilda rm --yes old-run older-run")),
    Command(
        "cache", "cache.cache", "Look", ("cilda cache", "cilda cache rm 'answers/*'", "cilda cache rm --unused 30d -y")
    ),
    Command("doctor", "doctor.doctor", "Look", ("cilda doctor", "cilda doctor --runs-dir /mnt/runs --json")),
    Command("tasks", "listing.tasks", "Look", ("cilda tasks", "cilda tasks --json")),
    Command("methods", "listing.methods", "Look", ("cilda methods", "cilda methods --json")),
    Command(
        "recipes",
        "recipes.recipes",
        "Look",
        ("cilda recipes", "cilda recipes roberta-rte", "cilda recipes roberta-rte > mine.toml"),
    ),
    Command("models", "listing.models", "Look", ("cilda models", "cilda models | grep roberta")),
)

GROUP_EXAMPLES = ("cilda distill --demo", "cilda distill --teacher bert-base --student 6L", "cilda methods")
