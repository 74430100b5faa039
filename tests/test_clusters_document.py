"""docs/clusters.md: its files can be read, and say what the page promises of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

PAGE = Path(__file__).resolve().parent.parent / "docs" / "clusters.md"


def blocks(language: str) -> list[str]:
    """The page's blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def documents() -> list[dict[str, Any]]:
    """The YAML documents, in order."""
    return [document for block in blocks("yaml") for document in yaml.safe_load_all(block)]


def test_the_page_has_a_job_of_one_pod_one_of_several_with_its_service_and_a_sky_task() -> None:
    pod, service, pods, sky = documents()
    assert [document["kind"] for document in (pod, service, pods)] == ["Job", "Service", "Job"]
    assert "completionMode" not in pod["spec"]
    assert pods["spec"]["completionMode"] == "Indexed"
    assert pods["spec"]["completions"] == pods["spec"]["parallelism"] == sky["num_nodes"] == 2
    assert service["spec"]["clusterIP"] == "None"
    template = pods["spec"]["template"]["spec"]
    assert template["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": pods["metadata"]["name"]}
    assert f"{pods['metadata']['name']}-0.{template['subdomain']}" in command(pods)
    for job in (pod, pods):
        inner = job["spec"]["template"]["spec"]
        (container,) = inner["containers"]
        (waits,) = [int(variable["value"]) for variable in container["env"]]
        assert waits < inner["terminationGracePeriodSeconds"]
        assert inner["restartPolicy"] == "OnFailure"
        gpus = container["resources"]["limits"]["nvidia.com/gpu"]
        machines = job["spec"].get("completions", 1)
        assert f"--num_machines {machines} --num_processes {machines * gpus} " in command(job)
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in inner["volumes"]}


def command(job: dict[str, Any]) -> str:
    """What a job's container runs."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["command"][:2] == ["/bin/sh", "-c"]
    return str(container["command"][2])


def test_each_command_begins_a_run_or_goes_on_with_it_as_launchers_understand() -> None:
    from accelerate.commands.launch import launch_command_parser

    pod, _, pods, sky = documents()
    for text in (command(pod), command(pods), sky["run"]):
        values = {"JOB_COMPLETION_INDEX": "1", "SKYPILOT_NODE_RANK": "1", "SKYPILOT_NODE_IPS": "10.0.0.1\n10.0.0.2",
                  "SKYPILOT_NUM_NODES": "2", "SKYPILOT_NUM_GPUS_PER_NODE": "8"}  # fmt: skip
        program = text.replace("exec accelerate launch", "printf '%s\\n'")
        done = subprocess.run(["sh", "-c", program], env=values, capture_output=True, text=True, check=True)
        parsed = launch_command_parser().parse_args(done.stdout.splitlines())
        assert (parsed.module, parsed.training_script, parsed.training_script_args[0]) == (True, "cilda", "distill")
        assert parsed.training_script_args[-2:] == ["--runs-dir", "/data/runs"]
        assert "set -- resume sst2-6L --force" in text
        rank, processes, port = (None, 8, None) if text == command(pod) else (1, 16, 29500)
        assert (parsed.machine_rank, parsed.num_processes, parsed.main_process_port) == (rank, processes, port)


def test_what_is_for_a_shell_is_understood_by_one() -> None:
    done = subprocess.run(["sh", "-n"], input="\n".join(blocks("sh")), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
