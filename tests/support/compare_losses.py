#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How far the losses of two runs over the same steps lie apart.

    compare_losses.py RUN RUN [LIMIT]

prints the largest and the mean distance, relative to the first run's losses, and fails where the mean is over LIMIT
(0.02): the same data in the same order on two devices part by rounding, not by what is learnt.
"""
import json
import pathlib
import sys


def losses(run):
    lines = (pathlib.Path(run) / "metrics.jsonl").read_text().splitlines()
    return {entry["step"]: entry["loss"] for entry in map(json.loads, lines)}


first, second = losses(sys.argv[1]), losses(sys.argv[2])
limit = float(sys.argv[3]) if len(sys.argv) > 3 else 0.02
steps = sorted(first.keys() & second.keys())
if not steps or first.keys() != second.keys():
    sys.exit(f"the runs have other steps: {len(first)} and {len(second)}, {len(steps)} in common")
apart = {step: abs(first[step] - second[step]) / first[step] for step in steps}
worst = max(apart, key=apart.get)
mean = sum(apart.values()) / len(apart)
print(f"{len(steps)} steps: apart by {mean:.2e} in the mean, {apart[worst]:.2e} at most (step {worst}: "
      f"{first[worst]:.4f} and {second[worst]:.4f}); the last {first[steps[-1]]:.4f} and {second[steps[-1]]:.4f}")
sys.exit(mean > limit)
