"""Rows a second that river's half-space trees (25 of height 8, window 250) score and then learn, one by one: prints a JSON object.

The rows are brought to 0..1 by the training rows, as the trees need them, before the clock starts. Arguments: a file of float64 rows
(row-major), columns, training rows, the detector that the figures stand beside.
"""

import csv
import json
import sys
import time
import types

import numpy as np

if not hasattr(csv.DictReader, "__class_getitem__"):
    # river 0.26 says DictReader[...], which Python knows from 3.12 on.
    csv.DictReader.__class_getitem__ = classmethod(types.GenericAlias)

import river
from river import anomaly

path, columns, training, detector = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
rows = np.fromfile(path).reshape(-1, columns)
low, high = rows[:training].min(0), rows[:training].max(0)
names = [f"t{i}" for i in range(columns)]
scaled = np.clip((rows - low) / np.where(high > low, high - low, 1), 0, 1).tolist()
dicts = [dict(zip(names, row)) for row in scaled]
model = anomaly.HalfSpaceTrees(n_trees=25, height=8, window_size=250, seed=0, limits={name: (0, 1) for name in names})


def take(some):
    began = time.perf_counter()
    for row in some:
        model.score_one(row)
        model.learn_one(row)
    return time.perf_counter() - began


fit = take(dicts[:training])
speed = (len(dicts) - training) / take(dicts[training:])
made = f"river {river.__version__} half-space trees"
print(json.dumps({"detector": detector, "fitMs": 1000 * fit, "batchRowsPerSecond": speed, "singleRowsPerSecond": speed, "madeWith": made}))
