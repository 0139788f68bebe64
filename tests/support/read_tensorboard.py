# SPDX-License-Identifier: Apache-2.0
"""What TensorBoard itself makes of a folder of event files: read_tensorboard.py FOLDER prints {TAG: [[STEP, VALUE], ...]}."""
import json
import sys

from tensorboard.backend.event_processing import event_accumulator

events = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={event_accumulator.SCALARS: 0})
events.Reload()
print(json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}))
