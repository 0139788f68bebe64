#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How far two devices' greedy answers lie apart.

    compare_answers.py FILE FILE

takes what `distillix generate MODEL --prompt … --temperature 0 --logprobs 2 --json` printed on each, one answer after
the other. Token by token the
log-probabilities of the likeliest are compared, up to where the answers part. They may part only where the likeliest
led the second by less than 0.1 nats: rounding decides there. Fails where log-probabilities are over 0.05 apart in the
mean, or where answers part over a larger lead.
"""
import json
import sys


def answers(path):
    """A list of (token, logprob, lead) for each answer."""
    found, current = [], []
    for line in open(path, encoding="utf-8"):
        message = json.loads(line)
        if message.get("event") == "token":
            alternatives = message["alternatives"]
            lead = alternatives[0]["logprob"] - alternatives[1]["logprob"]
            current.append((message["token"], message["logprob"], lead))
        elif message["type"] == "result":
            if current:
                found.append(current)
            current = []
        elif message["type"] == "error":
            sys.exit(f"{path}: {line}")
    return found


first, second = answers(sys.argv[1]), answers(sys.argv[2])
if not first or len(first) != len(second):
    sys.exit(f"{len(first)} answers and {len(second)}")
distances, parted, torn = [], 0, []
for a, b in zip(first, second):
    for (token, logprob, lead), (other, its, _) in zip(a, b):
        if token != other:
            parted += 1
            if lead >= 0.1:
                torn.append(lead)
            break
        distances.append(abs(logprob - its))
if not distances:
    sys.exit("no token in common")
mean = sum(distances) / len(distances)
print(f"{len(first)} answers, {len(distances)} tokens in common: log-probabilities apart by {mean:.2e} in the mean, "
      f"{max(distances):.2e} at most; {parted} part, {len(torn)} of them over a lead of 0.1 or more")
sys.exit(bool(torn) or mean > 0.05)
