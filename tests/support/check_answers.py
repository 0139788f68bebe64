# SPDX-License-Identifier: Apache-2.0
"""Runs a model's answers against their assertions.

    distillix generate MODEL --prompts DATASET/validation.jsonl --temperature 0 --json > answers.jsonl
    python3 tests/support/check_answers.py DATASET/validation.jsonl answers.jsonl [SECONDS_EACH]

Each answer runs in a Python of its own, isolated, in an empty folder, with little time and memory: it is a
program that a model wrote. Prints one JSON line: {"answers", "passed", "failures": [the first few]}.
"""
import json
import resource
import subprocess
import sys
import tempfile

CPU_SECONDS = 2
WALL_SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 10
MEMORY_BYTES = 512 << 20
FILE_BYTES = 1 << 20


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def passes(answer, assertion):
    """None if the assertion holds, else why not."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            child = subprocess.run([sys.executable, "-I", "-"], input=answer + "\n" + assertion + "\n", text=True, cwd=folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=WALL_SECONDS, preexec_fn=limit, env={})
        except subprocess.TimeoutExpired:
            return "took too long"
    if child.returncode == 0:
        return None
    lines = child.stderr.strip().splitlines()
    return lines[-1] if lines else f"ended with {child.returncode}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        assertions = {record["prompt"]: record["assertion"] for record in map(json.loads, file)}
    with open(sys.argv[2], encoding="utf-8") as file:
        answers = [line for line in map(json.loads, file) if line.get("type") == "event" and line.get("event") == "answer"]
    passed, failures = 0, []
    for line in answers:
        why = passes(line["text"], assertions[line["prompt"]])
        if why is None:
            passed += 1
        elif len(failures) < 5:
            failures.append({"prompt": line["prompt"], "answer": line["text"], "why": why})
    print(json.dumps({"answers": len(answers), "passed": passed, "failures": failures}))


main()
